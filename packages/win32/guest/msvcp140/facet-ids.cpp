// Numbers of facets whose code programs bring along themselves: only their identity is the library's.
#include "streams.h"

namespace std {

#define IDENTIFIED(NAME) \
  template <class E> class NAME : public locale::facet { \
  public: \
    static EXPORT locale::id id; \
  }; \
  template <class E> locale::id NAME<E>::id; \
  template locale::id NAME<char>::id; \
  template locale::id NAME<wchar_t>::id; \
  template locale::id NAME<unsigned short>::id;
IDENTIFIED(collate)
IDENTIFIED(messages)

#define IDENTIFIED_WITH(NAME, ITERATOR) \
  template <class E, class I> class NAME : public locale::facet { \
  public: \
    static EXPORT locale::id id; \
  }; \
  template <class E, class I> locale::id NAME<E, I>::id; \
  template locale::id NAME<char, ITERATOR<char, char_traits<char>>>::id; \
  template locale::id NAME<wchar_t, ITERATOR<wchar_t, char_traits<wchar_t>>>::id; \
  template locale::id NAME<unsigned short, ITERATOR<unsigned short, char_traits<unsigned short>>>::id;
IDENTIFIED_WITH(money_get, istreambuf_iterator)
IDENTIFIED_WITH(money_put, ostreambuf_iterator)

template <class E, bool International> class moneypunct : public locale::facet {
public:
  static EXPORT locale::id id;
  static EXPORT const bool intl;
};
template <class E, bool International> locale::id moneypunct<E, International>::id;
template <class E, bool International> const bool moneypunct<E, International>::intl = International;
#define MONEY(E, INTERNATIONAL) \
  template locale::id moneypunct<E, INTERNATIONAL>::id; \
  template const bool moneypunct<E, INTERNATIONAL>::intl;
MONEY(char, true) MONEY(char, false) MONEY(wchar_t, true) MONEY(wchar_t, false) MONEY(unsigned short, true) MONEY(unsigned short, false)

/** std::time_put: strftime's conversions, one at a time. */
template <class E, class I> class time_put : public locale::facet {
public:
  static locale::id id;
  explicit time_put(size_t references = 0) : facet(references) {}
  time_put(const _Locinfo &, size_t references = 0) : facet(references) {}
  static size_t _Getcat(const locale::facet **made = nullptr, const locale *where = nullptr) {
    if (made && !*made) *made = new time_put(_Locinfo(where->c_str()));
    return 16;
  }
  I put(I to, ios_base &stream, E fill, const tm *when, const E *first, const E *last) const {
    const auto &characters = use_facet<ctype<E>>(stream.getloc());
    for (; first != last; ++first) {
      if (characters.narrow(*first, '\0') != '%') {
        *to = *first;
        continue;
      }
      if (++first == last) {
        *to = first[-1];
        break;
      }
      char kind = characters.narrow(*first, '\0'), modifier = '\0';
      if ((kind == 'E' || kind == 'O' || kind == 'Q' || kind == '#') && first + 1 != last) {
        modifier = kind;
        kind = characters.narrow(*++first, '\0');
      }
      to = do_put(to, stream, fill, when, kind, modifier);
    }
    return to;
  }
  I put(I to, ios_base &stream, E fill, const tm *when, char kind, char modifier = '\0') const { return do_put(to, stream, fill, when, kind, modifier); }
protected:
  ~time_put() noexcept override {}
  void _Init(const _Locinfo &) {}
  virtual I do_put(I to, ios_base &stream, E, const tm *when, char kind, char modifier) const {
    char format[6] = "!%x", text[512];
    char *at = format + 2;
    if (modifier == '#') *at++ = '#';
    *at++ = kind;
    *at = '\0';
    const size_t count = strftime(text, sizeof text, format, when);
    const auto &characters = use_facet<ctype<E>>(stream.getloc());
    // The exclamation mark tells text that is empty from text that does not fit.
    for (size_t i = 1; i < count; i++) *to = characters.widen(text[i]);
    return to;
  }
};
template <class E, class I> locale::id time_put<E, I>::id;
template class EXPORT time_put<char, ostreambuf_iterator<char, char_traits<char>>>;
template class EXPORT time_put<wchar_t, ostreambuf_iterator<wchar_t, char_traits<wchar_t>>>;
template class EXPORT time_put<unsigned short, ostreambuf_iterator<unsigned short, char_traits<unsigned short>>>;

template <class E, class I> class time_get : public locale::facet {
public:
  static EXPORT locale::id id;
};
template <class E, class I> locale::id time_get<E, I>::id;
template locale::id time_get<char, istreambuf_iterator<char, char_traits<char>>>::id;
template locale::id time_get<wchar_t, istreambuf_iterator<wchar_t, char_traits<wchar_t>>>::id;

}  // namespace std
