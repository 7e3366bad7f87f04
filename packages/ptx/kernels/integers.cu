#include <stdint.h>

// Eight results for each pair: what C says of 32-bit integers.
extern "C" __global__ void integers32(const uint32_t *a, const uint32_t *b, uint32_t *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  uint32_t x = a[i], y = b[i];
  int32_t s = (int32_t)x, t = (int32_t)y;
  out += 8 * i;
  out[0] = x + y * 3u;
  out[1] = (uint32_t)(((uint64_t)x * y) >> 32);
  out[2] = (uint32_t)(((int64_t)s * t) >> 32);
  out[3] = (x << (y & 31)) | (x >> ((32 - y) & 31));
  out[4] = s < t ? x ^ y : ~(x & y);
  out[5] = x / 1000u + x % 77u;
  out[6] = (uint32_t)(s / 13 - t % 9);
  out[7] = (uint32_t)(uint16_t)x * (uint16_t)y + (uint32_t)(int32_t)(int8_t)(x >> 5);
}

extern "C" __global__ void integers64(const uint64_t *a, const uint64_t *b, uint64_t *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  uint64_t x = a[i], y = b[i];
  int64_t s = (int64_t)x, t = (int64_t)y;
  out += 6 * i;
  out[0] = x * y + 12345u;
  out[1] = __umul64hi(x, y);
  out[2] = (uint64_t)__mul64hi(s, t);
  out[3] = (x << (y & 63)) ^ (uint64_t)(s >> (y & 63));
  out[4] = x / (y | 1) + x % (y | 1);
  out[5] = (uint64_t)(s < t ? s : t) + (x > y ? x : y);
}
