// The Windows Imaging Component as programs ask it for pictures: a factory, decoders with one frame, and converters between formats of eight bits a channel.
#include "com.h"

static constexpr GUID CLSID_WICImagingFactory = {0xcacaf262, 0x9370, 0x4615, {0xa1, 0x3b, 0x9f, 0x55, 0x39, 0xda, 0x4c, 0x0a}},
                      CLSID_WICImagingFactory2 = {0x317d06e8, 0x5f24, 0x433d, {0xbd, 0xf7, 0x79, 0xce, 0x68, 0xd8, 0xab, 0xc2}},
                      IID_IWICImagingFactory = {0xec5ec8a9, 0xc395, 0x4314, {0x9c, 0x77, 0x54, 0xd7, 0xa9, 0x35, 0xff, 0x70}},
                      IID_IWICBitmapDecoder = {0x9edde9e7, 0x8dee, 0x47ea, {0x99, 0xdf, 0xe6, 0xfa, 0xf2, 0xed, 0x44, 0xbf}},
                      IID_IWICBitmapFrameDecode = {0x3b16811b, 0x6a43, 0x4ec9, {0xa8, 0x13, 0x3d, 0x93, 0x0c, 0x13, 0xb9, 0x40}},
                      IID_IWICFormatConverter = {0x00000301, 0xa8f2, 0x4877, {0xba, 0x0a, 0xfd, 0x2b, 0x66, 0x45, 0xfb, 0x94}};

static const Layout layouts[] = {
    {&GRAY8, 1, 0, 0, 0, -1}, {&BGR24, 3, 2, 1, 0, -1}, {&RGB24, 3, 0, 1, 2, -1}, {&BGR32, 4, 2, 1, 0, -1}, {&BGRA32, 4, 2, 1, 0, 3}, {&RGBA32, 4, 0, 1, 2, 3},
};
const Layout *layoutOf(const GUID &format) {
  for (const Layout &each : layouts) if (*each.format == format) return &each;
  return nullptr;
}

HRESULT checkCopy(UINT width, UINT height, UINT bytesPerPixel, const WICRect *part, UINT stride, UINT size, const BYTE *to, WICRect &area) {
  area = part != nullptr ? *part : WICRect{0, 0, static_cast<int>(width), static_cast<int>(height)};
  if (to == nullptr || area.X < 0 || area.Y < 0 || area.Width <= 0 || area.Height <= 0) return E_INVALIDARG;
  if (static_cast<UINT>(area.Width) > width - static_cast<UINT>(area.X) || static_cast<UINT>(area.X) > width || static_cast<UINT>(area.Height) > height - static_cast<UINT>(area.Y) || static_cast<UINT>(area.Y) > height) return E_INVALIDARG;
  const UINT row = static_cast<UINT>(area.Width) * bytesPerPixel;
  if (stride < row) return E_INVALIDARG;
  return static_cast<unsigned long long>(stride) * static_cast<UINT>(area.Height - 1) + row > size ? E_INVALIDARG : S_OK;
}

struct IWICBitmapFrameDecode : IWICBitmapSource {
  MISSING(GetMetadataQueryReader, void **)
  METHOD GetColorContexts(UINT, void **, UINT *actual) {
    if (actual == nullptr) return E_INVALIDARG;
    *actual = 0;
    return S_OK;
  }
  MISSING(GetThumbnail, void **)
};

struct Frame : Counted<IWICBitmapFrameDecode> {
  Picture picture;
  explicit Frame(Picture given) : Counted(IID_IWICBitmapFrameDecode, IID_IWICBitmapSource), picture(given) {}
  void dispose() override { free(picture.pixels); }
  HRESULT __stdcall GetSize(UINT *width, UINT *height) override {
    if (width == nullptr || height == nullptr) return E_INVALIDARG;
    *width = picture.width;
    *height = picture.height;
    return S_OK;
  }
  HRESULT __stdcall GetPixelFormat(GUID *format) override {
    if (format == nullptr) return E_INVALIDARG;
    *format = *picture.format;
    return S_OK;
  }
  HRESULT __stdcall GetResolution(double *x, double *y) override {
    if (x == nullptr || y == nullptr) return E_INVALIDARG;
    *x = *y = 96;
    return S_OK;
  }
  HRESULT __stdcall CopyPalette(IUnknown *) override { return static_cast<HRESULT>(0x88982f45); }
  HRESULT __stdcall CopyPixels(const WICRect *part, UINT stride, UINT size, BYTE *to) override {
    WICRect area;
    const HRESULT result = checkCopy(picture.width, picture.height, picture.bytesPerPixel, part, stride, size, to, area);
    if (result != S_OK) return result;
    for (int y = 0; y < area.Height; y++)
      memcpy(to + static_cast<size_t>(y) * stride, picture.pixels + (static_cast<size_t>(area.Y + y) * picture.width + static_cast<UINT>(area.X)) * picture.bytesPerPixel, static_cast<size_t>(area.Width) * picture.bytesPerPixel);
    return S_OK;
  }
};

