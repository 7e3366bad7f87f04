// What the imaging components take from COM, with the order of methods that programs know (unknwn.h, objidl.h, wincodec.h).
#pragma once

using HRESULT = long;
using UINT = unsigned;
using ULONG = unsigned long;
using BYTE = unsigned char;
using size_t = decltype(sizeof 0);
struct GUID { unsigned long a; unsigned short b, c; BYTE d[8]; };
struct WICRect { int X, Y, Width, Height; };

inline bool operator==(const GUID &left, const GUID &right) { return __builtin_memcmp(&left, &right, sizeof left) == 0; }

constexpr HRESULT S_OK = 0, S_FALSE = 1, E_NOTIMPL = static_cast<HRESULT>(0x80004001), E_NOINTERFACE = static_cast<HRESULT>(0x80004002),
                  E_POINTER = static_cast<HRESULT>(0x80004003), E_FAIL = static_cast<HRESULT>(0x80004005), E_OUTOFMEMORY = static_cast<HRESULT>(0x8007000e),
                  E_INVALIDARG = static_cast<HRESULT>(0x80070057), CLASS_E_NOAGGREGATION = static_cast<HRESULT>(0x80040110),
                  CLASS_E_CLASSNOTAVAILABLE = static_cast<HRESULT>(0x80040111), BAD_IMAGE = static_cast<HRESULT>(0x88982f60),
                  UNKNOWN_FORMAT = static_cast<HRESULT>(0x88982f07), UNSUPPORTED_FORMAT = static_cast<HRESULT>(0x88982f80),
                  NOT_INITIALIZED = static_cast<HRESULT>(0x88982f0c),
                  WRONG_STATE = static_cast<HRESULT>(0x88982f04), FRAME_MISSING = static_cast<HRESULT>(0x88982f62);

extern "C" {
void *malloc(size_t);
void *realloc(void *, size_t);
void free(void *);
void *memcpy(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
}

#define METHOD virtual HRESULT __stdcall
/** A method that no program has needed yet. */
#define MISSING(NAME, ...) METHOD NAME(__VA_ARGS__) { return E_NOTIMPL; }

struct IUnknown {
  METHOD QueryInterface(const GUID &, void **) = 0;
  virtual ULONG __stdcall AddRef() = 0;
  virtual ULONG __stdcall Release() = 0;
};

constexpr GUID IID_IUnknown = {0, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}}, IID_IClassFactory = {1, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}},
               IID_ISequentialStream = {0x0c733a30, 0x2a1c, 0x11ce, {0xad, 0xe5, 0, 0xaa, 0, 0x44, 0x77, 0x3d}}, IID_IStream = {0xc, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};

/** An object that counts its references: I is its interface, which two identifiers may name. */
template <class I> struct Counted : I {
  long references = 1;
  const GUID &first, &second;
  Counted(const GUID &one, const GUID &other) : first(one), second(other) {}
  HRESULT __stdcall QueryInterface(const GUID &wanted, void **to) override {
    if (to == nullptr) return E_POINTER;
    *to = wanted == IID_IUnknown || wanted == first || wanted == second ? this : nullptr;
    if (*to == nullptr) return E_NOINTERFACE;
    AddRef();
    return S_OK;
  }
  ULONG __stdcall AddRef() override { return static_cast<ULONG>(__atomic_add_fetch(&references, 1, __ATOMIC_SEQ_CST)); }
  ULONG __stdcall Release() override {
    const long left = __atomic_sub_fetch(&references, 1, __ATOMIC_SEQ_CST);
    if (left == 0) {
      dispose();
      free(this);
    }
    return static_cast<ULONG>(left);
  }
  virtual void dispose() {}
};

void *operator new(size_t, void *at) noexcept;
inline void *operator new(size_t, void *at) noexcept { return at; }
/** Makes an object, with one reference; null when there is no memory. */
template <class T, class... A> T *make(A... arguments) {
  void *const room = malloc(sizeof(T));
  return room == nullptr ? nullptr : new (room) T(arguments...);
}

