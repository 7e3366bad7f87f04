// The functions by which headers throw, and the error codes of std::system_error.
#include "ios.h"

namespace stdext { class exception; }

namespace std {

// std::error_code and its categories, as far as ios_base::failure and system errors show them to programs.
class error_category;
class error_code {
  int _Myval;
  const error_category *_Mycat;
public:
  error_code(int value, const error_category &category) : _Myval(value), _Mycat(&category) {}
  int value() const { return _Myval; }
  const error_category &category() const { return *_Mycat; }
};
class error_condition {
  int _Myval;
  const error_category *_Mycat;
public:
  error_condition(int value, const error_category &category) : _Myval(value), _Mycat(&category) {}
  int value() const { return _Myval; }
  const error_category &category() const { return *_Mycat; }
};
/** Programs compare categories by this number, as each module has objects of its own. */
enum : uintptr_t { _Future_addr = 1, _Generic_addr = 3, _Iostream_addr = 5, _System_addr = 7 };
class error_category {
public:
  virtual ~error_category() noexcept {}
  virtual const char *name() const noexcept = 0;
  virtual string message(int value) const = 0;
  virtual error_condition default_error_condition(int value) const noexcept { return error_condition(value, *this); }
  virtual bool equivalent(int value, const error_condition &condition) const noexcept {
    const error_condition mine = default_error_condition(value);
    return mine.category()._Addr == condition.category()._Addr && mine.value() == condition.value();
  }
  virtual bool equivalent(const error_code &code, int value) const noexcept { return _Addr == code.category()._Addr && code.value() == value; }
  uintptr_t _Addr;
protected:
  explicit error_category(uintptr_t number) : _Addr(number) {}
};
class _Generic_error_category : public error_category {
public:
  _Generic_error_category() : error_category(_Generic_addr) {}
  const char *name() const noexcept override { return "generic"; }
  string message(int value) const override { return string(_Syserror_map(value)); }
  static const char *_Syserror_map(int value);
};
class _Iostream_error_category : public _Generic_error_category {
public:
  _Iostream_error_category() { _Addr = _Iostream_addr; }
  const char *name() const noexcept override { return "iostream"; }
  string message(int value) const override { return value == 1 ? string("iostream stream error") : _Generic_error_category::message(value); }
};
static _Generic_error_category genericCategory;
static _Iostream_error_category iostreamCategory;

class _System_error : public runtime_error {
  error_code _Mycode;
protected:
  _System_error(const error_code &code, const char *message) : runtime_error(describe(code, message).c_str()), _Mycode(code) {}
private:
  static string describe(const error_code &code, const char *message) {
    string text(message);
    if (text.size() != 0) text.append(": ", 2);
    const string meaning = code.category().message(code.value());
    text.append(meaning.c_str(), meaning.size());
    return text;
  }
};
class system_error : public _System_error {
public:
  system_error(const error_code &code, const char *message) : _System_error(code, message) {}
};
class ios_base::failure : public system_error {
public:
  explicit failure(const char *message) : system_error(error_code(1, iostreamCategory), message) {}
};

/** Sets a stream's state, and throws where the program asked for that. */
void ios_base::clear(iostate state, bool reraise) {
  _Mystate = state & _Statmask;
  const iostate unwanted = _Mystate & _Except;
  if (unwanted == 0) return;
  if (reraise) throw;
  throw failure(unwanted & badbit ? "ios_base::badbit set" : unwanted & failbit ? "ios_base::failbit set" : "ios_base::eofbit set");
}

[[noreturn]] EXPORT void _Xbad_alloc() { throw bad_alloc(); }
[[noreturn]] EXPORT void _Xbad_function_call() { throw bad_function_call(); }
[[noreturn]] EXPORT void _Xinvalid_argument(const char *message) { throw invalid_argument(message); }
[[noreturn]] EXPORT void _Xlength_error(const char *message) { throw length_error(message); }
[[noreturn]] EXPORT void _Xout_of_range(const char *message) { throw out_of_range(message); }
[[noreturn]] EXPORT void _Xoverflow_error(const char *message) { throw overflow_error(message); }
[[noreturn]] EXPORT void _Xruntime_error(const char *message) { throw runtime_error(message); }

/** The wording of regex_error::what. */
static const char *regexText(regex_constants::error_type code) {
  static const char *const texts[] = {
      "regex_error(error_collate): The expression contained an invalid collating element name.",
      "regex_error(error_ctype): The expression contained an invalid character class name.",
      "regex_error(error_escape): The expression contained an invalid escaped character, or a trailing escape.",
      "regex_error(error_backref): The expression contained an invalid back reference.",
      "regex_error(error_brack): The expression contained mismatched [ and ].",
      "regex_error(error_paren): The expression contained mismatched ( and ).",
      "regex_error(error_brace): The expression contained mismatched { and }.",
      "regex_error(error_badbrace): The expression contained an invalid range in a { expression }.",
      "regex_error(error_range): The expression contained an invalid character range, such as [b-a] in most encodings.",
      "regex_error(error_space): There was insufficient memory to convert the expression into a finite state machine.",
      "regex_error(error_badrepeat): One of *?+{ was not preceded by a valid regular expression.",
      "regex_error(error_complexity): The complexity of an attempted match against a regular expression exceeded a pre-set level.",
      "regex_error(error_stack): There was insufficient memory to determine whether the regular expression could match the specified character sequence.",
      "regex_error(error_parse)",
      "regex_error(error_syntax)",
  };
  const unsigned index = static_cast<unsigned>(code) - 1;
  return index < sizeof texts / sizeof texts[0] ? texts[index] : "regex_error";
}
regex_error::regex_error(regex_constants::error_type code) : runtime_error(regexText(code)), _Err(code) {}
[[noreturn]] EXPORT void _Xregex_error(regex_constants::error_type code) { throw regex_error(code); }

/** What <system_error> calls POSIX errors: names of the ucrt and of those that it lacks. */
struct ErrorText { int code; const char *text; };
static const ErrorText errorTexts[] = {
    {1, "operation not permitted"}, {2, "no such file or directory"}, {3, "no such process"}, {4, "interrupted"}, {5, "io error"},
    {6, "no such device or address"}, {7, "argument list too long"}, {8, "executable format error"}, {9, "bad file descriptor"},
    {10, "no child process"}, {11, "resource unavailable try again"}, {12, "not enough memory"}, {13, "permission denied"}, {14, "bad address"},
    {16, "device or resource busy"}, {17, "file exists"}, {18, "cross device link"}, {19, "no such device"}, {20, "not a directory"},
    {21, "is a directory"}, {22, "invalid argument"}, {23, "too many files open in system"}, {24, "too many files open"},
    {25, "inappropriate io control operation"}, {27, "file too large"}, {28, "no space on device"}, {29, "invalid seek"},
    {30, "read only file system"}, {31, "too many links"}, {32, "broken pipe"}, {33, "argument out of domain"}, {34, "result out of range"},
    {36, "resource deadlock would occur"}, {38, "filename too long"}, {39, "no lock available"}, {40, "function not supported"},
    {41, "directory not empty"}, {42, "illegal byte sequence"}, {100, "address in use"}, {101, "address not available"},
    {102, "address family not supported"}, {103, "connection already in progress"}, {104, "bad message"}, {105, "operation canceled"},
    {106, "connection aborted"}, {107, "connection refused"}, {108, "connection reset"}, {109, "destination address required"},
    {110, "host unreachable"}, {111, "identifier removed"}, {112, "operation in progress"}, {113, "already connected"},
    {114, "too many symbolic link levels"}, {115, "message size"}, {116, "network down"}, {117, "network reset"}, {118, "network unreachable"},
    {119, "no buffer space"}, {120, "no message available"}, {121, "no link"}, {122, "no message"}, {123, "no protocol option"},
    {124, "no stream resources"}, {125, "not a stream"}, {126, "not connected"}, {127, "state not recoverable"}, {128, "not a socket"},
    {129, "not supported"}, {130, "operation not supported"}, {132, "value too large"}, {133, "owner dead"}, {134, "protocol error"},
    {135, "protocol not supported"}, {136, "wrong protocol type"}, {137, "stream timeout"}, {138, "timed out"}, {139, "text file busy"},
    {140, "operation would block"},
};
EXPORT const char *_Syserror_map(int code) {
  for (const ErrorText &each : errorTexts) if (each.code == code) return each.text;
  return "unknown error";
}
const char *_Generic_error_category::_Syserror_map(int value) { return std::_Syserror_map(value); }

/** The POSIX error that a Windows error is the same as; 0 for none. */
EXPORT int _Winerror_map(int code) {
  static const struct { unsigned short windows, posix; } pairs[] = {
      {1, 40}, {2, 2}, {3, 2}, {4, 24}, {5, 13}, {6, 22}, {8, 12}, {11, 8}, {12, 13}, {14, 12}, {15, 19}, {16, 13}, {17, 18}, {19, 13}, {20, 19},
      {21, 11}, {25, 5}, {29, 5}, {30, 5}, {32, 13}, {33, 39}, {53, 2}, {55, 19}, {67, 2}, {80, 17}, {82, 13}, {87, 22}, {109, 32}, {110, 5},
      {111, 38}, {112, 28}, {123, 22}, {131, 22}, {142, 16}, {145, 41}, {161, 2}, {170, 16}, {183, 17}, {206, 38}, {258, 138}, {267, 20},
      {995, 105}, {998, 13}, {1113, 42}, {1460, 138}, {1816, 12}, {10004, 4}, {10009, 9}, {10013, 13}, {10014, 14}, {10022, 22}, {10024, 24},
      {10035, 140}, {10036, 112}, {10037, 103}, {10038, 128}, {10039, 109}, {10040, 115}, {10041, 136}, {10042, 123}, {10043, 135}, {10045, 130},
      {10047, 102}, {10048, 100}, {10049, 101}, {10050, 116}, {10051, 118}, {10052, 117}, {10053, 106}, {10054, 108}, {10055, 119}, {10056, 113},
      {10057, 126}, {10060, 138}, {10061, 107}, {10063, 38}, {10065, 110},
  };
  for (const auto &pair : pairs) if (pair.windows == code) return pair.posix;
  return 0;
}

/** A Windows error's message without its line's end, in a buffer of a program's. Returns its length. */
EXPORT unsigned long _Winerror_message(unsigned long code, char *buffer, unsigned long size) {
  unsigned long length = FormatMessageA(0x1200, nullptr, code, 0, buffer, size, nullptr);
  while (length > 0 && (buffer[length - 1] == '\n' || buffer[length - 1] == '\r' || buffer[length - 1] == ' ')) length--;
  return length;
}

// Errors of threads (_Thrd_success to _Thrd_error), and what they are called.
enum { _Thrd_success, _Thrd_nomem, _Thrd_timedout, _Thrd_busy, _Thrd_error };
[[noreturn]] static void throwGeneric(int code) { throw system_error(error_code(code, genericCategory), ""); }
[[noreturn]] EXPORT void _Throw_Cpp_error(int code) {
  // operation_not_permitted, no_such_process, resource_unavailable_try_again, resource_deadlock_would_occur, invalid_argument, …
  static const int posix[] = {1, 3, 11, 36, 22, 1};
  throwGeneric(static_cast<unsigned>(code) < 6 ? posix[code] : 22);
}
EXPORT void _Throw_C_error(int code) {
  switch (code) {
    case _Thrd_nomem: case _Thrd_timedout: _Throw_Cpp_error(2);
    case _Thrd_busy: _Throw_Cpp_error(3);
    case _Thrd_error: _Throw_Cpp_error(4);
    default: return;
  }
}

// Set by programs that would have exceptions told of instead of thrown.
EXPORT void(__cdecl *_Raise_handler)(const stdext::exception &) = nullptr;

EXPORT bool uncaught_exception() noexcept { return __uncaught_exceptions() > 0; }
EXPORT int uncaught_exceptions() noexcept { return __uncaught_exceptions(); }

// The C runtime asks a function that says whether to try again; C++'s handler is called by one that says so.
using new_handler = void(__cdecl *)();
extern "C" int(__cdecl *_set_new_handler(int(__cdecl *)(size_t)))(size_t);
static new_handler currentNewHandler = nullptr;
static int __cdecl callNewHandler(size_t) {
  currentNewHandler();
  return 1;
}
EXPORT new_handler get_new_handler() noexcept { return currentNewHandler; }
EXPORT new_handler set_new_handler(new_handler handler) noexcept {
  _Lockit lock(1);
  const new_handler before = currentNewHandler;
  currentNewHandler = handler;
  _set_new_handler(handler == nullptr ? nullptr : callNewHandler);
  return before;
}

EXPORT void _Rng_abort(const char *) { abort(); }
EXPORT unsigned _Random_device() {
  unsigned value = 0;
  if (rand_s(&value) != 0) _Xout_of_range("invalid random_device value");
  return value;
}

}  // namespace std
