// The kernels of bench/kernels-cuda.ts, for nvcc and for OpenCL. native.c has each of them as a plain loop.
#ifndef __OPENCL_VERSION__
#include "portable.h"
#endif

KERNEL void saxpy(GLOBAL const float *x, GLOBAL float *y, float a, int n) {
  int i = BX * NX + TX;
  if (i < n) y[i] = FMAF(a, x[i], y[i]);
}

KERNEL void mandelbrot(GLOBAL u32 *out, int width, int height, int iterations) {
  int x = BX * NX + TX, y = BY * NY + TY;
  if (x >= width || y >= height) return;
  float cr = -2.0f + 3.0f * x / width, ci = -1.5f + 3.0f * y / height;
  float zr = 0, zi = 0;
  int i = 0;
  for (; i < iterations; i++) {
    float a = zr * zr, b = zi * zi;
    if (a + b > 4.0f) break;
    zi = 2 * zr * zi + ci;
    zr = a - b + cr;
  }
  out[y * width + x] = i;
}

KERNEL void sgemm(GLOBAL const float *A, GLOBAL const float *B, GLOBAL float *C, int n) {
  SHARED float a[16][16];
  SHARED float b[16][16];
  int x = TX, y = TY, row = BY * 16 + y, column = BX * 16 + x;
  float sum = 0;
  for (int k = 0; k < n; k += 16) {
    a[y][x] = A[row * n + k + x];
    b[y][x] = B[(k + y) * n + column];
    SYNC;
    for (int j = 0; j < 16; j++) sum = FMAF(a[y][j], b[j][x], sum);
    SYNC;
  }
  C[row * n + column] = sum;
}

// 64 by 64 tiles, each thread 4 by 4 of them.
KERNEL void sgemmBlocked(GLOBAL const float *A, GLOBAL const float *B, GLOBAL float *C, int n) {
  SHARED float a[16][64];
  SHARED float b[16][64];
  int x = TX, y = TY, t = y * 16 + x;
  float sum[4][4];
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++) sum[i][j] = 0;
  for (int k = 0; k < n; k += 16) {
    for (int i = 0; i < 4; i++) {
      int at = t + 256 * i;
      a[at & 15][at >> 4] = A[(BY * 64 + (at >> 4)) * n + k + (at & 15)];
      b[at >> 6][at & 63] = B[(k + (at >> 6)) * n + BX * 64 + (at & 63)];
    }
    SYNC;
    for (int j = 0; j < 16; j++) {
      for (int p = 0; p < 4; p++)
        for (int q = 0; q < 4; q++) sum[p][q] = FMAF(a[j][y * 4 + p], b[j][x + 16 * q], sum[p][q]);
    }
    SYNC;
  }
  for (int p = 0; p < 4; p++)
    for (int q = 0; q < 4; q++) C[(BY * 64 + y * 4 + p) * n + BX * 64 + x + 16 * q] = sum[p][q];
}

KERNEL void dgemm(GLOBAL const double *A, GLOBAL const double *B, GLOBAL double *C, int n) {
  int row = BY * NY + TY, column = BX * NX + TX;
  if (row >= n || column >= n) return;
  double sum = 0;
  for (int k = 0; k < n; k++) sum = fma(A[row * n + k], B[k * n + column], sum);
  C[row * n + column] = sum;
}

KERNEL void reduce(GLOBAL const int *in, GLOBAL int *out, int n) {
  SHARED int s[256];
  int t = TX;
  int sum = 0;
  for (int i = BX * 256 + t; i < n; i += GX * 256) sum += in[i];
  s[t] = sum;
  SYNC;
  for (int d = 128; d > 0; d >>= 1) {
    if (t < d) s[t] += s[t + d];
    SYNC;
  }
  if (t == 0) out[BX] = s[0];
}

