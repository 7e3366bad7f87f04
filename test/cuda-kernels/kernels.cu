// Kernels as programs have them, beside those of bench/kernels/cuda. plain.c has each of them as a plain C loop.
#include <cuda_fp16.h>
#include <mma.h>
using namespace nvcuda;
typedef unsigned int u32;
#define KERNEL extern "C" __global__ void

KERNEL vectorAdd(const float *a, const float *b, float *c, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) c[i] = a[i] + b[i];
}

// One atomic for each warp, by shuffles before it.
KERNEL reduceAtomic(const int *in, int *out, int n) {
  int sum = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) sum += in[i];
  for (int d = 16; d > 0; d /= 2) sum += __shfl_down_sync(~0u, sum, d);
  if (threadIdx.x % 32 == 0) atomicAdd(out, sum);
}

// Bytes, four of a row at a time: A by rows, B by columns.
KERNEL dp4aGemm(const int *a, const int *b, int *c, int n) {
  __shared__ int sa[16][17], sb[16][17];
  int x = blockIdx.x * 16 + threadIdx.x, y = blockIdx.y * 16 + threadIdx.y, words = n / 4, sum = 0;
  for (int k = 0; k < words; k += 16) {
    sa[threadIdx.y][threadIdx.x] = a[y * words + k + threadIdx.x];
    sb[threadIdx.y][threadIdx.x] = b[(blockIdx.x * 16 + threadIdx.y) * words + k + threadIdx.x];
    __syncthreads();
    for (int i = 0; i < 16; i++) sum = __dp4a(sa[threadIdx.y][i], sb[threadIdx.x][i], sum);
    __syncthreads();
  }
  c[y * n + x] = sum;
}

// A block sorts 1024 keys by four bits at a time: ranks by votes within warps, and sums over warps.
KERNEL radixSort(u32 *keys) {
  __shared__ u32 buffer[1024];
  __shared__ u32 counts[16][8];
  u32 *block = keys + blockIdx.x * 1024, key[4], rank[4];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  for (int i = 0; i < 4; i++) key[i] = block[warp * 128 + i * 32 + lane];
  for (int shift = 0; shift < 32; shift += 4) {
    if (threadIdx.x < 128) counts[threadIdx.x / 8][threadIdx.x % 8] = 0;
    __syncthreads();
    for (int i = 0; i < 4; i++) {
      u32 digit = key[i] >> shift & 15, same = ~0u;
      for (int bit = 0; bit < 4; bit++) {
        u32 votes = __ballot_sync(~0u, digit >> bit & 1);
        same &= digit >> bit & 1 ? votes : ~votes;
      }
      rank[i] = counts[digit][warp] + __popc(same & ((1u << lane) - 1));
      __syncwarp();
      if ((same & ((1u << lane) - 1)) == 0) counts[digit][warp] += __popc(same);
      __syncwarp();
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      u32 sum = 0;
      for (int digit = 0; digit < 16; digit++)
        for (int w = 0; w < 8; w++) {
          u32 count = counts[digit][w];
          counts[digit][w] = sum;
          sum += count;
        }
    }
    __syncthreads();
    for (int i = 0; i < 4; i++) buffer[counts[key[i] >> shift & 15][warp] + rank[i]] = key[i];
    __syncthreads();
    for (int i = 0; i < 4; i++) key[i] = buffer[warp * 128 + i * 32 + lane];
    __syncthreads();
  }
  for (int i = 0; i < 4; i++) block[warp * 128 + i * 32 + lane] = key[i];
}

// 256 points a block, by Stockham's radix 2.
KERNEL fft(const float2 *in, float2 *out) {
  __shared__ float2 s[2][256];
  int t = threadIdx.x, from = 0;
  s[0][t] = in[blockIdx.x * 256 + t];
  s[0][t + 128] = in[blockIdx.x * 256 + t + 128];
  __syncthreads();
  for (int half = 1; half < 256; half *= 2) {
    int k = t % half;
    float angle = -3.14159265358979f * k / half, c, d;
    sincosf(angle, &d, &c);
    float2 a = s[from][t], b = s[from][t + 128], w = make_float2(b.x * c - b.y * d, b.x * d + b.y * c);
    int place = (t / half) * half * 2 + k;
    s[1 - from][place] = make_float2(a.x + w.x, a.y + w.y);
    s[1 - from][place + half] = make_float2(a.x - w.x, a.y - w.y);
    from = 1 - from;
    __syncthreads();
  }
  out[blockIdx.x * 256 + t] = s[from][t];
  out[blockIdx.x * 256 + t + 128] = s[from][t + 128];
}

