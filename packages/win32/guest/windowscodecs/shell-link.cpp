// Shell links ("IShellLinkW interface"), kept in files as [MS-SHLLINK] has them.
#include "com.h"

extern "C" {
void *__stdcall CreateFileW(const wchar_t *, ULONG, ULONG, void *, ULONG, ULONG, void *);
int __stdcall ReadFile(void *, void *, ULONG, ULONG *, void *);
int __stdcall WriteFile(void *, const void *, ULONG, ULONG *, void *);
int __stdcall CloseHandle(void *);
ULONG __stdcall GetFileSize(void *, ULONG *);
ULONG __stdcall GetFullPathNameW(const wchar_t *, ULONG, wchar_t *, wchar_t **);
ULONG __stdcall ExpandEnvironmentStringsW(const wchar_t *, wchar_t *, ULONG);
int __stdcall GetFileAttributesExW(const wchar_t *, int, void *);
int __stdcall GetVolumeInformationW(const wchar_t *, wchar_t *, ULONG, ULONG *, ULONG *, ULONG *, wchar_t *, ULONG);
ULONG __stdcall GetDriveTypeW(const wchar_t *);
int __stdcall MultiByteToWideChar(ULONG, ULONG, const char *, int, wchar_t *, int);
int __stdcall WideCharToMultiByte(ULONG, ULONG, const wchar_t *, int, char *, int, const char *, int *);
ULONG __stdcall GetLastError();
void *__stdcall CoTaskMemAlloc(size_t);
}

namespace {

constexpr GUID IID_IShellLinkW = {0x000214f9, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}}, IID_IShellLinkA = {0x000214ee, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}},
               IID_IPersist = {0x10c, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}}, IID_IPersistFile = {0x10b, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}},
               CLSID_ShellLink = {0x00021401, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};
constexpr int MAX_PATH = 260;
constexpr ULONG SLGP_RAWPATH = 4, CP_ACP = 0;
/** The most that a link's file may be: its strings have at most 65,535 characters each. */
constexpr ULONG MAX_FILE = 1 << 20;

/** LinkFlags ([MS-SHLLINK] 2.1.1). */
enum : ULONG { HasLinkTargetIDList = 1, HasLinkInfo = 2, HasName = 4, HasRelativePath = 8, HasWorkingDir = 0x10, HasArguments = 0x20, HasIconLocation = 0x40,
               IsUnicode = 0x80, HasExpString = 0x200 };
constexpr ULONG HEADER_SIZE = 0x4c, ENVIRONMENT_BLOCK = 0xa0000001, ENVIRONMENT_BLOCK_SIZE = 0x314;
constexpr ULONG VOLUME_AND_BASE_PATH = 1, NETWORK_LINK_AND_SUFFIX = 2;

#pragma pack(push, 1)
/** ShellLinkHeader (2.1). */
struct Header {
  ULONG size;
  GUID clsid;
  ULONG flags, attributes;
  unsigned long long created, accessed, written;
  ULONG fileSize;
  long icon;
  ULONG show;
  unsigned short hotkey, reserved1;
  ULONG reserved2, reserved3;
};
/** LinkInfo (2.3), without the offsets of Unicode strings, which are there where headerSize is 0x24 or more. */
struct LinkInfo { ULONG size, headerSize, flags, volume, basePath, network, suffix, basePathUnicode, suffixUnicode; };
/** WIN32_FILE_ATTRIBUTE_DATA. */
struct Attributes { ULONG attributes; unsigned long long created, accessed, written; ULONG sizeHigh, sizeLow; };
struct FindData { Attributes facts; ULONG reserved[2]; };
#pragma pack(pop)

int length(const wchar_t *text) { int count = 0; while (text[count] != 0) count++; return count; }

