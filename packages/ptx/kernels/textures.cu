// Every kind of texture fetch and surface access that CUDA C++ has functions for.
#include <cuda_runtime.h>
typedef cudaTextureObject_t T;
#define I int i = threadIdx.x;
extern "C" __global__ void fetch1(float *out, T t) { I out[i] = tex1Dfetch<float>(t, i - 4); }
extern "C" __global__ void sample1(float *out, T t, const float *x) { I out[i] = tex1D<float>(t, x[i]); }
extern "C" __global__ void sample2(float4 *out, T t, const float2 *p) { I out[i] = tex2D<float4>(t, p[i].x, p[i].y); }
extern "C" __global__ void sample3(float *out, T t, const float4 *p) { I out[i] = tex3D<float>(t, p[i].x, p[i].y, p[i].z); }
extern "C" __global__ void layered(float *out, T one, T two, const float2 *p) { I out[i] = tex1DLayered<float>(one, p[i].x, i % 4); out[i + 32] = tex2DLayered<float>(two, p[i].x, p[i].y, i % 4); }
extern "C" __global__ void cubes(float *out, T cube, T cubesLayered, const float4 *p) { I out[i] = texCubemap<float>(cube, p[i].x, p[i].y, p[i].z); out[i + 32] = texCubemapLayered<float>(cubesLayered, p[i].x, p[i].y, p[i].z, i % 2); }
extern "C" __global__ void levels(float *out, T t, const float4 *p) { I out[i] = tex2DLod<float>(t, p[i].x, p[i].y, p[i].z); out[i + 32] = tex2DGrad<float>(t, p[i].x, p[i].y, make_float2(p[i].w, 0), make_float2(0, p[i].w / 2)); }
extern "C" __global__ void gather(float4 *out, T t, const float2 *p) { I out[i] = tex2Dgather<float4>(t, p[i].x, p[i].y, 0); out[i + 32] = tex2Dgather<float4>(t, p[i].x, p[i].y, 2); }
extern "C" __global__ void integers(uchar4 *bytes, short2 *shorts, T t, T s) { I bytes[i] = tex2D<uchar4>(t, i % 8, i / 8); shorts[i] = tex1Dfetch<short2>(s, i); }
extern "C" __global__ void surfaces(cudaSurfaceObject_t s, cudaSurfaceObject_t u, int width) {
  int x = threadIdx.x, y = blockIdx.x;
  float2 v;
  surf2Dread(&v, s, x * 8, y);
  surf2Dwrite(make_float2(v.y, v.x + 1), s, x * 8, y);
  surf2Dwrite((unsigned char)(x + 10 * y), u, x + width, y, cudaBoundaryModeZero);
  surf2Dwrite((unsigned char)(x + 10 * y), u, x - 1, y, cudaBoundaryModeZero);
}
extern "C" __global__ void bounds(unsigned char *out, cudaSurfaceObject_t u) { I out[i] = surf2Dread<unsigned char>(u, i - 4, 1, cudaBoundaryModeClamp); out[i + 32] = surf2Dread<unsigned char>(u, i - 4, 1, cudaBoundaryModeZero); }
extern "C" __global__ void trapped(unsigned char *out, cudaSurfaceObject_t u) { I out[i] = surf2Dread<unsigned char>(u, i, 99, cudaBoundaryModeTrap); }
extern "C" __global__ void volumes(cudaSurfaceObject_t s, cudaSurfaceObject_t l) { I surf3Dwrite(i, s, (i % 4) * 4, i / 4 % 4, i / 16); surf2DLayeredwrite((short)(i * 3), l, (i % 4) * 2, i / 4 % 4, i / 16); }
// A bilateral filter: weights by distance, and by how unlike the texels are.
extern "C" __global__ void bilateral(float *out, T t, int width, int height, int radius, float space, float range) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= width || y >= height) return;
  float center = tex2D<float>(t, x + 0.5f, y + 0.5f), sum = 0, weights = 0;
  for (int dy = -radius; dy <= radius; dy++)
    for (int dx = -radius; dx <= radius; dx++) {
      float value = tex2D<float>(t, x + dx + 0.5f, y + dy + 0.5f), d = value - center;
      float w = expf(-(dx * dx + dy * dy) / (2 * space * space) - d * d / (2 * range * range));
      sum += w * value, weights += w;
    }
  out[y * width + x] = sum / weights;
}