__constant__ u32 md5K[64] = {
  0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
  0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
  0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
  0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
__constant__ int md5R[16] = {7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21};

// Looks for the word of five small letters that has a digest.
KERNEL md5Search(const u32 *digest, u32 *found, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  u32 m[16] = {0}, rest = i;
  for (int at = 0; at < 5; at++, rest /= 26) m[at / 4] |= (97 + rest % 26) << at % 4 * 8;
  m[1] |= 0x8000;
  m[14] = 40;
  u32 a = 0x67452301, b = 0xefcdab89, c = 0x98badcfe, d = 0x10325476;
  for (int step = 0; step < 64; step++) {
    u32 f, g;
    if (step < 16) f = (b & c) | (~b & d), g = step;
    else if (step < 32) f = (d & b) | (~d & c), g = (5 * step + 1) % 16;
    else if (step < 48) f = b ^ c ^ d, g = (3 * step + 5) % 16;
    else f = c ^ (b | ~d), g = 7 * step % 16;
    u32 sum = a + f + md5K[step] + m[g];
    a = d, d = c, c = b;
    b += __funnelshift_l(sum, sum, md5R[step / 16 * 4 + step % 4]);
  }
  if (a + 0x67452301 == digest[0] && b + 0xefcdab89 == digest[1] && c + 0x98badcfe == digest[2] && d + 0x10325476 == digest[3]) atomicExch(found, i);
}

// Breadth first, a block for the whole graph: the next frontier is gathered by an atomic.
KERNEL bfs(const int *rows, const int *columns, int *distance, int *queue, int n) {
  __shared__ int begin, end, next;
  for (int i = threadIdx.x; i < n; i += blockDim.x) distance[i] = i == 0 ? 0 : -1;
  if (threadIdx.x == 0) queue[0] = 0, begin = 0, end = 1, next = 1;
  __syncthreads();
  for (int level = 1; begin < end; level++) {
    for (int at = begin + threadIdx.x; at < end; at += blockDim.x) {
      int node = queue[at];
      for (int edge = rows[node]; edge < rows[node + 1]; edge++)
        if (atomicCAS(&distance[columns[edge]], -1, level) == -1) queue[atomicAdd(&next, 1)] = columns[edge];
    }
    __syncthreads();
    if (threadIdx.x == 0) begin = end, end = next;
    __syncthreads();
  }
}

__device__ float blockSum(float value, float *scratch) {
  for (int d = 16; d > 0; d /= 2) value += __shfl_xor_sync(~0u, value, d);
  __syncthreads();
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = value;
  __syncthreads();
  value = threadIdx.x < blockDim.x / 32 ? scratch[threadIdx.x] : 0;
  if (threadIdx.x < 32) {
    for (int d = 16; d > 0; d /= 2) value += __shfl_xor_sync(~0u, value, d);
    if (threadIdx.x == 0) scratch[0] = value;
  }
  __syncthreads();
  return scratch[0];
}

KERNEL layerNorm(const float *in, const float *scale, const float *shift, float *out, int columns) {
  __shared__ float scratch[32];
  const float *row = in + blockIdx.x * columns;
  float sum = 0, squares = 0;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) sum += row[i];
  float mean = blockSum(sum, scratch) / columns;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) squares += (row[i] - mean) * (row[i] - mean);
  float rate = rsqrtf(blockSum(squares, scratch) / columns + 1e-5f);
  for (int i = threadIdx.x; i < columns; i += blockDim.x) out[blockIdx.x * columns + i] = (row[i] - mean) * rate * scale[i] + shift[i];
}

