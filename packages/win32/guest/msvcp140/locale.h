// std::locale: a counted list of facets by number. The classic locale has none of its own: use_facet makes them when they are first asked for.
#pragma once
#include "basic-string.h"
#include "char-traits.h"

// Information on a locale that facets copy (xlocinfo.h).
struct _Collvec { unsigned _Page; wchar_t *_LocaleName; };
struct _Ctypevec { unsigned _Page; const short *_Table; int _Delfl; wchar_t *_LocaleName; };
struct _Cvtvec { unsigned _Page, _Mbcurmax; int _Isclocale; unsigned char _Isleadbyte[32]; };

namespace std {

enum _Uninitialized { _Noinit };

/** Which of the C runtime's categories a facet belongs to, one bit each, from bit 0 for LC_COLLATE - 1. */
enum : int { COLLATE = 1, CTYPE = 2, MONETARY = 4, NUMERIC = 8, TIME = 16, MESSAGES = 32, ALL = 63 };
enum { LC_ALL_ = 0, LC_COLLATE_, LC_CTYPE_, LC_MONETARY_, LC_NUMERIC_, LC_TIME_ };

/** A lock of the library's own: of locales, of the heap, of streams, and of debugging. */
class EXPORT _Lockit {
  int _Locktype;
public:
  explicit _Lockit();
  explicit _Lockit(int kind);
  ~_Lockit() noexcept;
  _Lockit(const _Lockit &) = delete;
  _Lockit &operator=(const _Lockit &) = delete;
  static void _Lockit_ctor(int);
  static void _Lockit_dtor(int);
private:
  static void _Lockit_ctor(_Lockit *);
  static void _Lockit_ctor(_Lockit *, int);
  static void _Lockit_dtor(_Lockit *);
};

/** Text of its own. */
template <class E> class _Yarn {
  E *_Myptr = nullptr;
  E _Nul = E();
public:
  _Yarn() noexcept {}
  _Yarn(const _Yarn &other) noexcept { *this = other; }
  _Yarn(const E *text) noexcept { *this = text; }
  _Yarn &operator=(const _Yarn &other) noexcept { return *this = other._Myptr; }
  _Yarn &operator=(const E *text) noexcept {
    if (text == _Myptr) return *this;
    _Tidy();
    if (text == nullptr) return *this;
    size_t count = 0;
    while (text[count] != E()) count++;
    const size_t bytes = (count + 1) * sizeof(E);
    _Myptr = static_cast<E *>(malloc(bytes));
    if (_Myptr != nullptr) memcpy(_Myptr, text, bytes);
    return *this;
  }
  ~_Yarn() noexcept { _Tidy(); }
  bool empty() const noexcept { return _Myptr == nullptr; }
  bool _Empty() const noexcept { return _Myptr == nullptr; }
  const E *c_str() const noexcept { return _C_str(); }
  const E *_C_str() const noexcept { return _Myptr ? _Myptr : &_Nul; }
private:
  void _Tidy() noexcept {
    free(_Myptr);
    _Myptr = nullptr;
  }
};

/** Pointers to what strftime needs of a locale; here none, as the C runtime has the current locale's. */
class EXPORT _Timevec {
  mutable void *_Timeptr;
public:
  explicit _Timevec(void *given = nullptr) : _Timeptr(given) {}
  _Timevec(const _Timevec &other) { *this = other; }
  ~_Timevec() noexcept { free(_Timeptr); }
  _Timevec &operator=(const _Timevec &other) {
    _Timeptr = other._Timeptr;
    const_cast<_Timevec &>(other)._Timeptr = nullptr;
    return *this;
  }
  void *_Getptr() const { return _Timeptr; }
};

/** The C runtime's locale, set to one by name as long as this lives; what was set before comes back. */
class EXPORT _Locinfo {
  _Lockit _Lock;
  _Yarn<char> _Days, _Months;
  _Yarn<wchar_t> _W_Days, _W_Months;
  _Yarn<char> _Oldlocname, _Newlocname;
public:
  using _Collvec = ::_Collvec;
  using _Ctypevec = ::_Ctypevec;
  using _Cvtvec = ::_Cvtvec;
  explicit _Locinfo(const char *name = "C");
  _Locinfo(int categories, const char *name);
  ~_Locinfo() noexcept;
  _Locinfo &_Addcats(int categories, const char *name);
  const char *_Getname() const { return _Newlocname._C_str(); }
  _Collvec _Getcoll() const;
  _Ctypevec _Getctype() const;
  _Cvtvec _Getcvt() const;
  const lconv *_Getlconv() const { return localeconv(); }
  _Timevec _Gettnames() const { return _Timevec(nullptr); }
  _Timevec _W_Gettnames() const { return _Timevec(nullptr); }
  int _Getdateorder() const;
  const char *_Getdays() const;
  const char *_Getmonths() const;
  const unsigned short *_W_Getdays() const;
  const unsigned short *_W_Getmonths() const;
  const char *_Getfalse() const { return "false"; }
  const char *_Gettrue() const { return "true"; }
  static void _Locinfo_ctor(_Locinfo *, const char *);
  static void _Locinfo_ctor(_Locinfo *, int, const char *);
  static void _Locinfo_dtor(_Locinfo *);
  static _Locinfo &_Locinfo_Addcats(_Locinfo *, int, const char *);
};

class EXPORT _Facet_base {
public:
  virtual ~_Facet_base() noexcept {}
  virtual void _Incref() noexcept = 0;
  virtual _Facet_base *_Decref() noexcept = 0;
};

template <class D> class _Locbase {};
struct EXPORT _Crt_new_delete {};

// Both bases are empty: Microsoft's compiler keeps them apart, so the pointer is the second word.
class locale : public _Locbase<int>, public _Crt_new_delete {
public:
  using category = int;

