// What threads of a team do to one variable: operations that nothing comes between, reductions, critical sections, locks; and the clock.
#include "team.h"

namespace {

template <int SIZE> struct BitsOf;
template <> struct BitsOf<1> { using Type = unsigned char; };
template <> struct BitsOf<2> { using Type = unsigned short; };
template <> struct BitsOf<4> { using Type = unsigned; };
template <> struct BitsOf<8> { using Type = unsigned long long; };

/** Replaces a value by what a function makes of it, again when another thread was first. */
template <class Value, class Change> void change(Value *at, Change change) {
  using Bits = typename BitsOf<sizeof(Value)>::Type;
  for (;;) {
    const Bits before = *reinterpret_cast<volatile Bits *>(at);
    const Value after = change(__builtin_bit_cast(Value, before));
    if (__sync_bool_compare_and_swap(reinterpret_cast<Bits *>(at), before, __builtin_bit_cast(Bits, after))) return;
  }
}

template <class Value> Value divided(Value left, Value right) { return left / right; }
#ifndef _WIN64
// 32-bit compilers call a library for these.
template <> unsigned long long divided(unsigned long long left, unsigned long long right) {
  unsigned long long quotient = 0, rest = 0;
  if (right == 0) return static_cast<unsigned>(left) / static_cast<unsigned>(right);
  for (int bit = 63; bit >= 0; bit--) {
    rest = (rest << 1) | ((left >> bit) & 1);
    if (rest >= right) rest -= right, quotient |= 1ull << bit;
  }
  return quotient;
}
template <> long long divided(long long left, long long right) {
  const unsigned long long quotient = divided(left < 0 ? 0ull - left : static_cast<unsigned long long>(left), right < 0 ? 0ull - right : static_cast<unsigned long long>(right));
  return static_cast<long long>((left < 0) != (right < 0) ? 0 - quotient : quotient);
}
#endif

/** The operator of a reduction, in its flags. */
enum { ADD = 1, MULTIPLY, AND, OR, XOR, LOGICAL_AND, LOGICAL_OR };

template <class Value> void reduce(unsigned flags, Value *to, Value value) {
  const Held held(&currentTask()->team->lock);
  const unsigned operation = (flags >> 8) & 0xf;
  switch (operation) {
    case ADD: *to = static_cast<Value>(*to + value); return;
    case MULTIPLY: *to = static_cast<Value>(*to * value); return;
    case LOGICAL_AND: *to = *to && value; return;
    case LOGICAL_OR: *to = *to || value; return;
  }
  if constexpr (!__is_floating_point(Value)) {
    if (operation == AND) *to = static_cast<Value>(*to & value);
    else if (operation == OR) *to = static_cast<Value>(*to | value);
    else if (operation == XOR) *to = static_cast<Value>(*to ^ value);
  }
}

struct NestedLock { void *lock; unsigned long owner; int count; };
bool isMine(const NestedLock *lock) { return lock->count != 0 && lock->owner == GetCurrentThreadId(); }
int taken(NestedLock *lock) {
  lock->owner = GetCurrentThreadId();
  return ++lock->count;
}

}  // namespace

#define ATOMIC(name, Value, Operand, expression) \
  EXPORT void _vcomp_atomic_##name(Value *at, Operand b) { \
    change(at, [b](Value a) -> Value { return static_cast<Value>(expression); }); \
  }
#define ARITHMETIC(suffix, Value) ATOMIC(add_##suffix, Value, Value, a + b) ATOMIC(sub_##suffix, Value, Value, a - b) ATOMIC(mul_##suffix, Value, Value, a * b)
#define WHOLE(suffix, Value, Unsigned) \
  ARITHMETIC(suffix, Value) ATOMIC(div_##suffix, Value, Value, divided(a, b)) ATOMIC(div_u##suffix, Unsigned, Unsigned, divided(a, b)) \
  ATOMIC(and_##suffix, Value, Value, a & b) ATOMIC(or_##suffix, Value, Value, a | b) ATOMIC(xor_##suffix, Value, Value, a ^ b) \
  ATOMIC(shl_##suffix, Value, unsigned, a << b) ATOMIC(shr_##suffix, Value, unsigned, a >> b) ATOMIC(shr_u##suffix, Unsigned, unsigned, a >> b)
#define REAL(suffix, Value) ARITHMETIC(suffix, Value) ATOMIC(div_##suffix, Value, Value, a / b)
#define REDUCTION(suffix, Value) \
  EXPORT void _vcomp_reduction_##suffix(unsigned flags, Value *to, Value value) { reduce(flags, to, value); }

extern "C" {

WHOLE(i1, signed char, unsigned char)
WHOLE(i2, short, unsigned short)
WHOLE(i4, int, unsigned)
WHOLE(i8, long long, unsigned long long)
REAL(r4, float)
REAL(r8, double)

REDUCTION(i1, signed char)
REDUCTION(u1, unsigned char)
REDUCTION(i2, short)
REDUCTION(u2, unsigned short)
REDUCTION(i4, int)
REDUCTION(u4, unsigned)
REDUCTION(i8, long long)
REDUCTION(u8, unsigned long long)
REDUCTION(r4, float)
REDUCTION(r8, double)

/** A critical section is made by who comes first. */
EXPORT void _vcomp_enter_critsect(void **section) {
  if (*section == nullptr) {
    void *const made = allocate(64);
    InitializeCriticalSection(made);
    if (!__sync_bool_compare_and_swap(section, nullptr, made)) {
      DeleteCriticalSection(made);
      HeapFree(GetProcessHeap(), 0, made);
    }
  }
  EnterCriticalSection(*section);
}
EXPORT void _vcomp_leave_critsect(void *section) { LeaveCriticalSection(section); }

// A lock is a pointer in the program's memory, which serves as the lock itself.
EXPORT void omp_init_lock(void **lock) { *lock = nullptr; }
EXPORT void omp_destroy_lock(void **) {}
EXPORT void omp_set_lock(void **lock) { AcquireSRWLockExclusive(lock); }
EXPORT void omp_unset_lock(void **lock) { ReleaseSRWLockExclusive(lock); }
EXPORT int omp_test_lock(void **lock) { return TryAcquireSRWLockExclusive(lock) != 0; }

EXPORT void omp_init_nest_lock(NestedLock **lock) { *lock = static_cast<NestedLock *>(allocate(sizeof(NestedLock))); }
EXPORT void omp_destroy_nest_lock(NestedLock **lock) { HeapFree(GetProcessHeap(), 0, *lock); }
EXPORT void omp_set_nest_lock(NestedLock **lock) {
  if (!isMine(*lock)) AcquireSRWLockExclusive(&(*lock)->lock);
  taken(*lock);
}
EXPORT void omp_unset_nest_lock(NestedLock **lock) {
  if (--(*lock)->count == 0) ReleaseSRWLockExclusive(&(*lock)->lock);
}
EXPORT int omp_test_nest_lock(NestedLock **lock) {
  return isMine(*lock) || TryAcquireSRWLockExclusive(&(*lock)->lock) != 0 ? taken(*lock) : 0;
}

EXPORT double omp_get_wtick() {
  long long frequency;
  QueryPerformanceFrequency(&frequency);
  return 1 / static_cast<double>(frequency);
}
EXPORT double omp_get_wtime() {
  long long count;
  QueryPerformanceCounter(&count);
  return static_cast<double>(count) * omp_get_wtick();
}
}
extern "C" int _fltused = 1;
