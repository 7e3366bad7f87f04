#include <cstdio>
#include <cassert>
__device__ __noinline__ int add3(int a, short b, char c) { return a + b * 3 - c; }
struct Big { int a[5]; double d; char c; };
__device__ __noinline__ Big mix(Big x, int k) { Big r = x; r.a[k & 3] += k; r.d *= 2; r.c++; return r; }
__device__ __noinline__ unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
__device__ int isOdd(int n);
__device__ __noinline__ int isEven(int n) { return n == 0 ? 1 : isOdd(n - 1); }
__device__ __noinline__ int isOdd(int n) { return n == 0 ? 0 : isEven(n - 1); }
typedef float (*Op)(float, float);
__device__ float plus(float a, float b) { return a + b; }
__device__ float times(float a, float b) { return a * b; }
__device__ float minus(float a, float b) { return a - b; }
__device__ Op table[3] = {plus, times, minus};
struct Shape { __device__ virtual float area() const = 0; };
struct Square : Shape { float s; __device__ Square(float s) : s(s) {} __device__ float area() const override { return s * s; } };
struct Circle : Shape { float r; __device__ Circle(float r) : r(r) {} __device__ float area() const override { return 3 * r * r; } };
extern "C" __global__ void simple(int *out) { out[threadIdx.x] = add3(threadIdx.x, (short)(threadIdx.x - 5), (char)(threadIdx.x * 9)); }
extern "C" __global__ void structs(Big *out, const Big *in) { out[threadIdx.x] = mix(in[threadIdx.x], threadIdx.x); }
extern "C" __global__ void fibs(unsigned *out) { out[threadIdx.x] = fib(threadIdx.x % 12); }
extern "C" __global__ void parity(int *out) { out[threadIdx.x] = isEven(threadIdx.x) * 2 + isOdd(threadIdx.x); }
extern "C" __global__ void indirect(float *out, const float *in, int n) { int i = threadIdx.x; float v = in[i]; for (int k = 0; k < n; k++) v = table[(i + k) % 3](v, in[(i + k) % 32]); out[i] = v; }
extern "C" __global__ void shapes(float *out) { Square s(threadIdx.x); Circle c(threadIdx.x + 1); Shape *p = threadIdx.x & 1 ? (Shape *)&s : (Shape *)&c; out[threadIdx.x] = p->area(); }
extern "C" __global__ void print(int n) { if (threadIdx.x < n) printf("thread %d of %s: %5.2f %c %llx\n", threadIdx.x, "block", threadIdx.x * 0.5, 'a' + threadIdx.x, 123456789012345ull); }
extern "C" __global__ void check(int n) { assert(threadIdx.x < n); }
extern "C" __global__ void heap(int *out) { int *p = (int *)malloc(16); for (int i = 0; i < 4; i++) p[i] = threadIdx.x * i; int s = 0; for (int i = 0; i < 4; i++) s += p[i]; out[threadIdx.x] = s; free(p); }
__device__ __noinline__ int blockSum(int v) { __shared__ int s[64]; s[threadIdx.x] = v; __syncthreads(); int r = 0; for (int i = 0; i < 64; i++) r += s[i]; __syncthreads(); return r; }
extern "C" __global__ void barrierCall(int *out) { int a = blockSum(threadIdx.x); int b = blockSum(threadIdx.x * 2); out[threadIdx.x] = a * 1000 + b; }
extern "C" __global__ void switches(int *out, const int *in) { int i = threadIdx.x; int v = in[i]; switch (v) { case 0: v = 3 * i; break; case 1: v = i * i; break; case 2: out[i] = 5; return; case 3: v ^= i << 3; break; case 4: v = __popc(i); break; case 5: v -= 77; break; case 6: v = i / 7; break; case 7: v = i % 5; break; case 8: v += out[i]; break; case 9: v = -i; break; default: v = 1000; } out[i] = v; }
__device__ __noinline__ int gather(int n, int k) { int *a = (int *)alloca(n * sizeof(int)); for (int i = 0; i < n; i++) a[i] = i * k; int s = 0; for (int i = n - 1; i >= 0; i--) s = s * 3 + a[i]; return s; }
extern "C" __global__ void allocas(int *out, int times) { int s = 0; for (int i = 0; i < times; i++) s += gather(threadIdx.x, i); int *b = (int *)alloca((threadIdx.x + 1) * sizeof(int)); for (int i = 0; i <= threadIdx.x; i++) b[i] = s - i; out[threadIdx.x] = b[threadIdx.x] ^ b[0]; }
