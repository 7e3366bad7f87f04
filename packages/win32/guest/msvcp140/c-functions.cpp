// C functions of the library: what facets of the programs' own need of a locale, conversions, and mathematics.
#include "locale.h"

static const _Cvtvec currentPage() {
  _Cvtvec page{};
  page._Page = ___lc_codepage_func();
  page._Mbcurmax = static_cast<unsigned>(___mb_cur_max_func());
  page._Isclocale = page._Page == 0;
  const unsigned short *const kinds = __pctype_func();
  if (!page._Isclocale) for (unsigned i = 0; i < 256; i++) if ((kinds[i] & 0x8000) != 0) page._Isleadbyte[i >> 3] |= static_cast<unsigned char>(1 << (i & 7));
  return page;
}

extern "C" {

EXPORT _Collvec _Getcoll() { return {___lc_codepage_func(), nullptr}; }
/** A copy of the C runtime's table of character classes. */
EXPORT _Ctypevec _Getctype() {
  _Ctypevec kinds{___lc_codepage_func(), nullptr, 1, nullptr};
  short *const table = static_cast<short *>(malloc(256 * sizeof(short)));
  if (table == nullptr) throw std::bad_alloc();
  memcpy(table, __pctype_func(), 256 * sizeof(short));
  kinds._Table = table;
  return kinds;
}
EXPORT _Cvtvec _Getcvt() { return currentPage(); }
EXPORT int _Getdateorder() { return 2; }
EXPORT int _Tolower(int character, const _Ctypevec *) { return tolower(character); }
EXPORT int _Toupper(int character, const _Ctypevec *) { return toupper(character); }
EXPORT wchar_t _Towlower(wchar_t character, const _Ctypevec *) { return static_cast<wchar_t>(towlower(character)); }
EXPORT wchar_t _Towupper(wchar_t character, const _Ctypevec *) { return static_cast<wchar_t>(towupper(character)); }
EXPORT short _Getwctype(wchar_t character, const _Ctypevec *) {
  short kinds = 0;
  for (int bit = 1; bit <= 0x100; bit <<= 1) if (iswctype(character, static_cast<unsigned short>(bit))) kinds |= static_cast<short>(bit);
  return kinds;
}
EXPORT const wchar_t *_Getwctypes(const wchar_t *first, const wchar_t *last, short *to, const _Ctypevec *kinds) {
  for (; first != last; ++first) *to++ = _Getwctype(*first, kinds);
  return first;
}
EXPORT int _Mbrtowc(wchar_t *to, const char *from, size_t count, _Mbstatet *state, const _Cvtvec *) {
  return static_cast<int>(mbrtowc(to, from, count, state));
}
EXPORT int _Wcrtomb(char *to, wchar_t from, _Mbstatet *state, const _Cvtvec *) { return static_cast<int>(wcrtomb(to, from, state)); }
EXPORT int __Wcrtomb_lk(char *to, wchar_t from, _Mbstatet *state, const _Cvtvec *) { return static_cast<int>(wcrtomb(to, from, state)); }

/** Text up to an end, with a NUL behind it. */
#define TERMINATED(TYPE, NAME, FIRST, LAST) \
  const size_t NAME##Count = static_cast<size_t>(LAST - FIRST); \
  TYPE *const NAME = static_cast<TYPE *>(malloc((NAME##Count + 1) * sizeof(TYPE))); \
  if (NAME == nullptr) throw std::bad_alloc(); \
  memcpy(NAME, FIRST, NAME##Count * sizeof(TYPE)); \
  NAME[NAME##Count] = 0;
EXPORT int _Strcoll(const char *first1, const char *last1, const char *first2, const char *last2, const _Collvec *) {
  TERMINATED(char, left, first1, last1)
  TERMINATED(char, right, first2, last2)
  const int order = strcoll(left, right);
  free(left);
  free(right);
  return order < 0 ? -1 : order > 0;
}
EXPORT int _Wcscoll(const wchar_t *first1, const wchar_t *last1, const wchar_t *first2, const wchar_t *last2, const _Collvec *) {
  TERMINATED(wchar_t, left, first1, last1)
  TERMINATED(wchar_t, right, first2, last2)
  const int order = wcscoll(left, right);
  free(left);
  free(right);
  return order < 0 ? -1 : order > 0;
}
EXPORT size_t _Strxfrm(char *first1, char *last1, const char *first2, const char *last2, const _Collvec *) {
  TERMINATED(char, text, first2, last2)
  const size_t room = static_cast<size_t>(last1 - first1), needed = strxfrm(nullptr, text, 0);
  if (needed <= room && room > 0) {
    TERMINATED(char, keyed, text, text + needed)
    strxfrm(keyed, text, needed + 1);
    memcpy(first1, keyed, needed);
    free(keyed);
  }
  free(text);
  return needed;
}
EXPORT size_t _Wcsxfrm(wchar_t *first1, wchar_t *last1, const wchar_t *first2, const wchar_t *last2, const _Collvec *) {
  TERMINATED(wchar_t, text, first2, last2)
  const size_t room = static_cast<size_t>(last1 - first1), needed = wcsxfrm(nullptr, text, 0);
  if (needed <= room && room > 0) {
    wchar_t *const keyed = static_cast<wchar_t *>(malloc((needed + 1) * sizeof(wchar_t)));
    if (keyed == nullptr) throw std::bad_alloc();
    wcsxfrm(keyed, text, needed + 1);
    memcpy(first1, keyed, needed * sizeof(wchar_t));
    free(keyed);
  }
  free(text);
  return needed;
}

/** Conversions that tell errno instead of setting it. */
#define CONVERSION(TYPE, NAME, FUNCTION) \
  EXPORT TYPE NAME(const char *text, char **end, int base, int *error) { \
    int *const current = _errno(), before = *current; \
    *current = 0; \
    const TYPE value = FUNCTION(text, end, base); \
    if (error != nullptr) *error = *current; \
    *current = before; \
    return value; \
  }
CONVERSION(long, _Stolx, strtol)
CONVERSION(unsigned long, _Stoulx, strtoul)
CONVERSION(long long, _Stollx, _strtoi64)
CONVERSION(unsigned long long, _Stoullx, _strtoui64)
#undef CONVERSION
EXPORT long long _Stoll(const char *text, char **end, int base) { return _strtoi64(text, end, base); }
EXPORT unsigned long _Stoul(const char *text, char **end, int base) { return strtoul(text, end, base); }
EXPORT unsigned long long _Stoull(const char *text, char **end, int base) { return _strtoui64(text, end, base); }
/** A number times a power of ten, of which text has only the digits. */
#define SCALED(TYPE, NAME, FUNCTION) \
  EXPORT TYPE NAME##x(const char *text, char **end, long exponent, int *error) { \
    int *const current = _errno(), before = *current; \
    *current = 0; \
    TYPE value = FUNCTION(text, end); \
    if (error != nullptr) *error = *current; \
    *current = before; \
    for (; exponent > 0; exponent--) value *= 10; \
    for (; exponent < 0; exponent++) value /= 10; \
    return value; \
  } \
  EXPORT TYPE NAME(const char *text, char **end, long exponent) { return NAME##x(text, end, exponent, nullptr); }
SCALED(double, _Stod, strtod)
SCALED(float, _Stof, strtof)
SCALED(long double, _Stold, strtod)
#undef SCALED

// Classes of floating-point numbers, and constants, that <cmath> and <complex> take from here.
union Bits { double value; unsigned long long bits; };
union FloatBits { float value; unsigned bits; };
EXPORT Bits _Inf = {.bits = 0x7ff0000000000000}, _Nan = {.bits = 0x7ff8000000000000}, _Snan = {.bits = 0x7ff0000000000001}, _Denorm = {.bits = 1}, _Hugeval = {.bits = 0x7ff0000000000000};
EXPORT Bits _LInf = {.bits = 0x7ff0000000000000}, _LNan = {.bits = 0x7ff8000000000000}, _LSnan = {.bits = 0x7ff0000000000001}, _LDenorm = {.bits = 1};
EXPORT FloatBits _FInf = {.bits = 0x7f800000}, _FNan = {.bits = 0x7fc00000}, _FSnan = {.bits = 0x7f800001}, _FDenorm = {.bits = 1};
EXPORT short _Dtest(double *of) {
  const unsigned long long bits = reinterpret_cast<const Bits *>(of)->bits & 0x7fffffffffffffff;
  if (bits > 0x7ff0000000000000) return 2;
  if (bits == 0x7ff0000000000000) return 1;
  return bits == 0 ? 0 : bits < 0x0010000000000000 ? -2 : -1;
}
EXPORT short _FDtest(float *of) {
  const unsigned bits = reinterpret_cast<const FloatBits *>(of)->bits & 0x7fffffff;
  if (bits > 0x7f800000) return 2;
  if (bits == 0x7f800000) return 1;
  return bits == 0 ? 0 : bits < 0x00800000 ? -2 : -1;
}
EXPORT short _LDtest(long double *of) { return _Dtest(reinterpret_cast<double *>(of)); }
/** e to a power, times `factor` and a power of two: into the place of the power. */
EXPORT short _Exp(double *of, double factor, short exponent) {
  *of = factor == 0 ? factor : ldexp(exp(*of) * factor, exponent);
  return _Dtest(of);
}
EXPORT short _FExp(float *of, float factor, short exponent) {
  *of = factor == 0 ? factor : static_cast<float>(ldexp(exp(*of) * static_cast<double>(factor), exponent));
  return _FDtest(of);
}
EXPORT short _LExp(long double *of, long double factor, short exponent) { return _Exp(reinterpret_cast<double *>(of), static_cast<double>(factor), exponent); }
EXPORT double _Cosh(double of, double factor) { return factor == 0 ? factor : cosh(of) * factor; }
EXPORT float _FCosh(float of, float factor) { return factor == 0 ? factor : static_cast<float>(cosh(of) * static_cast<double>(factor)); }
EXPORT long double _LCosh(long double of, long double factor) { return _Cosh(static_cast<double>(of), static_cast<double>(factor)); }
EXPORT double _Sinh(double of, double factor) { return factor == 0 ? factor : sinh(of) * factor; }
EXPORT float _FSinh(float of, float factor) { return factor == 0 ? factor : static_cast<float>(sinh(of) * static_cast<double>(factor)); }
EXPORT long double _LSinh(long double of, long double factor) { return _Sinh(static_cast<double>(of), static_cast<double>(factor)); }

}