struct IWICBitmapDecoder : IUnknown {
  METHOD QueryCapability(IStream *, ULONG *) = 0;
  METHOD Initialize(IStream *, int) = 0;
  METHOD GetContainerFormat(GUID *) = 0;
  MISSING(GetDecoderInfo, void **)
  METHOD CopyPalette(IUnknown *) { return static_cast<HRESULT>(0x88982f45); }
  MISSING(GetMetadataQueryReader, void **)
  METHOD GetPreview(void **) { return static_cast<HRESULT>(0x88982f81); }
  METHOD GetColorContexts(UINT, void **, UINT *) { return static_cast<HRESULT>(0x88982f81); }
  METHOD GetThumbnail(void **) { return static_cast<HRESULT>(0x88982f44); }
  METHOD GetFrameCount(UINT *) = 0;
  METHOD GetFrame(UINT, IWICBitmapFrameDecode **) = 0;
};

struct Decoder : Counted<IWICBitmapDecoder> {
  Frame *frame = nullptr;
  GUID container = GUID_ContainerFormatPng;
  Decoder() : Counted(IID_IWICBitmapDecoder, IID_IWICBitmapDecoder) {}
  void dispose() override { if (frame != nullptr) frame->Release(); }
  HRESULT __stdcall QueryCapability(IStream *, ULONG *) override { return E_NOTIMPL; }
  HRESULT __stdcall Initialize(IStream *from, int) override {
    if (from == nullptr) return E_INVALIDARG;
    if (frame != nullptr) return WRONG_STATE;
    BYTE *bytes = nullptr;
    size_t size = 0;
    HRESULT result = readAll(from, bytes, size);
    Picture picture;
    if (result == S_OK && isJpeg(bytes, size)) container = GUID_ContainerFormatJpeg;
    if (result == S_OK) result = container == GUID_ContainerFormatJpeg ? decodeJpeg(bytes, size, picture) : decodePng(bytes, size, picture);
    free(bytes);
    if (result != S_OK) return result;
    frame = make<Frame>(picture);
    if (frame == nullptr) free(picture.pixels);
    return frame == nullptr ? E_OUTOFMEMORY : S_OK;
  }
  HRESULT __stdcall GetContainerFormat(GUID *format) override {
    if (format == nullptr) return E_INVALIDARG;
    *format = container;
    return S_OK;
  }
  HRESULT __stdcall GetFrameCount(UINT *count) override {
    if (count == nullptr) return E_INVALIDARG;
    *count = frame == nullptr ? 0 : 1;
    return S_OK;
  }
  HRESULT __stdcall GetFrame(UINT index, IWICBitmapFrameDecode **to) override {
    if (to == nullptr) return E_INVALIDARG;
    *to = nullptr;
    if (frame == nullptr) return NOT_INITIALIZED;
    if (index != 0) return FRAME_MISSING;
    frame->AddRef();
    *to = frame;
    return S_OK;
  }
};

struct IWICFormatConverter : IWICBitmapSource {
  METHOD Initialize(IWICBitmapSource *, const GUID &, int, IUnknown *, double, int) = 0;
  METHOD CanConvert(const GUID &, const GUID &, int *) = 0;
};

