// Encoders of the imaging component: a file with one frame, whose rows a program gives one after the other.
#include "com.h"

static constexpr GUID IID_IWICBitmapEncoder = {0x00000103, 0xa8f2, 0x4877, {0xba, 0x0a, 0xfd, 0x2b, 0x66, 0x45, 0xfb, 0x94}},
                      IID_IWICBitmapFrameEncode = {0x00000105, 0xa8f2, 0x4877, {0xba, 0x0a, 0xfd, 0x2b, 0x66, 0x45, 0xfb, 0x94}};
constexpr HRESULT CODEC_TOO_MANY_SCANLINES = static_cast<HRESULT>(0x88982f46), COMPONENT_NOT_FOUND = static_cast<HRESULT>(0x88982f50);

struct IWICBitmapFrameEncode : IUnknown {
  METHOD Initialize(IUnknown *) = 0;
  METHOD SetSize(UINT, UINT) = 0;
  METHOD SetResolution(double, double) = 0;
  METHOD SetPixelFormat(GUID *) = 0;
  MISSING(SetColorContexts, UINT, void **)
  MISSING(SetPalette, IUnknown *)
  METHOD SetThumbnail(IWICBitmapSource *) { return static_cast<HRESULT>(0x88982f81); }
  METHOD WritePixels(UINT, UINT, UINT, BYTE *) = 0;
  METHOD WriteSource(IWICBitmapSource *, WICRect *) = 0;
  METHOD Commit() = 0;
  MISSING(GetMetadataQueryWriter, void **)
};

struct FrameEncode : Counted<IWICBitmapFrameEncode> {
  Picture picture = {0, 0, 0, nullptr, nullptr};
  UINT lines = 0;
  bool isInitialized = false, isCommitted = false;
  FrameEncode() : Counted(IID_IWICBitmapFrameEncode, IID_IWICBitmapFrameEncode) {}
  void dispose() override { free(picture.pixels); }
  bool isOpen() const { return isInitialized && picture.pixels == nullptr; }
  HRESULT __stdcall Initialize(IUnknown *) override {
    if (isInitialized) return WRONG_STATE;
    isInitialized = true;
    return S_OK;
  }
  HRESULT __stdcall SetSize(UINT width, UINT height) override {
    if (!isOpen()) return WRONG_STATE;
    picture.width = width;
    picture.height = height;
    return S_OK;
  }
  HRESULT __stdcall SetResolution(double, double) override { return isOpen() ? S_OK : WRONG_STATE; }
  /** Takes a format that PNG has; in the place of another the program is told the nearest one. */
  HRESULT __stdcall SetPixelFormat(GUID *format) override {
    if (format == nullptr) return E_INVALIDARG;
    if (!isOpen()) return WRONG_STATE;
    const Layout *const wanted = layoutOf(*format);
    picture.format = wanted == nullptr ? &BGRA32 : wanted->bytes == 1 ? &GRAY8 : wanted->alpha < 0 ? &BGR24 : &BGRA32;
    picture.bytesPerPixel = static_cast<UINT>(layoutOf(*picture.format)->bytes);
    *format = *picture.format;
    return S_OK;
  }
  HRESULT __stdcall WritePixels(UINT count, UINT stride, UINT size, BYTE *from) override {
    if (from == nullptr || count == 0) return E_INVALIDARG;
    if (!isInitialized || isCommitted || picture.width == 0 || picture.height == 0 || picture.format == nullptr) return WRONG_STATE;
    if (count > picture.height - lines) return CODEC_TOO_MANY_SCANLINES;
    const UINT row = picture.width * picture.bytesPerPixel;
    WICRect area;
    const WICRect part = {0, 0, static_cast<int>(picture.width), static_cast<int>(count)};
    const HRESULT result = checkCopy(picture.width, picture.height, picture.bytesPerPixel, &part, stride, size, from, area);
    if (result != S_OK) return result;
    if (picture.pixels == nullptr) picture.pixels = static_cast<BYTE *>(malloc(static_cast<size_t>(row) * picture.height));
    if (picture.pixels == nullptr) return E_OUTOFMEMORY;
    for (UINT i = 0; i < count; i++, lines++) memcpy(picture.pixels + static_cast<size_t>(lines) * row, from + static_cast<size_t>(i) * stride, row);
    return S_OK;
  }
  HRESULT __stdcall WriteSource(IWICBitmapSource *source, WICRect *part) override {
    if (source == nullptr) return E_INVALIDARG;
    if (!isInitialized) return WRONG_STATE;
    WICRect area = {0, 0, 0, 0};
    GUID format;
    HRESULT result = source->GetPixelFormat(&format);
    if (part != nullptr) area = *part;
    else if (result == S_OK) result = source->GetSize(reinterpret_cast<UINT *>(&area.Width), reinterpret_cast<UINT *>(&area.Height));
    if (result != S_OK) return result;
    if (area.Width <= 0 || area.Height <= 0) return E_INVALIDARG;
    if (picture.width == 0) SetSize(static_cast<UINT>(area.Width), static_cast<UINT>(area.Height));
    if (picture.format == nullptr) SetPixelFormat(&format);
    // A source in another format is the program's to convert.
    if (picture.format == nullptr || !(*picture.format == format)) return UNSUPPORTED_FORMAT;
    const UINT stride = static_cast<UINT>(area.Width) * picture.bytesPerPixel, size = stride * static_cast<UINT>(area.Height);
    BYTE *const pixels = static_cast<BYTE *>(malloc(size));
    if (pixels == nullptr) return E_OUTOFMEMORY;
    result = source->CopyPixels(&area, stride, size, pixels);
    if (result == S_OK) result = WritePixels(static_cast<UINT>(area.Height), stride, size, pixels);
    free(pixels);
    return result;
  }
  HRESULT __stdcall Commit() override {
    if (picture.pixels == nullptr || lines != picture.height || isCommitted) return WRONG_STATE;
    isCommitted = true;
    return S_OK;
  }
};

