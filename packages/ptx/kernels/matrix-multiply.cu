#define TILE 16

// C = A * B, all of them n by n, n a multiple of 16. The sum of each element runs in order of k, by fma.
extern "C" __global__ void matrixMultiply(const float *A, const float *B, float *C, int n) {
  __shared__ float a[TILE][TILE];
  __shared__ float b[TILE][TILE];
  int x = threadIdx.x, y = threadIdx.y;
  int row = blockIdx.y * TILE + y, column = blockIdx.x * TILE + x;
  float sum = 0;
  for (int k = 0; k < n; k += TILE) {
    a[y][x] = A[row * n + k + x];
    b[y][x] = B[(k + y) * n + column];
    __syncthreads();
    for (int j = 0; j < TILE; j++) sum = fmaf(a[y][j], b[j][x], sum);
    __syncthreads();
  }
  C[row * n + column] = sum;
}

extern "C" __global__ void matrixMultiplyDouble(const double *A, const double *B, double *C, int n) {
  int row = blockIdx.y * blockDim.y + threadIdx.y, column = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= n || column >= n) return;
  double sum = 0;
  for (int k = 0; k < n; k++) sum = fma(A[row * n + k], B[k * n + column], sum);
  C[row * n + column] = sum;
}
