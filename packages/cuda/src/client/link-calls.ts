import { CUDA_ERROR, CudaError } from "../result.ts";
import { Link } from "./objects.ts";
import type { CudaThread } from "./thread.ts";

/** Begins to link modules for the current context: the handle of the pending link. */
export function cuLinkCreate(thread: CudaThread): number {
  const { client } = thread;
  const context = thread.context();
  const link = client.register(new Link(client.handle(), context));
  context.links.add(link);
  client.session.cuLinkCreate(link.handle, context.handle);
  return link.handle;
}

/**
 * Adds an image to a link: PTX, or a cubin, fatbin or object file that carries PTX; `type` is a CUjitInputType (`JIT_INPUT`). Gives the compiler's log.
 * Fails with CUDA_ERROR_INVALID_PTX and kin, and NOT_SUPPORTED for libraries and NVVM code.
 */
export async function cuLinkAddData(
  thread: CudaThread,
  state: number,
  type: number,
  data: Uint8Array | string,
  name = "",
): Promise<string> {
  const link = open(thread, state);
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  if (bytes.length === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return thread.client.answer(link.context, thread.client.session.cuLinkAddData(state, type, name, bytes));
}

/** Links what was added: an image for cuModuleLoadData. Fails with CUDA_ERROR_NOT_FOUND for a name that nothing defines; nothing can be added after. */
export async function cuLinkComplete(thread: CudaThread, state: number): Promise<Uint8Array> {
  const link = open(thread, state);
  const image = await thread.client.answer(link.context, thread.client.session.cuLinkComplete(state));
  link.isComplete = true;
  return image;
}

export function cuLinkDestroy(thread: CudaThread, state: number): void {
  const link = thread.client.object(state, Link);
  thread.client.forget(link);
  link.context.links.delete(link);
  thread.client.session.cuLinkDestroy(state);
}

function open(thread: CudaThread, state: number): Link {
  const link = thread.client.object(state, Link);
  link.context.check();
  if (link.isComplete) throw new CudaError(CUDA_ERROR.INVALID_VALUE, "the link is complete");
  return link;
}