/** A growing piece of memory; what could not grow is `failed`. */
struct Bytes {
  BYTE *data = nullptr;
  ULONG size = 0, room = 0;
  bool failed = false;
  ~Bytes() { free(data); }
  void add(const void *from, ULONG count) {
    if (size + count > room) {
      void *const grown = realloc(data, (size + count) * 2);
      if (grown == nullptr) { failed = true; return; }
      data = static_cast<BYTE *>(grown);
      room = (size + count) * 2;
    }
    memcpy(data + size, from, count);
    size += count;
  }
  void zero(ULONG count) { const BYTE none = 0; while (count-- > 0) add(&none, 1); }
  template <class T> void put(T value) { add(&value, sizeof value); }
};

/** A string of the link's: null where there is none. */
struct Text {
  wchar_t *value = nullptr;
  ~Text() { free(value); }
  bool isSet() const { return value != nullptr && value[0] != 0; }
  HRESULT set(const wchar_t *from, int count) {
    wchar_t *const made = static_cast<wchar_t *>(malloc((static_cast<size_t>(count) + 1) * 2));
    if (made == nullptr) return E_OUTOFMEMORY;
    memcpy(made, from, static_cast<size_t>(count) * 2);
    made[count] = 0;
    free(value);
    value = made;
    return S_OK;
  }
  HRESULT set(const wchar_t *from) {
    if (from != nullptr) return set(from, length(from));
    free(value);
    value = nullptr;
    return S_OK;
  }
  HRESULT set(const char *from, int count = -1) {
    if (from == nullptr) return set(static_cast<const wchar_t *>(nullptr));
    const int needed = MultiByteToWideChar(CP_ACP, 0, from, count, nullptr, 0);
    wchar_t *const wide = static_cast<wchar_t *>(malloc((static_cast<size_t>(needed) + 1) * 2));
    if (wide == nullptr) return E_OUTOFMEMORY;
    wide[MultiByteToWideChar(CP_ACP, 0, from, count, wide, needed)] = 0;
    free(value);
    value = wide;
    return S_OK;
  }
  /** Copies as much as there is room for, with a NUL. */
  HRESULT get(wchar_t *to, int room) const {
    if (to == nullptr || room <= 0) return S_OK;
    const int count = value == nullptr ? 0 : length(value), copied = count < room ? count : room - 1;
    memcpy(to, value, static_cast<size_t>(copied) * 2);
    to[copied] = 0;
    return S_OK;
  }
  HRESULT get(char *to, int room) const {
    if (to == nullptr || room <= 0) return S_OK;
    to[0] = 0;
    if (value != nullptr && WideCharToMultiByte(CP_ACP, 0, value, -1, to, room, nullptr, nullptr) == 0) to[room - 1] = 0;
    return S_OK;
  }
};

/** The methods of IShellLinkA and IShellLinkW, by the kind of character. */
template <class C> struct IShellLink : IUnknown {
  METHOD GetPath(C *, int, void *, ULONG) = 0;
  METHOD GetIDList(void **) = 0;
  METHOD SetIDList(const void *) = 0;
  METHOD GetDescription(C *, int) = 0;
  METHOD SetDescription(const C *) = 0;
  METHOD GetWorkingDirectory(C *, int) = 0;
  METHOD SetWorkingDirectory(const C *) = 0;
  METHOD GetArguments(C *, int) = 0;
  METHOD SetArguments(const C *) = 0;
  METHOD GetHotkey(unsigned short *) = 0;
  METHOD SetHotkey(unsigned short) = 0;
  METHOD GetShowCmd(int *) = 0;
  METHOD SetShowCmd(int) = 0;
  METHOD GetIconLocation(C *, int, int *) = 0;
  METHOD SetIconLocation(const C *, int) = 0;
  METHOD SetRelativePath(const C *, ULONG) = 0;
  METHOD Resolve(void *, ULONG) = 0;
  METHOD SetPath(const C *) = 0;
};
struct IPersistFile : IUnknown {
  METHOD GetClassID(GUID *) = 0;
  METHOD IsDirty() = 0;
  METHOD Load(const wchar_t *, ULONG) = 0;
  METHOD Save(const wchar_t *, int) = 0;
  METHOD SaveCompleted(const wchar_t *) = 0;
  METHOD GetCurFile(wchar_t **) = 0;
};

