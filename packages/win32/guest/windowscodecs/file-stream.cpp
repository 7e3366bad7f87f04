// IStream over a file: what SHCreateStreamOnFile gives.
#include "com.h"

extern "C" {
void *__stdcall CreateFileW(const wchar_t *, ULONG, ULONG, void *, ULONG, ULONG, void *);
int __stdcall ReadFile(void *, void *, ULONG, ULONG *, void *);
int __stdcall WriteFile(void *, const void *, ULONG, ULONG *, void *);
int __stdcall SetFilePointerEx(void *, long long, long long *, ULONG);
int __stdcall SetEndOfFile(void *);
int __stdcall CloseHandle(void *);
int __stdcall MultiByteToWideChar(ULONG, ULONG, const char *, int, wchar_t *, int);
ULONG __stdcall GetLastError();
}

static HRESULT lastError() { return static_cast<HRESULT>(0x80070000 | (GetLastError() & 0xffff)); }

struct FileStream : Counted<IStream> {
  void *file;
  explicit FileStream(void *given) : Counted(IID_IStream, IID_ISequentialStream), file(given) {}
  void dispose() override { CloseHandle(file); }
  HRESULT __stdcall Read(void *to, ULONG count, ULONG *read) override {
    ULONG done = 0;
    if (ReadFile(file, to, count, &done, nullptr) == 0) return lastError();
    if (read != nullptr) *read = done;
    return done == count ? S_OK : S_FALSE;
  }
  HRESULT __stdcall Write(const void *from, ULONG count, ULONG *written) override {
    ULONG done = 0;
    if (WriteFile(file, from, count, &done, nullptr) == 0) return lastError();
    if (written != nullptr) *written = done;
    return S_OK;
  }
  HRESULT __stdcall Seek(long long offset, ULONG origin, unsigned long long *to) override {
    long long position = 0;
    if (SetFilePointerEx(file, offset, &position, origin) == 0) return lastError();
    if (to != nullptr) *to = static_cast<unsigned long long>(position);
    return S_OK;
  }
  HRESULT __stdcall SetSize(unsigned long long size) override {
    long long before;
    if (SetFilePointerEx(file, 0, &before, 1) == 0 || SetFilePointerEx(file, static_cast<long long>(size), nullptr, 0) == 0 || SetEndOfFile(file) == 0) return lastError();
    return SetFilePointerEx(file, before, nullptr, 0) == 0 ? lastError() : S_OK;
  }
  HRESULT __stdcall CopyTo(IStream *, unsigned long long, unsigned long long *, unsigned long long *) override { return E_NOTIMPL; }
  HRESULT __stdcall Commit(ULONG) override { return S_OK; }
  HRESULT __stdcall Revert() override { return E_NOTIMPL; }
  HRESULT __stdcall LockRegion(unsigned long long, unsigned long long, ULONG) override { return E_NOTIMPL; }
  HRESULT __stdcall UnlockRegion(unsigned long long, unsigned long long, ULONG) override { return E_NOTIMPL; }
  HRESULT __stdcall Stat(void *, ULONG) override { return E_NOTIMPL; }
  HRESULT __stdcall Clone(IStream **) override { return E_NOTIMPL; }
};

/** Opens a file by STGM's bits: access in the lowest two, sharing in the fifth to seventh, and whether to make it anew. */
HRESULT createFileStream(const wchar_t *name, unsigned mode, IStream **to) {
  static const ULONG access[] = {0x80000000, 0x40000000, 0xc0000000, 0x80000000};
  const unsigned share = (mode >> 4) & 7;
  const ULONG shared = share == 1 ? 0 : share == 2 ? 1 : share == 3 ? 2 : 3;
  *to = nullptr;
  void *const file = CreateFileW(name, access[mode & 3], shared, nullptr, (mode & 0x1000) != 0 ? 2 : 3, 0x80, nullptr);
  if (file == reinterpret_cast<void *>(-1)) return lastError();
  *to = make<FileStream>(file);
  if (*to == nullptr) CloseHandle(file);
  return *to == nullptr ? E_OUTOFMEMORY : S_OK;
}

/** shlwapi's, which forwards here. */
extern "C" HRESULT __stdcall SHCreateStreamOnFileW(const wchar_t *name, unsigned mode, IStream **to) {
  return name == nullptr || to == nullptr ? E_INVALIDARG : createFileStream(name, mode, to);
}

/** The same by a name in the ANSI code page. */
extern "C" HRESULT __stdcall SHCreateStreamOnFileA(const char *name, unsigned mode, IStream **to) {
  wchar_t wide[260];
  if (name == nullptr || to == nullptr) return E_INVALIDARG;
  *to = nullptr;
  return MultiByteToWideChar(0, 0, name, -1, wide, 260) == 0 ? lastError() : createFileStream(wide, mode, to);
}

HRESULT readAll(IStream *from, BYTE *&bytes, size_t &size) {
  size_t room = 0x10000;
  bytes = static_cast<BYTE *>(malloc(room));
  size = 0;
  while (bytes != nullptr) {
    ULONG done = 0;
    const HRESULT result = from->Read(bytes + size, static_cast<ULONG>(room - size), &done);
    if (result < 0) return result;
    size += done;
    if (done == 0) return S_OK;
    if (size < room) continue;
    if (room > 0x20000000) return E_OUTOFMEMORY;
    room *= 2;
    BYTE *const moved = static_cast<BYTE *>(realloc(bytes, room));
    if (moved == nullptr) free(bytes);
    bytes = moved;
  }
  return E_OUTOFMEMORY;
}
