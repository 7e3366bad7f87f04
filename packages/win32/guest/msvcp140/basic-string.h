// std::basic_string as programs lay it out: sixteen bytes that hold short text or a pointer to long text, its length, and its capacity.
#pragma once
#include "exceptions.h"

namespace std {

template <class E> struct char_traits;
template <class T> class allocator {};

template <class E, class T, class A> class basic_string {
  static constexpr size_t SHORT = 16 / sizeof(E);
  union { E _Buf[SHORT]; E *_Ptr; } _Bx;
  size_t _Mysize = 0, _Myres = SHORT - 1;

public:
  basic_string() { _Bx._Buf[0] = E(); }
  basic_string(const E *text) : basic_string() { append(text, T::length(text)); }
  basic_string(const basic_string &other) : basic_string() { append(other.c_str(), other._Mysize); }
  basic_string &operator=(const basic_string &) = delete;
  ~basic_string() {
    if (_Myres >= SHORT) operator delete(_Bx._Ptr);
  }
  const E *c_str() const { return _Myres >= SHORT ? _Bx._Ptr : _Bx._Buf; }
  size_t size() const { return _Mysize; }
  E operator[](size_t index) const { return c_str()[index]; }
  void push_back(E element) { append(&element, 1); }
  void append(const E *text, size_t count) {
    if (count > _Myres - _Mysize) grow(_Mysize + count);
    E *const at = const_cast<E *>(c_str());
    T::copy(at + _Mysize, text, count);
    _Mysize += count;
    at[_Mysize] = E();
  }

private:
  /** Long text of 4 KiB and more lies where programs expect it: behind a word that holds what was allocated, at a multiple of 32. */
  void grow(size_t needed) {
    size_t room = (needed | (SHORT - 1));
    if (room < _Myres + _Myres / 2) room = _Myres + _Myres / 2;
    const size_t bytes = (room + 1) * sizeof(E);
    if (bytes >= 0x1000) throw length_error("string too long");
    E *const moved = static_cast<E *>(operator new(bytes));
    T::copy(moved, c_str(), _Mysize + 1);
    if (_Myres >= SHORT) operator delete(_Bx._Ptr);
    _Bx._Ptr = moved;
    _Myres = room;
  }
};

using string = basic_string<char, char_traits<char>, allocator<char>>;

}  // namespace std