// By shuffles within a warp where there are such, else as above.
KERNEL void reduceWarp(GLOBAL const int *in, GLOBAL int *out, int n) {
#ifdef __OPENCL_VERSION__
  SHARED int s[256];
  int t = TX;
  int sum = 0;
  for (int i = BX * 256 + t; i < n; i += GX * 256) sum += in[i];
  s[t] = sum;
  SYNC;
  for (int d = 128; d > 0; d >>= 1) {
    if (t < d) s[t] += s[t + d];
    SYNC;
  }
  if (t == 0) out[BX] = s[0];
#else
  SHARED int s[8];
  int sum = 0;
  for (int i = BX * 256 + TX; i < n; i += GX * 256) sum += in[i];
  for (int d = 16; d > 0; d >>= 1) sum += __shfl_down_sync(0xffffffff, sum, d);
  if ((TX & 31) == 0) s[TX >> 5] = sum;
  SYNC;
  if (TX == 0) {
    for (int i = 1; i < 8; i++) sum += s[i];
    out[BX] = sum;
  }
#endif
}

KERNEL void transpose(GLOBAL const u32 *in, GLOBAL u32 *out, int width, int height) {
  SHARED u32 tile[32][33];
  int x = BX * 32 + TX, y = BY * 32 + TY;
  for (int j = 0; j < 32; j += 8)
    if (x < width && y + j < height) tile[TY + j][TX] = in[(y + j) * width + x];
  SYNC;
  x = BY * 32 + TX;
  y = BX * 32 + TY;
  for (int j = 0; j < 32; j += 8)
    if (x < height && y + j < width) out[(y + j) * height + x] = tile[TX][TY + j];
}

KERNEL void histogram(GLOBAL const unsigned char *in, GLOBAL u32 *bins, int n) {
  SHARED u32 local_[256];
  local_[TX] = 0;
  SYNC;
  for (int i = BX * NX + TX; i < n; i += GX * NX) ADD_SHARED(&local_[in[i]], 1u);
  SYNC;
  ADD_GLOBAL(&bins[TX], local_[TX]);
}

KERNEL void nbody(GLOBAL const float *x, GLOBAL const float *y, GLOBAL const float *z, GLOBAL const float *m, GLOBAL float *force, int n) {
  SHARED float sx[128];
  SHARED float sy[128];
  SHARED float sz[128];
  SHARED float sm[128];
  int i = BX * 128 + TX;
  float px = x[i], py = y[i], pz = z[i], fx = 0, fy = 0, fz = 0;
  for (int tile = 0; tile < n; tile += 128) {
    sx[TX] = x[tile + TX];
    sy[TX] = y[tile + TX];
    sz[TX] = z[tile + TX];
    sm[TX] = m[tile + TX];
    SYNC;
    for (int j = 0; j < 128; j++) {
      float dx = sx[j] - px, dy = sy[j] - py, dz = sz[j] - pz;
      float inverse = RSQRTF(FMAF(dx, dx, FMAF(dy, dy, FMAF(dz, dz, 0.01f))));
      float s = sm[j] * inverse * inverse * inverse;
      fx = FMAF(dx, s, fx);
      fy = FMAF(dy, s, fy);
      fz = FMAF(dz, s, fz);
    }
    SYNC;
  }
  force[3 * i] = fx;
  force[3 * i + 1] = fy;
  force[3 * i + 2] = fz;
}

DEVICE float normal(float d) {
  float k = 1.0f / (1.0f + 0.2316419f * FABSF(d));
  float p = 0.39894228f * EXPF(-0.5f * d * d) * (k * (0.31938153f + k * (-0.356563782f + k * (1.781477937f + k * (-1.821255978f + k * 1.330274429f)))));
  return d > 0 ? 1.0f - p : p;
}

KERNEL void blackScholes(GLOBAL const float *price, GLOBAL const float *strike, GLOBAL const float *years, GLOBAL float *call, GLOBAL float *put, int n) {
  int i = BX * NX + TX;
  if (i >= n) return;
  float s = price[i], k = strike[i], t = years[i], root = SQRTF(t);
  float d1 = (LOGF(s / k) + (0.02f + 0.5f * 0.3f * 0.3f) * t) / (0.3f * root), d2 = d1 - 0.3f * root;
  float c1 = normal(d1), c2 = normal(d2), discount = k * EXPF(-0.02f * t);
  call[i] = s * c1 - discount * c2;
  put[i] = discount * (1.0f - c2) - s * (1.0f - c1);
}

