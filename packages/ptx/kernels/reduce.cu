// Sums: a tree in shared memory, then shuffles in the last warp, then one atomic addition a block.
extern "C" __global__ void reduceSum(const int *in, int *out, int n) {
  __shared__ int s[256];
  unsigned t = threadIdx.x;
  int sum = 0;
  for (int i = blockIdx.x * 256 + t; i < n; i += gridDim.x * 256) sum += in[i];
  s[t] = sum;
  __syncthreads();
  for (unsigned d = 128; d >= 32; d >>= 1) {
    if (t < d) s[t] += s[t + d];
    __syncthreads();
  }
  if (t < 32) {
    int v = s[t];
    for (int d = 16; d > 0; d >>= 1) v += __shfl_down_sync(0xffffffff, v, d);
    if (t == 0) atomicAdd(out, v);
  }
}

extern "C" __global__ void histogram(const unsigned char *in, unsigned *bins, int n) {
  __shared__ unsigned local[256];
  local[threadIdx.x] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) atomicAdd(&local[in[i]], 1);
  __syncthreads();
  atomicAdd(&bins[threadIdx.x], local[threadIdx.x]);
}

// Counts, ranks and gathers by votes.
extern "C" __global__ void compact(const int *in, int *out, int *count) {
  int v = in[threadIdx.x];
  unsigned keep = __ballot_sync(0xffffffff, v > 0);
  unsigned below = keep & ((1u << (threadIdx.x & 31)) - 1);
  if (v > 0) out[(threadIdx.x & ~31) + __popc(below)] = v;
  if ((threadIdx.x & 31) == 0) count[threadIdx.x / 32] = __popc(keep);
}
