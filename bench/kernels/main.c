/*
 * The guest-speed kernels, one source for both sides: mingw builds the Windows program, gcc the native one, with the same flags.
 * `kernels name [milliseconds]` runs one kernel again and again for at least so long (400), three times or more, and prints: name checksum
 * best-milliseconds. A run takes about a millisecond, so that some run has the processor for itself on a busy machine.
 */
#include "kernels.h"
#include <stdio.h>
#include <stdlib.h>
#ifdef _WIN32
#include <windows.h>
static double now(void) {
  LARGE_INTEGER count, frequency;
  QueryPerformanceCounter(&count);
  QueryPerformanceFrequency(&frequency);
  return (double)count.QuadPart * 1e3 / (double)frequency.QuadPart;
}
#else
#include <time.h>
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}
#endif

uint32_t seed;
unsigned char bytes[1 << 20];

#define ENTRY(name) {#name, name},
static const struct { const char *name; uint32_t (*run)(void); } kernels[] = {KERNELS(ENTRY)};

int main(int argc, char **argv) {
  const double least = argc > 2 ? atof(argv[2]) : 400;
  seed = 1;
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(next_random() >> 24);
  for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
    if (argc > 1 && strcmp(argv[1], kernels[k].name) != 0) continue;
    double best = 1e9, start = now();
    uint32_t check = 0;
    int rounds = 0;
    do {
      seed = 1;
      double before = now();
      check = kernels[k].run();
      double took = now() - before;
      if (took < best) best = took;
      rounds++;
    } while (rounds < 3 || now() - start < least);
    printf("%s %08x %.4f\n", kernels[k].name, (unsigned)check, best);
    fflush(stdout);
  }
  return 0;
}