HRESULT lastError() { return static_cast<HRESULT>(0x80070000 | (GetLastError() & 0xffff)); }

/** What a link is, apart from the interfaces to it. */
struct State {
  long references = 1;
  Text path, relative, description, folder, arguments, icon, file;
  Bytes list;
  int iconIndex = 0, show = 1;
  unsigned short hotkey = 0;
  Attributes facts = {};
  bool isDirty = false;

  template <class C> HRESULT change(Text &text, const C *value) { isDirty = true; return text.set(value); }
  HRESULT setPath(const wchar_t *);
  HRESULT load(const wchar_t *);
  HRESULT save(const wchar_t *);
  HRESULT read(const BYTE *, ULONG);
  HRESULT readInfo(const BYTE *, ULONG);
  void writeInfo(Bytes &) const;
  void writeEnvironment(Bytes &) const;
  bool isOnDrive() const { return path.isSet() && path.value[1] == ':'; }
};

HRESULT State::setPath(const wchar_t *given) {
  isDirty = true;
  list.size = 0;
  facts = {};
  if (given == nullptr) return E_INVALIDARG;
  const int count = length(given);
  // Quotes around it are no part of it.
  const bool isQuoted = count > 1 && given[0] == '"' && given[count - 1] == '"';
  Text plain;
  HRESULT result = isQuoted ? plain.set(given + 1, count - 2) : plain.set(given, count);
  if (result < 0 || !plain.isSet()) return result < 0 ? result : path.set(plain.value);
  bool isVariable = false;
  for (const wchar_t *at = plain.value; *at != 0; at++) isVariable |= *at == '%';
  const ULONG needed = isVariable ? 0 : GetFullPathNameW(plain.value, 0, nullptr, nullptr);
  if (needed == 0) return path.set(plain.value);
  wchar_t *const full = static_cast<wchar_t *>(malloc(needed * 2));
  if (full == nullptr) return E_OUTOFMEMORY;
  GetFullPathNameW(plain.value, needed, full, nullptr);
  result = path.set(full);
  free(full);
  if (result < 0 || GetFileAttributesExW(path.value, 0, &facts) != 0) return result;
  facts = {};
  return S_FALSE; // it is kept all the same
}

/** A folder's link to something on the same drive, as "..\a\b"; nothing for others. */
void relativeTo(const wchar_t *link, const wchar_t *target, Text &to) {
  int same = 0, up = 0;
  for (int i = 0; link[i] != 0 && (link[i] | 32) == (target[i] | 32); i++) if (link[i] == '\\') same = i + 1;
  if (same == 0) return;
  for (int i = same; link[i] != 0; i++) up += link[i] == '\\';
  Bytes made;
  if (up == 0) made.add(L".\\", 4);
  for (int i = 0; i < up; i++) made.add(L"..\\", 6);
  made.add(target + same, static_cast<ULONG>(length(target + same)) * 2);
  if (!made.failed) to.set(reinterpret_cast<const wchar_t *>(made.data), static_cast<int>(made.size / 2));
}

void addAnsi(Bytes &to, const wchar_t *text) {
  char bytes[4 * MAX_PATH];
  const int count = WideCharToMultiByte(CP_ACP, 0, text, -1, bytes, sizeof bytes, nullptr, nullptr);
  if (count > 0) to.add(bytes, static_cast<ULONG>(count));
  else to.zero(1);
}

