// std::basic_ostream, std::basic_istream and std::basic_iostream (C++ [iostream.format]).
#pragma once
#include "numbers.h"

// Before the virtual base lies what Microsoft's compiler keeps there while such objects are made (vtordisp), always.
#pragma vtordisp(push, 2)

namespace std {

// What a stream's buffer throws sets badbit; it goes on to the program where that asks for exceptions.
#define GUARDED(ACTION) \
  try { \
    ACTION \
  } catch (...) { \
    this->setstate(ios_base::badbit, true); \
  }

template <class E, class T> class basic_ostream : virtual public basic_ios<E, T> {
  using ios = basic_ios<E, T>;
  using int_type = typename T::int_type;
public:
  explicit basic_ostream(basic_streambuf<E, T> *buffer, bool isStandard = false) { ios::init(buffer, isStandard); }
  basic_ostream(_Uninitialized, bool added = true) { if (added) ios_base::_Addstd(this); }
protected:
  basic_ostream(basic_ostream &&other) {
    ios::init();
    ios::move(static_cast<basic_ostream &&>(other));
  }
  basic_ostream &operator=(basic_ostream &&other) {
    swap(other);
    return *this;
  }
  void swap(basic_ostream &other) { if (this != &other) ios::swap(other); }
public:
  virtual ~basic_ostream() noexcept {}

  class _Sentry_base {
  public:
    explicit _Sentry_base(basic_ostream &stream) : _Myostr(stream) { if (auto *buffer = stream.rdbuf()) buffer->_Lock(); }
    ~_Sentry_base() noexcept { if (auto *buffer = _Myostr.rdbuf()) buffer->_Unlock(); }
    basic_ostream &_Myostr;
  };
  class sentry : public _Sentry_base {
    bool _Ok;
  public:
    explicit sentry(basic_ostream &stream) : _Sentry_base(stream) {
      if (stream.good() && stream.tie() != nullptr && stream.tie() != &stream) stream.tie()->flush();
      _Ok = stream.good();
    }
    ~sentry() noexcept { if (__uncaught_exceptions() == 0) this->_Myostr._Osfx(); }
    explicit operator bool() const { return _Ok; }
  };

  bool opfx() {
    if (ios_base::good() && ios::tie() != nullptr) ios::tie()->flush();
    return ios_base::good();
  }
  void osfx() { _Osfx(); }
  void _Osfx() {
    try {
      if ((this->flags() & ios_base::unitbuf) && this->good() && ios::rdbuf()->pubsync() == -1) ios::setstate(ios_base::badbit);
    } catch (...) {
    }
  }
  basic_ostream &operator<<(basic_ostream &(__cdecl *manipulate)(basic_ostream &)) { return manipulate(*this); }
  basic_ostream &operator<<(ios &(__cdecl *manipulate)(ios &)) { manipulate(*this); return *this; }
  basic_ostream &operator<<(ios_base &(__cdecl *manipulate)(ios_base &)) { manipulate(*this); return *this; }
  basic_ostream &operator<<(bool value) { return number(value); }
  basic_ostream &operator<<(short value) { return number(isUnsignedBase() ? static_cast<long>(static_cast<unsigned short>(value)) : static_cast<long>(value)); }
  basic_ostream &operator<<(unsigned short value) { return number(static_cast<unsigned long>(value)); }
  basic_ostream &operator<<(int value) { return number(static_cast<long>(value)); }
  basic_ostream &operator<<(unsigned int value) { return number(static_cast<unsigned long>(value)); }
  basic_ostream &operator<<(long value) { return number(value); }
  basic_ostream &operator<<(unsigned long value) { return number(value); }
  basic_ostream &operator<<(long long value) { return number(value); }
  basic_ostream &operator<<(unsigned long long value) { return number(value); }
  basic_ostream &operator<<(float value) { return number(static_cast<double>(value)); }
  basic_ostream &operator<<(double value) { return number(value); }
  basic_ostream &operator<<(long double value) { return number(value); }
  basic_ostream &operator<<(const void *value) { return number(value); }
  basic_ostream &operator<<(basic_streambuf<E, T> *from) {
    ios_base::iostate state = ios_base::goodbit;
    bool hasCopied = false;
    const sentry ok(*this);
    if (ok && from != nullptr) {
      for (int_type element = T::eof();; hasCopied = true) {
        try { element = hasCopied ? from->snextc() : from->sgetc(); } catch (...) { ios::setstate(ios_base::failbit); throw; }
        if (element == T::eof()) break;
        bool isPut = false;
        GUARDED(isPut = ios::rdbuf()->sputc(T::to_char_type(element)) != T::eof();)
        if (!isPut) { state |= ios_base::badbit; break; }
      }
    }
    this->width(0);
    ios::setstate(from == nullptr ? ios_base::badbit : hasCopied ? state : state | ios_base::failbit);
    return *this;
  }
  basic_ostream &write(const E *text, streamsize count) {
    ios_base::iostate state = ios_base::goodbit;
    const sentry ok(*this);
    if (!ok) state |= ios_base::badbit;
    else if (count > 0) GUARDED(if (ios::rdbuf()->sputn(text, count) != count) state |= ios_base::badbit;)
    ios::setstate(state);
    return *this;
  }
  basic_ostream &flush() {
    ios_base::iostate state = ios_base::goodbit;
    if (ios::rdbuf() != nullptr) {
      const sentry ok(*this);
      if (ok && ios::rdbuf()->pubsync() == -1) state |= ios_base::badbit;
    }
    ios::setstate(state);
    return *this;
  }
  basic_ostream &seekp(streampos position) {
    const sentry ok(*this);
    if (!this->fail() && static_cast<streamoff>(ios::rdbuf()->pubseekpos(position, ios_base::out)) == -1) ios::setstate(ios_base::failbit);
    return *this;
  }
  basic_ostream &seekp(streamoff offset, ios_base::seekdir way) {
    const sentry ok(*this);
    if (!this->fail() && static_cast<streamoff>(ios::rdbuf()->pubseekoff(offset, way, ios_base::out)) == -1) ios::setstate(ios_base::failbit);
    return *this;
  }
  streampos tellp() {
    const sentry ok(*this);
    return this->fail() ? streampos(-1) : ios::rdbuf()->pubseekoff(0, ios_base::cur, ios_base::out);
  }
  basic_ostream &put(E element) {
    ios_base::iostate state = ios_base::goodbit;
    const sentry ok(*this);
    if (!ok) state |= ios_base::badbit;
    else GUARDED(if (ios::rdbuf()->sputc(element) == T::eof()) state |= ios_base::badbit;)
    ios::setstate(state);
    return *this;
  }

private:
  bool isUnsignedBase() const {
    const ios_base::fmtflags base = this->flags() & ios_base::basefield;
    return base == ios_base::oct || base == ios_base::hex;
  }
  template <class V> basic_ostream &number(V value) {
    ios_base::iostate state = ios_base::goodbit;
    const sentry ok(*this);
    if (ok) {
      const auto &facet = use_facet<num_put<E, ostreambuf_iterator<E, T>>>(this->getloc());
      GUARDED(if (facet.put(ostreambuf_iterator<E, T>(ios::rdbuf()), *this, ios::fill(), value).failed()) state |= ios_base::badbit;)
    }
    ios::setstate(state);
    return *this;
  }
};

template <class E, class T> class basic_istream : virtual public basic_ios<E, T> {
  using ios = basic_ios<E, T>;
  using int_type = typename T::int_type;
  streamsize _Chcount = 0;
public:
  explicit basic_istream(basic_streambuf<E, T> *buffer, bool isStandard, bool) { ios::init(buffer, isStandard); }
  explicit basic_istream(basic_streambuf<E, T> *buffer, bool isStandard = false) { ios::init(buffer, isStandard); }
  basic_istream(_Uninitialized) { ios_base::_Addstd(this); }
protected:
  basic_istream(basic_istream &&other) : _Chcount(other._Chcount) {
    ios::init();
    ios::move(static_cast<basic_istream &&>(other));
    other._Chcount = 0;
  }
  basic_istream &operator=(basic_istream &&other) {
    swap(other);
    return *this;
  }
  void swap(basic_istream &other) {
    if (this == &other) return;
    ios::swap(other);
    const streamsize count = _Chcount;
    _Chcount = other._Chcount;
    other._Chcount = count;
  }
public:
  virtual ~basic_istream() noexcept {}

  class _Sentry_base {
  public:
    explicit _Sentry_base(basic_istream &stream) : _Myistr(stream) { if (auto *buffer = stream.rdbuf()) buffer->_Lock(); }
    ~_Sentry_base() noexcept { if (auto *buffer = _Myistr.rdbuf()) buffer->_Unlock(); }
    basic_istream &_Myistr;
  };
  class sentry : public _Sentry_base {
    bool _Ok;
  public:
    explicit sentry(basic_istream &stream, bool keepsSpace = false) : _Sentry_base(stream), _Ok(stream._Ipfx(keepsSpace)) {}
    explicit operator bool() const { return _Ok; }
  };

  /** Flushes what the stream is tied to, and skips white space. */
  bool _Ipfx(bool keepsSpace = false) {
    if (!this->good()) {
      ios::setstate(ios_base::failbit);
      return false;
    }
    if (ios::tie() != nullptr) ios::tie()->flush();
    if (!keepsSpace && (this->flags() & ios_base::skipws)) {
      const auto &characters = use_facet<ctype<E>>(this->getloc());
      GUARDED(
        for (int_type element = ios::rdbuf()->sgetc();; element = ios::rdbuf()->snextc()) {
          if (element == T::eof()) { ios::setstate(ios_base::eofbit | ios_base::failbit); break; }
          if (!characters.is(ctype_base::space, T::to_char_type(element))) break;
        })
    }
    return this->good();
  }
  bool ipfx(bool keepsSpace = false) { return _Ipfx(keepsSpace); }
  void isfx() {}
  basic_istream &operator>>(basic_istream &(__cdecl *manipulate)(basic_istream &)) { return manipulate(*this); }
  basic_istream &operator>>(ios &(__cdecl *manipulate)(ios &)) { manipulate(*this); return *this; }
  basic_istream &operator>>(ios_base &(__cdecl *manipulate)(ios_base &)) { manipulate(*this); return *this; }
  basic_istream &operator>>(bool &value) { return number(value); }
  basic_istream &operator>>(short &value) { return narrowNumber(value, -0x8000, 0x7fff); }
  basic_istream &operator>>(unsigned short &value) { return number(value); }
  basic_istream &operator>>(int &value) { return narrowNumber(value, -0x7fffffffl - 1, 0x7fffffffl); }
  basic_istream &operator>>(unsigned int &value) { return number(value); }
  basic_istream &operator>>(long &value) { return number(value); }
  basic_istream &operator>>(unsigned long &value) { return number(value); }
  basic_istream &operator>>(long long &value) { return number(value); }
  basic_istream &operator>>(unsigned long long &value) { return number(value); }
  basic_istream &operator>>(float &value) { return number(value); }
  basic_istream &operator>>(double &value) { return number(value); }
  basic_istream &operator>>(long double &value) { return number(value); }
  basic_istream &operator>>(void *&value) { return number(value); }
  basic_istream &operator>>(basic_streambuf<E, T> *to) {
    ios_base::iostate state = ios_base::goodbit;
    bool hasCopied = false;
    const sentry ok(*this);
    if (ok && to != nullptr) {
      GUARDED(
        for (int_type element = ios::rdbuf()->sgetc();; element = ios::rdbuf()->snextc()) {
          if (element == T::eof()) { state |= ios_base::eofbit; break; }
          bool isPut = false;
          try { isPut = to->sputc(T::to_char_type(element)) != T::eof(); } catch (...) {}
          if (!isPut) break;
          hasCopied = true;
        })
    }
    ios::setstate(hasCopied ? state : state | ios_base::failbit);
    return *this;
  }
  streamsize gcount() const { return _Chcount; }
  int_type get() {
    int_type element = T::eof();
    unformatted([&](ios_base::iostate &state) {
      element = ios::rdbuf()->sbumpc();
      if (element == T::eof()) state |= ios_base::eofbit | ios_base::failbit;
      else _Chcount++;
    });
    return element;
  }
  basic_istream &get(E &to) {
    const int_type element = get();
    if (element != T::eof()) to = T::to_char_type(element);
    return *this;
  }
  basic_istream &get(E *to, streamsize count) { return get(to, count, ios::widen('\n')); }
  basic_istream &get(E *to, streamsize count, E end) {
    unformatted([&](ios_base::iostate &state) {
      for (int_type element = ios::rdbuf()->sgetc(); count > 1; count--, element = ios::rdbuf()->snextc()) {
        if (element == T::eof()) { state |= ios_base::eofbit; break; }
        if (T::to_char_type(element) == end) break;
        *to++ = T::to_char_type(element);
        _Chcount++;
      }
    }, [&] { return _Chcount == 0; });
    if (count > 0) *to = E();
    return *this;
  }
  basic_istream &get(basic_streambuf<E, T> &to) { return get(to, ios::widen('\n')); }
  basic_istream &get(basic_streambuf<E, T> &to, E end) {
    unformatted([&](ios_base::iostate &state) {
      for (int_type element = ios::rdbuf()->sgetc();; element = ios::rdbuf()->snextc()) {
        if (element == T::eof()) { state |= ios_base::eofbit; break; }
        if (T::to_char_type(element) == end) break;
        bool isPut = false;
        try { isPut = to.sputc(T::to_char_type(element)) != T::eof(); } catch (...) {}
        if (!isPut) break;
        _Chcount++;
      }
    }, [&] { return _Chcount == 0; });
    return *this;
  }
  basic_istream &getline(E *to, streamsize count) { return getline(to, count, ios::widen('\n')); }
  basic_istream &getline(E *to, streamsize count, E end) {
    bool isFull = count <= 0;
    unformatted([&](ios_base::iostate &state) {
      if (count <= 0) return;
      for (int_type element = ios::rdbuf()->sgetc();; element = ios::rdbuf()->snextc()) {
        if (element == T::eof()) { state |= ios_base::eofbit; break; }
        if (T::to_char_type(element) == end) {
          _Chcount++;
          ios::rdbuf()->sbumpc();
          break;
        }
        if (--count <= 0) { isFull = true; break; }
        *to++ = T::to_char_type(element);
        _Chcount++;
      }
    }, [&] { return _Chcount == 0 || isFull; });
    *to = E();
    return *this;
  }
  basic_istream &ignore(streamsize count = 1, int_type end = T::eof()) {
    unformatted([&](ios_base::iostate &state) {
      while (count == 0x7fffffffffffffffll || --count >= 0) {
        const int_type element = ios::rdbuf()->sbumpc();
        if (element == T::eof()) { state |= ios_base::eofbit; break; }
        _Chcount++;
        if (element == end) break;
      }
    });
    return *this;
  }
  basic_istream &read(E *to, streamsize count) {
    unformatted([&](ios_base::iostate &state) {
      if (count <= 0) return;
      _Chcount = ios::rdbuf()->sgetn(to, count);
      if (_Chcount != count) state |= ios_base::eofbit | ios_base::failbit;
    });
    return *this;
  }
  streamsize readsome(E *to, streamsize count) {
    unformatted([&](ios_base::iostate &state) {
      const streamsize ready = ios::rdbuf()->in_avail();
      if (ready < 0) state |= ios_base::eofbit;
      else if (ready > 0 && count > 0) _Chcount = ios::rdbuf()->sgetn(to, ready < count ? ready : count);
    });
    return _Chcount;
  }
  int_type peek() {
    int_type element = T::eof();
    unformatted([&](ios_base::iostate &state) {
      element = ios::rdbuf()->sgetc();
      if (element == T::eof()) state |= ios_base::eofbit;
    });
    return element;
  }
  basic_istream &putback(E element) {
    return backwards([&] { return ios::rdbuf()->sputbackc(element) != T::eof(); });
  }
  basic_istream &unget() {
    return backwards([&] { return ios::rdbuf()->sungetc() != T::eof(); });
  }
  int sync() {
    if (ios::rdbuf() == nullptr) return -1;
    int answer = -1;
    const sentry ok(*this, true);
    if (ok) {
      answer = ios::rdbuf()->pubsync();
      if (answer == -1) ios::setstate(ios_base::badbit);
    }
    return answer == -1 ? -1 : 0;
  }
  basic_istream &seekg(streampos position) {
    return reposition([&] { return ios::rdbuf()->pubseekpos(position, ios_base::in); });
  }
  basic_istream &seekg(streamoff offset, ios_base::seekdir way) {
    return reposition([&] { return ios::rdbuf()->pubseekoff(offset, way, ios_base::in); });
  }
  streampos tellg() {
    const sentry ok(*this, true);
    streampos position(-1);
    if (!this->fail()) GUARDED(position = ios::rdbuf()->pubseekoff(0, ios_base::cur, ios_base::in);)
    return position;
  }

private:
  template <class F> void unformatted(F action) { unformatted(action, [] { return false; }); }
  template <class F, class G> void unformatted(F action, G hasFailed) {
    ios_base::iostate state = ios_base::goodbit;
    _Chcount = 0;
    const sentry ok(*this, true);
    if (ok) GUARDED(action(state);)
    ios::setstate(hasFailed() ? state | ios_base::failbit : state);
  }
  template <class F> basic_istream &backwards(F action) {
    ios_base::iostate state = ios_base::goodbit;
    const ios_base::iostate before = this->rdstate();
    _Chcount = 0;
    ios::clear(before & ~ios_base::eofbit);
    const sentry ok(*this, true);
    if (ok) GUARDED(if (!action()) state |= ios_base::badbit | before;)
    ios::setstate(state);
    return *this;
  }
  template <class F> basic_istream &reposition(F action) {
    ios::clear(this->rdstate() & ~ios_base::eofbit);
    const sentry ok(*this, true);
    if (!this->fail()) GUARDED(if (static_cast<streamoff>(action()) == -1) ios::setstate(ios_base::failbit);)
    return *this;
  }
  template <class V> basic_istream &number(V &value) {
    ios_base::iostate state = ios_base::goodbit;
    const sentry ok(*this);
    if (ok) {
      using from = istreambuf_iterator<E, T>;
      const auto &facet = use_facet<num_get<E, from>>(this->getloc());
      GUARDED(facet.get(from(ios::rdbuf()), from(), *this, state, value);)
    }
    ios::setstate(state);
    return *this;
  }
  template <class V> basic_istream &narrowNumber(V &value, long lowest, long highest) {
    ios_base::iostate state = ios_base::goodbit;
    const sentry ok(*this);
    if (ok) {
      using from = istreambuf_iterator<E, T>;
      const auto &facet = use_facet<num_get<E, from>>(this->getloc());
      long wide = 0;
      GUARDED(facet.get(from(ios::rdbuf()), from(), *this, state, wide);)
      if (wide < lowest || wide > highest) {
        state |= ios_base::failbit;
        wide = wide < 0 ? lowest : highest;
      }
      value = static_cast<V>(wide);
    }
    ios::setstate(state);
    return *this;
  }
};

template <class E, class T> class basic_iostream : public basic_istream<E, T>, public basic_ostream<E, T> {
  using ios = basic_ios<E, T>;
public:
  explicit basic_iostream(basic_streambuf<E, T> *buffer) : basic_istream<E, T>(buffer, false), basic_ostream<E, T>(_Noinit, false) {}
  virtual ~basic_iostream() noexcept {}
protected:
  basic_iostream(basic_iostream &&other) : basic_istream<E, T>(other.rdbuf(), false), basic_ostream<E, T>(_Noinit, false) {
    ios::init();
    ios::move(static_cast<basic_iostream &&>(other));
  }
  basic_iostream &operator=(basic_iostream &&other) {
    swap(other);
    return *this;
  }
  void swap(basic_iostream &other) { if (this != &other) ios::swap(other); }
};

}  // namespace std

#pragma vtordisp(pop)
