#include <cstdio>
#include "formats.h"
#define P(...) printf(__VA_ARGS__);
extern "C" __global__ void formats() { FORMATS }
extern "C" __global__ void flood(int lines) { for (int i = 0; i < lines; i++) printf("line %d\n", i); }
extern "C" __global__ void count(int *out) { out[threadIdx.x] = printf("%d %s %%\n", threadIdx.x, "text"); }
