// One source for nvcc and for OpenCL: the words in which they differ.
#ifdef __OPENCL_VERSION__
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define KERNEL __kernel
#define DEVICE
#define GLOBAL __global
#define SHARED __local
#define TX ((int)get_local_id(0))
#define TY ((int)get_local_id(1))
#define BX ((int)get_group_id(0))
#define BY ((int)get_group_id(1))
#define NX ((int)get_local_size(0))
#define NY ((int)get_local_size(1))
#define GX ((int)get_num_groups(0))
#define SYNC barrier(CLK_LOCAL_MEM_FENCE)
#define ADD_SHARED(p, v) atomic_add(p, v)
#define ADD_GLOBAL(p, v) atomic_add(p, v)
#define FMAF fma
#define SQRTF sqrt
#define EXPF native_exp
#define LOGF native_log
#define RSQRTF native_rsqrt
#define FABSF fabs
#define MULHI(a, b) mul_hi(a, b)
#define RESTRICT restrict
#else
#define KERNEL extern "C" __global__
#define DEVICE static __device__ __forceinline__
#define GLOBAL
#define SHARED __shared__
#define TX ((int)threadIdx.x)
#define TY ((int)threadIdx.y)
#define BX ((int)blockIdx.x)
#define BY ((int)blockIdx.y)
#define NX ((int)blockDim.x)
#define NY ((int)blockDim.y)
#define GX ((int)gridDim.x)
#define SYNC __syncthreads()
#define ADD_SHARED(p, v) atomicAdd(p, v)
#define ADD_GLOBAL(p, v) atomicAdd(p, v)
#define FMAF fmaf
#define SQRTF sqrtf
#define EXPF __expf
#define LOGF __logf
#define RSQRTF rsqrtf
#define FABSF fabsf
#define MULHI(a, b) __umulhi(a, b)
#define RESTRICT __restrict__
#endif
typedef unsigned int u32;
