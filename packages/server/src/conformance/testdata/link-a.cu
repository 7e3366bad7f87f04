extern __device__ int counter[4];
static __device__ int bias = 5;
extern "C" __global__ void first(int *o) { o[threadIdx.x] = counter[threadIdx.x & 3] * 10 + bias; }
