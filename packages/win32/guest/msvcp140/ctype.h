// Facets of characters: std::ctype and std::codecvt.
#pragma once
#include "streambuf.h"

namespace std {

/** Converts a character of a locale's code page; what it lacks is 0 (xlocale's _Maklocchr and _Maklocbyte). */
template <class E> E fromByte(char byte, const _Cvtvec &) { return static_cast<E>(static_cast<unsigned char>(byte)); }
template <> wchar_t fromByte<wchar_t>(char, const _Cvtvec &);
template <> unsigned short fromByte<unsigned short>(char, const _Cvtvec &);
template <class E> char toByte(E element, const _Cvtvec &) { return static_cast<char>(element); }
template <> char toByte<wchar_t>(wchar_t, const _Cvtvec &);
template <> char toByte<unsigned short>(unsigned short, const _Cvtvec &);

struct EXPORT ctype_base : locale::facet {
  enum : short {
    upper = 1, lower = 2, digit = 4, punct = 0x10, cntrl = 0x20, xdigit = 0x80, alpha = 0x103, space = 0x48, blank = 0x48, alnum = 0x107,
    graph = 0x117, print = 0x1d7,
  };
  using mask = short;
  ctype_base(size_t references = 0) : facet(references) {}
  ~ctype_base() noexcept override {}
};

template <class E> class ctype;

template <> class EXPORT ctype<char> : public ctype_base {
public:
  bool is(mask kind, char element) const { return (_Ctype._Table[static_cast<unsigned char>(element)] & kind) != 0; }
  const char *is(const char *first, const char *last, mask *to) const {
    for (; first != last; ++first) *to++ = _Ctype._Table[static_cast<unsigned char>(*first)];
    return first;
  }
  const char *scan_is(mask kind, const char *first, const char *last) const {
    while (first != last && !is(kind, *first)) ++first;
    return first;
  }
  const char *scan_not(mask kind, const char *first, const char *last) const {
    while (first != last && is(kind, *first)) ++first;
    return first;
  }
  char tolower(char element) const { return do_tolower(element); }
  const char *tolower(char *first, const char *last) const { return do_tolower(first, last); }
  char toupper(char element) const { return do_toupper(element); }
  const char *toupper(char *first, const char *last) const { return do_toupper(first, last); }
  char widen(char byte) const { return do_widen(byte); }
  const char *widen(const char *first, const char *last, char *to) const { return do_widen(first, last, to); }
  char narrow(char element, char other = '\0') const { return do_narrow(element, other); }
  const char *narrow(const char *first, const char *last, char other, char *to) const { return do_narrow(first, last, other, to); }
  static locale::id id;
  explicit ctype(const mask *table = nullptr, bool owned = false, size_t references = 0);
  ctype(const _Locinfo &from, size_t references = 0) : ctype_base(references) { _Init(from); }
  static size_t _Getcat(const locale::facet **made = nullptr, const locale *where = nullptr);
  const mask *table() const noexcept { return _Ctype._Table; }
  static const mask *classic_table() noexcept;
  static const size_t table_size;

protected:
  ~ctype() noexcept override { _Tidy(); }
  void _Init(const _Locinfo &from) { _Ctype = from._Getctype(); }
  void _Tidy();
  virtual char do_tolower(char element) const;
  virtual const char *do_tolower(char *first, const char *last) const;
  virtual char do_toupper(char element) const;
  virtual const char *do_toupper(char *first, const char *last) const;
  virtual char do_widen(char byte) const { return byte; }
  virtual const char *do_widen(const char *first, const char *last, char *to) const { memcpy(to, first, last - first); return last; }
  virtual char do_narrow(char element, char) const { return element; }
  virtual const char *do_narrow(const char *first, const char *last, char, char *to) const { memcpy(to, first, last - first); return last; }

private:
  _Ctypevec _Ctype;
};

/** The wide ones, whose characters have their classes by the C runtime's tables. */
template <class E> class ctype : public ctype_base {
public:
  bool is(mask kind, E element) const { return do_is(kind, element); }
  const E *is(const E *first, const E *last, mask *to) const { return do_is(first, last, to); }
  const E *scan_is(mask kind, const E *first, const E *last) const { return do_scan_is(kind, first, last); }
  const E *scan_not(mask kind, const E *first, const E *last) const { return do_scan_not(kind, first, last); }
  E tolower(E element) const { return do_tolower(element); }
  const E *tolower(E *first, const E *last) const { return do_tolower(first, last); }
  E toupper(E element) const { return do_toupper(element); }
  const E *toupper(E *first, const E *last) const { return do_toupper(first, last); }
  E widen(char byte) const { return do_widen(byte); }
  const char *widen(const char *first, const char *last, E *to) const { return do_widen(first, last, to); }
  char narrow(E element, char other = '\0') const { return do_narrow(element, other); }
  const E *narrow(const E *first, const E *last, char other, char *to) const { return do_narrow(first, last, other, to); }
  static locale::id id;
  explicit ctype(size_t references = 0) : ctype_base(references) { _Init(_Locinfo()); }
  ctype(const _Locinfo &from, size_t references = 0) : ctype_base(references) { _Init(from); }
  static size_t _Getcat(const locale::facet **made = nullptr, const locale *where = nullptr) {
    if (made && !*made) *made = new ctype(_Locinfo(where->c_str()));
    return 2;
  }

protected:
  ~ctype() noexcept override {
    if (_Ctype._Delfl) free(const_cast<short *>(_Ctype._Table));
    free(_Ctype._LocaleName);
  }
  void _Init(const _Locinfo &from) { _Ctype = from._Getctype(); _Cvt = from._Getcvt(); }
  virtual bool do_is(mask kind, E element) const { return iswctype(static_cast<unsigned short>(element), static_cast<unsigned short>(kind)) != 0; }
  virtual const E *do_is(const E *first, const E *last, mask *to) const {
    for (; first != last; ++first) {
      mask kinds = 0;
      for (int bit = 1; bit <= 0x100; bit <<= 1) if (iswctype(static_cast<unsigned short>(*first), static_cast<unsigned short>(bit))) kinds |= static_cast<mask>(bit);
      *to++ = kinds;
    }
    return first;
  }
  virtual const E *do_scan_is(mask kind, const E *first, const E *last) const {
    while (first != last && !is(kind, *first)) ++first;
    return first;
  }
  virtual const E *do_scan_not(mask kind, const E *first, const E *last) const {
    while (first != last && is(kind, *first)) ++first;
    return first;
  }
  virtual E do_tolower(E element) const { return static_cast<E>(towlower(static_cast<unsigned short>(element))); }
  virtual const E *do_tolower(E *first, const E *last) const {
    for (; first != last; ++first) *first = ctype::do_tolower(*first);
    return first;
  }
  virtual E do_toupper(E element) const { return static_cast<E>(towupper(static_cast<unsigned short>(element))); }
  virtual const E *do_toupper(E *first, const E *last) const {
    for (; first != last; ++first) *first = ctype::do_toupper(*first);
    return first;
  }
  E _Dowiden(char byte) const { return fromByte<E>(byte, _Cvt); }
  virtual E do_widen(char byte) const { return _Dowiden(byte); }
  virtual const char *do_widen(const char *first, const char *last, E *to) const {
    for (; first != last; ++first) *to++ = _Dowiden(*first);
    return first;
  }
  char _Donarrow(E element, char other) const {
    if (element == E()) return '\0';
    const char byte = toByte<E>(element, _Cvt);
    return byte == '\0' ? other : byte;
  }
  virtual char do_narrow(E element, char other) const { return _Donarrow(element, other); }
  virtual const E *do_narrow(const E *first, const E *last, char other, char *to) const {
    for (; first != last; ++first) *to++ = _Donarrow(*first, other);
    return first;
  }

private:
  _Ctypevec _Ctype;
  _Cvtvec _Cvt;
};

class EXPORT codecvt_base : public locale::facet {
public:
  enum { ok, partial, error, noconv };
  using result = int;
  codecvt_base(size_t references = 0) : facet(references) {}
  bool always_noconv() const noexcept { return do_always_noconv(); }
  int max_length() const noexcept { return do_max_length(); }
  int encoding() const noexcept { return do_encoding(); }
  ~codecvt_base() noexcept override {}
protected:
  virtual bool do_always_noconv() const noexcept { return false; }
  virtual int do_max_length() const noexcept { return 1; }
  virtual int do_encoding() const noexcept { return 1; }
};

/** Bytes of a code page and characters; for char there is nothing to convert. */
template <class E, class B, class S> class codecvt : public codecvt_base {
  static constexpr bool isSame = sizeof(E) == sizeof(B);
public:
  result in(S &state, const B *first, const B *last, const B *&middle, E *to, E *end, E *&next) const { return do_in(state, first, last, middle, to, end, next); }
  result out(S &state, const E *first, const E *last, const E *&middle, B *to, B *end, B *&next) const { return do_out(state, first, last, middle, to, end, next); }
  result unshift(S &state, B *to, B *end, B *&next) const { return do_unshift(state, to, end, next); }
  int length(S &state, const B *first, const B *last, size_t count) const { return do_length(state, first, last, count); }
  static locale::id id;
  explicit codecvt(size_t references = 0) : codecvt_base(references) { _Init(_Locinfo()); }
  explicit codecvt(const _Locinfo &from, size_t references = 0) : codecvt_base(references) { _Init(from); }
  static size_t _Getcat(const locale::facet **made = nullptr, const locale *where = nullptr) {
    if (made && !*made) *made = new codecvt(_Locinfo(where->c_str()));
    return 2;
  }

protected:
  ~codecvt() noexcept override {}
  void _Init(const _Locinfo &from) { if (!isSame) _Cvt = from._Getcvt(); }
  bool do_always_noconv() const noexcept override { return isSame; }
  int do_max_length() const noexcept override { return isSame ? 1 : static_cast<int>(_Cvt._Mbcurmax); }
  int do_encoding() const noexcept override { return isSame || _Cvt._Mbcurmax == 1; }
  virtual result do_in(S &state, const B *first, const B *last, const B *&middle, E *to, E *end, E *&next) const {
    middle = first;
    next = to;
    if (isSame) return noconv;
    result answer = first == last ? ok : partial;
    while (middle != last && next != end) {
      wchar_t element = 0;
      const size_t used = mbrtowc(&element, reinterpret_cast<const char *>(middle), static_cast<size_t>(last - middle), &state);
      if (used == static_cast<size_t>(-1)) return error;
      if (used == static_cast<size_t>(-2)) {
        middle = last;
        return answer;
      }
      *next++ = static_cast<E>(element);
      middle += used == 0 ? 1 : used;
      answer = ok;
    }
    return answer;
  }
  virtual result do_out(S &state, const E *first, const E *last, const E *&middle, B *to, B *end, B *&next) const {
    middle = first;
    next = to;
    if (isSame) return noconv;
    for (; middle != last && next != end; ++middle) {
      char bytes[8];
      S trial = state;
      const size_t count = wcrtomb(bytes, static_cast<wchar_t>(*middle), &trial);
      if (count == static_cast<size_t>(-1)) return error;
      if (count > static_cast<size_t>(end - next)) break;
      memcpy(next, bytes, count);
      next += count;
      state = trial;
    }
    return middle == last ? ok : partial;
  }
  virtual result do_unshift(S &, B *to, B *, B *&next) const {
    next = to;
    return isSame ? noconv : ok;
  }
  virtual int do_length(S &state, const B *first, const B *last, size_t count) const {
    if (isSame) return static_cast<size_t>(last - first) < count ? static_cast<int>(last - first) : static_cast<int>(count);
    const B *at = first;
    for (; count > 0 && at != last; --count) {
      wchar_t element;
      const size_t used = mbrtowc(&element, reinterpret_cast<const char *>(at), static_cast<size_t>(last - at), &state);
      if (used > static_cast<size_t>(last - at)) break;
      at += used == 0 ? 1 : used;
    }
    return static_cast<int>(at - first);
  }

private:
  _Cvtvec _Cvt;
};

template <class E, class T> char basic_ios<E, T>::narrow(E element, char other) const { return use_facet<ctype<E>>(getloc()).narrow(element, other); }
template <class E, class T> E basic_ios<E, T>::widen(char byte) const { return use_facet<ctype<E>>(getloc()).widen(byte); }
template <class E, class T> void basic_ios<E, T>::init(basic_streambuf<E, T> *buffer, bool isStandard) {
  _Init();
  _Mystrbuf = buffer;
  _Tiestr = nullptr;
  _Fillch = widen(' ');
  if (_Mystrbuf == nullptr) setstate(badbit);
  if (isStandard) _Addstd(this);
}

}  // namespace std
