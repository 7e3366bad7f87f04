// std::ios_base and std::basic_ios: a stream's state, format and locale.
#pragma once
#include "locale.h"

namespace std {

template <class E, class T> class basic_streambuf;
template <class E, class T> class basic_ostream;
template <class E, class T> class basic_istream;

template <class D> class EXPORT _Iosb {
public:
  enum : int {
    skipws = 0x1, unitbuf = 0x2, uppercase = 0x4, showbase = 0x8, showpoint = 0x10, showpos = 0x20, left = 0x40, right = 0x80, internal = 0x100,
    dec = 0x200, oct = 0x400, hex = 0x800, scientific = 0x1000, fixed = 0x2000, hexfloat = 0x3000, boolalpha = 0x4000, _Stdio = 0x8000,
    adjustfield = 0x1c0, basefield = 0xe00, floatfield = 0x3000, _Fmtmask = 0xffff,
    goodbit = 0, eofbit = 1, failbit = 2, badbit = 4, _Statmask = 0x17,
    in = 1, out = 2, ate = 4, app = 8, trunc = 0x10, binary = 0x20, _Nocreate = 0x40, _Noreplace = 0x80,
    beg = 0, cur = 1, end = 2,
  };
};

class EXPORT ios_base : public _Iosb<int> {
public:
  using fmtflags = int;
  using iostate = int;
  using openmode = int;
  using seekdir = int;
  enum event { erase_event, imbue_event, copyfmt_event };
  using event_callback = void(__cdecl *)(event, ios_base &, int);
  class failure;

  /** Makes the standard streams when the first module asks for them, and flushes them when the last one goes. */
  class EXPORT Init {
  public:
    Init() { _Init_ctor(this); }
    ~Init() noexcept { _Init_dtor(this); }
  private:
    static void _Init_ctor(Init *);
    static void _Init_dtor(Init *);
    static int _Init_cnt;
    static int &_Init_cnt_func();
  };

  explicit operator bool() const { return !fail(); }
  bool operator!() const { return fail(); }
  void clear(iostate state, bool reraise);
  void clear(iostate state = goodbit) { clear(state, false); }
  void clear(unsigned state) { clear(static_cast<iostate>(state), false); }
  iostate rdstate() const { return _Mystate; }
  void setstate(iostate state, bool reraise) { clear(_Mystate | state, reraise); }
  void setstate(iostate state) { clear(_Mystate | state, false); }
  void setstate(unsigned state) { clear(_Mystate | static_cast<iostate>(state), false); }
  bool good() const { return _Mystate == goodbit; }
  bool eof() const { return (_Mystate & eofbit) != 0; }
  bool fail() const { return (_Mystate & (badbit | failbit)) != 0; }
  bool bad() const { return (_Mystate & badbit) != 0; }
  iostate exceptions() const { return _Except; }
  void exceptions(iostate mask) { _Except = mask & _Statmask; clear(_Mystate); }
  void exceptions(unsigned mask) { exceptions(static_cast<iostate>(mask)); }
  fmtflags flags() const { return _Fmtfl; }
  fmtflags flags(fmtflags value) { return swapped(_Fmtfl, value & _Fmtmask); }
  fmtflags setf(fmtflags value) { return swapped(_Fmtfl, _Fmtfl | (value & _Fmtmask)); }
  fmtflags setf(fmtflags value, fmtflags mask) { return swapped(_Fmtfl, (_Fmtfl & ~mask) | (value & mask & _Fmtmask)); }
  void unsetf(fmtflags mask) { _Fmtfl &= ~mask; }
  streamsize precision() const { return _Prec; }
  streamsize precision(streamsize value) { return swapped(_Prec, value); }
  streamsize width() const { return _Wide; }
  streamsize width(streamsize value) { return swapped(_Wide, value); }
  locale getloc() const { return *_Ploc; }
  locale imbue(const locale &);
  static int xalloc();
  long &iword(int index) { return _Findarr(index)._Lo; }
  void *&pword(int index) { return _Findarr(index)._Vp; }
  void register_callback(event_callback, int index);
  ios_base &copyfmt(const ios_base &);
  static bool sync_with_stdio(bool synchronised = true);
  void swap(ios_base &);
  virtual ~ios_base() noexcept { _Ios_base_dtor(this); }
  static void _Addstd(ios_base *);
  size_t _Stdstr = 0;

private:
  struct _Iosarray { _Iosarray *_Next; int _Index; long _Lo; void *_Vp; };
  struct _Fnarray { _Fnarray *_Next; int _Index; event_callback _Pfn; };
  iostate _Mystate;
  iostate _Except;
  fmtflags _Fmtfl;
  streamsize _Prec, _Wide;
  _Iosarray *_Arr;
  _Fnarray *_Calls;
  locale *_Ploc;
  static int _Index;
  static bool _Sync;