/** LinkInfo of a path on a drive: the volume, and the path in the code page; in Unicode too, where that is not the same. */
void State::writeInfo(Bytes &to) const {
  wchar_t root[] = {path.value[0], ':', '\\', 0}, label[MAX_PATH] = {};
  ULONG serial = 0;
  GetVolumeInformationW(root, label, MAX_PATH, &serial, nullptr, nullptr, nullptr, 0);
  Bytes volume, base;
  addAnsi(base, path.value);
  int lost = 0;
  WideCharToMultiByte(CP_ACP, 0, path.value, -1, nullptr, 0, nullptr, &lost);
  const bool isWide = lost != 0;
  Bytes name;
  addAnsi(name, label);
  const ULONG volumeHead[] = {16 + name.size, GetDriveTypeW(root), serial, 16};
  volume.add(volumeHead, 16);
  volume.add(name.data, name.size);
  LinkInfo info = {};
  info.headerSize = isWide ? 0x24 : 0x1c;
  info.flags = VOLUME_AND_BASE_PATH;
  info.volume = info.headerSize;
  info.basePath = info.volume + volume.size;
  info.suffix = info.basePath + base.size;
  info.size = info.suffix + 1;
  const ULONG wideBytes = (static_cast<ULONG>(length(path.value)) + 1) * 2;
  if (isWide) {
    info.basePathUnicode = info.size;
    info.suffixUnicode = info.size + wideBytes;
    info.size += wideBytes + 2;
  }
  to.add(&info, info.headerSize);
  to.add(volume.data, volume.size);
  to.add(base.data, base.size);
  to.zero(1);
  if (isWide) {
    to.add(path.value, wideBytes);
    to.zero(2);
  }
  to.failed |= volume.failed || base.failed || name.failed;
}

/** EnvironmentVariableDataBlock (2.5.4): a path with variables, or one that is on no drive. */
void State::writeEnvironment(Bytes &to) const {
  char narrow[MAX_PATH] = {};
  wchar_t wide[MAX_PATH] = {};
  path.get(narrow, MAX_PATH);
  path.get(wide, MAX_PATH);
  to.put(ENVIRONMENT_BLOCK_SIZE);
  to.put(ENVIRONMENT_BLOCK);
  to.add(narrow, sizeof narrow);
  to.add(wide, sizeof wide);
}

void addString(Bytes &to, const Text &text) {
  const int count = length(text.value);
  to.put(static_cast<unsigned short>(count > 0xffff ? 0xffff : count));
  to.add(text.value, static_cast<ULONG>(count > 0xffff ? 0xffff : count) * 2);
}

HRESULT State::save(const wchar_t *name) {
  Text link;
  const ULONG needed = GetFullPathNameW(name, 0, nullptr, nullptr);
  wchar_t *const full = static_cast<wchar_t *>(malloc((needed + 1) * 2));
  if (full == nullptr) return E_OUTOFMEMORY;
  GetFullPathNameW(name, needed, full, nullptr);
  link.set(full);
  free(full);
  if (isOnDrive()) relativeTo(link.value, path.value, relative);
  Header header = {};
  header.size = HEADER_SIZE;
  header.clsid = CLSID_ShellLink;
  header.flags = IsUnicode | (list.size > 0 ? HasLinkTargetIDList : 0) | (isOnDrive() ? HasLinkInfo : path.isSet() ? HasExpString : 0) |
                 (description.isSet() ? HasName : 0) | (relative.isSet() ? HasRelativePath : 0) | (folder.isSet() ? HasWorkingDir : 0) |
                 (arguments.isSet() ? HasArguments : 0) | (icon.isSet() ? HasIconLocation : 0);
  header.attributes = facts.attributes;
  header.created = facts.created;
  header.accessed = facts.accessed;
  header.written = facts.written;
  header.fileSize = facts.sizeLow;
  header.icon = iconIndex;
  header.show = static_cast<ULONG>(show);
  header.hotkey = hotkey;
  Bytes made;
  made.add(&header, sizeof header);
  if (list.size > 0) {
    made.put(static_cast<unsigned short>(list.size));
    made.add(list.data, list.size);
  }
  if (isOnDrive()) writeInfo(made);
  const Text *const strings[] = {&description, &relative, &folder, &arguments, &icon};
  for (const Text *text : strings)
    if (text->isSet()) addString(made, *text);
  if ((header.flags & HasExpString) != 0) writeEnvironment(made);
  made.put(static_cast<ULONG>(0));
  if (made.failed) return E_OUTOFMEMORY;
  void *const handle = CreateFileW(name, 0x40000000, 0, nullptr, 2, 0x80, nullptr);
  if (handle == reinterpret_cast<void *>(-1)) return lastError();
  ULONG done = 0;
  const bool isWritten = WriteFile(handle, made.data, made.size, &done, nullptr) != 0;
  const HRESULT result = isWritten ? S_OK : lastError();
  CloseHandle(handle);
  return result;
}

