// cin, cout, cerr and clog, and the wide ones: objects that programs import. The buffers come first, as the streams are made on them.
#include "filebuf.h"

namespace std {

using narrow = char_traits<char>;
using wide = char_traits<wchar_t>;

static basic_filebuf<char, narrow> inputBuffer(__acrt_iob_func(0)), outputBuffer(__acrt_iob_func(1)), errorBuffer(__acrt_iob_func(2)), logBuffer(__acrt_iob_func(2));
static basic_filebuf<wchar_t, wide> wideInputBuffer(__acrt_iob_func(0)), wideOutputBuffer(__acrt_iob_func(1)), wideErrorBuffer(__acrt_iob_func(2)), wideLogBuffer(__acrt_iob_func(2));

EXPORT basic_istream<char, narrow> cin(&inputBuffer, true);
EXPORT basic_ostream<char, narrow> cout(&outputBuffer, true), cerr(&errorBuffer, true), clog(&logBuffer, true);
EXPORT basic_istream<wchar_t, wide> wcin(&wideInputBuffer, true);
EXPORT basic_ostream<wchar_t, wide> wcout(&wideOutputBuffer, true), wcerr(&wideErrorBuffer, true), wclog(&wideLogBuffer, true);
EXPORT basic_istream<char, narrow> *_Ptr_cin = &cin;
EXPORT basic_ostream<char, narrow> *_Ptr_cout = &cout, *_Ptr_cerr = &cerr, *_Ptr_clog = &clog;
EXPORT basic_istream<wchar_t, wide> *_Ptr_wcin = &wcin;
EXPORT basic_ostream<wchar_t, wide> *_Ptr_wcout = &wcout, *_Ptr_wcerr = &wcerr, *_Ptr_wclog = &wclog;

// Input flushes what was asked for before; errors are shown at once.
static struct Tie {
  Tie() {
    cin.tie(&cout);
    cerr.tie(&cout);
    clog.tie(&cout);
    cerr.setf(ios_base::unitbuf);
    wcin.tie(&wcout);
    wcerr.tie(&wcout);
    wclog.tie(&wcout);
    wcerr.setf(ios_base::unitbuf);
  }
} tie;

int ios_base::Init::_Init_cnt = -1;
int &ios_base::Init::_Init_cnt_func() { return _Init_cnt; }
void ios_base::Init::_Init_ctor(Init *) {
  _Lockit lock(2);
  if (_Init_cnt < 0) _Init_cnt = 1;
  else _Init_cnt++;
}
/** The last module to go has what is left written. */
void ios_base::Init::_Init_dtor(Init *) {
  _Lockit lock(2);
  if (--_Init_cnt != 0) return;
  cout.flush();
  cerr.flush();
  clog.flush();
}

/** The same for the wide streams. */
class EXPORT _Winit {
public:
  _Winit() {
    _Lockit lock(2);
    if (_Init_cnt < 0) _Init_cnt = 1;
    else _Init_cnt++;
  }
  ~_Winit() noexcept {
    _Lockit lock(2);
    if (--_Init_cnt != 0) return;
    wcout.flush();
    wcerr.flush();
    wclog.flush();
  }
private:
  static int _Init_cnt;
};
int _Winit::_Init_cnt = -1;

class EXPORT _Init_locks {
public:
  _Init_locks() {}
  ~_Init_locks() noexcept {}
};

/** Opens a file for basic_filebuf by ios_base's mode; undefined modes are refused (C++ [filebuf.members]). */
template <class C, class F> static _iobuf *openFile(const C *name, int mode, const C *const *modes, F open) {
  // in | out | app | trunc | binary, of which each that is valid has a mode of fopen.
  static const int valid[] = {ios_base::in, ios_base::out, ios_base::out | ios_base::trunc, ios_base::out | ios_base::app, ios_base::app, ios_base::in | ios_base::out,
    ios_base::in | ios_base::out | ios_base::trunc, ios_base::in | ios_base::out | ios_base::app, ios_base::in | ios_base::app};
  static const int form[] = {0, 1, 1, 2, 2, 3, 4, 5, 5};
  const bool isAtEnd = (mode & ios_base::ate) != 0, mustExist = (mode & ios_base::_Nocreate) != 0, mustBeNew = (mode & ios_base::_Noreplace) != 0;
  const bool isBinary = (mode & ios_base::binary) != 0;
  if (mustExist) mode |= ios_base::in;
  if ((mode & ios_base::app) != 0) mode |= ios_base::out;
  mode &= ios_base::in | ios_base::out | ios_base::app | ios_base::trunc;
  for (unsigned i = 0; i < sizeof valid / sizeof valid[0]; i++) {
    if (valid[i] != mode) continue;
    if (mustBeNew && (mode & (ios_base::out | ios_base::app)) != 0) {
      if (_iobuf *const existing = open(name, modes[0])) {
        fclose(existing);
        return nullptr;
      }
    }
    _iobuf *const file = open(name, modes[form[i] + (isBinary ? 6 : 0)]);
    if (file != nullptr && isAtEnd && _fseeki64(file, 0, 2) != 0) {
      fclose(file);
      return nullptr;
    }
    return file;
  }
  return nullptr;
}
EXPORT _iobuf *_Fiopen(const char *name, int mode, int share) {
  static const char *const modes[] = {"r", "w", "a", "r+", "w+", "a+", "rb", "wb", "ab", "r+b", "w+b", "a+b"};
  return openFile(name, mode, modes, [share](const char *path, const char *how) { return _fsopen(path, how, share); });
}
EXPORT _iobuf *_Fiopen(const wchar_t *name, int mode, int share) {
  static const wchar_t *const modes[] = {L"r", L"w", L"a", L"r+", L"w+", L"a+", L"rb", L"wb", L"ab", L"r+b", L"w+b", L"a+b"};
  return openFile(name, mode, modes, [share](const wchar_t *path, const wchar_t *how) { return _wfsopen(path, how, share); });
}
EXPORT _iobuf *_Fiopen(const unsigned short *name, int mode, int share) { return _Fiopen(reinterpret_cast<const wchar_t *>(name), mode, share); }

// Manipulators with an argument: a function and what it is called with.
template <class A> struct _Smanip {
  void(__cdecl *_Pfun)(ios_base &, A);
  A _Manarg;
};
EXPORT _Smanip<streamsize> setw(streamsize value) { return {[](ios_base &stream, streamsize width) { stream.width(width); }, value}; }
EXPORT _Smanip<streamsize> setprecision(streamsize value) { return {[](ios_base &stream, streamsize digits) { stream.precision(digits); }, value}; }
EXPORT _Smanip<int> setbase(int value) {
  return {[](ios_base &stream, int base) {
    stream.setf(base == 8 ? ios_base::oct : base == 10 ? ios_base::dec : base == 16 ? ios_base::hex : 0, ios_base::basefield);
  }, value};
}
EXPORT _Smanip<int> setiosflags(int value) { return {[](ios_base &stream, int flags) { stream.setf(flags); }, value}; }
EXPORT _Smanip<int> resetiosflags(int value) { return {[](ios_base &stream, int flags) { stream.setf(0, flags); }, value}; }

EXPORT extern const streamoff _BADOFF = -1;

}  // namespace std
