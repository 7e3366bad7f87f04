// Locales: the library's locks, what facets are told of the C runtime's locale, and the lists of facets.
#include "numbers.h"

namespace std {

// Critical sections are entered again by their owner: use_facet makes facets that ask for others.
static constexpr int LOCKS = 8;
struct Lock { void *section[8]; };
static Lock locks[LOCKS];
static struct LockMaker { LockMaker() { for (Lock &lock : locks) InitializeCriticalSection(&lock); } } lockMaker;

static void *lockOf(int kind) { return &locks[static_cast<unsigned>(kind) < LOCKS ? kind : LOCKS - 1]; }
_Lockit::_Lockit() : _Locktype(0) { EnterCriticalSection(lockOf(0)); }
_Lockit::_Lockit(int kind) : _Locktype(kind) { EnterCriticalSection(lockOf(kind)); }
_Lockit::~_Lockit() noexcept { LeaveCriticalSection(lockOf(_Locktype)); }
void _Lockit::_Lockit_ctor(int kind) { EnterCriticalSection(lockOf(kind)); }
void _Lockit::_Lockit_dtor(int kind) { LeaveCriticalSection(lockOf(kind)); }
void _Lockit::_Lockit_ctor(_Lockit *self) { _Lockit_ctor(self, 0); }
void _Lockit::_Lockit_ctor(_Lockit *self, int kind) { self->_Locktype = kind; EnterCriticalSection(lockOf(kind)); }
void _Lockit::_Lockit_dtor(_Lockit *self) { LeaveCriticalSection(lockOf(self->_Locktype)); }

/** The C runtime's category for each bit. Messages are none of its own. */
static const int categoryOf[] = {LC_COLLATE_, LC_CTYPE_, LC_MONETARY_, LC_NUMERIC_, LC_TIME_};

_Locinfo::_Locinfo(const char *name) : _Lock(0) { _Locinfo_ctor(this, name); }
_Locinfo::_Locinfo(int categories, const char *name) : _Lock(0) { _Locinfo_ctor(this, categories, name); }
_Locinfo::~_Locinfo() noexcept { _Locinfo_dtor(this); }
_Locinfo &_Locinfo::_Addcats(int categories, const char *name) { return _Locinfo_Addcats(this, categories, name); }
void _Locinfo::_Locinfo_ctor(_Locinfo *self, const char *name) {
  if (name == nullptr) throw runtime_error("bad locale name");
  self->_Oldlocname = setlocale(LC_ALL_, nullptr);
  const char *const set = setlocale(LC_ALL_, name);
  self->_Newlocname = set == nullptr ? "*" : set;
}
void _Locinfo::_Locinfo_ctor(_Locinfo *self, int categories, const char *name) {
  self->_Oldlocname = setlocale(LC_ALL_, nullptr);
  _Locinfo_Addcats(self, categories, name);
}
void _Locinfo::_Locinfo_dtor(_Locinfo *self) {
  if (!self->_Oldlocname.empty()) setlocale(LC_ALL_, self->_Oldlocname._C_str());
}
_Locinfo &_Locinfo::_Locinfo_Addcats(_Locinfo *self, int categories, const char *name) {
  if (name == nullptr) throw runtime_error("bad locale name");
  const char *set = nullptr;
  if (name[0] == '*' && name[1] == '\0') ;
  else if (categories == 0) set = setlocale(LC_ALL_, nullptr);
  else if (categories == ALL) set = setlocale(LC_ALL_, name);
  else {
    for (int bit = 0; bit < 5; bit++) if ((categories & (1 << bit)) != 0) setlocale(categoryOf[bit], name);
    set = setlocale(LC_ALL_, nullptr);
  }
  self->_Newlocname = set == nullptr ? "*" : set;
  return *self;
}
extern "C" _Collvec _Getcoll();
extern "C" _Ctypevec _Getctype();
extern "C" _Cvtvec _Getcvt();
_Collvec _Locinfo::_Getcoll() const { return ::std::_Getcoll(); }
_Ctypevec _Locinfo::_Getctype() const { return ::std::_Getctype(); }
_Cvtvec _Locinfo::_Getcvt() const { return ::std::_Getcvt(); }
int _Locinfo::_Getdateorder() const { return 2; }
const char *_Locinfo::_Getdays() const { return ":Sun:Sunday:Mon:Monday:Tue:Tuesday:Wed:Wednesday:Thu:Thursday:Fri:Friday:Sat:Saturday"; }
const char *_Locinfo::_Getmonths() const {
  return ":Jan:January:Feb:February:Mar:March:Apr:April:May:May:Jun:June:Jul:July:Aug:August:Sep:September:Oct:October:Nov:November:Dec:December";
}
const unsigned short *_Locinfo::_W_Getdays() const {
  return reinterpret_cast<const unsigned short *>(L":Sun:Sunday:Mon:Monday:Tue:Tuesday:Wed:Wednesday:Thu:Thursday:Fri:Friday:Sat:Saturday");
}
const unsigned short *_Locinfo::_W_Getmonths() const {
  return reinterpret_cast<const unsigned short *>(
      L":Jan:January:Feb:February:Mar:March:Apr:April:May:May:Jun:June:Jul:July:Aug:August:Sep:September:Oct:October:Nov:November:Dec:December");
}

int locale::id::_Id_cnt = 0;
locale::id::operator size_t() {
  if (_Id == 0) {
    _Lockit lock(0);
    if (_Id == 0) _Id = static_cast<size_t>(++_Id_cnt);
  }
  return _Id;
}

locale::_Locimp *locale::_Locimp::_Clocptr = nullptr;
static locale::_Locimp *globalLocale = nullptr;
static const locale *classicLocale = nullptr;

locale::_Locimp *locale::_Locimp::_New_Locimp(bool transparent) { return new _Locimp(transparent); }
locale::_Locimp *locale::_Locimp::_New_Locimp(const _Locimp &other) { return new _Locimp(other); }
void locale::_Locimp::_Locimp_dtor(_Locimp *self) {
  for (size_t i = self->_Facetcount; i > 0; i--) {
    facet *const each = self->_Facetvec[i - 1];
    _Facet_base *const unused = each == nullptr ? nullptr : each->_Decref();
    if (unused != nullptr) delete unused;
  }
  free(self->_Facetvec);
  self->_Facetvec = nullptr;
  self->_Facetcount = 0;
}
void locale::_Locimp::_Locimp_ctor(_Locimp *self, const _Locimp &other) {
  _Lockit lock(0);
  const size_t count = other._Facetcount;
  self->_Facetcount = 0;
  self->_Facetvec = nullptr;
  if (count == 0) return;
  self->_Facetvec = static_cast<facet **>(calloc(count, sizeof(facet *)));
  if (self->_Facetvec == nullptr) throw bad_alloc();
  self->_Facetcount = count;
  for (size_t i = 0; i < count; i++) {
    self->_Facetvec[i] = other._Facetvec[i];
    if (self->_Facetvec[i] != nullptr) self->_Facetvec[i]->_Incref();
  }
}
void locale::_Locimp::_Locimp_Addfac(_Locimp *self, facet *added, size_t number) {
  _Lockit lock(0);
  if (number >= self->_Facetcount) {
    const size_t count = number + 8;
    facet **const moved = static_cast<facet **>(calloc(count, sizeof(facet *)));
    if (moved == nullptr) throw bad_alloc();
    if (self->_Facetcount > 0) memcpy(moved, self->_Facetvec, self->_Facetcount * sizeof(facet *));
    free(self->_Facetvec);
    self->_Facetvec = moved;
    self->_Facetcount = count;
  }
  added->_Incref();
  facet *const before = self->_Facetvec[number];
  self->_Facetvec[number] = added;
  _Facet_base *const unused = before == nullptr ? nullptr : before->_Decref();
  if (unused != nullptr) delete unused;
}

/** Adds a facet made from the locale that is set, or another locale's own. */
template <class F> void locale::_Locimp::add(const _Locinfo &from, _Locimp *to, const locale *other) {
  const F *const made = other == nullptr ? new F(from) : &use_facet<F>(*other);
  _Locimp_Addfac(to, const_cast<F *>(made), F::id);
}
template <class E> void locale::_Locimp::addNumbers(const _Locinfo &from, _Locimp *to, const locale *other) {
  using T = char_traits<E>;
  add<num_get<E, istreambuf_iterator<E, T>>>(from, to, other);
  add<num_put<E, ostreambuf_iterator<E, T>>>(from, to, other);
  add<numpunct<E>>(from, to, other);
}
locale::_Locimp *locale::_Locimp::_Makeloc(const _Locinfo &from, category categories, _Locimp *to, const locale *other) {
  if ((categories & CTYPE) != 0) {
    add<ctype<char>>(from, to, other);
    add<codecvt<char, char, _Mbstatet>>(from, to, other);
  }
  if ((categories & NUMERIC) != 0) addNumbers<char>(from, to, other);
  _Makexloc(from, categories, to, other);
  _Makewloc(from, categories, to, other);
  _Makeushloc(from, categories, to, other);
  to->_Catmask |= categories;
  to->_Name = from._Getname();
  return to;
}
// Facets of collation, money, messages and time are made by the programs that use them, when they do.
void locale::_Locimp::_Makexloc(const _Locinfo &, category, _Locimp *, const locale *) {}
void locale::_Locimp::_Makewloc(const _Locinfo &from, category categories, _Locimp *to, const locale *other) {
  if ((categories & CTYPE) != 0) {
    add<ctype<wchar_t>>(from, to, other);
    add<codecvt<wchar_t, char, _Mbstatet>>(from, to, other);
  }
  if ((categories & NUMERIC) != 0) addNumbers<wchar_t>(from, to, other);
}
void locale::_Locimp::_Makeushloc(const _Locinfo &from, category categories, _Locimp *to, const locale *other) {
  if ((categories & CTYPE) != 0) {
    add<ctype<unsigned short>>(from, to, other);
    add<codecvt<unsigned short, char, _Mbstatet>>(from, to, other);
  }
  if ((categories & NUMERIC) != 0) addNumbers<unsigned short>(from, to, other);
}

locale::_Locimp *locale::_Init(bool counted) {
  _Lockit lock(0);
  if (globalLocale == nullptr) {
    globalLocale = _Locimp::_New_Locimp(false);
    globalLocale->_Catmask = ALL;
    globalLocale->_Name = "C";
    _Locimp::_Clocptr = globalLocale;
    globalLocale->_Incref();
    classicLocale = new locale(globalLocale);
  }
  if (counted) globalLocale->_Incref();
  return globalLocale;
}
locale::_Locimp *locale::_Getgloballocale() { return globalLocale; }
void locale::_Setgloballocale(void *given) { globalLocale = static_cast<_Locimp *>(given); }
const locale &locale::classic() {
  _Init();
  return *classicLocale;
}
locale locale::empty() {
  _Init();
  return locale(_Locimp::_New_Locimp(true));
}
locale locale::global(const locale &given) {
  locale before;
  _Lockit lock(0);
  _Locimp *const old = _Getgloballocale();
  if (old != given._Ptr) {
    _Facet_base *const unused = old->_Decref();
    if (unused != nullptr) delete unused;
    _Setgloballocale(given._Ptr);
    given._Ptr->_Incref();
    if (given._Ptr->_Catmask == ALL) setlocale(LC_ALL_, given.c_str());
    else for (int bit = 0; bit < 5; bit++) if ((given._Ptr->_Catmask & (1 << bit)) != 0) setlocale(categoryOf[bit], given.c_str());
  }
  return before;
}
template class EXPORT _Yarn<char>;
template class EXPORT _Yarn<wchar_t>;

}  // namespace std
