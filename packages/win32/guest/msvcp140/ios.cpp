// Streams' state that is no template's, and the classes that programs import: for char, for wchar_t, and for unsigned short in its place.
#include "streams.h"

namespace std {

int ios_base::_Index = 0;
bool ios_base::_Sync = true;

/** Streams that stand for the whole process are flushed at its end, and live on. */
static constexpr int STANDARD_LIMIT = 8;
static ios_base *standardStreams[STANDARD_LIMIT + 1];
static char standardCounts[STANDARD_LIMIT + 1];

void ios_base::_Init() {
  _Ploc = nullptr;
  _Stdstr = 0;
  _Except = goodbit;
  _Fmtfl = skipws | dec;
  _Wide = 0;
  _Prec = 6;
  _Arr = nullptr;
  _Calls = nullptr;
  _Mystate = goodbit;
  _Ploc = new locale;
}
void ios_base::_Addstd(ios_base *stream) {
  _Lockit lock(2);
  for (int slot = 1; slot <= STANDARD_LIMIT; slot++) {
    if (standardStreams[slot] != nullptr && standardStreams[slot] != stream) continue;
    stream->_Stdstr = static_cast<size_t>(slot);
    standardStreams[slot] = stream;
    standardCounts[slot]++;
    return;
  }
}
void ios_base::_Ios_base_dtor(ios_base *self) {
  if (self->_Stdstr > 0 && --standardCounts[self->_Stdstr] > 0) return;
  self->_Tidy();
  delete self->_Ploc;
}
void ios_base::_Tidy() {
  _Callfns(erase_event);
  while (_Arr != nullptr) {
    _Iosarray *const next = _Arr->_Next;
    delete _Arr;
    _Arr = next;
  }
  while (_Calls != nullptr) {
    _Fnarray *const next = _Calls->_Next;
    delete _Calls;
    _Calls = next;
  }
}
void ios_base::_Callfns(event what) {
  for (_Fnarray *each = _Calls; each != nullptr; each = each->_Next) each->_Pfn(what, *this, each->_Index);
}
ios_base::_Iosarray &ios_base::_Findarr(int index) {
  static _Iosarray none{nullptr, 0, 0, nullptr};
  if (index < 0) {
    setstate(badbit);
    none._Lo = 0;
    none._Vp = nullptr;
    return none;
  }
  _Iosarray *unused = nullptr;
  for (_Iosarray *each = _Arr; each != nullptr; each = each->_Next) {
    if (each->_Index == index) return *each;
    if (unused == nullptr && each->_Lo == 0 && each->_Vp == nullptr) unused = each;
  }
  if (unused != nullptr) {
    unused->_Index = index;
    return *unused;
  }
  return *(_Arr = new _Iosarray{_Arr, index, 0, nullptr});
}
locale ios_base::imbue(const locale &where) {
  locale before = *_Ploc;
  *_Ploc = where;
  _Callfns(imbue_event);
  return before;
}
int ios_base::xalloc() {
  _Lockit lock(2);
  return _Index++;
}
void ios_base::register_callback(event_callback function, int index) { _Calls = new _Fnarray{_Calls, index, function}; }
ios_base &ios_base::copyfmt(const ios_base &other) {
  if (this == &other) return *this;
  _Tidy();
  *_Ploc = *other._Ploc;
  _Fmtfl = other._Fmtfl;
  _Prec = other._Prec;
  _Wide = other._Wide;
  for (const _Iosarray *each = other._Arr; each != nullptr; each = each->_Next) {
    if (each->_Lo == 0 && each->_Vp == nullptr) continue;
    iword(each->_Index) = each->_Lo;
    pword(each->_Index) = each->_Vp;
  }
  for (const _Fnarray *each = other._Calls; each != nullptr; each = each->_Next) register_callback(each->_Pfn, each->_Index);
  _Callfns(copyfmt_event);
  exceptions(other._Except);
  return *this;
}
bool ios_base::sync_with_stdio(bool synchronised) {
  _Lockit lock(2);
  const bool before = _Sync;
  _Sync = synchronised;
  return before;
}
template <class V> static void exchange(V &left, V &right) {
  const V kept = left;
  left = right;
  right = kept;
}
void ios_base::swap(ios_base &other) {
  if (this == &other) return;
  exchange(_Mystate, other._Mystate);
  exchange(_Except, other._Except);
  exchange(_Fmtfl, other._Fmtfl);
  exchange(_Prec, other._Prec);
  exchange(_Wide, other._Wide);
  exchange(_Arr, other._Arr);
  exchange(_Calls, other._Calls);
  exchange(_Ploc, other._Ploc);
}

// Facets of characters.
template <> wchar_t fromByte<wchar_t>(char byte, const _Cvtvec &) {
  wchar_t wide = 0;
  _Mbstatet state{};
  mbrtowc(&wide, &byte, 1, &state);
  return wide;
}
template <> unsigned short fromByte<unsigned short>(char byte, const _Cvtvec &page) { return fromByte<wchar_t>(byte, page); }
template <> char toByte<wchar_t>(wchar_t wide, const _Cvtvec &) {
  char bytes[8] = {0};
  _Mbstatet state{};
  return wcrtomb(bytes, wide, &state) == 1 ? bytes[0] : '\0';
}
template <> char toByte<unsigned short>(unsigned short wide, const _Cvtvec &page) { return toByte<wchar_t>(static_cast<wchar_t>(wide), page); }

locale::id ctype<char>::id;
const size_t ctype<char>::table_size = 256;
ctype<char>::ctype(const mask *table, bool owned, size_t references) : ctype_base(references) {
  _Init(_Locinfo());
  if (table == nullptr) return;
  _Tidy();
  _Ctype._Table = table;
  // A table of the program's is deleted, one of the C runtime's is not ours.
  _Ctype._Delfl = owned ? -1 : 0;
  _Ctype._LocaleName = nullptr;
}
size_t ctype<char>::_Getcat(const locale::facet **made, const locale *where) {
  if (made && !*made) *made = new ctype(_Locinfo(where->c_str()));
  return 2;
}
const ctype_base::mask *ctype<char>::classic_table() noexcept { return use_facet<ctype<char>>(locale::classic()).table(); }
void ctype<char>::_Tidy() {
  if (_Ctype._Delfl > 0) free(const_cast<short *>(_Ctype._Table));
  else if (_Ctype._Delfl < 0) delete[] _Ctype._Table;
  free(_Ctype._LocaleName);
}
extern "C" int _Tolower(int, const _Ctypevec *);
extern "C" int _Toupper(int, const _Ctypevec *);
char ctype<char>::do_tolower(char element) const { return static_cast<char>(_Tolower(static_cast<unsigned char>(element), &_Ctype)); }
const char *ctype<char>::do_tolower(char *first, const char *last) const {
  for (; first != last; ++first) *first = ctype::do_tolower(*first);
  return first;
}
char ctype<char>::do_toupper(char element) const { return static_cast<char>(_Toupper(static_cast<unsigned char>(element), &_Ctype)); }
const char *ctype<char>::do_toupper(char *first, const char *last) const {
  for (; first != last; ++first) *first = ctype::do_toupper(*first);
  return first;
}

int formatted(char *buffer, size_t count, const char *format, ...) {
  va_list arguments;
  __builtin_va_start(arguments, format);
  const int written = __stdio_common_vsprintf_s(0, buffer, count, format, nullptr, arguments);
  __builtin_va_end(arguments);
  return written;
}

template <class E> locale::id ctype<E>::id;
template <class E, class B, class S> locale::id codecvt<E, B, S>::id;
template <class E> locale::id numpunct<E>::id;
template <class E, class I> locale::id num_put<E, I>::id;
template <class E, class I> locale::id num_get<E, I>::id;

#define INSTANTIATE(E) \
  template class EXPORT basic_streambuf<E, char_traits<E>>; \
  template class EXPORT basic_ios<E, char_traits<E>>; \
  template class EXPORT basic_ostream<E, char_traits<E>>; \
  template class EXPORT basic_istream<E, char_traits<E>>; \
  template class EXPORT basic_iostream<E, char_traits<E>>; \
  template class EXPORT codecvt<E, char, _Mbstatet>; \
  template class numpunct<E>; \
  template class EXPORT num_put<E, ostreambuf_iterator<E, char_traits<E>>>; \
  template class EXPORT num_get<E, istreambuf_iterator<E, char_traits<E>>>;
INSTANTIATE(char)
INSTANTIATE(wchar_t)
INSTANTIATE(unsigned short)
template class EXPORT ctype<wchar_t>;
template class EXPORT ctype<unsigned short>;

#ifdef _WIN64
static_assert(sizeof(basic_ostream<char, char_traits<char>>) == 112 && sizeof(basic_istream<char, char_traits<char>>) == 120 && sizeof(basic_iostream<char, char_traits<char>>) == 128 && sizeof(basic_streambuf<char, char_traits<char>>) == 104, "as Microsoft lays them out");
#else
static_assert(sizeof(basic_ostream<char, char_traits<char>>) == 80 && sizeof(basic_istream<char, char_traits<char>>) == 96 && sizeof(basic_iostream<char, char_traits<char>>) == 104 && sizeof(basic_streambuf<char, char_traits<char>>) == 56, "as Microsoft lays them out");
#endif

}  // namespace std
