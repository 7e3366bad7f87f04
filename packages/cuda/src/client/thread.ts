import { CUDA_ERROR, CudaError } from "../result.ts";
import type { CudaClient } from "./client.ts";
import type { Context } from "./objects.ts";
import { Stream } from "./objects.ts";

/** CU_STREAM_LEGACY and CU_STREAM_PER_THREAD: stream values with a meaning of their own. */
export const STREAM_LEGACY = 1;
export const STREAM_PER_THREAD = 2;

/** What CUDA keeps for each host thread: the stack of contexts, and default streams of its own. */
export class CudaThread {
  readonly client: CudaClient;
  readonly stack: Context[] = [];
  /** CUstreamCaptureMode: which calls it makes while something is captured. */
  captureMode = 0;
  readonly #defaultStreams = new Map<Context, Stream>();

  constructor(client: CudaClient) {
    this.client = client;
  }

  get current(): Context | undefined {
    return this.stack.at(-1);
  }

  /** The current context; fails with CUDA_ERROR_INVALID_CONTEXT when there is none, and with its sticky error. */
  context(): Context {
    const { current } = this;
    if (!current) throw new CudaError(CUDA_ERROR.INVALID_CONTEXT);
    return current.check();
  }

  /** The stream that a CUstream value means: 0 and 1 the legacy default stream of the current context, 2 this thread's own. */
  stream(value: number): Stream {
    const context = this.context();
    if (value === 0 || value === STREAM_LEGACY) return context.defaultStream;
    if (value === STREAM_PER_THREAD) return this.#defaultStream(context);
    const stream = this.client.object(value, Stream);
    stream.context.check();
    return stream;
  }

  #defaultStream(context: Context): Stream {
    const known = this.#defaultStreams.get(context);
    if (known) return known;
    const stream = this.client.register(new Stream(this.client.handle(), context, 0, 0));
    this.client.session.cuStreamCreate(stream.handle, context.handle, 0, 0);
    context.streams.add(stream);
    this.#defaultStreams.set(context, stream);
    return stream;
  }
}