  template <class V> static V swapped(V &variable, V value) {
    const V before = variable;
    variable = value;
    return before;
  }
  void _Callfns(event);
  _Iosarray &_Findarr(int index);
  void _Tidy();
  static void _Ios_base_dtor(ios_base *);

protected:
  ios_base() {}
  void _Init();
};

template <class E, class T> class basic_ios : public ios_base {
public:
  explicit basic_ios(basic_streambuf<E, T> *buffer) { init(buffer); }
  virtual ~basic_ios() noexcept {}
  void clear(iostate state = goodbit, bool reraise = false) { ios_base::clear(_Mystrbuf ? state : state | badbit, reraise); }
  void clear(unsigned state) { clear(static_cast<iostate>(state)); }
  void setstate(iostate state, bool reraise = false) { if (state != goodbit) clear(rdstate() | state, reraise); }
  void setstate(unsigned state) { setstate(static_cast<iostate>(state)); }
  basic_ios &copyfmt(const basic_ios &other) {
    _Tiestr = other._Tiestr;
    _Fillch = other._Fillch;
    ios_base::copyfmt(other);
    return *this;
  }
  basic_ostream<E, T> *tie() const { return _Tiestr; }
  basic_ostream<E, T> *tie(basic_ostream<E, T> *other) {
    basic_ostream<E, T> *const before = _Tiestr;
    _Tiestr = other;
    return before;
  }
  basic_streambuf<E, T> *rdbuf() const { return _Mystrbuf; }
  basic_streambuf<E, T> *rdbuf(basic_streambuf<E, T> *buffer) {
    basic_streambuf<E, T> *const before = _Mystrbuf;
    _Mystrbuf = buffer;
    clear();
    return before;
  }
  locale imbue(const locale &where);
  E fill() const { return _Fillch; }
  E fill(E element) {
    const E before = _Fillch;
    _Fillch = element;
    return before;
  }
  char narrow(E element, char other = '\0') const;
  E widen(char byte) const;
  void move(basic_ios &other) {
    if (this == &other) return;
    _Mystrbuf = nullptr;
    _Tiestr = nullptr;
    swap(other);
  }
  void move(basic_ios &&other) { move(other); }
  void swap(basic_ios &other) {
    ios_base::swap(other);
    basic_ostream<E, T> *const tied = _Tiestr;
    _Tiestr = other._Tiestr;
    other._Tiestr = tied;
    const E filled = _Fillch;
    _Fillch = other._Fillch;
    other._Fillch = filled;
  }
  void set_rdbuf(basic_streambuf<E, T> *buffer) { _Mystrbuf = buffer; }

protected:
  void init(basic_streambuf<E, T> *buffer = nullptr, bool isStandard = false);
  basic_ios() {}

private:
  basic_streambuf<E, T> *_Mystrbuf = nullptr;
  basic_ostream<E, T> *_Tiestr = nullptr;
  E _Fillch;
};

}  // namespace std