struct Converter : Counted<IWICFormatConverter> {
  IWICBitmapSource *source = nullptr;
  const Layout *from = nullptr, *to = nullptr;
  Converter() : Counted(IID_IWICFormatConverter, IID_IWICBitmapSource) {}
  void dispose() override { if (source != nullptr) source->Release(); }
  HRESULT __stdcall Initialize(IWICBitmapSource *given, const GUID &format, int, IUnknown *, double, int) override {
    if (given == nullptr) return E_INVALIDARG;
    if (source != nullptr) return WRONG_STATE;
    GUID before;
    const HRESULT result = given->GetPixelFormat(&before);
    if (result != S_OK) return result;
    from = layoutOf(before);
    to = layoutOf(format);
    // To grey is a matter of weights, which are not here.
    if (from == nullptr || to == nullptr || (to->bytes == 1 && from->bytes != 1)) return UNSUPPORTED_FORMAT;
    source = given;
    source->AddRef();
    return S_OK;
  }
  HRESULT __stdcall CanConvert(const GUID &before, const GUID &after, int *can) override {
    if (can == nullptr) return E_INVALIDARG;
    const Layout *const one = layoutOf(before), *const other = layoutOf(after);
    *can = one != nullptr && other != nullptr && (other->bytes != 1 || one->bytes == 1);
    return S_OK;
  }
  HRESULT __stdcall GetSize(UINT *width, UINT *height) override { return source == nullptr ? NOT_INITIALIZED : source->GetSize(width, height); }
  HRESULT __stdcall GetPixelFormat(GUID *format) override {
    if (format == nullptr) return E_INVALIDARG;
    if (source == nullptr) return NOT_INITIALIZED;
    *format = *to->format;
    return S_OK;
  }
  HRESULT __stdcall GetResolution(double *x, double *y) override { return source == nullptr ? NOT_INITIALIZED : source->GetResolution(x, y); }
  HRESULT __stdcall CopyPalette(IUnknown *) override { return static_cast<HRESULT>(0x88982f45); }
  HRESULT __stdcall CopyPixels(const WICRect *part, UINT stride, UINT size, BYTE *output) override {
    UINT width, height;
    HRESULT result = GetSize(&width, &height);
    if (result != S_OK) return result;
    WICRect area;
    result = checkCopy(width, height, static_cast<UINT>(to->bytes), part, stride, size, output, area);
    if (result != S_OK) return result;
    const UINT rowBytes = static_cast<UINT>(area.Width * from->bytes);
    BYTE *const row = static_cast<BYTE *>(malloc(rowBytes));
    if (row == nullptr) return E_OUTOFMEMORY;
    for (int y = 0; y < area.Height && result == S_OK; y++) {
      const WICRect line = {area.X, area.Y + y, area.Width, 1};
      result = source->CopyPixels(&line, rowBytes, rowBytes, row);
      for (int x = 0; x < area.Width && result == S_OK; x++) {
        const BYTE *const read = row + x * from->bytes;
        BYTE *const pixel = output + static_cast<size_t>(y) * stride + static_cast<size_t>(x * to->bytes);
        if (to->bytes == 4) pixel[3] = to->alpha >= 0 && from->alpha >= 0 ? read[from->alpha] : 255;
        pixel[to->red] = read[from->red];
        pixel[to->green] = read[from->green];
        pixel[to->blue] = read[from->blue];
      }
    }
    free(row);
    return result;
  }
};

HRESULT createFileStream(const wchar_t *name, unsigned mode, IStream **to);

struct IWICImagingFactory : IUnknown {
  METHOD CreateDecoderFromFilename(const wchar_t *, const GUID *, ULONG, int, IWICBitmapDecoder **) = 0;
  METHOD CreateDecoderFromStream(IStream *, const GUID *, int, IWICBitmapDecoder **) = 0;
  MISSING(CreateDecoderFromFileHandle, void *, const GUID *, int, void **)
  MISSING(CreateComponentInfo, const GUID &, void **)
  METHOD CreateDecoder(const GUID &, const GUID *, IWICBitmapDecoder **) = 0;
  METHOD CreateEncoder(const GUID &, const GUID *, IWICBitmapEncoder **) = 0;
  MISSING(CreatePalette, void **)
  METHOD CreateFormatConverter(IWICFormatConverter **) = 0;
  MISSING(CreateBitmapScaler, void **)
  MISSING(CreateBitmapClipper, void **)
  MISSING(CreateBitmapFlipRotator, void **)
  MISSING(CreateStream, void **)
  MISSING(CreateColorContext, void **)
  MISSING(CreateColorTransformer, void **)
  MISSING(CreateBitmap, UINT, UINT, const GUID &, int, void **)
  MISSING(CreateBitmapFromSource, IWICBitmapSource *, int, void **)
  MISSING(CreateBitmapFromSourceRect, IWICBitmapSource *, UINT, UINT, UINT, UINT, void **)
  MISSING(CreateBitmapFromMemory, UINT, UINT, const GUID &, UINT, UINT, BYTE *, void **)
  MISSING(CreateBitmapFromHBITMAP, void *, void *, int, void **)
  MISSING(CreateBitmapFromHICON, void *, void **)
  MISSING(CreateComponentEnumerator, ULONG, ULONG, void **)
  MISSING(CreateFastMetadataEncoderFromDecoder, IWICBitmapDecoder *, void **)
  MISSING(CreateFastMetadataEncoderFromFrameDecode, IWICBitmapFrameDecode *, void **)
  MISSING(CreateQueryWriter, const GUID &, const GUID *, void **)
  MISSING(CreateQueryWriterFromReader, void *, const GUID *, void **)
};

