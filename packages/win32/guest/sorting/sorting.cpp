// qsort and its kin, as the C runtimes have them: here no comparison leaves the guest's code.
using size_t = decltype(sizeof 0);
using Byte = unsigned char;

namespace {

using Compare = int(__cdecl *)(const void *, const void *);
using CompareWith = int(__cdecl *)(void *, const void *, const void *);

struct Plain {
  Compare compare;
  int operator()(const void *a, const void *b) const { return compare(a, b); }
};

struct With {
  CompareWith compare;
  void *context;
  int operator()(const void *a, const void *b) const { return compare(context, a, b); }
};

/** The largest number of elements that are not worth partitioning. */
constexpr size_t SHORT = 8;

template <class Word> void swapAs(Byte *&a, Byte *&b, size_t &width) {
  for (; width >= sizeof(Word); width -= sizeof(Word), a += sizeof(Word), b += sizeof(Word)) {
    const Word first = *reinterpret_cast<Word *>(a);
    *reinterpret_cast<Word *>(a) = *reinterpret_cast<Word *>(b);
    *reinterpret_cast<Word *>(b) = first;
  }
}

void swap(Byte *a, Byte *b, size_t width) {
  if (a == b) return;
  swapAs<size_t>(a, b, width);
  swapAs<unsigned>(a, b, width);
  swapAs<Byte>(a, b, width);
}

/** The largest goes to the end each time. */
template <class Order> void sortShort(Byte *low, Byte *high, size_t width, Order order) {
  for (Byte *end = high; end > low; end -= width) {
    Byte *largest = low;
    for (Byte *at = low + width; at <= end; at += width)
      if (order(at, largest) > 0) largest = at;
    swap(largest, end, width);
  }
}

struct Parts {
  Byte *left, *right;
};

/** Brings what is not greater than the middle element to its left: the last element of the left part, and the first of the right one. */
template <class Order> Parts partition(Byte *low, Byte *high, size_t width, Order order) {
  Byte *middle = low + (static_cast<size_t>(high - low) / width + 1) / 2 * width;
  if (order(low, middle) > 0) swap(low, middle, width);
  if (order(low, high) > 0) swap(low, high, width);
  if (order(middle, high) > 0) swap(middle, high, width);
  Byte *right = low, *left = high;
  for (;;) {
    if (middle > right) {
      do right += width;
      while (right < middle && order(right, middle) <= 0);
    }
    if (middle <= right) {
      do right += width;
      while (right < left && order(right, middle) <= 0);
    }
    do left -= width;
    while (left > middle && order(left, middle) > 0);
    if (left < right) break;
    swap(right, left, width);
    if (middle == left) middle = right;
  }
  // Elements like the middle one, beside it, are where they belong.
  left += width;
  if (middle < left) {
    do left -= width;
    while (left > middle && order(left, middle) == 0);
  }
  if (middle >= left) {
    do left -= width;
    while (left > low && order(left, middle) == 0);
  }
  return {left, right};
}

/**
 * Sorts in the order in which Windows does: programs can see in which order they are asked, and how elements that compare alike end up. Quicksort about the
 * middle of three, the larger part later.
 */
template <class Order> void sort(Byte *base, size_t number, size_t width, Order order) {
  if (number < 2 || width == 0) return;
  struct {
    Byte *low, *high;
  } later[8 * sizeof(size_t)];
  size_t count = 0;
  Byte *low = base, *high = base + (number - 1) * width;
  for (;;) {
    while (low < high) {
      if (static_cast<size_t>(high - low) / width < SHORT) {
        sortShort(low, high, width, order);
        break;
      }
      const Parts parts = partition(low, high, width, order);
      if (parts.left - low >= high - parts.right) {
        if (low < parts.left) later[count++] = {low, parts.left};
        low = parts.right;
      } else {
        if (parts.right < high) later[count++] = {parts.right, high};
        high = parts.left;
      }
    }
    if (count == 0) return;
    count--;
    low = later[count].low;
    high = later[count].high;
  }
}

/** Looks at the middle of what is left, the lower one of an even number, as Windows does. */
template <class Order> const void *search(const void *key, const Byte *base, size_t number, size_t width, Order order) {
  size_t first = 0;
  for (size_t count = number; count > 0;) {
    const size_t half = count / 2;
    if (half == 0) return order(key, base + first * width) == 0 ? base + first * width : nullptr;
    const size_t middle = count & 1 ? half : half - 1;
    const Byte *at = base + (first + middle) * width;
    const int sign = order(key, at);
    if (sign == 0) return at;
    if (sign > 0) first += middle + 1;
    count = sign < 0 ? middle : half;
  }
  return nullptr;
}

template <class Order> const void *find(const void *key, const Byte *base, const unsigned *number, unsigned width, Order order) {
  for (unsigned i = 0; i < *number; i++, base += width)
    if (order(key, base) == 0) return base;
  return nullptr;
}

/** What is not there is added at the end. */
template <class Order> const void *findOrAdd(const void *key, Byte *base, unsigned *number, unsigned width, Order order) {
  if (const void *found = find(key, base, number, width, order)) return found;
  Byte *end = base + static_cast<size_t>(width) * *number;
  for (unsigned i = 0; i < width; i++) end[i] = static_cast<const Byte *>(key)[i];
  ++*number;
  return end;
}

} // namespace

extern "C" {

int __stdcall start(void *, unsigned long, void *) { return 1; }

__declspec(dllexport) void __cdecl qsort(Byte *base, size_t number, size_t width, Compare compare) { sort(base, number, width, Plain{compare}); }

__declspec(dllexport) void __cdecl qsort_s(Byte *base, size_t number, size_t width, CompareWith compare, void *context) {
  sort(base, number, width, With{compare, context});
}

__declspec(dllexport) const void *__cdecl bsearch(const void *key, const Byte *base, size_t number, size_t width, Compare compare) {
  return search(key, base, number, width, Plain{compare});
}

__declspec(dllexport) const void *__cdecl bsearch_s(const void *key, const Byte *base, size_t number, size_t width, CompareWith compare, void *context) {
  return search(key, base, number, width, With{compare, context});
}

__declspec(dllexport) const void *__cdecl _lfind(const void *key, const Byte *base, unsigned *number, unsigned width, Compare compare) {
  return find(key, base, number, width, Plain{compare});
}

__declspec(dllexport) const void *__cdecl _lfind_s(const void *key, const Byte *base, unsigned *number, size_t width, CompareWith compare, void *context) {
  return find(key, base, number, static_cast<unsigned>(width), With{compare, context});
}

__declspec(dllexport) const void *__cdecl _lsearch(const void *key, Byte *base, unsigned *number, unsigned width, Compare compare) {
  return findOrAdd(key, base, number, width, Plain{compare});
}

__declspec(dllexport) const void *__cdecl _lsearch_s(const void *key, Byte *base, unsigned *number, size_t width, CompareWith compare, void *context) {
  return findOrAdd(key, base, number, static_cast<unsigned>(width), With{compare, context});
}
}
