/* Small programs of many parts, in the manner of the well-known synthetic benchmarks, but our own. */
#include "kernels.h"

/* Records that point at each other, passed by pointer and by value; enumerations; fixed strings; small functions. */
enum color { RED, GREEN, BLUE, WHITE };
struct item { struct item *next; enum color color; int32_t number; char name[32]; };

static struct item first, second;
static int32_t total, table[64];
static char letter;

NOINLINE static enum color next_color(enum color c, int32_t n) {
  switch (c) {
  case RED: return n > 100 ? GREEN : BLUE;
  case GREEN: return n & 1 ? WHITE : RED;
  case BLUE: return WHITE;
  default: return RED;
  }
}
NOINLINE static void add_up(int32_t a, int32_t b, int32_t *result) { *result = a + b + 2; }
NOINLINE static int same_letter(char a, char b) {
  if (a != b) return 0;
  letter = a;
  return 1;
}
NOINLINE static int names_in_order(const char *a, const char *b) {
  int at = 2;
  while (at <= 14 && same_letter(a[at], b[at + 1])) at++;
  for (int i = 0; i < 32; i++)
    if (a[i] != b[i]) return a[i] < b[i];
  return 0;
}
NOINLINE static void fill(int32_t *row, int32_t at, int32_t value) {
  int32_t n = at + 5;
  row[n] = value;
  row[n + 1] = row[n];
  for (int i = n; i <= n + 1; i++) row[i + 16] += n;
  row[n - 1]++;
  total = 5;
}
NOINLINE static void change(struct item *it) {
  struct item *other = it->next;
  *other = *it;
  it->number = 5;
  other->number = it->number + (int32_t)other->color;
  other->next = it;
  add_up(other->number, total, &other->number);
  if (other->color == RED) other->color = next_color(it->color, other->number);
  else *it = *other;
  it->next = &second;
}

uint32_t records(void) {
  memset(table, 0, sizeof table);
  first = (struct item){&second, RED, 40, "SOME RECORD, THE FIRST"};
  second = (struct item){&first, BLUE, 0, "SOME RECORD, THE OTHER"};
  total = 0, letter = 'A';
  uint32_t sum = 0;
  for (int32_t run = 0; run < 100000; run++) {
    int32_t a = 2, b = 3, c = 0;
    if (!names_in_order(first.name, second.name)) a++;
    while (a < b) {
      c = 5 * a - b;
      add_up(a, b, &c);
      a++;
    }
    fill(table, run & 15, c);
    change(&first);
    for (char ch = 'A'; ch <= letter && ch < 'F'; ch++)
      if (same_letter(ch, 'C')) first.color = next_color(first.color, run & 255);
    b = b * a;
    a = b / (c | 1);
    b = 7 * (b - c) - a;
    sum = sum * 31 + (uint32_t)(a + b + c + (int32_t)first.color + second.number);
  }
  return sum + (uint32_t)table[10];
}

/* A list that is searched, reversed and merge-sorted; a product of matrices of short integers; a state machine over text; a checksum over all. */
struct link { struct link *next; int16_t key, index; };

static uint16_t check16(uint16_t value, uint16_t sum) {
  for (int i = 0; i < 16; i++, value >>= 1) sum = (value ^ sum) & 1 ? (uint16_t)(sum >> 1 ^ 0xa001) : sum >> 1;
  return sum;
}

typedef int (*order)(const struct link *, const struct link *);
NOINLINE static int by_value(const struct link *a, const struct link *b) { return a->key - b->key; }
NOINLINE static int by_index(const struct link *a, const struct link *b) { return a->index - b->index; }

NOINLINE static struct link *merge_sort(struct link *list, order compare) {
  for (int size = 1;; size *= 2) {
    struct link *rest = list, *tail = NULL;
    int merges = 0;
    list = NULL;
    while (rest) {
      struct link *p = rest, *q = rest;
      int left = 0, right = size;
      for (; left < size && q; left++) q = q->next;
      merges++;
      while (left > 0 || (right > 0 && q)) {
        struct link *e;
        if (left == 0 || (right > 0 && q && compare(p, q) > 0)) e = q, q = q->next, right--;
        else e = p, p = p->next, left--;
        if (tail) tail->next = e;
        else list = e;
        tail = e;
      }
      rest = q;
    }
    if (tail) tail->next = NULL;
    if (merges <= 1) return list;
  }
}

NOINLINE static uint16_t list_part(uint16_t sum) {
  enum { N = 128 };
  static struct link links[N];
  for (int i = 0; i < N; i++) links[i] = (struct link){i + 1 < N ? &links[i + 1] : NULL, (int16_t)(bytes[i + sum % 64] * 3 & 511), (int16_t)i};
  struct link *list = links;
  for (int16_t wanted = 0; wanted < 40; wanted++) {
    struct link *at = list, *before = NULL;
    while (at && at->key != wanted * 7) at = at->next;
    if (at) sum = check16((uint16_t)at->index, sum);
    for (at = list; at;) {
      struct link *next = at->next;
      at->next = before;
      before = at;
      at = next;
    }
    list = before;
  }
  list = merge_sort(list, by_value);
  for (struct link *at = list; at; at = at->next) sum = check16((uint16_t)at->key, sum);
  list = merge_sort(list, by_index);
  return check16((uint16_t)list->key, sum);
}

NOINLINE static uint16_t matrix_part(uint16_t sum) {
  enum { N = 12 };
  static int16_t a[N][N], b[N][N];
  static int32_t c[N][N];
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) a[i][j] = (int16_t)(i * sum + j), b[i][j] = (int16_t)(i + j * 3);
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      int32_t t = 0;
      for (int k = 0; k < N; k++) t += a[i][k] * b[k][j];
      c[i][j] = t >> 3 & 0xffff;
    }
  for (int i = 0; i < N; i++) sum = check16((uint16_t)c[i][(i * 5) % N], sum);
  return sum;
}

NOINLINE static uint16_t state_part(uint16_t sum) {
  static const char text[] = "5012,1234,-874,+122,35.54400,.1234500,-110.700,+0.64400,5.500e+3,-.123e-2,-87e+832,+0.6e-12,T0.3e-1F,-T.T++Tq,1T3.4e4z,34.0e-T^";
  enum { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, POWER, INVALID, STATES } state = START;
  uint16_t seen[STATES] = {0};
  for (const char *p = text; *p; p++) {
    int is_digit = *p >= '0' && *p <= '9', is_sign = *p == '+' || *p == '-';
    if (*p == ',') {
      seen[state]++;
      state = START;
      continue;
    }
    switch (state) {
    case START: state = is_digit ? INTEGER : is_sign ? SIGN : *p == '.' ? POINT : INVALID; break;
    case SIGN: state = is_digit ? INTEGER : *p == '.' ? POINT : INVALID; break;
    case INTEGER: state = is_digit ? INTEGER : *p == '.' ? FRACTION : INVALID; break;
    case POINT: state = is_digit ? FRACTION : INVALID; break;
    case FRACTION: state = is_digit ? FRACTION : *p == 'e' ? EXPONENT : INVALID; break;
    case EXPONENT: state = is_digit || is_sign ? POWER : INVALID; break;
    case POWER: state = is_digit ? POWER : INVALID; break;
    default: break;
    }
  }
  for (int i = 0; i < STATES; i++) sum = check16(seen[i], sum);
  return sum;
}

uint32_t mixed(void) {
  uint16_t sum = 1;
  for (int i = 0; i < 150; i++) sum = state_part(matrix_part(list_part(sum)));
  return sum;
}