struct Factory : Counted<IWICImagingFactory> {
  Factory() : Counted(IID_IWICImagingFactory, IID_IWICImagingFactory) {}
  HRESULT __stdcall CreateDecoderFromFilename(const wchar_t *name, const GUID *vendor, ULONG, int options, IWICBitmapDecoder **to) override {
    if (name == nullptr || to == nullptr) return E_INVALIDARG;
    *to = nullptr;
    IStream *stream;
    const HRESULT opened = createFileStream(name, 0, &stream);
    if (opened != S_OK) return opened;
    const HRESULT result = CreateDecoderFromStream(stream, vendor, options, to);
    stream->Release();
    return result;
  }
  HRESULT __stdcall CreateDecoderFromStream(IStream *stream, const GUID *, int options, IWICBitmapDecoder **to) override {
    if (stream == nullptr || to == nullptr) return E_INVALIDARG;
    *to = nullptr;
    Decoder *const decoder = make<Decoder>();
    if (decoder == nullptr) return E_OUTOFMEMORY;
    const HRESULT result = decoder->Initialize(stream, options);
    if (result == S_OK) *to = decoder;
    else decoder->Release();
    return result;
  }
  HRESULT __stdcall CreateDecoder(const GUID &format, const GUID *, IWICBitmapDecoder **to) override {
    if (to == nullptr) return E_INVALIDARG;
    *to = format == GUID_ContainerFormatPng || format == GUID_ContainerFormatJpeg ? make<Decoder>() : nullptr;
    return *to != nullptr ? S_OK : static_cast<HRESULT>(0x88982f50);
  }
  HRESULT __stdcall CreateEncoder(const GUID &format, const GUID *, IWICBitmapEncoder **to) override { return createEncoder(format, to); }
  HRESULT __stdcall CreateFormatConverter(IWICFormatConverter **to) override {
    if (to == nullptr) return E_INVALIDARG;
    *to = make<Converter>();
    return *to != nullptr ? S_OK : E_OUTOFMEMORY;
  }
};

struct IClassFactory : IUnknown {
  METHOD CreateInstance(IUnknown *, const GUID &, void **) = 0;
  METHOD LockServer(int) = 0;
};
/** Makes an object of a class, with the interface that is asked for. */
using Create = HRESULT (*)(const GUID &, void **);
HRESULT createImagingFactory(const GUID &interface, void **to) {
  Factory *const made = make<Factory>();
  if (made == nullptr) return E_OUTOFMEMORY;
  const HRESULT result = made->QueryInterface(interface, to);
  made->Release();
  return result;
}

struct ClassFactory : Counted<IClassFactory> {
  Create create;
  explicit ClassFactory(Create given) : Counted(IID_IClassFactory, IID_IClassFactory), create(given) {}
  HRESULT __stdcall CreateInstance(IUnknown *outer, const GUID &wanted, void **to) override {
    if (to == nullptr) return E_POINTER;
    *to = nullptr;
    return outer != nullptr ? CLASS_E_NOAGGREGATION : create(wanted, to);
  }
  HRESULT __stdcall LockServer(int) override { return S_OK; }
};

extern "C" HRESULT __stdcall DllGetClassObject(const GUID &wanted, const GUID &interface, void **to) {
  if (to == nullptr) return E_POINTER;
  *to = nullptr;
  const Create create = wanted == CLSID_WICImagingFactory || wanted == CLSID_WICImagingFactory2 ? &createImagingFactory
                        : isShellLink(wanted)                                                   ? &createShellLink
                                                                                                : nullptr;
  if (create == nullptr) return CLASS_E_CLASSNOTAVAILABLE;
  ClassFactory *const made = make<ClassFactory>(create);
  if (made == nullptr) return E_OUTOFMEMORY;
  const HRESULT result = made->QueryInterface(interface, to);
  made->Release();
  return result;
}
extern "C" HRESULT __stdcall DllCanUnloadNow() { return S_FALSE; }
extern "C" int _fltused = 1;
extern "C" void abort();
extern "C" int _purecall() { abort(); return 0; }
extern "C" int __stdcall start(void *, unsigned, void *) { return 1; }