HRESULT State::load(const wchar_t *name) {
  void *const handle = CreateFileW(name, 0x80000000, 3, nullptr, 3, 0x80, nullptr);
  if (handle == reinterpret_cast<void *>(-1)) return lastError();
  const ULONG size = GetFileSize(handle, nullptr);
  HRESULT result = E_FAIL;
  BYTE *const bytes = size > MAX_FILE ? nullptr : static_cast<BYTE *>(malloc(size + 1));
  ULONG done = 0;
  if (bytes != nullptr) result = ReadFile(handle, bytes, size, &done, nullptr) == 0 ? lastError() : read(bytes, done);
  free(bytes);
  CloseHandle(handle);
  if (result >= 0) isDirty = false;
  return result;
}

template <class T> T at(const BYTE *from) { T value; memcpy(&value, from, sizeof value); return value; }

/** Whether a string that starts at an offset ends before the piece does. */
template <class C> bool isText(const BYTE *piece, ULONG size, ULONG offset) {
  for (ULONG i = offset; offset != 0 && i + sizeof(C) <= size; i += sizeof(C)) if (at<C>(piece + i) == 0) return true;
  return false;
}

HRESULT State::readInfo(const BYTE *piece, ULONG size) {
  if (size < 0x1c) return E_FAIL;
  LinkInfo info = {};
  memcpy(&info, piece, size < sizeof info ? size : sizeof info);
  if (info.headerSize < 0x24) info.basePathUnicode = info.suffixUnicode = 0;
  Text base, suffix;
  if ((info.flags & VOLUME_AND_BASE_PATH) != 0) {
    if (isText<wchar_t>(piece, size, info.basePathUnicode)) base.set(reinterpret_cast<const wchar_t *>(piece + info.basePathUnicode));
    else if (isText<char>(piece, size, info.basePath)) base.set(reinterpret_cast<const char *>(piece + info.basePath));
  } else if ((info.flags & NETWORK_LINK_AND_SUFFIX) != 0 && info.network != 0 && info.network + 0x14 <= size) {
    const ULONG name = info.network + at<ULONG>(piece + info.network + 8);
    if (isText<char>(piece, size, name)) base.set(reinterpret_cast<const char *>(piece + name));
  }
  if (isText<wchar_t>(piece, size, info.suffixUnicode)) suffix.set(reinterpret_cast<const wchar_t *>(piece + info.suffixUnicode));
  else if (isText<char>(piece, size, info.suffix)) suffix.set(reinterpret_cast<const char *>(piece + info.suffix));
  if (!base.isSet()) return S_OK;
  Bytes whole;
  whole.add(base.value, static_cast<ULONG>(length(base.value)) * 2);
  if (suffix.isSet()) {
    if (base.value[length(base.value) - 1] != '\\') whole.add(L"\\", 2);
    whole.add(suffix.value, static_cast<ULONG>(length(suffix.value)) * 2);
  }
  return whole.failed ? E_OUTOFMEMORY : path.set(reinterpret_cast<const wchar_t *>(whole.data), static_cast<int>(whole.size / 2));
}

