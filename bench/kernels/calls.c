/* Calls: direct, recursive, through pointers, and back from a callee. */
#include "kernels.h"

typedef uint32_t (*operation)(uint32_t, uint32_t);
NOINLINE static uint32_t op_add(uint32_t a, uint32_t b) { return a + b; }
NOINLINE static uint32_t op_xor(uint32_t a, uint32_t b) { return a ^ b; }
NOINLINE static uint32_t op_mul(uint32_t a, uint32_t b) { return a * (b | 1); }
NOINLINE static uint32_t op_rot(uint32_t a, uint32_t b) { return a << 7 | a >> 25 | (b & 1); }
static operation const operations[4] = {op_add, op_xor, op_mul, op_rot};

uint32_t indirect(void) {
  uint32_t value = 1;
  for (uint32_t i = 0; i < 500000; i++) value = operations[(i ^ i >> 3) & 3](value, i);
  return value;
}

NOINLINE static uint32_t fib_of(uint32_t n) { return n < 2 ? n : fib_of(n - 1) + fib_of(n - 2); }
uint32_t fib(void) { return fib_of(29); }

typedef int (*comparison)(const void *, const void *);

static void swap_bytes(char *a, char *b, size_t size) {
  for (; size >= 4; size -= 4, a += 4, b += 4) {
    uint32_t t;
    memcpy(&t, a, 4), memcpy(a, b, 4), memcpy(b, &t, 4);
  }
}

/* As a library's qsort: elements of any size, and a comparison that is called back. */
NOINLINE static void sort_any(char *v, size_t count, size_t size, comparison compare) {
  while (count > 1) {
    char *last = v + (count - 1) * size;
    swap_bytes(v + count / 2 * size, last, size);
    size_t store = 0;
    for (size_t i = 0; i + 1 < count; i++)
      if (compare(v + i * size, last) < 0) swap_bytes(v + i * size, v + store++ * size, size);
    swap_bytes(v + store * size, last, size);
    size_t right = count - store - 1;
    if (store < right) {
      sort_any(v, store, size, compare);
      v += (store + 1) * size, count = right;
    } else {
      sort_any(v + (store + 1) * size, right, size, compare);
      count = store;
    }
  }
}

struct record { uint32_t key, number; };
NOINLINE static int by_key(const void *a, const void *b) {
  const struct record *x = a, *y = b;
  if (x->key != y->key) return x->key < y->key ? -1 : 1;
  return x->number < y->number ? -1 : x->number > y->number;
}
static const comparison comparisons[2] = {by_key, by_key};

uint32_t callback(void) {
  enum { N = 15000 };
  static struct record records[N];
  for (uint32_t i = 0; i < N; i++) records[i] = (struct record){next_random() >> 16, i};
  sort_any((char *)records, N, sizeof *records, comparisons[bytes[0] & 1]);
  uint32_t sum = 0;
  for (int i = 0; i < N; i++) sum = sum * 31 + records[i].number;
  return sum;
}

/* A tree of expressions, evaluated by walking it: what interpreters of scripts do. */
struct expression { enum { NUMBER, VARIABLE, PLUS, TIMES, LESS, IF } kind; int32_t value; struct expression *part[3]; };

NOINLINE static int32_t evaluate(const struct expression *e, const int32_t *variables) {
  switch (e->kind) {
  case NUMBER: return e->value;
  case VARIABLE: return variables[e->value];
  case PLUS: return (int32_t)((uint32_t)evaluate(e->part[0], variables) + (uint32_t)evaluate(e->part[1], variables));
  case TIMES: return (int32_t)((uint32_t)evaluate(e->part[0], variables) * (uint32_t)evaluate(e->part[1], variables));
  case LESS: return evaluate(e->part[0], variables) < evaluate(e->part[1], variables);
  case IF: return evaluate(e->part[0], variables) ? evaluate(e->part[1], variables) : evaluate(e->part[2], variables);
  }
  return 0;
}

static struct expression nodes[4096];
static int node_count;

static struct expression *grow(int depth) {
  struct expression *e = &nodes[node_count++];
  uint32_t random = next_random() >> 16;
  if (depth == 0) {
    e->kind = random & 1 ? NUMBER : VARIABLE;
    e->value = (int32_t)(random >> 1 & 3);
    return e;
  }
  e->kind = PLUS + (random & 3);
  for (int i = 0; i < (e->kind == IF ? 3 : 2); i++) e->part[i] = grow(depth - 1);
  return e;
}

uint32_t tree(void) {
  node_count = 0;
  struct expression *root = grow(7);
  int32_t variables[4] = {1, 2, 3, 4};
  uint32_t sum = 0;
  for (int i = 0; i < 4000; i++) {
    variables[i & 3] = i;
    sum = sum * 31 + (uint32_t)evaluate(root, variables);
  }
  return sum;
}