// One query a thread, keys and values by tiles in shared memory, with the softmax made as they come.
KERNEL attention(const float *q, const float *k, const float *v, float *out, int n, float scale) {
  __shared__ float sk[32][16], sv[32][16];
  int row = blockIdx.x * blockDim.x + threadIdx.x;
  float query[16], sum[16] = {0}, most = -1e30f, weights = 0;
  for (int d = 0; d < 16; d++) query[d] = q[row * 16 + d] * scale;
  for (int tile = 0; tile < n; tile += 32) {
    __syncthreads();
    for (int i = threadIdx.x; i < 512; i += blockDim.x) sk[i / 16][i % 16] = k[tile * 16 + i], sv[i / 16][i % 16] = v[tile * 16 + i];
    __syncthreads();
    for (int j = 0; j < 32; j++) {
      float score = 0;
      for (int d = 0; d < 16; d++) score += query[d] * sk[j][d];
      float top = fmaxf(most, score), keep = __expf(most - top), weight = __expf(score - top);
      weights = weights * keep + weight;
      for (int d = 0; d < 16; d++) sum[d] = sum[d] * keep + weight * sv[j][d];
      most = top;
    }
  }
  for (int d = 0; d < 16; d++) out[row * 16 + d] = sum[d] / weights;
}

// A block solves a system of the five-point Laplacian of a square.
KERNEL conjugateGradient(const float *b, float *x, float *r, float *p, float *q, int side, int rounds) {
  __shared__ float scratch[32];
  int n = side * side;
  float rr = 0;
  for (int i = threadIdx.x; i < n; i += blockDim.x) x[i] = 0, r[i] = p[i] = b[i], rr += b[i] * b[i];
  rr = blockSum(rr, scratch);
  for (int round = 0; round < rounds; round++) {
    float pq = 0, next = 0;
    __syncthreads();
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
      int cx = i % side, cy = i / side;
      float value = 4.1f * p[i];
      if (cx > 0) value -= p[i - 1];
      if (cx < side - 1) value -= p[i + 1];
      if (cy > 0) value -= p[i - side];
      if (cy < side - 1) value -= p[i + side];
      q[i] = value, pq += p[i] * value;
    }
    float alpha = rr / blockSum(pq, scratch);
    for (int i = threadIdx.x; i < n; i += blockDim.x) x[i] += alpha * p[i], r[i] -= alpha * q[i], next += r[i] * r[i];
    next = blockSum(next, scratch);
    float beta = next / rr;
    for (int i = threadIdx.x; i < n; i += blockDim.x) p[i] = r[i] + beta * p[i];
    rr = next;
  }
}

KERNEL tensorGemm(const half *a, const half *b, float *c, int n) {
  int row = blockIdx.y * 16, column = (blockIdx.x * 4 + threadIdx.x / 32) * 16;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> sum;
  wmma::fill_fragment(sum, 0.0f);
  for (int k = 0; k < n; k += 16) {
    wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> fa;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> fb;
    wmma::load_matrix_sync(fa, a + row * n + k, n);
    wmma::load_matrix_sync(fb, b + k * n + column, n);
    wmma::mma_sync(sum, fa, fb, sum);
  }
  wmma::store_matrix_sync(c + row * n + column, sum, n, wmma::mem_row_major);
}

// Halves, two at a time.
KERNEL halfAxpy(const __half2 *x, __half2 *y, float a, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = __hfma2(__float2half2_rn(a), x[i], y[i]);
}

// Quicksort of each thread's own 32 numbers: calls that call themselves.
__device__ __noinline__ void quicksort(int *data, int low, int high) {
  if (low >= high) return;
  int pivot = data[(low + high) / 2], i = low, j = high;
  while (i <= j) {
    while (data[i] < pivot) i++;
    while (data[j] > pivot) j--;
    if (i <= j) {
      int kept = data[i];
      data[i++] = data[j];
      data[j--] = kept;
    }
  }
  quicksort(data, low, j);
  quicksort(data, i, high);
}
KERNEL quicksorts(int *data) { quicksort(data + (blockIdx.x * blockDim.x + threadIdx.x) * 32, 0, 31); }
