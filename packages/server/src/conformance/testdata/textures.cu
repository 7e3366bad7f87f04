extern "C" __global__ void fetch(cudaTextureObject_t t, int *out) { out[threadIdx.x] = tex1Dfetch<int>(t, threadIdx.x); }
extern "C" __global__ void sample(cudaTextureObject_t t, float *out, const float2 *at) {
  out[threadIdx.x] = tex2D<float>(t, at[threadIdx.x].x, at[threadIdx.x].y);
}
extern "C" __global__ void layer(cudaTextureObject_t t, float *out) { out[threadIdx.x] = tex2DLayered<float>(t, 1.5f, 0.5f, threadIdx.x); }
extern "C" __global__ void level(cudaTextureObject_t t, float *out) { out[threadIdx.x] = tex2DLod<float>(t, 0.5f, 0.5f, (float)threadIdx.x); }
extern "C" __global__ void negate(cudaSurfaceObject_t s) {
  int v = surf2Dread<int>(s, threadIdx.x * 4, threadIdx.y);
  surf2Dwrite(-v, s, threadIdx.x * 4, threadIdx.y);
}