  /** A facet's number, given when it is first asked for. */
  class EXPORT id {
    size_t _Id;
    static int _Id_cnt;
  public:
    id(size_t value = 0) : _Id(value) {}
    id(const id &) = delete;
    id &operator=(const id &) = delete;
    operator size_t();
  };

  class EXPORT facet : public _Facet_base, public _Crt_new_delete {
    long _Myrefs;
  protected:
    explicit facet(size_t references = 0) : _Myrefs(static_cast<long>(references)) {}
    ~facet() noexcept override {}
  public:
    facet(const facet &) = delete;
    facet &operator=(const facet &) = delete;
    static size_t _Getcat(const facet ** = nullptr, const locale * = nullptr) { return static_cast<size_t>(-1); }
    void _Incref() noexcept override { __atomic_add_fetch(&_Myrefs, 1, __ATOMIC_SEQ_CST); }
    _Facet_base *_Decref() noexcept override { return __atomic_sub_fetch(&_Myrefs, 1, __ATOMIC_SEQ_CST) == 0 ? this : nullptr; }
  };

  class EXPORT _Locimp : public facet {
  protected:
    ~_Locimp() noexcept override { _Locimp_dtor(this); }
  private:
    friend class locale;
    facet **_Facetvec = nullptr;
    size_t _Facetcount = 0;
    category _Catmask = 0;
    bool _Xparent;
    _Yarn<char> _Name;
    static _Locimp *_Clocptr;
    _Locimp(bool transparent) : facet(1), _Xparent(transparent), _Name("*") {}
    _Locimp(const _Locimp &other)
        : facet(1), _Facetcount(other._Facetcount), _Catmask(other._Catmask), _Xparent(other._Xparent), _Name(other._Name._C_str()) {
      _Locimp_ctor(this, other);
    }
    void _Addfac(facet *added, size_t number) { _Locimp_Addfac(this, added, number); }
    static _Locimp *_New_Locimp(bool transparent = false);
    static _Locimp *_New_Locimp(const _Locimp &);
    static void _Locimp_dtor(_Locimp *);
    static void _Locimp_ctor(_Locimp *, const _Locimp &);
    static void _Locimp_Addfac(_Locimp *, facet *, size_t);
    static _Locimp *_Makeloc(const _Locinfo &, category, _Locimp *, const locale *);
    static void _Makewloc(const _Locinfo &, category, _Locimp *, const locale *);
    static void _Makexloc(const _Locinfo &, category, _Locimp *, const locale *);
    static void _Makeushloc(const _Locinfo &, category, _Locimp *, const locale *);
    template <class F> static void add(const _Locinfo &, _Locimp *, const locale *);
    template <class E> static void addNumbers(const _Locinfo &, _Locimp *, const locale *);
  public:
    _Locimp &operator=(const _Locimp &) = delete;
  };

  locale() noexcept : _Ptr(_Init(true)) {}
  locale(const locale &other) noexcept : _Ptr(other._Ptr) { _Ptr->_Incref(); }
  ~locale() noexcept { drop(); }
  const locale &operator=(const locale &other) noexcept {
    if (_Ptr != other._Ptr) {
      drop();
      _Ptr = other._Ptr;
      _Ptr->_Incref();
    }
    return *this;
  }
  const char *c_str() const { return _Ptr ? _Ptr->_Name._C_str() : ""; }
  const facet *_Getfacet(size_t number) const {
    const facet *const found = number < _Ptr->_Facetcount ? _Ptr->_Facetvec[number] : nullptr;
    if (found != nullptr || !_Ptr->_Xparent) return found;
    const _Locimp *const outer = _Getgloballocale();
    return number < outer->_Facetcount ? outer->_Facetvec[number] : nullptr;
  }
  static EXPORT const locale &classic();
  static EXPORT locale global(const locale &);
  static EXPORT locale empty();

private:
  locale(_Locimp *given) : _Ptr(given) {}
  void drop() {
    if (_Ptr == nullptr) return;
    if (_Facet_base *const unused = _Ptr->_Decref()) delete unused;
  }
  static EXPORT _Locimp *_Init(bool counted = false);
  static EXPORT _Locimp *_Getgloballocale();
  static EXPORT void _Setgloballocale(void *);
  _Locimp *_Ptr;
};

/** Facets that use_facet made are kept until the library goes. */
template <class F> const F &use_facet(const locale &where) {
  static const locale::facet *made = nullptr;
  _Lockit lock(0);
  const locale::facet *found = where._Getfacet(F::id);
  if (found == nullptr) {
    if (made == nullptr && F::_Getcat(&made, &where) == static_cast<size_t>(-1)) throw bad_cast();
    found = made;
  }
  return static_cast<const F &>(*found);
}

}  // namespace std
