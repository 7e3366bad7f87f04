extern "C" __global__ void mandelbrot(unsigned *out, int width, int height, int iterations) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= width || y >= height) return;
  float cr = -2.0f + 3.0f * x / width, ci = -1.5f + 3.0f * y / height;
  float zr = 0, zi = 0;
  int i = 0;
  for (; i < iterations; i++) {
    float a = zr * zr, b = zi * zi;
    if (a + b > 4.0f) break;
    zi = 2 * zr * zi + ci;
    zr = a - b + cr;
  }
  out[y * width + x] = i;
}
