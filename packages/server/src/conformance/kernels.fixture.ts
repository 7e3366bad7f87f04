import type { Cuda } from "@decant/cuda";

/** Kernels for tests of the Driver API: each does one thing that can be told from what it leaves. */
const ptx = `.version 8.0
.target sm_75
.address_size 64
.visible .entry append(.param .u64 p, .param .u32 digit) {
  .reg .b64 %rd1; .reg .b32 %r<3>;
  ld.param.u64 %rd1, [p]; ld.param.u32 %r1, [digit];
  ld.global.u32 %r2, [%rd1]; mad.lo.u32 %r2, %r2, 10, %r1; st.global.u32 [%rd1], %r2; ret;
}
.visible .entry wait(.param .u64 p, .param .u32 rounds) {
  .reg .b64 %rd1; .reg .b32 %r<4>; .reg .pred %p;
  ld.param.u64 %rd1, [p]; ld.param.u32 %r1, [rounds]; mov.u32 %r2, 0; mov.u32 %r3, 1;
again: mad.lo.u32 %r3, %r3, 1664525, 1013904223; add.u32 %r2, %r2, 1; setp.lt.u32 %p, %r2, %r1; @%p bra again;
  st.global.u32 [%rd1], %r3; ret;
}
.visible .entry meet(.param .u64 p, .param .u32 blocks) {
  .reg .b64 %rd1; .reg .b32 %r<4>; .reg .pred %p;
  ld.param.u64 %rd1, [p]; ld.param.u32 %r1, [blocks];
  atom.global.add.u32 %r2, [%rd1], 1;
again: ld.volatile.global.u32 %r3, [%rd1]; setp.lt.u32 %p, %r3, %r1; @%p bra again;
  ret;
}
`;

/** Launchers of the kernels, and a word of device memory to look at. */
export async function loadKernels(cuda: Cuda) {
  const module = await cuda.cuModuleLoadData(ptx);
  const kernel = (name: string): number => cuda.cuModuleGetFunction(module, name);
  const launcher =
    (name: string) =>
    (stream: number, ...params: number[]): void =>
      cuda.cuLaunchKernel(kernel(name), 1, 1, 1, 1, 1, 1, 0, stream, params);
  const p = cuda.cuMemAlloc(256);
  cuda.cuMemsetD8(p, 0, 256);
  const word = async (address: number, stream = 0): Promise<number> =>
    new DataView((await cuda.cuMemcpyDtoH(address, 4, stream)).buffer).getUint32(0, true);
  await cuda.cuCtxSynchronize();
  return { p, append: launcher("append"), wait: launcher("wait"), kernel, word };
}
