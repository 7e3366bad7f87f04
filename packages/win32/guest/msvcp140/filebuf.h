// The buffer of the standard streams: a FILE of the C runtime, which buffers, so that both may write. Programs have a basic_filebuf of their own.
#pragma once
#include "streams.h"

namespace std {

inline bool readElement(char &to, _iobuf *file) {
  const int element = fgetc(file);
  to = static_cast<char>(element);
  return element != -1;
}
inline bool writeElement(char element, _iobuf *file) { return fputc(element, file) != -1; }
inline bool unreadElement(char element, _iobuf *file) { return ungetc(static_cast<unsigned char>(element), file) != -1; }

template <class E, class T> class basic_filebuf : public basic_streambuf<E, T> {
  using int_type = typename T::int_type;
  using base = basic_streambuf<E, T>;
  _iobuf *_Myfile;
  const codecvt<E, char, _Mbstatet> *converter = nullptr;
  bool hasBack = false;
  E back = E();
public:
  explicit basic_filebuf(_iobuf *file) : _Myfile(file) { use(*this->_Plocale); }
  ~basic_filebuf() noexcept override {}
  void _Lock() override { if (_Myfile != nullptr) _lock_file(_Myfile); }
  void _Unlock() override { if (_Myfile != nullptr) _unlock_file(_Myfile); }

protected:
  int_type overflow(int_type element = T::eof()) override {
    if (element == T::eof()) return T::not_eof(element);
    if (_Myfile == nullptr) return T::eof();
    return put(T::to_char_type(element)) ? element : T::eof();
  }
  streamsize xsputn(const E *from, streamsize count) override {
    if (converter != nullptr) return base::xsputn(from, count);
    return static_cast<streamsize>(fwrite(from, sizeof(E), static_cast<size_t>(count), _Myfile));
  }
  streamsize xsgetn(E *to, streamsize count) override {
    if (converter != nullptr || count <= 0) return base::xsgetn(to, count);
    streamsize got = 0;
    if (hasBack) {
      *to++ = back;
      hasBack = false;
      got = 1;
    }
    return got + static_cast<streamsize>(fread(to, sizeof(E), static_cast<size_t>(count - got), _Myfile));
  }
  int_type pbackfail(int_type element = T::eof()) override {
    if (hasBack || element == T::eof()) return T::eof();
    hasBack = true;
    back = T::to_char_type(element);
    return element;
  }
  int_type underflow() override {
    if (hasBack) return T::to_int_type(back);
    const int_type element = uflow();
    if (element != T::eof()) {
      hasBack = true;
      back = T::to_char_type(element);
    }
    return element;
  }
  int_type uflow() override {
    if (hasBack) {
      hasBack = false;
      return T::to_int_type(back);
    }
    E element;
    return _Myfile != nullptr && get(element) ? T::to_int_type(element) : T::eof();
  }
  streampos seekoff(streamoff offset, ios_base::seekdir way, ios_base::openmode) override {
    if (hasBack && way == ios_base::cur) offset -= static_cast<streamoff>(sizeof(E));
    long long position;
    if (((offset != 0 || way != ios_base::cur) && _fseeki64(_Myfile, offset, way) != 0) || fgetpos(_Myfile, &position) != 0) return streampos(-1);
    hasBack = false;
    return streampos(_Mbstatet{}, position);
  }
  streampos seekpos(streampos position, ios_base::openmode) override { return seekoff(static_cast<streamoff>(position), ios_base::beg, ios_base::in); }
  int sync() override { return _Myfile == nullptr || fflush(_Myfile) >= 0 ? 0 : -1; }
  void imbue(const locale &where) override { use(where); }

private:
  void use(const locale &where) {
    const auto &facet = use_facet<codecvt<E, char, _Mbstatet>>(where);
    converter = facet.always_noconv() ? nullptr : &facet;
  }
  bool put(E element) {
    if (converter == nullptr) return writeElement(static_cast<char>(element), _Myfile);
    char bytes[32];
    char *end = bytes;
    const E *middle;
    _Mbstatet state{};
    const int result = converter->out(state, &element, &element + 1, middle, bytes, bytes + sizeof bytes, end);
    if (result == codecvt_base::noconv) return writeElement(static_cast<char>(element), _Myfile);
    const size_t count = static_cast<size_t>(end - bytes);
    return result != codecvt_base::error && count > 0 && fwrite(bytes, 1, count, _Myfile) == count;
  }
  bool get(E &element) {
    char bytes[8];
    for (size_t count = 0; count < sizeof bytes;) {
      if (!readElement(bytes[count], _Myfile)) return false;
      count++;
      if (converter == nullptr) {
        element = static_cast<E>(bytes[0]);
        return true;
      }
      const char *middle;
      E *next;
      _Mbstatet state{};
      const int result = converter->in(state, bytes, bytes + count, middle, &element, &element + 1, next);
      if (result == codecvt_base::error) return false;
      if (next == &element + 1) return true;
    }
    return false;
  }
};

}  // namespace std
