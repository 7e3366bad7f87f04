// Facets of numbers: std::numpunct, std::num_put, and std::num_get (C++ [locale.nm.put] and [locale.nm.get]).
#pragma once
#include "ctype.h"

namespace std {

int formatted(char *buffer, size_t count, const char *format, ...);

template <class E> class numpunct : public locale::facet {
  const char *_Grouping;
  E _Dp, _Kseparator;
  const E *_Falsename, *_Truename;
public:
  using string_type = basic_string<E, char_traits<E>, allocator<E>>;
  static EXPORT locale::id id;
  E decimal_point() const { return do_decimal_point(); }
  E thousands_sep() const { return do_thousands_sep(); }
  string grouping() const { return do_grouping(); }
  string_type falsename() const { return do_falsename(); }
  string_type truename() const { return do_truename(); }
  /** With defaults: what facets are that use_facet makes. */
  numpunct(const _Locinfo &from, size_t references = 0, bool isDefault = false) : facet(references) {
    const lconv *const conventions = from._Getlconv();
    const _Cvtvec page = from._Getcvt();
    _Grouping = copied<char>(isDefault ? "" : conventions->grouping, page);
    _Falsename = copied<E>("false", page);
    _Truename = copied<E>("true", page);
    _Dp = isDefault ? static_cast<E>('.') : fromByte<E>(conventions->decimal_point[0], page);
    _Kseparator = isDefault ? static_cast<E>(',') : fromByte<E>(conventions->thousands_sep[0], page);
  }
  static size_t _Getcat(const locale::facet **made = nullptr, const locale *where = nullptr) {
    if (made && !*made) *made = new numpunct(_Locinfo(where->c_str()), 0, true);
    return 8;
  }
protected:
  ~numpunct() noexcept override {
    free(const_cast<char *>(_Grouping));
    free(const_cast<E *>(_Falsename));
    free(const_cast<E *>(_Truename));
  }
  virtual E do_decimal_point() const { return _Dp; }
  virtual E do_thousands_sep() const { return _Kseparator; }
  virtual string do_grouping() const { return string(_Grouping); }
  virtual string_type do_falsename() const { return string_type(_Falsename); }
  virtual string_type do_truename() const { return string_type(_Truename); }
private:
  template <class C> static const C *copied(const char *text, const _Cvtvec &page) {
    const size_t count = strlen(text) + 1;
    C *const copy = static_cast<C *>(calloc(count, sizeof(C)));
    if (copy == nullptr) throw bad_alloc();
    for (size_t i = 0; i < count; i++) copy[i] = fromByte<C>(text[i], page);
    return copy;
  }
};

template <class E, class I> class num_put : public locale::facet {
  /** Digits before a point can be 309, and as many as a program asks for behind it. */
  static constexpr size_t INTEGER_ROOM = 64;
public:
  static locale::id id;
  explicit num_put(size_t references = 0) : facet(references) {}
  num_put(const _Locinfo &, size_t references = 0) : facet(references) {}
  static size_t _Getcat(const locale::facet **made = nullptr, const locale *where = nullptr) {
    if (made && !*made) *made = new num_put(_Locinfo(where->c_str()));
    return 8;
  }
  I put(I to, ios_base &stream, E fill, bool value) const { return do_put(to, stream, fill, value); }
  I put(I to, ios_base &stream, E fill, long value) const { return do_put(to, stream, fill, value); }
  I put(I to, ios_base &stream, E fill, unsigned long value) const { return do_put(to, stream, fill, value); }
  I put(I to, ios_base &stream, E fill, long long value) const { return do_put(to, stream, fill, value); }
  I put(I to, ios_base &stream, E fill, unsigned long long value) const { return do_put(to, stream, fill, value); }
  I put(I to, ios_base &stream, E fill, double value) const { return do_put(to, stream, fill, value); }
  I put(I to, ios_base &stream, E fill, long double value) const { return do_put(to, stream, fill, value); }
  I put(I to, ios_base &stream, E fill, const void *value) const { return do_put(to, stream, fill, value); }

protected:
  ~num_put() noexcept override {}
  void _Init(const _Locinfo &) {}
  virtual I do_put(I to, ios_base &stream, E fill, bool value) const {
    if ((stream.flags() & ios_base::boolalpha) == 0) return do_put(to, stream, fill, static_cast<long>(value));
    const auto &names = use_facet<numpunct<E>>(stream.getloc());
    const auto name = value ? names.truename() : names.falsename();
    const streamsize wanted = stream.width(0);
    const size_t padding = wanted > 0 && static_cast<size_t>(wanted) > name.size() ? static_cast<size_t>(wanted) - name.size() : 0;
    const bool isLeft = (stream.flags() & ios_base::adjustfield) == ios_base::left;
    if (!isLeft) to = _Rep(to, fill, padding);
    for (size_t i = 0; i < name.size(); i++) *to = name[i];
    return isLeft ? _Rep(to, fill, padding) : to;
  }
  virtual I do_put(I to, ios_base &stream, E fill, long value) const { return integer(to, stream, fill, "ld", value); }
  virtual I do_put(I to, ios_base &stream, E fill, unsigned long value) const { return integer(to, stream, fill, "lu", value); }
  virtual I do_put(I to, ios_base &stream, E fill, long long value) const { return integer(to, stream, fill, "Ld", value); }
  virtual I do_put(I to, ios_base &stream, E fill, unsigned long long value) const { return integer(to, stream, fill, "Lu", value); }
  virtual I do_put(I to, ios_base &stream, E fill, double value) const { return floating(to, stream, fill, '\0', value); }
  virtual I do_put(I to, ios_base &stream, E fill, long double value) const { return floating(to, stream, fill, 'L', static_cast<double>(value)); }
  virtual I do_put(I to, ios_base &stream, E fill, const void *value) const {
    char text[INTEGER_ROOM];
    return _Iput(to, stream, fill, text, static_cast<size_t>(formatted(text, sizeof text, "%p", value)));
  }

private:
  template <class V> I integer(I to, ios_base &stream, E fill, const char *kind, V value) const {
    char format[8], text[INTEGER_ROOM];
    return _Iput(to, stream, fill, text, static_cast<size_t>(formatted(text, sizeof text, _Ifmt(format, kind, stream.flags()), value)));
  }
  /** A precision of none is six digits; of hexfloat all digits are shown. */
  I floating(I to, ios_base &stream, E fill, char length, double value) const {
    char format[8];
    const ios_base::fmtflags kind = stream.flags() & ios_base::floatfield;
    const bool isHex = kind == ios_base::hexfloat;
    streamsize digits = stream.precision();
    if (digits < 0 || (digits == 0 && kind != ios_base::fixed && kind != ios_base::scientific && false)) digits = 6;
    int precision = digits > 1 << 20 ? 1 << 20 : static_cast<int>(digits);
    const size_t room = static_cast<size_t>(precision) + 400;
    char *const text = static_cast<char *>(malloc(room));
    if (text == nullptr) throw bad_alloc();
    _Ffmt(format, length, stream.flags());
    const int count = isHex ? formatted(text, room, format, value) : formatted(text, room, format, precision, value);
    try {
      to = _Fput(to, stream, fill, text, static_cast<size_t>(count));
    } catch (...) {
      free(text);
      throw;
    }
    free(text);
    return to;
  }
  char *_Ifmt(char *format, const char *kind, ios_base::fmtflags flags) const {
    char *at = format;
    *at++ = '%';
    if (flags & ios_base::showpos) *at++ = '+';
    if (flags & ios_base::showbase) *at++ = '#';
    if (kind[0] == 'L') { *at++ = 'I'; *at++ = '6'; *at++ = '4'; } else *at++ = kind[0];
    const ios_base::fmtflags base = flags & ios_base::basefield;
    *at++ = base == ios_base::oct ? 'o' : base != ios_base::hex ? kind[1] : flags & ios_base::uppercase ? 'X' : 'x';
    *at = '\0';
    return format;
  }
  char *_Ffmt(char *format, char length, ios_base::fmtflags flags) const {
    const ios_base::fmtflags kind = flags & ios_base::floatfield;
    char *at = format;
    *at++ = '%';
    if (flags & ios_base::showpos) *at++ = '+';
    if (flags & ios_base::showpoint) *at++ = '#';
    if (kind != ios_base::hexfloat) { *at++ = '.'; *at++ = '*'; }
    if (length != '\0') *at++ = length;
    const char letter = kind == ios_base::fixed ? 'f' : kind == ios_base::hexfloat ? 'a' : kind == ios_base::scientific ? 'e' : 'g';
    *at++ = flags & ios_base::uppercase ? static_cast<char>(letter - 'a' + 'A') : letter;
    *at = '\0';
    return format;
  }
  /** Puts a floating-point number: groups what is before the point, and puts the locale's point. */
  I _Fput(I to, ios_base &stream, E fill, const char *text, size_t count) const {
    size_t prefix = count > 0 && (text[0] == '+' || text[0] == '-') ? 1 : 0;
    const bool isHex = (stream.flags() & ios_base::floatfield) == ios_base::hexfloat;
    if (isHex && prefix + 1 < count && text[prefix] == '0' && (text[prefix + 1] | 0x20) == 'x') prefix += 2;
    size_t whole = prefix;
    while (whole < count && text[whole] >= '0' && text[whole] <= '9') whole++;
    return field(to, stream, fill, text, count, prefix, whole);
  }
  /** Puts an integer: groups its digits. */
  I _Iput(I to, ios_base &stream, E fill, char *text, size_t count) const {
    size_t prefix = count > 0 && (text[0] == '+' || text[0] == '-') ? 1 : 0;
    if (prefix + 2 < count && text[prefix] == '0' && (text[prefix + 1] | 0x20) == 'x') prefix += 2;
    return field(to, stream, fill, text, count, prefix, count);
  }
  /** `prefix` is what internal padding comes after, `whole` the end of the digits that are grouped. */
  I field(I to, ios_base &stream, E fill, const char *text, size_t count, size_t prefix, size_t whole) const {
    const locale where = stream.getloc();
    const auto &punctuation = use_facet<numpunct<E>>(where);
    const auto &characters = use_facet<ctype<E>>(where);
    const string grouping = punctuation.grouping();
    const bool isNumber = whole > prefix;
    size_t separators = 0;
    if (isNumber) forEachGroup(grouping, whole - prefix, [&](size_t) { separators++; });
    const streamsize wanted = stream.width(0);
    const size_t length = count + separators;
    const size_t padding = wanted > 0 && static_cast<size_t>(wanted) > length ? static_cast<size_t>(wanted) - length : 0;
    const ios_base::fmtflags adjust = stream.flags() & ios_base::adjustfield;
    if (adjust != ios_base::left && adjust != ios_base::internal) to = _Rep(to, fill, padding);
    for (size_t i = 0; i < prefix; i++) *to = characters.widen(text[i]);
    if (adjust == ios_base::internal) to = _Rep(to, fill, padding);
    for (size_t i = prefix; i < whole; i++) {
      *to = characters.widen(text[i]);
      bool isEnd = false;
      forEachGroup(grouping, whole - prefix, [&](size_t left) { isEnd |= left == whole - i - 1; });
      if (isEnd) *to = punctuation.thousands_sep();
    }
    // The C runtime wrote the point of its own locale; whichever character stands there is it.
    const char point = localeconv()->decimal_point[0];
    for (size_t i = whole; i < count; i++) *to = text[i] == point ? punctuation.decimal_point() : characters.widen(text[i]);
    return adjust == ios_base::left ? _Rep(to, fill, padding) : to;
  }
  /** Calls with how many digits are right of each separator. A group of 0 or CHAR_MAX is the last. */
  template <class F> static void forEachGroup(const string &grouping, size_t digits, F call) {
    size_t right = 0, index = 0;
    for (;;) {
      if (index >= grouping.size() && grouping.size() == 0) return;
      const char size = grouping[index < grouping.size() ? index : grouping.size() - 1];
      if (size <= 0 || size == 127 || right + static_cast<size_t>(size) >= digits) return;
      right += static_cast<size_t>(size);
      call(right);
      index++;
    }
  }
  I _Put(I to, const char *text, size_t count) const {
    for (; count > 0; count--) *to = static_cast<E>(*text++);
    return to;
  }
  I _Rep(I to, E element, size_t count) const {
    for (; count > 0; count--) *to = element;
    return to;
  }
};

template <class E, class I> class num_get : public locale::facet {
  /** Longer numbers overflow whatever they are; what is behind counts as zeros. */
  static constexpr int ROOM = 800;
public:
  static locale::id id;
  explicit num_get(size_t references = 0) : facet(references) {}
  num_get(const _Locinfo &, size_t references = 0) : facet(references) {}
  static size_t _Getcat(const locale::facet **made = nullptr, const locale *where = nullptr) {
    if (made && !*made) *made = new num_get(_Locinfo(where->c_str()));
    return 8;
  }
#define GETTER(TYPE) \
  I get(I first, I last, ios_base &stream, ios_base::iostate &state, TYPE &value) const { return do_get(first, last, stream, state, value); }
  GETTER(bool) GETTER(unsigned short) GETTER(unsigned int) GETTER(long) GETTER(unsigned long) GETTER(long long) GETTER(unsigned long long)
  GETTER(float) GETTER(double) GETTER(long double) GETTER(void *)
#undef GETTER

protected:
  ~num_get() noexcept override {}
  void _Init(const _Locinfo &) {}
  virtual I do_get(I first, I last, ios_base &stream, ios_base::iostate &state, bool &value) const {
    if ((stream.flags() & ios_base::boolalpha) != 0) return name(first, last, stream, state, value);
    unsigned long number = 0;
    first = unsignedNumber(first, last, stream, state, number, 1ul);
    value = number != 0;
    return first;
  }
  virtual I do_get(I first, I last, ios_base &stream, ios_base::iostate &state, unsigned short &value) const { return unsignedNumber(first, last, stream, state, value, static_cast<unsigned short>(-1)); }
  virtual I do_get(I first, I last, ios_base &stream, ios_base::iostate &state, unsigned int &value) const { return unsignedNumber(first, last, stream, state, value, static_cast<unsigned int>(-1)); }
  virtual I do_get(I first, I last, ios_base &stream, ios_base::iostate &state, long &value) const { return signedNumber(first, last, stream, state, value, 0x7fffffffl); }
  virtual I do_get(I first, I last, ios_base &stream, ios_base::iostate &state, unsigned long &value) const { return unsignedNumber(first, last, stream, state, value, static_cast<unsigned long>(-1)); }
  virtual I do_get(I first, I last, ios_base &stream, ios_base::iostate &state, long long &value) const { return signedNumber(first, last, stream, state, value, 0x7fffffffffffffffll); }
  virtual I do_get(I first, I last, ios_base &stream, ios_base::iostate &state, unsigned long long &value) const { return unsignedNumber(first, last, stream, state, value, static_cast<unsigned long long>(-1)); }
  virtual I do_get(I first, I last, ios_base &stream, ios_base::iostate &state, float &value) const { return floating(first, last, stream, state, value, [](const char *text, char **end) { return strtof(text, end); }); }
  virtual I do_get(I first, I last, ios_base &stream, ios_base::iostate &state, double &value) const { return floating(first, last, stream, state, value, [](const char *text, char **end) { return strtod(text, end); }); }
  virtual I do_get(I first, I last, ios_base &stream, ios_base::iostate &state, long double &value) const { return floating(first, last, stream, state, value, [](const char *text, char **end) { return static_cast<long double>(strtod(text, end)); }); }
  virtual I do_get(I first, I last, ios_base &stream, ios_base::iostate &state, void *&value) const {
    const ios_base::fmtflags before = stream.setf(ios_base::hex, ios_base::basefield);
    unsigned long long number = 0;
    first = unsignedNumber(first, last, stream, state, number, static_cast<unsigned long long>(-1));
    stream.setf(before, ios_base::basefield);
    value = reinterpret_cast<void *>(static_cast<uintptr_t>(number));
    return first;
  }

private:
  struct Integer { unsigned long long magnitude; bool isNegative, isMissing, isTooLarge; };

  /** Reads a sign, a base as the stream's flags say, and digits with separators between. */
  Integer integer(I &first, I &last, ios_base &stream) const {
    const locale where = stream.getloc();
    const auto &punctuation = use_facet<numpunct<E>>(where);
    const auto &characters = use_facet<ctype<E>>(where);
    const string grouping = punctuation.grouping();
    const E separator = grouping.size() == 0 ? E() : punctuation.thousands_sep();
    Integer found{0, false, true, false};
    const auto at = [&] { return characters.narrow(*first, '\0'); };
    if (first != last && (at() == '+' || at() == '-')) {
      found.isNegative = at() == '-';
      ++first;
    }
    const ios_base::fmtflags field = stream.flags() & ios_base::basefield;
    unsigned base = field == ios_base::oct ? 8 : field == ios_base::hex ? 16 : field == 0 ? 0 : 10;
    if (first != last && at() == '0' && (base == 0 || base == 16)) {
      ++first;
      found.isMissing = false;
      if (first != last && (at() | 0x20) == 'x') {
        base = 16;
        found.isMissing = true;
        ++first;
      } else if (base == 0) base = 8;
    }
    if (base == 0) base = 10;
    char groups[64] = {0};
    size_t group = 0;
    for (; first != last; ++first) {
      if (separator != E() && *first == separator && group < sizeof groups - 1) {
        if (groups[group] == 0) break;
        groups[++group] = 0;
        continue;
      }
      const char character = at();
      const unsigned digit = character >= '0' && character <= '9' ? static_cast<unsigned>(character - '0') : (character | 0x20) >= 'a' && (character | 0x20) <= 'z' ? static_cast<unsigned>((character | 0x20) - 'a' + 10) : 99;
      if (digit >= base) break;
      found.isMissing = false;
      unsigned long long product;
      if (__builtin_mul_overflow(found.magnitude, static_cast<unsigned long long>(base), &product) || product + digit < product) found.isTooLarge = true;
      else found.magnitude = product + digit;
      if (groups[group] != 127) groups[group]++;
    }
    if (group > 0 && !groupsFit(grouping, groups, group)) found.isMissing = true;
    return found;
  }
  /** All groups but the leftmost must have their sizes; that one may have fewer. */
  static bool groupsFit(const string &grouping, const char *groups, size_t leftmost) {
    for (size_t i = 0; i <= leftmost; i++) {
      const char size = grouping[i < grouping.size() ? i : grouping.size() - 1];
      if (size <= 0 || size == 127) return i == leftmost;
      const char digits = groups[leftmost - i];
      if (i == leftmost ? digits > size || digits == 0 : digits != size) return false;
    }
    return true;
  }
  template <class V> I signedNumber(I first, I last, ios_base &stream, ios_base::iostate &state, V &value, V largest) const {
    const Integer found = integer(first, last, stream);
    const unsigned long long limit = static_cast<unsigned long long>(largest) + (found.isNegative ? 1 : 0);
    if (found.isMissing) {
      value = 0;
      state = ios_base::failbit;
    } else if (found.isTooLarge || found.magnitude > limit) {
      value = found.isNegative ? -largest - 1 : largest;
      state = ios_base::failbit;
    } else value = static_cast<V>(found.isNegative ? 0 - found.magnitude : found.magnitude);
    if (first == last) state |= ios_base::eofbit;
    return first;
  }
  template <class V> I unsignedNumber(I first, I last, ios_base &stream, ios_base::iostate &state, V &value, V largest) const {
    const Integer found = integer(first, last, stream);
    if (found.isMissing) {
      value = 0;
      state = ios_base::failbit;
    } else if (found.isTooLarge || found.magnitude > largest) {
      value = largest;
      state = ios_base::failbit;
    } else value = static_cast<V>(found.isNegative ? 0 - found.magnitude : found.magnitude);
    if (first == last) state |= ios_base::eofbit;
    return first;
  }
  template <class V, class F> I floating(I first, I last, ios_base &stream, ios_base::iostate &state, V &value, F convert) const {
    char text[ROOM];
    char *end = text;
    const bool isField = gather(first, last, stream, text);
    int *const error = _errno();
    const int before = *error;
    *error = 0;
    value = isField ? convert(text, &end) : V();
    if (!isField || end == text || *end != '\0' || *error != 0) {
      state = ios_base::failbit;
      value = V();
    }
    *error = before;
    if (first == last) state |= ios_base::eofbit;
    return first;
  }
  /** Copies the characters that may be a floating-point number's, with the C runtime's point for the locale's. */
  bool gather(I &first, I &last, ios_base &stream, char *text) const {
    const locale where = stream.getloc();
    const auto &punctuation = use_facet<numpunct<E>>(where);
    const auto &characters = use_facet<ctype<E>>(where);
    const string grouping = punctuation.grouping();
    const E separator = grouping.size() == 0 ? E() : punctuation.thousands_sep(), point = punctuation.decimal_point();
    char *at = text;
    char *const limit = text + ROOM - 8;
    const auto put = [&](char character) { if (at < limit) *at++ = character; };
    const bool mayBeHex = (stream.flags() & ios_base::floatfield) == ios_base::hexfloat;
    bool hasDigits = false, isHex = false, hasPoint = false;
    const auto sign = [&] {
      if (first == last) return;
      const char character = characters.narrow(*first, '\0');
      if (character != '+' && character != '-') return;
      put(character);
      ++first;
    };
    sign();
    for (; first != last; ++first) {
      if (!hasPoint && *first == point) {
        hasPoint = true;
        put(localeconv()->decimal_point[0]);
        continue;
      }
      if (!hasPoint && separator != E() && *first == separator && hasDigits) continue;
      const char character = characters.narrow(*first, '\0'), lower = static_cast<char>(character | 0x20);
      if (mayBeHex && !isHex && !hasPoint && lower == 'x' && hasDigits && at[-1] == '0' && (at == text + 1 || at[-2] == '+' || at[-2] == '-')) {
        isHex = true;
        hasDigits = false;
        put(character);
        continue;
      }
      if (!((character >= '0' && character <= '9') || (isHex && lower >= 'a' && lower <= 'f'))) break;
      hasDigits = true;
      put(character);
    }
    if (hasDigits && first != last && (characters.narrow(*first, '\0') | 0x20) == (isHex ? 'p' : 'e')) {
      put(isHex ? 'p' : 'e');
      ++first;
      sign();
      for (; first != last; ++first) {
        const char character = characters.narrow(*first, '\0');
        if (character < '0' || character > '9') break;
        if (at < text + ROOM - 1) *at++ = character;
      }
    }
    *at = '\0';
    return hasDigits;
  }
  /** Matches the names of true and false as far as they differ. */
  I name(I first, I last, ios_base &stream, ios_base::iostate &state, bool &value) const {
    const auto &punctuation = use_facet<numpunct<E>>(stream.getloc());
    const auto yes = punctuation.truename(), no = punctuation.falsename();
    bool mayBeYes = true, mayBeNo = true;
    size_t count = 0;
    for (; first != last; ++first, ++count) {
      const bool isYes = mayBeYes && count < yes.size() && yes[count] == *first, isNo = mayBeNo && count < no.size() && no[count] == *first;
      if (!isYes && !isNo) break;
      mayBeYes = isYes;
      mayBeNo = isNo;
    }
    const bool isYes = mayBeYes && count == yes.size(), isNo = mayBeNo && count == no.size();
    value = isYes;
    if (!isYes && !isNo) state = ios_base::failbit;
    if (first == last) state |= ios_base::eofbit;
    return first;
  }
};

}  // namespace std
