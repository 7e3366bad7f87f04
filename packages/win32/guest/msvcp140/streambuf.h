// std::basic_streambuf: pointers into a buffer to read from and one to write to, which lie here or, by pointers to them, in a FILE.
#pragma once
#include "ios.h"

namespace std {

template <class E, class T> class basic_streambuf {
  using int_type = typename T::int_type;
  E *_Gfirst, *_Pfirst, **_IGfirst, **_IPfirst, *_Gnext, *_Pnext, **_IGnext, **_IPnext;
  int _Gcount, _Pcount, *_IGcount, *_IPcount;

protected:
  locale *_Plocale;

  basic_streambuf() : _Plocale(new locale) { _Init(); }
  basic_streambuf(_Uninitialized) {}
  basic_streambuf(const basic_streambuf &other) : _Plocale(new locale(*other._Plocale)) {
    _Init();
    share(other);
  }
  basic_streambuf &operator=(const basic_streambuf &other) {
    if (this == &other) return *this;
    share(other);
    pubimbue(*other._Plocale);
    return *this;
  }
  void swap(basic_streambuf &other) {
    if (this == &other) return;
    E *const put[] = {pbase(), pptr(), epptr()}, *const got[] = {eback(), gptr(), egptr()};
    share(other);
    other.setp(put[0], put[1], put[2]);
    other.setg(got[0], got[1], got[2]);
    locale *const where = _Plocale;
    _Plocale = other._Plocale;
    other._Plocale = where;
  }

public:
  virtual ~basic_streambuf() noexcept { delete _Plocale; }
  streampos pubseekoff(streamoff offset, ios_base::seekdir way, ios_base::openmode mode = ios_base::in | ios_base::out) { return seekoff(offset, way, mode); }
  streampos pubseekoff(streamoff offset, unsigned way, unsigned mode) { return seekoff(offset, static_cast<int>(way), static_cast<int>(mode)); }
  streampos pubseekpos(streampos position, ios_base::openmode mode = ios_base::in | ios_base::out) { return seekpos(position, mode); }
  streampos pubseekpos(streampos position, unsigned mode) { return seekpos(position, static_cast<int>(mode)); }
  basic_streambuf *pubsetbuf(E *buffer, streamsize count) { return setbuf(buffer, count); }
  locale pubimbue(const locale &where) {
    locale before = *_Plocale;
    imbue(where);
    *_Plocale = where;
    return before;
  }
  locale getloc() const { return *_Plocale; }
  streamsize in_avail() {
    const streamsize ready = _Gnavail();
    return ready > 0 ? ready : showmanyc();
  }
  int pubsync() { return sync(); }
  int_type sbumpc() { return _Gnavail() > 0 ? T::to_int_type(*_Gninc()) : uflow(); }
  int_type sgetc() { return _Gnavail() > 0 ? T::to_int_type(*gptr()) : underflow(); }
  streamsize sgetn(E *to, streamsize count) { return xsgetn(to, count); }
  int_type snextc() {
    if (_Gnavail() > 1) return T::to_int_type(*_Gnpreinc());
    return sbumpc() == T::eof() ? T::eof() : sgetc();
  }
  int_type sputbackc(E element) {
    if (gptr() != nullptr && eback() < gptr() && gptr()[-1] == element) return T::to_int_type(*_Gndec());
    return pbackfail(T::to_int_type(element));
  }
  void stossc() { if (_Gnavail() > 0) _Gninc(); else uflow(); }
  int_type sungetc() { return gptr() != nullptr && eback() < gptr() ? T::to_int_type(*_Gndec()) : pbackfail(T::eof()); }
  int_type sputc(E element) { return _Pnavail() > 0 ? T::to_int_type(*_Pninc() = element) : overflow(T::to_int_type(element)); }
  streamsize sputn(const E *from, streamsize count) { return xsputn(from, count); }
  virtual void _Lock() {}
  virtual void _Unlock() {}

protected:
  E *eback() const { return *_IGfirst; }
  E *gptr() const { return *_IGnext; }
  E *pbase() const { return *_IPfirst; }
  E *pptr() const { return *_IPnext; }
  E *egptr() const { return *_IGnext + *_IGcount; }
  void gbump(int count) { *_IGcount -= count; *_IGnext += count; }
  void setg(E *first, E *next, E *last) { *_IGfirst = first; *_IGnext = next; *_IGcount = static_cast<int>(last - next); }
  E *epptr() const { return *_IPnext + *_IPcount; }
  E *_Gndec() { ++*_IGcount; return --*_IGnext; }
  E *_Gninc() { --*_IGcount; return (*_IGnext)++; }
  E *_Gnpreinc() { --*_IGcount; return ++*_IGnext; }
  streamsize _Gnavail() const { return *_IGnext ? *_IGcount : 0; }
  void pbump(int count) { *_IPcount -= count; *_IPnext += count; }
  void setp(E *first, E *last) { setp(first, first, last); }
  void setp(E *first, E *next, E *last) { *_IPfirst = first; *_IPnext = next; *_IPcount = static_cast<int>(last - next); }
  E *_Pninc() { --*_IPcount; return (*_IPnext)++; }
  streamsize _Pnavail() const { return *_IPnext ? *_IPcount : 0; }
  void _Init() {
    _Init(&_Gfirst, &_Gnext, &_Gcount, &_Pfirst, &_Pnext, &_Pcount);
    setp(nullptr, nullptr);
    setg(nullptr, nullptr, nullptr);
  }
  void _Init(E **gfirst, E **gnext, int *gcount, E **pfirst, E **pnext, int *pcount) {
    _IGfirst = gfirst; _IGnext = gnext; _IGcount = gcount;
    _IPfirst = pfirst; _IPnext = pnext; _IPcount = pcount;
  }

  virtual int_type overflow(int_type = T::eof()) { return T::eof(); }
  virtual int_type pbackfail(int_type = T::eof()) { return T::eof(); }
  virtual streamsize showmanyc() { return 0; }
  virtual int_type underflow() { return T::eof(); }
  virtual int_type uflow() { return underflow() == T::eof() ? T::eof() : T::to_int_type(*_Gninc()); }
  virtual streamsize xsgetn(E *to, streamsize count) {
    streamsize left = count;
    while (left > 0) {
      const streamsize ready = _Gnavail();
      if (ready > 0) {
        const int part = static_cast<int>(ready < left ? ready : left);
        T::copy(to, gptr(), part);
        gbump(part);
        to += part;
        left -= part;
      } else {
        const int_type element = uflow();
        if (element == T::eof()) break;
        *to++ = T::to_char_type(element);
        left--;
      }
    }
    return count - left;
  }
  virtual streamsize xsputn(const E *from, streamsize count) {
    streamsize left = count;
    while (left > 0) {
      const streamsize room = _Pnavail();
      if (room > 0) {
        const int part = static_cast<int>(room < left ? room : left);
        T::copy(pptr(), from, part);
        pbump(part);
        from += part;
        left -= part;
      } else {
        if (overflow(T::to_int_type(*from)) == T::eof()) break;
        from++;
        left--;
      }
    }
    return count - left;
  }
  virtual streampos seekoff(streamoff, ios_base::seekdir, ios_base::openmode = ios_base::in | ios_base::out) { return streampos(-1); }
  virtual streampos seekpos(streampos, ios_base::openmode = ios_base::in | ios_base::out) { return streampos(-1); }
  virtual basic_streambuf *setbuf(E *, streamsize) { return this; }
  virtual int sync() { return 0; }
  virtual void imbue(const locale &) {}

private:
  void share(const basic_streambuf &other) {
    setp(other.pbase(), other.pptr(), other.epptr());
    setg(other.eback(), other.gptr(), other.egptr());
  }
};

template <class E, class T> locale basic_ios<E, T>::imbue(const locale &where) {
  locale before = ios_base::imbue(where);
  if (_Mystrbuf != nullptr) _Mystrbuf->pubimbue(where);
  return before;
}

/** A place to read from that stands before a character, or at the end. */
template <class E, class T> class istreambuf_iterator {
  mutable basic_streambuf<E, T> *_Strbuf;
  mutable bool _Got;
  mutable E _Val;
public:
  istreambuf_iterator() noexcept : _Strbuf(nullptr), _Got(true), _Val() {}
  istreambuf_iterator(basic_streambuf<E, T> *buffer) noexcept : _Strbuf(buffer), _Got(buffer == nullptr), _Val() {}
  E operator*() const { return look(), _Val; }
  istreambuf_iterator &operator++() {
    if (_Strbuf != nullptr && _Strbuf->sbumpc() != T::eof()) {
      _Got = false;
    } else {
      _Strbuf = nullptr;
      _Got = true;
    }
    return *this;
  }
  bool equal(const istreambuf_iterator &other) const { return look(), other.look(), (_Strbuf == nullptr) == (other._Strbuf == nullptr); }
  bool operator==(const istreambuf_iterator &other) const { return equal(other); }
  bool operator!=(const istreambuf_iterator &other) const { return !equal(other); }
private:
  void look() const {
    if (_Got) return;
    const typename T::int_type element = _Strbuf == nullptr ? T::eof() : _Strbuf->sgetc();
    if (element == T::eof()) _Strbuf = nullptr;
    else _Val = T::to_char_type(element);
    _Got = true;
  }
};

template <class E, class T> class ostreambuf_iterator {
  bool _Failed = false;
  basic_streambuf<E, T> *_Strbuf;
public:
  ostreambuf_iterator(basic_streambuf<E, T> *buffer) noexcept : _Strbuf(buffer) {}
  ostreambuf_iterator &operator=(E element) {
    if (_Strbuf == nullptr || _Strbuf->sputc(element) == T::eof()) _Failed = true;
    return *this;
  }
  ostreambuf_iterator &operator*() { return *this; }
  ostreambuf_iterator &operator++() { return *this; }
  bool failed() const noexcept { return _Failed; }
};

}  // namespace std
