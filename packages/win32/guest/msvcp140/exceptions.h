// The exceptions that the library throws, with the layout that programs know: std::exception is a message, with whether it is the object's own.
#pragma once
#include "crt.h"

class type_info;

namespace std {

class exception {
  __std_exception_data _Data{};
public:
  exception() noexcept {}
  explicit exception(const char *message) noexcept {
    const __std_exception_data given{message, true};
    __std_exception_copy(&given, &_Data);
  }
  exception(const char *message, int) noexcept { _Data._What = message; }
  exception(const exception &other) noexcept { __std_exception_copy(&other._Data, &_Data); }
  exception &operator=(const exception &other) noexcept {
    if (this != &other) {
      __std_exception_destroy(&_Data);
      __std_exception_copy(&other._Data, &_Data);
    }
    return *this;
  }
  virtual ~exception() noexcept { __std_exception_destroy(&_Data); }
  virtual const char *what() const { return _Data._What ? _Data._What : "Unknown exception"; }
};

class bad_exception : public exception {
public:
  bad_exception() noexcept : exception("bad exception", 1) {}
};
class bad_alloc : public exception {
public:
  bad_alloc() noexcept : exception("bad allocation", 1) {}
};
class bad_cast : public exception {
public:
  bad_cast() noexcept : exception("bad cast", 1) {}
};
class bad_function_call : public exception {
public:
  bad_function_call() noexcept {}
  const char *what() const noexcept override { return "bad function call"; }
};
class logic_error : public exception {
public:
  explicit logic_error(const char *message) : exception(message) {}
};
class length_error : public logic_error { public: using logic_error::logic_error; };
class out_of_range : public logic_error { public: using logic_error::logic_error; };
class invalid_argument : public logic_error { public: using logic_error::logic_error; };
class runtime_error : public exception {
public:
  explicit runtime_error(const char *message) : exception(message) {}
};
class overflow_error : public runtime_error { public: using runtime_error::runtime_error; };

namespace regex_constants { enum error_type { _Error_type_first }; }
class regex_error : public runtime_error {
  regex_constants::error_type _Err;
public:
  explicit regex_error(regex_constants::error_type);
  regex_constants::error_type code() const { return _Err; }
};

}  // namespace std