KERNEL void stencil(GLOBAL const float *in, GLOBAL float *out, int n) {
  int x = BX * NX + TX + 1, y = BY * NY + TY + 1;
  if (x >= n - 1 || y >= n - 1) return;
  int at = (n + y) * n + x;
  float below = in[at - n * n], here = in[at];
  for (int z = 1; z < n - 1; z++) {
    float above = in[at + n * n];
    out[at] = 0.4f * here + 0.1f * (below + above + in[at - 1] + in[at + 1] + in[at - n] + in[at + n]);
    below = here;
    here = above;
    at += n * n;
  }
}

KERNEL void convolution(GLOBAL const float *in, GLOBAL const float *weights, GLOBAL float *out, int width, int height) {
  int x = BX * NX + TX, y = BY * NY + TY;
  if (x >= width || y >= height) return;
  float sum = 0;
  for (int j = 0; j < 7; j++) {
    int yy = y + j - 3;
    yy = yy < 0 ? 0 : yy >= height ? height - 1 : yy;
    for (int i = 0; i < 7; i++) {
      int xx = x + i - 3;
      xx = xx < 0 ? 0 : xx >= width ? width - 1 : xx;
      sum = FMAF(weights[j * 7 + i], in[yy * width + xx], sum);
    }
  }
  out[y * width + x] = sum;
}

DEVICE u32 rotate_(u32 x, int n) {
  return (x >> n) | (x << (32 - n));
}

