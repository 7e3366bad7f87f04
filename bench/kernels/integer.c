/* Whole numbers: table look-ups, pointers, bytes, rotations, a hash table, a sort. */
#include "kernels.h"

uint32_t crc(void) {
  static uint32_t table[256];
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
    table[i] = c;
  }
  uint32_t c = ~0u;
  for (size_t i = 0; i < sizeof bytes; i++) c = table[(c ^ bytes[i]) & 255] ^ c >> 8;
  return ~c;
}

struct node { struct node *next; uint32_t value; };

uint32_t list(void) {
  enum { N = 4096 };
  static struct node nodes[N];
  static uint32_t order[N];
  for (uint32_t i = 0; i < N; i++) order[i] = i;
  for (uint32_t i = N - 1; i > 0; i--) {
    uint32_t j = next_random() % (i + 1), t = order[i];
    order[i] = order[j];
    order[j] = t;
  }
  for (uint32_t i = 0; i < N; i++) {
    nodes[order[i]].next = i + 1 < N ? &nodes[order[i + 1]] : NULL;
    nodes[order[i]].value = i * 7;
  }
  uint32_t sum = 0;
  for (int round = 0; round < 150; round++)
    for (struct node *n = &nodes[order[0]]; n; n = n->next) sum = sum * 3 + n->value;
  return sum;
}

uint32_t sieve(void) {
  enum { N = 2000000 };
  static unsigned char composite[N];
  memset(composite, 0, N);
  uint32_t count = 0;
  for (uint32_t i = 2; i < N; i++) {
    if (composite[i]) continue;
    count++;
    for (uint64_t j = (uint64_t)i * i; j < N; j += i) composite[j] = 1;
  }
  return count;
}

enum { PUSH, ADD, MUL, XOR, SHIFT, DUP, SWAP, DROP, LOOP, END };

uint32_t interpreter(void) {
  static const unsigned char program[] = {PUSH, 3, ADD, DUP, PUSH, 5, SHIFT, XOR, PUSH, 7, MUL, PUSH, 9, SWAP, DUP, DROP, SWAP, DROP, LOOP, END};
  uint32_t stack[32], count = 100000;
  int sp = 0, pc = 0;
  stack[sp++] = 1;
  for (;;) {
    switch (program[pc++]) {
    case PUSH: stack[sp++] = program[pc++]; break;
    case ADD: sp--; stack[sp - 1] += stack[sp]; break;
    case MUL: sp--; stack[sp - 1] *= stack[sp]; break;
    case XOR: sp--; stack[sp - 1] ^= stack[sp]; break;
    case SHIFT: sp--; stack[sp - 1] >>= stack[sp]; break;
    case DUP: stack[sp] = stack[sp - 1]; sp++; break;
    case SWAP: { uint32_t t = stack[sp - 1]; stack[sp - 1] = stack[sp - 2]; stack[sp - 2] = t; break; }
    case DROP: sp--; break;
    case LOOP: if (--count) pc = 0; break;
    case END: return stack[0];
    }
  }
}

NOINLINE static void sha_block(uint32_t h[8], const unsigned char *p) {
  static const uint32_t K[8] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5};
#define ROR(x, n) ((x) >> (n) | (x) << (32 - (n)))
  uint32_t w[64];
  for (int i = 0; i < 16; i++) w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (ROR(a, 7) ^ ROR(a, 18) ^ a >> 3) + w[i - 7] + (ROR(b, 17) ^ ROR(b, 19) ^ b >> 10);
  }
  uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], k = h[7];
  for (int i = 0; i < 64; i++) {
    uint32_t t1 = k + (ROR(e, 6) ^ ROR(e, 11) ^ ROR(e, 25)) + ((e & f) ^ (~e & g)) + K[i & 7] * (i | 1) + w[i];
    uint32_t t2 = (ROR(a, 2) ^ ROR(a, 13) ^ ROR(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    k = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e, h[5] += f, h[6] += g, h[7] += k;
}

uint32_t sha256(void) {
  uint32_t h[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (size_t i = 0; i + 64 <= sizeof bytes / 4; i += 64) sha_block(h, bytes + (i & (sizeof bytes - 1)));
  return h[0] ^ h[7];
}

static int compare(uint32_t a, uint32_t b) { return (a > b) - (a < b); }

NOINLINE static void sort_range(uint32_t *v, int low, int high) {
  while (low < high) {
    uint32_t pivot = v[(low + high) / 2];
    int i = low, j = high;
    while (i <= j) {
      while (compare(v[i], pivot) < 0) i++;
      while (compare(v[j], pivot) > 0) j--;
      if (i <= j) {
        uint32_t t = v[i];
        v[i++] = v[j];
        v[j--] = t;
      }
    }
    if (j - low < high - i) {
      sort_range(v, low, j);
      low = i;
    } else {
      sort_range(v, i, high);
      high = j;
    }
  }
}

uint32_t sort(void) {
  enum { N = 20000 };
  static uint32_t values[N];
  for (int i = 0; i < N; i++) values[i] = next_random();
  sort_range(values, 0, N - 1);
  uint32_t sum = 0;
  for (int i = 0; i < N; i++) sum = sum * 31 + values[i];
  return sum;
}

struct entry { uint32_t key, count; };

/* Open addressing with linear probing: words of three to six letters are counted. */
uint32_t hash(void) {
  enum { SIZE = 1 << 15 };
  static struct entry table[SIZE];
  memset(table, 0, sizeof table);
  uint32_t probes = 0;
  for (int i = 0; i < 300000; i++) {
    const unsigned char *word = bytes + (next_random() >> 20);
    uint32_t key = 2166136261u;
    for (int k = 0; k < 3 + (i & 3); k++) key = (key ^ word[k]) * 16777619u;
    uint32_t at = key >> 17;
    while (table[at].count && table[at].key != key) at = (at + 1) & (SIZE - 1), probes++;
    table[at].key = key;
    table[at].count++;
  }
  uint32_t sum = probes;
  for (int i = 0; i < SIZE; i++) sum = sum * 31 + table[i].count;
  return sum;
}