/** Reads a link's bytes. Fails with E_FAIL where they are none, or end early. */
HRESULT State::read(const BYTE *bytes, ULONG size) {
  if (size < HEADER_SIZE) return E_FAIL;
  const Header header = at<Header>(bytes);
  if (header.size != HEADER_SIZE || !(header.clsid == CLSID_ShellLink)) return E_FAIL;
  Text *const all[] = {&path, &relative, &description, &folder, &arguments, &icon};
  for (Text *text : all) text->set(static_cast<const wchar_t *>(nullptr));
  list.size = 0;
  iconIndex = static_cast<int>(header.icon);
  show = static_cast<int>(header.show);
  hotkey = header.hotkey;
  facts = {header.attributes, header.created, header.accessed, header.written, 0, header.fileSize};
  ULONG position = HEADER_SIZE;
  if ((header.flags & HasLinkTargetIDList) != 0) {
    if (position + 2 > size || position + 2 + at<unsigned short>(bytes + position) > size) return E_FAIL;
    list.add(bytes + position + 2, at<unsigned short>(bytes + position));
    position += 2 + list.size;
  }
  if ((header.flags & HasLinkInfo) != 0) {
    if (position + 4 > size) return E_FAIL;
    const ULONG count = at<ULONG>(bytes + position);
    if (count < 4 || count > size - position) return E_FAIL;
    const HRESULT result = readInfo(bytes + position, count);
    if (result < 0) return result;
    position += count;
  }
  const struct { ULONG flag; Text *text; } strings[] = {
      {HasName, &description}, {HasRelativePath, &relative}, {HasWorkingDir, &folder}, {HasArguments, &arguments}, {HasIconLocation, &icon}};
  for (const auto &[flag, text] : strings) {
    if ((header.flags & flag) == 0) continue;
    const bool isWide = (header.flags & IsUnicode) != 0;
    if (position + 2 > size) return E_FAIL;
    const ULONG count = at<unsigned short>(bytes + position), length = isWide ? count * 2 : count;
    position += 2;
    if (length > size - position) return E_FAIL;
    if (isWide) {
      Bytes copy;
      copy.add(bytes + position, length);
      text->set(reinterpret_cast<const wchar_t *>(copy.data), static_cast<int>(count));
    } else text->set(reinterpret_cast<const char *>(bytes + position), static_cast<int>(count));
    position += length;
  }
  while (position + 8 <= size && at<ULONG>(bytes + position) >= 8 && at<ULONG>(bytes + position) <= size - position) {
    const ULONG count = at<ULONG>(bytes + position);
    if (at<ULONG>(bytes + position + 4) == ENVIRONMENT_BLOCK && count == ENVIRONMENT_BLOCK_SIZE && !path.isSet())
      path.set(reinterpret_cast<const wchar_t *>(bytes + position + 8 + MAX_PATH), length(reinterpret_cast<const wchar_t *>(bytes + position + 8 + MAX_PATH)));
    position += count;
  }
  return S_OK;
}

/** The object: one state, three interfaces. */
struct Link : IShellLink<wchar_t>, IShellLink<char>, IPersistFile {
  State state;

  HRESULT __stdcall QueryInterface(const GUID &wanted, void **to) override {
    if (to == nullptr) return E_POINTER;
    *to = wanted == IID_IUnknown || wanted == IID_IShellLinkW ? static_cast<void *>(static_cast<IShellLink<wchar_t> *>(this))
          : wanted == IID_IShellLinkA                         ? static_cast<void *>(static_cast<IShellLink<char> *>(this))
          : wanted == IID_IPersist || wanted == IID_IPersistFile ? static_cast<void *>(static_cast<IPersistFile *>(this))
                                                                 : nullptr;
    if (*to == nullptr) return E_NOINTERFACE;
    AddRef();
    return S_OK;
  }
  ULONG __stdcall AddRef() override { return static_cast<ULONG>(__atomic_add_fetch(&state.references, 1, __ATOMIC_SEQ_CST)); }
  ULONG __stdcall Release() override {
    const long left = __atomic_sub_fetch(&state.references, 1, __ATOMIC_SEQ_CST);
    if (left == 0) {
      state.~State();
      free(this);
    }
    return static_cast<ULONG>(left);
  }

