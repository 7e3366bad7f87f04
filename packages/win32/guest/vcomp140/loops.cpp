// Loops whose iterations a team shares. Compilers say where they begin and end, both included, and what lies between two iterations, whichever way they go.
#include "team.h"

namespace {

/** Of 64 bits, for which 32-bit compilers call a library. */
unsigned long long divide(unsigned long long number, unsigned long long by) {
#ifdef _WIN64
  return number / by;
#else
  if (((number | by) >> 32) == 0) return static_cast<unsigned>(number) / static_cast<unsigned>(by);
  unsigned long long quotient = 0, rest = 0;
  for (int bit = 63; bit >= 0; bit--) {
    rest = (rest << 1) | ((number >> bit) & 1);
    if (rest >= by) rest -= by, quotient |= 1ull << bit;
  }
  return quotient;
#endif
}

unsigned long long moved(unsigned long long from, unsigned long long iterations, unsigned long long step, bool isUp) {
  return isUp ? from + iterations * step : from - iterations * step;
}

/** Integers of a loop, signed as it compares them. */
template <class Value> struct Range { Value first, last; unsigned long long step; bool isUp; };

template <class Value> unsigned long long iterationsOf(const Range<Value> &range) {
  if (range.step == 0 || (range.isUp ? range.first > range.last : range.first < range.last)) return 0;
  const unsigned long long first = range.first, last = range.last;
  return divide(range.isUp ? last - first : first - last, range.step) + 1;
}

/** The part of a loop that is the calling thread's when each has one. One that gets none has a part that ends before it begins. */
template <class Value> bool takeShare(const Range<Value> &range, Value *first, Value *last) {
  const Task *const task = currentTask();
  const unsigned long long count = iterationsOf(range), size = task->team->size, number = task->number;
  const unsigned long long each = divide(count, size), more = count - each * size;
  const unsigned long long own = each + (number < more ? 1 : 0), before = each * number + (number < more ? number : more);
  const unsigned long long begin = own == 0 ? range.first : moved(range.first, before, range.step, range.isUp);
  *first = static_cast<Value>(begin);
  *last = static_cast<Value>(moved(begin, own - 1, range.step, range.isUp));
  return own != 0;
}

/** A loop in pieces of a chunk, the first to the first thread, and so on, again and again. Where it goes is seen from its ends. */
template <class Value> void deal(Value first, Value last, Value step, Value chunk, unsigned *loops, Value *begin, Value *end, Value *next, Value *lastChunk) {
  const Task *const task = currentTask();
  if (chunk < 1) chunk = 1;
  const bool isUp = first <= last;
  const unsigned long long count = step > 0 ? iterationsOf(Range<Value>{first, last, static_cast<unsigned long long>(step), isUp}) : 0;
  const unsigned long long size = task->team->size, number = task->number, pieces = count == 0 ? 0 : divide(count - 1, chunk) + 1;
  const unsigned long long each = divide(pieces, size);
  *loops = static_cast<unsigned>(each + (number < pieces - each * size ? 1 : 0));
  if (*loops == 0) return;
  const unsigned long long length = step;
  *begin = static_cast<Value>(moved(first, number * chunk, length, isUp));
  *end = static_cast<Value>(moved(*begin, chunk - 1, length, isUp));
  *next = static_cast<Value>(moved(0, size * chunk, length, isUp));
  *lastChunk = static_cast<Value>(moved(first, (pieces - 1) * chunk, length, isUp));
}

/** Kinds of loops in the flags, and which way they go. */
enum { STATIC = 1, GUIDED = 3, KIND = 3, UP = 0x40 };

template <class Value> void startLoop(unsigned flags, Value first, Value last, unsigned long long step, unsigned long long chunk) {
  Task *const task = currentTask();
  Team *const team = task->team;
  const Range<Value> range{first, last, step, (flags & UP) != 0};
  task->loops++;
  if ((flags & KIND) == STATIC) {
    Value pieceFirst, pieceLast;
    task->hasPiece = takeShare(range, &pieceFirst, &pieceLast);
    task->pieceFirst = pieceFirst;
    task->pieceLast = pieceLast;
    return;
  }
  const Held held(&team->lock);
  if (static_cast<int>(task->loops - team->loops) <= 0) return;
  team->loops = task->loops;
  team->loop = {static_cast<unsigned long long>(first), static_cast<unsigned long long>(last), step, iterationsOf(range), 0, chunk < 1 ? 1 : chunk,
                range.isUp, (flags & KIND) == GUIDED};
}

template <class Value> int nextPiece(Value *first, Value *last) {
  Task *const task = currentTask();
  if (task->hasPiece) {
    task->hasPiece = false;
    *first = static_cast<Value>(task->pieceFirst);
    *last = static_cast<Value>(task->pieceLast);
    return 1;
  }
  Team *const team = task->team;
  const Held held(&team->lock);
  Loop &loop = team->loop;
  const unsigned long long left = loop.count - loop.given;
  if (team->loops != task->loops || left == 0) return 0;
  unsigned long long size = loop.isGuided ? divide(left + team->size - 1, team->size) : 0;
  if (size < loop.chunk) size = loop.chunk;
  if (size > left) size = left;
  const unsigned long long begin = moved(loop.first, loop.given, loop.step, loop.isUp);
  *first = static_cast<Value>(begin);
  *last = static_cast<Value>(size == left ? loop.last : moved(begin, size - 1, loop.step, loop.isUp));
  loop.given += size;
  return 1;
}

}  // namespace

extern "C" {

EXPORT void _vcomp_for_static_simple_init(unsigned first, unsigned last, int step, int isUp, unsigned *begin, unsigned *end) {
  takeShare(Range<int>{static_cast<int>(first), static_cast<int>(last), static_cast<unsigned>(step), isUp != 0}, reinterpret_cast<int *>(begin), reinterpret_cast<int *>(end));
}
EXPORT void _vcomp_for_static_simple_init_i8(unsigned long long first, unsigned long long last, long long step, int isUp, unsigned long long *begin,
                                             unsigned long long *end) {
  takeShare(Range<long long>{static_cast<long long>(first), static_cast<long long>(last), static_cast<unsigned long long>(step), isUp != 0},
            reinterpret_cast<long long *>(begin), reinterpret_cast<long long *>(end));
}
EXPORT void _vcomp_for_static_init(int first, int last, int step, int chunk, unsigned *loops, int *begin, int *end, int *next, int *lastChunk) {
  deal(first, last, step, chunk, loops, begin, end, next, lastChunk);
}
EXPORT void _vcomp_for_static_init_i8(long long first, long long last, long long step, long long chunk, unsigned *loops, long long *begin, long long *end,
                                      long long *next, long long *lastChunk) {
  deal(first, last, step, chunk, loops, begin, end, next, lastChunk);
}
EXPORT void _vcomp_for_static_end() {}
EXPORT void _vcomp_for_dynamic_init(unsigned flags, unsigned first, unsigned last, int step, unsigned chunk) {
  startLoop(flags, static_cast<int>(first), static_cast<int>(last), static_cast<unsigned>(step), chunk);
}
EXPORT void _vcomp_for_dynamic_init_i8(unsigned flags, unsigned long long first, unsigned long long last, long long step, unsigned long long chunk) {
  startLoop(flags, static_cast<long long>(first), static_cast<long long>(last), static_cast<unsigned long long>(step), chunk);
}
EXPORT int _vcomp_for_dynamic_next(unsigned *first, unsigned *last) { return nextPiece(first, last); }
EXPORT int _vcomp_for_dynamic_next_i8(unsigned long long *first, unsigned long long *last) { return nextPiece(first, last); }
}
