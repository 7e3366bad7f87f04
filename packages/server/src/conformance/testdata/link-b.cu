__device__ int counter[4] = {1, 2, 3, 4};
static __device__ int bias = 7;
extern "C" __global__ void second(int *o) { o[threadIdx.x] = counter[threadIdx.x & 3] + bias; }