  template <class C> HRESULT path(C *to, int room, void *found, ULONG flags) {
    if (found != nullptr) {
      memset(found, 0, sizeof(FindData) + (MAX_PATH + 14) * sizeof(C));
      memcpy(found, &state.facts, sizeof state.facts);
      const wchar_t *name = state.path.value;
      for (const wchar_t *each = name; each != nullptr && *each != 0; each++) if (*each == '\\') name = each + 1;
      Text last;
      last.set(name);
      last.get(reinterpret_cast<C *>(static_cast<BYTE *>(found) + sizeof(FindData)), MAX_PATH);
    }
    if (!state.path.isSet()) {
      if (to != nullptr && room > 0) to[0] = 0;
      return S_FALSE;
    }
    if ((flags & SLGP_RAWPATH) != 0) return state.path.get(to, room);
    wchar_t expanded[2 * MAX_PATH];
    Text text;
    const ULONG count = ExpandEnvironmentStringsW(state.path.value, expanded, 2 * MAX_PATH);
    text.set(count == 0 || count > 2 * MAX_PATH ? state.path.value : expanded);
    return text.get(to, room);
  }
  template <class C> HRESULT iconLocation(C *to, int room, int *index) {
    if (index != nullptr) *index = state.iconIndex;
    return state.icon.get(to, room);
  }
  HRESULT __stdcall GetPath(wchar_t *to, int room, void *found, ULONG flags) override { return path(to, room, found, flags); }
  HRESULT __stdcall GetPath(char *to, int room, void *found, ULONG flags) override { return path(to, room, found, flags); }
  /** What was in a file that was read; the lists of other paths are not made. */
  HRESULT __stdcall GetIDList(void **to) override {
    if (to == nullptr) return E_INVALIDARG;
    *to = nullptr;
    if (state.list.size == 0) return S_FALSE;
    *to = CoTaskMemAlloc(state.list.size);
    if (*to == nullptr) return E_OUTOFMEMORY;
    memcpy(*to, state.list.data, state.list.size);
    return S_OK;
  }
  HRESULT __stdcall SetIDList(const void *) override { return E_NOTIMPL; }
  HRESULT __stdcall GetDescription(wchar_t *to, int room) override { return state.description.get(to, room); }
  HRESULT __stdcall GetDescription(char *to, int room) override { return state.description.get(to, room); }
  HRESULT __stdcall SetDescription(const wchar_t *text) override { return state.change(state.description, text); }
  HRESULT __stdcall SetDescription(const char *text) override { return state.change(state.description, text); }
  HRESULT __stdcall GetWorkingDirectory(wchar_t *to, int room) override { return state.folder.get(to, room); }
  HRESULT __stdcall GetWorkingDirectory(char *to, int room) override { return state.folder.get(to, room); }
  HRESULT __stdcall SetWorkingDirectory(const wchar_t *text) override { return state.change(state.folder, text); }
  HRESULT __stdcall SetWorkingDirectory(const char *text) override { return state.change(state.folder, text); }
  HRESULT __stdcall GetArguments(wchar_t *to, int room) override { return state.arguments.get(to, room); }
  HRESULT __stdcall GetArguments(char *to, int room) override { return state.arguments.get(to, room); }
  HRESULT __stdcall SetArguments(const wchar_t *text) override { return state.change(state.arguments, text); }
  HRESULT __stdcall SetArguments(const char *text) override { return state.change(state.arguments, text); }
  HRESULT __stdcall GetHotkey(unsigned short *to) override {
    *to = state.hotkey;
    return S_OK;
  }
  HRESULT __stdcall SetHotkey(unsigned short hotkey) override {
    state.hotkey = hotkey;
    state.isDirty = true;
    return S_OK;
  }
  HRESULT __stdcall GetShowCmd(int *to) override {
    *to = state.show;
    return S_OK;
  }
  HRESULT __stdcall SetShowCmd(int show) override {
    state.show = show;
    state.isDirty = true;
    return S_OK;
  }
  HRESULT __stdcall GetIconLocation(wchar_t *to, int room, int *index) override { return iconLocation(to, room, index); }
  HRESULT __stdcall GetIconLocation(char *to, int room, int *index) override { return iconLocation(to, room, index); }
  HRESULT __stdcall SetIconLocation(const wchar_t *text, int index) override {
    state.iconIndex = index;
    return state.change(state.icon, text);
  }
  HRESULT __stdcall SetIconLocation(const char *text, int index) override {
    state.iconIndex = index;
    return state.change(state.icon, text);
  }
  HRESULT __stdcall SetRelativePath(const wchar_t *text, ULONG) override { return state.change(state.relative, text); }
  HRESULT __stdcall SetRelativePath(const char *text, ULONG) override { return state.change(state.relative, text); }
  /** A target that is there needs no search, and one that is not is searched for nowhere. */
  HRESULT __stdcall Resolve(void *, ULONG) override {
    if (!state.path.isSet()) return S_OK;
    Attributes found;
    wchar_t expanded[2 * MAX_PATH];
    const ULONG count = ExpandEnvironmentStringsW(state.path.value, expanded, 2 * MAX_PATH);
    if (GetFileAttributesExW(count == 0 || count > 2 * MAX_PATH ? state.path.value : expanded, 0, &found) == 0) return lastError();
    state.facts = found;
    return S_OK;
  }
  HRESULT __stdcall SetPath(const wchar_t *text) override { return state.setPath(text); }
  HRESULT __stdcall SetPath(const char *text) override {
    Text wide;
    const HRESULT result = wide.set(text);
    return result < 0 ? result : state.setPath(wide.value);
  }