struct IWICBitmapEncoder : IUnknown {
  METHOD Initialize(IStream *, int) = 0;
  METHOD GetContainerFormat(GUID *) = 0;
  MISSING(GetEncoderInfo, void **)
  MISSING(SetColorContexts, UINT, void **)
  METHOD SetPalette(IUnknown *) { return static_cast<HRESULT>(0x88982f81); }
  METHOD SetThumbnail(IWICBitmapSource *) { return static_cast<HRESULT>(0x88982f81); }
  METHOD SetPreview(IWICBitmapSource *) { return static_cast<HRESULT>(0x88982f81); }
  METHOD CreateNewFrame(IWICBitmapFrameEncode **, IUnknown **) = 0;
  METHOD Commit() = 0;
  MISSING(GetMetadataQueryWriter, void **)
};

struct Encoder : Counted<IWICBitmapEncoder> {
  IStream *stream = nullptr;
  FrameEncode *frame = nullptr;
  bool isCommitted = false;
  Encoder() : Counted(IID_IWICBitmapEncoder, IID_IWICBitmapEncoder) {}
  void dispose() override {
    if (stream != nullptr) stream->Release();
    if (frame != nullptr) frame->Release();
  }
  HRESULT __stdcall Initialize(IStream *to, int) override {
    if (to == nullptr) return E_INVALIDARG;
    if (stream != nullptr) return WRONG_STATE;
    stream = to;
    stream->AddRef();
    return S_OK;
  }
  HRESULT __stdcall GetContainerFormat(GUID *format) override {
    if (format == nullptr) return E_INVALIDARG;
    *format = GUID_ContainerFormatPng;
    return S_OK;
  }
  /** A file has one frame. Options of an encoder are not here. */
  HRESULT __stdcall CreateNewFrame(IWICBitmapFrameEncode **to, IUnknown **options) override {
    if (to == nullptr) return E_INVALIDARG;
    *to = nullptr;
    if (options != nullptr) *options = nullptr;
    if (stream == nullptr) return NOT_INITIALIZED;
    if (frame != nullptr) return static_cast<HRESULT>(0x88982f81);
    frame = make<FrameEncode>();
    if (frame == nullptr) return E_OUTOFMEMORY;
    frame->AddRef();
    *to = frame;
    return S_OK;
  }
  HRESULT __stdcall Commit() override {
    if (frame == nullptr || !frame->isCommitted || isCommitted) return WRONG_STATE;
    isCommitted = true;
    return encodePng(frame->picture, stream);
  }
};

HRESULT createEncoder(const GUID &container, IWICBitmapEncoder **to) {
  if (to == nullptr) return E_INVALIDARG;
  *to = nullptr;
  if (!(container == GUID_ContainerFormatPng)) return COMPONENT_NOT_FOUND;
  *to = make<Encoder>();
  return *to != nullptr ? S_OK : E_OUTOFMEMORY;
}