// SHA-256 of one block that holds the thread's number; the first word of each digest.
KERNEL void sha256(GLOBAL const u32 *constants, GLOBAL u32 *out, int n) {
  int index = BX * NX + TX;
  if (index >= n) return;
  u32 w[16];
  for (int i = 0; i < 16; i++) w[i] = 0;
  w[0] = (u32)index;
  w[1] = 0x80000000u;
  w[15] = 32;
  u32 a = 0x6a09e667u, b = 0xbb67ae85u, c = 0x3c6ef372u, d = 0xa54ff53au, e = 0x510e527fu, f = 0x9b05688cu, g = 0x1f83d9abu, h = 0x5be0cd19u;
#pragma unroll
  for (int i = 0; i < 64; i++) {
    if (i >= 16) {
      u32 w1 = w[(i + 1) & 15], w14 = w[(i + 14) & 15];
      w[i & 15] += (rotate_(w1, 7) ^ rotate_(w1, 18) ^ (w1 >> 3)) + w[(i + 9) & 15] + (rotate_(w14, 17) ^ rotate_(w14, 19) ^ (w14 >> 10));
    }
    u32 t = h + (rotate_(e, 6) ^ rotate_(e, 11) ^ rotate_(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + w[i & 15];
    u32 s = (rotate_(a, 2) ^ rotate_(a, 13) ^ rotate_(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t;
    d = c;
    c = b;
    b = a;
    a = t + s;
  }
  out[index] = a + 0x6a09e667u;
}

KERNEL void softmax(GLOBAL const float *in, GLOBAL float *out, int columns) {
  SHARED float s[256];
  int t = TX;
  GLOBAL const float *row = in + BX * columns;
  float most = row[t];
  for (int i = t + 256; i < columns; i += 256) most = row[i] > most ? row[i] : most;
  s[t] = most;
  SYNC;
  for (int d = 128; d > 0; d >>= 1) {
    if (t < d) s[t] = s[t + d] > s[t] ? s[t + d] : s[t];
    SYNC;
  }
  most = s[0];
  SYNC;
  float sum = 0;
  for (int i = t; i < columns; i += 256) sum += EXPF(row[i] - most);
  s[t] = sum;
  SYNC;
  for (int d = 128; d > 0; d >>= 1) {
    if (t < d) s[t] += s[t + d];
    SYNC;
  }
  float scale = 1.0f / s[0];
  for (int i = t; i < columns; i += 256) out[BX * columns + i] = EXPF(row[i] - most) * scale;
}

KERNEL void spmv(GLOBAL const int *rows, GLOBAL const int *columns, GLOBAL const float *values, GLOBAL const float *x, GLOBAL float *y, int n) {
  int i = BX * NX + TX;
  if (i >= n) return;
  float sum = 0;
  for (int j = rows[i]; j < rows[i + 1]; j++) sum = FMAF(values[j], x[columns[j]], sum);
  y[i] = sum;
}

KERNEL void scan(GLOBAL const u32 *in, GLOBAL u32 *out) {
  SHARED u32 s[512];
  int t = TX, at = BX * 512;
  s[t] = in[at + t];
  s[t + 256] = in[at + t + 256];
  for (int d = 1; d < 512; d <<= 1) {
    SYNC;
    u32 a = t >= d ? s[t - d] : 0u, b = s[t + 256 - d];
    SYNC;
    s[t] += a;
    s[t + 256] += b;
  }
  SYNC;
  out[at + t] = s[t];
  out[at + t + 256] = s[t + 256];
}

// Philox 4x32-10; how many of each thread's points lie in the quarter circle.
KERNEL void monteCarlo(GLOBAL u32 *out, int rounds) {
  int i = BX * NX + TX;
  u32 inside = 0;
  for (int r = 0; r < rounds; r++) {
    u32 c0 = (u32)r, c1 = (u32)i, c2 = 0, c3 = 0, k0 = 0x1234567u, k1 = 0x89abcdeu;
    for (int j = 0; j < 10; j++) {
      u32 h0 = MULHI(0xD2511F53u, c0), l0 = 0xD2511F53u * c0, h1 = MULHI(0xCD9E8D57u, c2), l1 = 0xCD9E8D57u * c2;
      c0 = h1 ^ c1 ^ k0;
      c1 = l1;
      c2 = h0 ^ c3 ^ k1;
      c3 = l0;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    float x = (float)(c0 >> 8) * 5.9604645e-8f, y = (float)(c1 >> 8) * 5.9604645e-8f;
    if (x * x + y * y < 1.0f) inside++;
    x = (float)(c2 >> 8) * 5.9604645e-8f;
    y = (float)(c3 >> 8) * 5.9604645e-8f;
    if (x * x + y * y < 1.0f) inside++;
  }
  out[i] = inside;
}

// Each block sorts 512 words.
KERNEL void bitonicSort(GLOBAL const u32 *in, GLOBAL u32 *out) {
  SHARED u32 s[512];
  int t = TX, at = BX * 512;
  s[t] = in[at + t];
  s[t + 256] = in[at + t + 256];
  for (int k = 2; k <= 512; k <<= 1) {
    for (int j = k >> 1; j > 0; j >>= 1) {
      SYNC;
      int low = 2 * t - (t & (j - 1));
      u32 a = s[low], b = s[low + j];
      int up = (low & k) == 0;
      if ((a > b) == up) {
        s[low] = b;
        s[low + j] = a;
      }
    }
  }
  SYNC;
  out[at + t] = s[t];
  out[at + t + 256] = s[t + 256];
}

KERNEL void kmeans(GLOBAL const float *px, GLOBAL const float *py, GLOBAL const float *cx, GLOBAL const float *cy, GLOBAL u32 *label, int n, int clusters) {
  int i = BX * NX + TX;
  if (i >= n) return;
  float x = px[i], y = py[i], best = 3e38f;
  u32 found = 0;
  for (int c = 0; c < clusters; c++) {
    float dx = x - cx[c], dy = y - cy[c], d = FMAF(dx, dx, dy * dy);
    if (d < best) {
      best = d;
      found = (u32)c;
    }
  }
  label[i] = found;
}
