// Nested loops, a local array with indices known only at run time, and constant memory.
__constant__ int weights[16] = {3, -1, 4, 1, -5, 9, 2, 6, -5, 3, 5, -8, 9, 7, 9, 3};
__device__ int calls = 0;

extern "C" __global__ void loops(const int *in, int *out, int rounds) {
  int table[16];
  int id = blockIdx.x * blockDim.x + threadIdx.x;
  for (int i = 0; i < 16; i++) table[i] = in[(id + i) & 63];
  int state = id;
  for (int round = 0; round < rounds; round++)
    for (int i = 0; i <= (round & 7); i++) {
      state = table[(state + i) & 15] + weights[(round + i) & 15] * 5;
      table[round & 15] = state ^ i;
    }
  out[id] = state;
  if (id == 0) calls = calls + rounds;
}
