import { CUDA_ERROR, CudaError, type DriverCalls } from "@decant/cuda";

/** Calls that this driver does not hand to the library yet: each fails with CUDA_ERROR_NOT_SUPPORTED. */
const names = ["cuLinkCreate", "cuLinkAddData", "cuLinkComplete", "cuLinkDestroy"] as const satisfies readonly (keyof DriverCalls)[];

type NotCarriedOver = Pick<DriverCalls, (typeof names)[number]>;

/** A base for a session: its methods are these calls. */
export const NotCarriedOver = class {} as new () => NotCarriedOver;

for (const name of names)
  NotCarriedOver.prototype[name] = () => {
    throw new CudaError(CUDA_ERROR.NOT_SUPPORTED, `the nvidia driver does not carry ${name} over`);
  };
