// Threads that part in every way: early exit, switch, nested conditions, loops of different lengths.
extern "C" __global__ void collatz(const unsigned *in, unsigned *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  unsigned value = in[i], steps = 0;
  while (value > 1 && steps < 1000) {
    if (value & 1) value = 3 * value + 1;
    else value >>= 1;
    steps++;
  }
  out[i] = steps;
}

extern "C" __global__ void interpreter(const unsigned char *code, int *out, int length) {
  int a = threadIdx.x, b = 1, skip = 0;
  for (int at = 0; at < length; at++) {
    if (skip) {
      skip--;
      continue;
    }
    switch (code[at]) {
      case 0: a += b; break;
      case 1: b = a - b; break;
      case 2: a = a * 3 + 1; break;
      case 3: if (a & 1) skip = 1; break;
      case 4: b ^= a << 2; break;
      case 5: if (b < 0) goto done; break;
      case 6: for (int k = 0; k < (a & 7); k++) b += k; break;
      default: a = -a;
    }
  }
done:
  out[threadIdx.x] = a ^ b;
}
