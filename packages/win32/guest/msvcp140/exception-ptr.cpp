// std::exception_ptr: counted copies of exceptions. Programs hold two words, the exception and its count, and call these functions.
#include "exceptions.h"

namespace {

constexpr unsigned long CXX_EXCEPTION = 0xe06d7363, NONCONTINUABLE = 1;
constexpr uintptr_t MAGIC = 0x19930520;
#ifdef _WIN64
constexpr unsigned PARAMETERS = 4;
#else
constexpr unsigned PARAMETERS = 3;
#endif

/** EXCEPTION_RECORD (winnt.h). */
struct Record { unsigned long code, flags; Record *next; void *address; unsigned long count; uintptr_t information[15]; };
/** What the compiler says of types that are thrown; places are relative to the module on x64. */
struct ThrowInfo { unsigned attributes; unsigned destructor, forwardCompatible, types; };
struct CatchableType { unsigned properties, type; int memberOffset, vtableOffset, vbaseOffset; unsigned size, copy; };
enum { SIMPLE = 1, HAS_VIRTUAL_BASE = 4 };

struct Kept {
  long references;
  Record record;
  // The object that was thrown.
  alignas(16) unsigned char object[1];
};
struct Pointer { Kept *exception; void *unused; };

template <class T> T *at(const Record &record, unsigned place) {
#ifdef _WIN64
  return reinterpret_cast<T *>(place == 0 ? 0 : record.information[3] + place);
#else
  (void)record;
  return reinterpret_cast<T *>(place);
#endif
}

const CatchableType *typeOf(const Record &record) {
  const ThrowInfo *const info = reinterpret_cast<const ThrowInfo *>(record.information[2]);
  const unsigned *const types = at<const unsigned>(record, info->types);
  return at<const CatchableType>(record, types[1]);
}

/** Copies an object as a catch clause would that has it by value. */
void copyObject(const Record &record, void *to, void *from) {
  const CatchableType *const type = typeOf(record);
  if ((type->properties & SIMPLE) != 0 || type->copy == 0) {
    memcpy(to, from, type->size);
    return;
  }
#ifdef _WIN64
  if ((type->properties & HAS_VIRTUAL_BASE) != 0) at<void(void *, void *, int)>(record, type->copy)(to, from, 1);
  else at<void(void *, void *)>(record, type->copy)(to, from);
#else
  if ((type->properties & HAS_VIRTUAL_BASE) != 0) at<void __thiscall(void *, void *, int)>(record, type->copy)(to, from, 1);
  else at<void __thiscall(void *, void *)>(record, type->copy)(to, from);
#endif
}

void destroyObject(const Record &record, void *object) {
  const unsigned destructor = reinterpret_cast<const ThrowInfo *>(record.information[2])->destructor;
  if (destructor == 0) return;
#ifdef _WIN64
  at<void(void *)>(record, destructor)(object);
#else
  at<void __thiscall(void *)>(record, destructor)(object);
#endif
}

#ifdef _WIN64
extern "C" void *WINAPI RtlPcToFileHeader(const void *, void **);
uintptr_t moduleOf(const void *address) {
  void *base = nullptr;
  return reinterpret_cast<uintptr_t>(RtlPcToFileHeader(address, &base));
}
#endif

bool isCxx(const Record &record) { return record.code == CXX_EXCEPTION && record.count == PARAMETERS && record.information[2] != 0; }

Kept *keep(const Record &from) {
  const bool hasObject = isCxx(from);
  Kept *const kept = static_cast<Kept *>(malloc(sizeof(Kept) + (hasObject ? typeOf(from)->size : 0)));
  if (kept == nullptr) return nullptr;
  kept->references = 1;
  kept->record = from;
  kept->record.next = nullptr;
  if (!hasObject) return kept;
  kept->record.information[1] = reinterpret_cast<uintptr_t>(kept->object);
  copyObject(from, kept->object, reinterpret_cast<void *>(from.information[1]));
  return kept;
}

void hold(Kept *kept) { if (kept != nullptr) __atomic_add_fetch(&kept->references, 1, __ATOMIC_SEQ_CST); }

void release(Kept *kept) {
  if (kept == nullptr || __atomic_sub_fetch(&kept->references, 1, __ATOMIC_SEQ_CST) != 0) return;
  if (isCxx(kept->record)) destroyObject(kept->record, kept->object);
  free(kept);
}

Pointer *pointer(void *given) { return static_cast<Pointer *>(given); }
const Pointer *pointer(const void *given) { return static_cast<const Pointer *>(given); }

}  // namespace

EXPORT void __ExceptionPtrCreate(void *to) noexcept { *pointer(to) = {nullptr, nullptr}; }
EXPORT void __ExceptionPtrDestroy(void *from) noexcept { release(pointer(from)->exception); }
EXPORT void __ExceptionPtrCopy(void *to, const void *from) noexcept {
  *pointer(to) = *pointer(from);
  hold(pointer(to)->exception);
}
EXPORT void __ExceptionPtrAssign(void *to, const void *from) noexcept {
  hold(pointer(from)->exception);
  release(pointer(to)->exception);
  *pointer(to) = *pointer(from);
}
EXPORT bool __ExceptionPtrCompare(const void *left, const void *right) noexcept { return pointer(left)->exception == pointer(right)->exception; }
EXPORT bool __ExceptionPtrToBool(const void *given) noexcept { return pointer(given)->exception != nullptr; }
EXPORT void __ExceptionPtrSwap(void *left, void *right) noexcept {
  const Pointer kept = *pointer(left);
  *pointer(left) = *pointer(right);
  *pointer(right) = kept;
}
EXPORT void __ExceptionPtrCurrentException(void *to) noexcept {
  const Record *const current = static_cast<const Record *>(*__current_exception());
  *pointer(to) = {current == nullptr ? nullptr : keep(*current), nullptr};
}
/** std::make_exception_ptr: of an object and its ThrowInfo. */
EXPORT void __ExceptionPtrCopyException(void *to, const void *object, const void *info) noexcept {
  Record record{CXX_EXCEPTION, NONCONTINUABLE, nullptr, nullptr, PARAMETERS, {MAGIC, reinterpret_cast<uintptr_t>(object), reinterpret_cast<uintptr_t>(info)}};
#ifdef _WIN64
  record.information[3] = moduleOf(info);
#endif
  *pointer(to) = {keep(record), nullptr};
}
/** Throws a copy, so that a clause may change its own. It lies below what is unwound, as what is thrown does; one that is too large for that stays. */
EXPORT void __ExceptionPtrRethrow(const void *given) {
  const Kept *const kept = pointer(given)->exception;
  if (kept == nullptr) throw std::bad_exception();
  Record record = kept->record;
  alignas(16) unsigned char room[0x400];
  if (isCxx(record)) {
    const unsigned size = typeOf(record)->size;
    void *const copy = size <= sizeof room ? room : operator new(size);
    copyObject(record, copy, reinterpret_cast<void *>(record.information[1]));
    record.information[1] = reinterpret_cast<uintptr_t>(copy);
  }
  RaiseException(record.code, record.flags, record.count, record.information);
}
