// std::char_traits for the three characters that programs have: unsigned short is wchar_t where that is no type of its own.
#pragma once
#include "crt.h"

namespace std {

using streamoff = long long;
using streamsize = long long;

template <class S> class fpos {
  streamoff _Myoff;
  long long _Fpos;
  S _Mystate;
public:
  fpos(streamoff offset = 0) : _Myoff(offset), _Fpos(0), _Mystate() {}
  fpos(S state, long long position) : _Myoff(0), _Fpos(position), _Mystate(state) {}
  operator streamoff() const { return _Myoff + _Fpos; }
  S state() const { return _Mystate; }
};
using streampos = fpos<_Mbstatet>;

template <class E, class I> struct any_traits {
  using char_type = E;
  using int_type = I;
  using pos_type = streampos;
  using off_type = streamoff;
  static size_t length(const E *text) { size_t count = 0; while (text[count] != E()) count++; return count; }
  static E *copy(E *to, const E *from, size_t count) { return static_cast<E *>(memcpy(to, from, count * sizeof(E))); }
  static const E *find(const E *text, size_t count, const E &wanted) {
    for (; count > 0; count--, text++) if (*text == wanted) return text;
    return nullptr;
  }
  static E to_char_type(I value) { return static_cast<E>(value); }
  static constexpr I eof() { return static_cast<I>(-1); }
  static I not_eof(I value) { return value != eof() ? value : static_cast<I>(0); }
};
template <class E> struct char_traits;
template <> struct char_traits<char> : any_traits<char, int> {
  static int to_int_type(char element) { return static_cast<unsigned char>(element); }
};
template <> struct char_traits<wchar_t> : any_traits<wchar_t, unsigned short> {
  static unsigned short to_int_type(wchar_t element) { return element; }
};
template <> struct char_traits<unsigned short> : any_traits<unsigned short, unsigned short> {
  static unsigned short to_int_type(unsigned short element) { return element; }
};

}  // namespace std
