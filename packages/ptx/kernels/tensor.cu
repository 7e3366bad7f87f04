// arch: compute_90
// Matrix products of warps: by nvcuda::wmma, and by mma with fragments as the PTX manual lays them out.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>
using namespace nvcuda;

template <int M, int N, int K, typename T, typename S, typename LA, typename LB>
__device__ void product(const T *a, const T *b, S *c, int lda, int ldb, int ldc) {
  wmma::fragment<wmma::matrix_a, M, N, K, T, LA> fa;
  wmma::fragment<wmma::matrix_b, M, N, K, T, LB> fb;
  wmma::fragment<wmma::accumulator, M, N, K, S> fc;
  wmma::load_matrix_sync(fa, a, lda);
  wmma::load_matrix_sync(fb, b, ldb);
  wmma::load_matrix_sync(fc, c, ldc, wmma::mem_row_major);
  for (int i = 0; i < fc.num_elements; i++) fc.x[i] = fc.x[i] + fc.x[i];
  wmma::mma_sync(fc, fa, fb, fc);
  wmma::store_matrix_sync(c, fc, ldc, wmma::mem_row_major);
}
extern "C" __global__ void wmmaHalf(const half *a, const half *b, float *c) { product<16, 16, 16, half, float, wmma::row_major, wmma::col_major>(a, b, c, 16, 16, 16); }
extern "C" __global__ void wmmaHalfSum(const half *a, const half *b, half *c) { product<16, 16, 16, half, half, wmma::col_major, wmma::row_major>(a, b, c, 16, 16, 16); }
extern "C" __global__ void wmmaTall(const half *a, const half *b, float *c) { product<32, 8, 16, half, float, wmma::row_major, wmma::row_major>(a, b, c, 16, 8, 8); }
extern "C" __global__ void wmmaWide(const __nv_bfloat16 *a, const __nv_bfloat16 *b, float *c) { product<8, 32, 16, __nv_bfloat16, float, wmma::row_major, wmma::col_major>(a, b, c, 16, 16, 32); }
extern "C" __global__ void wmmaBytes(const signed char *a, const signed char *b, int *c) { product<16, 16, 16, signed char, int, wmma::row_major, wmma::col_major>(a, b, c, 16, 16, 16); }
extern "C" __global__ void wmmaUnsigned(const unsigned char *a, const unsigned char *b, int *c) { product<32, 8, 16, unsigned char, int, wmma::col_major, wmma::col_major>(a, b, c, 32, 16, 8); }
extern "C" __global__ void wmmaDouble(const double *a, const double *b, double *c) { product<8, 8, 4, double, double, wmma::row_major, wmma::col_major>(a, b, c, 4, 4, 8); }
extern "C" __global__ void wmmaShared(const half *a, const half *b, float *c) {
  __shared__ half s[512];
  for (int i = threadIdx.x; i < 256; i += 32) s[i] = a[i], s[i + 256] = b[i];
  __syncthreads();
  product<16, 16, 16, half, float, wmma::row_major, wmma::col_major>(s, s + 256, c, 16, 16, 16);
}
extern "C" __global__ void wmmaTf32(const float *a, const float *b, float *c) {
  wmma::fragment<wmma::matrix_a, 16, 16, 8, wmma::precision::tf32, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 8, wmma::precision::tf32, wmma::col_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 8, float> fc;
  wmma::load_matrix_sync(fa, a, 8);
  wmma::load_matrix_sync(fb, b, 8);
  wmma::fill_fragment(fc, 1.0f);
  for (int i = 0; i < fa.num_elements; i++) fa.x[i] = wmma::__float_to_tf32(fa.x[i]);
  wmma::mma_sync(fc, fa, fb, fc);
  wmma::store_matrix_sync(c, fc, 16, wmma::mem_col_major);
}

// The manual's names: the group of four lanes, and the lane's number in it.
#define PLACE int g = threadIdx.x / 4, t = threadIdx.x % 4;
__device__ unsigned pair(const unsigned short *p) { return p[0] | p[1] << 16; }
__device__ unsigned four(const unsigned char *p) { return p[0] | p[1] << 8 | p[2] << 16 | p[3] << 24; }

