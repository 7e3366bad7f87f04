extern "C" __global__ void scale(float *x, float a, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= a;
}
__device__ int table[4] = {1, 2, 3, 4};
extern "C" __global__ void look(int *o) { o[threadIdx.x] = table[threadIdx.x & 3]; }