struct IStream : IUnknown {
  METHOD Read(void *, ULONG, ULONG *) = 0;
  METHOD Write(const void *, ULONG, ULONG *) = 0;
  METHOD Seek(long long, ULONG, unsigned long long *) = 0;
  METHOD SetSize(unsigned long long) = 0;
  METHOD CopyTo(IStream *, unsigned long long, unsigned long long *, unsigned long long *) = 0;
  METHOD Commit(ULONG) = 0;
  METHOD Revert() = 0;
  METHOD LockRegion(unsigned long long, unsigned long long, ULONG) = 0;
  METHOD UnlockRegion(unsigned long long, unsigned long long, ULONG) = 0;
  METHOD Stat(void *, ULONG) = 0;
  METHOD Clone(IStream **) = 0;
};

struct IWICBitmapSource : IUnknown {
  METHOD GetSize(UINT *, UINT *) = 0;
  METHOD GetPixelFormat(GUID *) = 0;
  METHOD GetResolution(double *, double *) = 0;
  METHOD CopyPalette(IUnknown *) = 0;
  METHOD CopyPixels(const WICRect *, UINT, UINT, BYTE *) = 0;
};
constexpr GUID IID_IWICBitmapSource = {0x00000120, 0xa8f2, 0x4877, {0xba, 0x0a, 0xfd, 0x2b, 0x66, 0x45, 0xfb, 0x94}};

/** Pixel formats differ in their last byte, but for one. */
constexpr GUID pixelFormat(BYTE last) { return {0x6fddc324, 0x4e03, 0x4bfe, {0xb1, 0x85, 0x3d, 0x77, 0x76, 0x8d, 0xc9, last}}; }
constexpr GUID GRAY8 = pixelFormat(0x08), BGR24 = pixelFormat(0x0c), RGB24 = pixelFormat(0x0d), BGR32 = pixelFormat(0x0e), BGRA32 = pixelFormat(0x0f),
               RGBA32 = {0xf5c7ad2d, 0x6a8d, 0x43dd, {0xa7, 0xa8, 0xa2, 0x99, 0x35, 0x26, 0x1a, 0xe9}};

/** A picture in memory: rows without gaps, in one of the formats above. */
struct Picture { UINT width, height, bytesPerPixel; const GUID *format; BYTE *pixels; };

/** Where the channels of a pixel lie, and its bytes; -1 for no alpha. */
struct Layout { const GUID *format; int bytes, red, green, blue, alpha; };
/** The layout of a format; null for one that is not here. */
const Layout *layoutOf(const GUID &format);

/** Decodes PNG (RFC 2083). The pixels are the caller's to free. */
HRESULT decodePng(const BYTE *file, size_t size, Picture &to);
bool isJpeg(const BYTE *file, size_t size);
/** Decodes JPEG (ITU-T T.81). The pixels are the caller's to free. */
HRESULT decodeJpeg(const BYTE *file, size_t size, Picture &to);
/** Writes a picture of GRAY8, BGR24 or BGRA32 as PNG. */
HRESULT encodePng(const Picture &picture, IStream *to);

constexpr GUID GUID_ContainerFormatPng = {0x1b7cfaf4, 0x713f, 0x473c, {0xbb, 0xcd, 0x61, 0x37, 0x42, 0x5f, 0xae, 0xaf}},
               GUID_ContainerFormatJpeg = {0x19e4a5aa, 0x5662, 0x4fc5, {0xa0, 0xc0, 0x17, 0x58, 0x02, 0x8e, 0x10, 0x57}};
struct IWICBitmapEncoder;
/** A new encoder of a container's format, with one reference. */
HRESULT createEncoder(const GUID &container, IWICBitmapEncoder **to);
/** Whether a part lies inside a picture, and its rows in the program's buffer; `area` gets the part, or the whole. */
HRESULT checkCopy(UINT width, UINT height, UINT bytesPerPixel, const WICRect *part, UINT stride, UINT size, const BYTE *to, WICRect &area);
/** Reads a stream to its end. The bytes are the caller's to free. */
HRESULT readAll(IStream *from, BYTE *&bytes, size_t &size);
/** Whether a class is that of shell links, and a new one of them. */
bool isShellLink(const GUID &wanted);
HRESULT createShellLink(const GUID &interface, void **to);