// A is 16 by 16 by rows, B is 16 by 8 by columns, C is 16 by 8 by rows.
extern "C" __global__ void mmaHalf(const unsigned short *a, const unsigned short *b, float *c) {
  PLACE
  unsigned a0 = pair(a + g * 16 + 2 * t), a1 = pair(a + (g + 8) * 16 + 2 * t), a2 = pair(a + g * 16 + 2 * t + 8), a3 = pair(a + (g + 8) * 16 + 2 * t + 8);
  unsigned b0 = pair(b + g * 16 + 2 * t), b1 = pair(b + g * 16 + 2 * t + 8);
  float *c0 = c + g * 8 + 2 * t, *c2 = c + (g + 8) * 8 + 2 * t;
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(c0[0]), "+f"(c0[1]), "+f"(c2[0]), "+f"(c2[1]) : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}
extern "C" __global__ void mmaHalfSum(const unsigned short *a, const unsigned short *b, unsigned *c) {
  PLACE
  unsigned a0 = pair(a + g * 8 + 2 * t), a1 = pair(a + (g + 8) * 8 + 2 * t), b0 = pair(b + g * 8 + 2 * t);
  unsigned *c0 = c + (g * 8 + 2 * t) / 2, *c1 = c + ((g + 8) * 8 + 2 * t) / 2;
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16 {%0,%1}, {%2,%3}, {%4}, {%0,%1};" : "+r"(*c0), "+r"(*c1) : "r"(a0), "r"(a1), "r"(b0));
}
extern "C" __global__ void mmaBf16(const unsigned short *a, const unsigned short *b, float *c) {
  PLACE
  unsigned a0 = pair(a + g * 16 + 2 * t), a1 = pair(a + (g + 8) * 16 + 2 * t), a2 = pair(a + g * 16 + 2 * t + 8), a3 = pair(a + (g + 8) * 16 + 2 * t + 8);
  unsigned b0 = pair(b + g * 16 + 2 * t), b1 = pair(b + g * 16 + 2 * t + 8);
  float *c0 = c + g * 8 + 2 * t, *c2 = c + (g + 8) * 8 + 2 * t;
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(c0[0]), "+f"(c0[1]), "+f"(c2[0]), "+f"(c2[1]) : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}
extern "C" __global__ void mmaTf32(const unsigned *a, const unsigned *b, float *c) {
  PLACE
  unsigned a0 = a[g * 8 + t], a1 = a[(g + 8) * 8 + t], a2 = a[g * 8 + t + 4], a3 = a[(g + 8) * 8 + t + 4], b0 = b[g * 8 + t], b1 = b[g * 8 + t + 4];
  float *c0 = c + g * 8 + 2 * t, *c2 = c + (g + 8) * 8 + 2 * t;
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(c0[0]), "+f"(c0[1]), "+f"(c2[0]), "+f"(c2[1]) : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}
#define BYTES(name, types) extern "C" __global__ void name(const unsigned char *a, const unsigned char *b, int *c) { \
  PLACE \
  unsigned a0 = four(a + g * 32 + 4 * t), a1 = four(a + (g + 8) * 32 + 4 * t), a2 = four(a + g * 32 + 4 * t + 16), a3 = four(a + (g + 8) * 32 + 4 * t + 16); \
  unsigned b0 = four(b + g * 32 + 4 * t), b1 = four(b + g * 32 + 4 * t + 16); \
  int *c0 = c + g * 8 + 2 * t, *c2 = c + (g + 8) * 8 + 2 * t; \
  asm volatile("mma.sync.aligned.m16n8k32.row.col." types " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};" \
               : "+r"(c0[0]), "+r"(c0[1]), "+r"(c2[0]), "+r"(c2[1]) : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1)); }
