#include <stdint.h>

extern "C" __global__ void fromFloat(const float *in, int32_t *toInt, uint32_t *toUint, int64_t *toLong, double *toDouble, int16_t *toShort, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  toInt[i] = __float2int_rz(in[i]);
  toUint[i] = __float2uint_rn(in[i]);
  toLong[i] = __float2ll_rd(in[i]);
  toDouble[i] = in[i];
  toShort[i] = (int16_t)__float2int_ru(in[i]);
}

extern "C" __global__ void fromInteger(const int64_t *in, float *single, double *exact, float *small, double *up, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  single[i] = (float)in[i];
  exact[i] = (double)in[i];
  small[i] = __int2float_rz((int32_t)in[i]);
  up[i] = __ll2double_ru(in[i]);
}

extern "C" __global__ void fromDouble(const double *in, float *nearest, float *down, int32_t *rounded, uint64_t *wide, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  nearest[i] = (float)in[i];
  down[i] = __double2float_rd(in[i]);
  rounded[i] = __double2int_rn(in[i]);
  wide[i] = __double2ull_rz(in[i]);
}