  HRESULT __stdcall GetClassID(GUID *to) override {
    if (to == nullptr) return E_POINTER;
    *to = CLSID_ShellLink;
    return S_OK;
  }
  HRESULT __stdcall IsDirty() override { return state.isDirty ? S_OK : S_FALSE; }
  HRESULT __stdcall Load(const wchar_t *name, ULONG) override {
    if (name == nullptr) return E_INVALIDARG;
    const HRESULT result = state.load(name);
    if (result >= 0) state.file.set(name);
    return result;
  }
  HRESULT __stdcall Save(const wchar_t *name, int remember) override {
    const wchar_t *const target = name == nullptr ? state.file.value : name;
    if (target == nullptr) return E_FAIL;
    const HRESULT result = state.save(target);
    if (result < 0) return result;
    state.isDirty = false;
    if (remember != 0 && name != nullptr) state.file.set(name);
    return S_OK;
  }
  HRESULT __stdcall SaveCompleted(const wchar_t *) override { return S_OK; }
  HRESULT __stdcall GetCurFile(wchar_t **to) override {
    if (to == nullptr) return E_POINTER;
    *to = nullptr;
    if (state.file.value == nullptr) return S_FALSE;
    const size_t bytes = (static_cast<size_t>(length(state.file.value)) + 1) * 2;
    *to = static_cast<wchar_t *>(CoTaskMemAlloc(bytes));
    if (*to == nullptr) return E_OUTOFMEMORY;
    memcpy(*to, state.file.value, bytes);
    return S_OK;
  }
};

} // namespace

bool isShellLink(const GUID &wanted) { return wanted == CLSID_ShellLink; }

HRESULT createShellLink(const GUID &interface, void **to) {
  Link *const made = make<Link>();
  if (made == nullptr) return E_OUTOFMEMORY;
  const HRESULT result = static_cast<IPersistFile *>(made)->QueryInterface(interface, to);
  made->Release();
  return result;
}