BYTES(mmaBytes, "s32.s8.u8.s32")
BYTES(mmaSaturated, "satfinite.s32.s8.s8.s32")
extern "C" __global__ void mmaFp8(const unsigned char *a, const unsigned char *b, float *c) {
  PLACE
  unsigned a0 = four(a + g * 32 + 4 * t), a1 = four(a + (g + 8) * 32 + 4 * t), a2 = four(a + g * 32 + 4 * t + 16), a3 = four(a + (g + 8) * 32 + 4 * t + 16);
  unsigned b0 = four(b + g * 32 + 4 * t), b1 = four(b + g * 32 + 4 * t + 16);
  float *c0 = c + g * 8 + 2 * t, *c2 = c + (g + 8) * 8 + 2 * t;
  asm volatile("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e5m2.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(c0[0]), "+f"(c0[1]), "+f"(c2[0]), "+f"(c2[1]) : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}
// Four bits an element, two in a byte, the lower first.
extern "C" __global__ void mmaNibbles(const unsigned char *a, const unsigned char *b, int *c) {
  PLACE
  unsigned a0 = four(a + g * 16 + 4 * t), a1 = four(a + (g + 8) * 16 + 4 * t), b0 = four(b + g * 16 + 4 * t);
  int *c0 = c + g * 8 + 2 * t, *c2 = c + (g + 8) * 8 + 2 * t;
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s4.u4.s32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
               : "+r"(c0[0]), "+r"(c0[1]), "+r"(c2[0]), "+r"(c2[1]) : "r"(a0), "r"(a1), "r"(b0));
}
extern "C" __global__ void mmaBits(const unsigned *a, const unsigned *b, int *c) {
  PLACE
  int *c0 = c + g * 8 + 2 * t;
  asm volatile("mma.sync.aligned.m8n8k128.row.col.s32.b1.b1.s32.xor.popc {%0,%1}, {%2}, {%3}, {%0,%1};" : "+r"(c0[0]), "+r"(c0[1]) : "r"(a[g * 4 + t]), "r"(b[g * 4 + t]));
}
extern "C" __global__ void mmaDouble(const double *a, const double *b, double *c) {
  PLACE
  double *c0 = c + g * 8 + 2 * t;
  asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0,%1}, {%2}, {%3}, {%0,%1};" : "+d"(c0[0]), "+d"(c0[1]) : "d"(a[g * 4 + t]), "d"(b[g * 4 + t]));
}

// Moves: each lane writes what it has got.
extern "C" __global__ void moveMatrices(const unsigned short *in, unsigned *out, unsigned short *back) {
  __shared__ __align__(16) unsigned short s[256], u[256];
  for (int i = threadIdx.x; i < 256; i += 32) s[i] = in[i];
  __syncthreads();
  unsigned address = (unsigned)__cvta_generic_to_shared(s + 8 * threadIdx.x), other = (unsigned)__cvta_generic_to_shared(u + 8 * threadIdx.x);
  unsigned x0, x1, x2, x3, y0, y1, y2, y3, z;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(x0), "=r"(x1), "=r"(x2), "=r"(x3) : "r"(address));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(y0), "=r"(y1), "=r"(y2), "=r"(y3) : "r"(address));
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(z) : "r"(x2));
  unsigned all[9] = {x0, x1, x2, x3, y0, y1, y2, y3, z};
  for (int i = 0; i < 9; i++) out[threadIdx.x * 9 + i] = all[i];
  asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1,%2,%3,%4};" :: "r"(other), "r"(x0), "r"(x1), "r"(x2), "r"(x3));
  __syncthreads();
  for (int i = threadIdx.x; i < 256; i += 32) back[i] = u[i];
  __syncthreads();
  asm volatile("stmatrix.sync.aligned.m8n8.x2.trans.shared.b16 [%0], {%1,%2};" :: "r"(other), "r"(x0), "r"(x1));
  __syncthreads();
  for (int i = threadIdx.x; i < 256; i += 32) back[256 + i] = u[i];
}

// A tiled product of 64 by 64 by 64 halves: wmma out of shared memory, filled by cp.async.
extern "C" __global__ void tensorGemm(const half *a, const half *b, float *c) {
  const int N = 64;
  __shared__ __align__(16) half sa[64 * 16], sb[16 * 64];
  int warp = threadIdx.x / 32;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> fc[4];
  for (int j = 0; j < 4; j++) wmma::fill_fragment(fc[j], 0.0f);
  for (int k = 0; k < N; k += 16) {
    int row = threadIdx.x / 2, col = threadIdx.x % 2 * 8, brow = threadIdx.x / 8, bcol = threadIdx.x % 8 * 8;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" :: "r"((unsigned)__cvta_generic_to_shared(sa + row * 16 + col)), "l"(a + row * N + k + col));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" :: "r"((unsigned)__cvta_generic_to_shared(sb + brow * 64 + bcol)), "l"(b + (k + brow) * N + bcol));
    asm volatile("cp.async.commit_group; cp.async.wait_group 0;");
    __syncthreads();
    wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> fa;
    wmma::load_matrix_sync(fa, sa + warp * 16 * 16, 16);
    for (int j = 0; j < 4; j++) {
      wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> fb;
      wmma::load_matrix_sync(fb, sb + j * 16, 64);
      wmma::mma_sync(fc[j], fa, fb, fc[j]);
    }
    __syncthreads();
  }
  for (int j = 0; j < 4; j++) wmma::store_matrix_sync(c + warp * 16 * N + j * 16, fc[j], N, wmma::mem_row_major);
}
