/* What the kernels share: a random number generator that main starts anew for each run, and a mebibyte of its bytes. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

extern uint32_t seed;
static inline uint32_t next_random(void) { return seed = seed * 1664525u + 1013904223u; }

extern unsigned char bytes[1 << 20];

#define KERNELS(X) \
  X(crc) X(list) X(sieve) X(interpreter) X(sha256) X(sort) X(hash) \
  X(matrix) X(nbody) X(mandelbrot) X(fft) \
  X(blend) X(transform4) X(hex) \
  X(indirect) X(fib) X(callback) X(tree) \
  X(copy) X(strings) X(split) \
  X(records) X(mixed)

#define DECLARE(name) uint32_t name(void);
KERNELS(DECLARE)
