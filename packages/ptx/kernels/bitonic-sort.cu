// Sorts 512 numbers a block, in shared memory whose size comes with the launch.
extern "C" __global__ void bitonicSort(unsigned *data) {
  extern __shared__ unsigned s[];
  unsigned t = threadIdx.x;
  data += blockIdx.x * 512;
  s[t] = data[t];
  s[t + 256] = data[t + 256];
  for (unsigned size = 2; size <= 512; size <<= 1)
    for (unsigned stride = size / 2; stride > 0; stride >>= 1) {
      __syncthreads();
      unsigned at = 2 * t - (t & (stride - 1));
      bool up = (at & size) == 0;
      unsigned a = s[at], b = s[at + stride];
      if ((a > b) == up) {
        s[at] = b;
        s[at + stride] = a;
      }
    }
  __syncthreads();
  data[t] = s[t];
  data[t + 256] = s[t + 256];
}
