import { type Cuda, CUDA_ERROR, hostBytes, linearCopy } from "@decant/cuda";
import { describe, expect, test } from "vitest";
import { failing, onEveryDriver, withContext } from "./drivers.fixture.ts";
import { loadKernels } from "./kernels.fixture.ts";

const NON_BLOCKING = 1;
const one = { gridDimX: 1, gridDimY: 1, gridDimZ: 1, blockDimX: 1, blockDimY: 1, blockDimZ: 1, sharedMemBytes: 0 };

/** A graph that writes 12, then 123 or 132. */
async function diamond(cuda: Cuda) {
  const kernels = await loadKernels(cuda);
  const { p, kernel } = kernels;
  const append = (digit: number, at = p) => ({ ...one, func: kernel("append"), kernelParams: [at, digit] });
  const graph = cuda.cuGraphCreate();
  const first = cuda.cuGraphAddKernelNode(graph, [], append(1));
  const left = cuda.cuGraphAddKernelNode(graph, [first], append(2));
  const right = cuda.cuGraphAddKernelNode(graph, [first], append(5, p + 4));
  const last = cuda.cuGraphAddKernelNode(graph, [left, right], append(3));
  return { ...kernels, graph, append, first, left, right, last };
}

onEveryDriver((driver) => {
  describe("a graph that is built", () => {
    test("runs its nodes after those that they depend on, as often as it is launched", () =>
      withContext(driver(), async (cuda) => {
        const { p, graph, word } = await diamond(cuda);
        const exec = cuda.cuGraphInstantiate(graph);
        const stream = cuda.cuStreamCreate(NON_BLOCKING);
        cuda.cuGraphLaunch(exec, stream);
        cuda.cuGraphLaunch(exec, stream);
        expect(await word(p, stream)).toBe(123_123);
        expect(await word(p + 4, stream)).toBe(55);
      }));

    test("tells its nodes, edges, roots and types", () =>
      withContext(driver(), async (cuda) => {
        const { graph, first, left, right, last } = await diamond(cuda);
        expect(cuda.cuGraphGetNodes(graph)).toEqual([first, left, right, last]);
        expect(cuda.cuGraphGetRootNodes(graph)).toEqual([first]);
        expect(cuda.cuGraphGetEdges(graph)).toEqual([
          [first, left],
          [first, right],
          [left, last],
          [right, last],
        ]);
        expect(cuda.cuGraphNodeGetDependencies(last)).toEqual([left, right]);
        expect(cuda.cuGraphNodeGetDependentNodes(first)).toEqual([left, right]);
        const types = [first, cuda.cuGraphAddEmptyNode(graph, [last]), cuda.cuGraphAddHostNode(graph, [], () => undefined)];
        expect(types.map((node) => cuda.cuGraphNodeGetType(node))).toEqual([0, 5, 3]);
        cuda.cuGraphDestroyNode(left);
        expect(cuda.cuGraphNodeGetDependencies(last)).toEqual([right]);
      }));

    test("may copy, set, call the host, and hold another graph", () =>
      withContext(driver(), async (cuda) => {
        const { p, word, append } = await diamond(cuda);
        const [source, target] = [Uint32Array.of(7), new Uint32Array(1)];
        const child = cuda.cuGraphCreate();
        const appended = cuda.cuGraphAddKernelNode(child, [], append(8, p + 64));
        cuda.cuGraphAddKernelNode(child, [appended], append(9, p + 64));
        const graph = cuda.cuGraphCreate();
        const upload = cuda.cuGraphAddMemcpyNode(graph, [], linearCopy({ at: p + 64 }, { at: 0, memory: hostBytes(source) }, 4));
        const inner = cuda.cuGraphAddChildGraphNode(graph, [upload], child);
        const seen: number[] = [];
        const download = cuda.cuGraphAddMemcpyNode(graph, [inner], linearCopy({ at: 0, memory: hostBytes(target) }, { at: p + 64 }, 4));
        const host = cuda.cuGraphAddHostNode(graph, [download], () => void seen.push(1));
        cuda.cuGraphAddMemsetNode(graph, [host], { dst: p + 64, pitch: 0, value: 1, elementSize: 4, width: 1, height: 1 });
        const exec = cuda.cuGraphInstantiate(graph);
        cuda.cuGraphDestroy(graph);
        cuda.cuGraphLaunch(exec, 0);
        await cuda.cuCtxSynchronize();
        expect([target[0], seen.length, await word(p + 64)]).toEqual([789, 1, 1]);
        // Bytes of the host are taken at the launch.
        source[0] = 6;
        cuda.cuGraphLaunch(exec, 0);
        await cuda.cuCtxSynchronize();
        expect([target[0], seen.length]).toEqual([689, 2]);
      }));

    test("refuses what no graph can be", () =>
      withContext(driver(), async (cuda) => {
        const { graph, first, last, append } = await diamond(cuda);
        const other = cuda.cuGraphCreate();
        expect(() => cuda.cuGraphAddEmptyNode(other, [first])).toThrow("CUDA_ERROR_INVALID_VALUE");
        expect(() => cuda.cuGraphAddEmptyNode(graph, [first, first])).toThrow("CUDA_ERROR_INVALID_VALUE");
        expect(() => cuda.cuGraphAddEmptyNode(graph, [1])).toThrow("CUDA_ERROR_INVALID_HANDLE");
        expect(() => cuda.cuGraphAddKernelNode(graph, [], { ...append(1), blockDimX: 2000 })).toThrow("CUDA_ERROR_INVALID_VALUE");
        cuda.cuGraphAddDependencies(graph, [last], [first]);
        expect(() => cuda.cuGraphInstantiate(graph)).toThrow("CUDA_ERROR_INVALID_VALUE");
        cuda.cuGraphRemoveDependencies(graph, [last], [first]);
        expect(() => cuda.cuGraphInstantiate(graph, 4)).toThrow("CUDA_ERROR_NOT_SUPPORTED");
        cuda.cuGraphDestroy(graph);
        expect(() => cuda.cuGraphGetNodes(graph)).toThrow("CUDA_ERROR_INVALID_HANDLE");
      }));
  });

  describe("what was instantiated", () => {
    test("keeps what it was made from, until it is told otherwise", () =>
      withContext(driver(), async (cuda) => {
        const { p, graph, word, append, first, left, last } = await diamond(cuda);
        const exec = cuda.cuGraphInstantiate(graph);
        cuda.cuGraphKernelNodeSetParams(first, append(9));
        cuda.cuGraphExecKernelNodeSetParams(exec, last, append(7));
        cuda.cuGraphNodeSetEnabled(exec, left, false);
        cuda.cuGraphLaunch(exec, 0);
        expect(await word(p)).toBe(17);
        expect([cuda.cuGraphNodeGetEnabled(exec, left), cuda.cuGraphNodeGetEnabled(exec, last)]).toEqual([false, true]);
      }));

    test("takes over a graph of the same shape, and no other", () =>
      withContext(driver(), async (cuda) => {
        const { p, graph, word, append, first, last } = await diamond(cuda);
        const exec = cuda.cuGraphInstantiate(graph);
        cuda.cuGraphKernelNodeSetParams(first, append(4));
        expect(cuda.cuGraphExecUpdate(exec, graph)).toEqual({ result: 0, errorNode: 0 });
        cuda.cuGraphLaunch(exec, 0);
        expect(await word(p)).toBe(423);
        const extra = cuda.cuGraphAddEmptyNode(graph, [last]);
        expect(cuda.cuGraphExecUpdate(exec, graph)).toMatchObject({ result: 2 });
        cuda.cuGraphDestroyNode(extra);
        cuda.cuGraphRemoveDependencies(graph, [first], [cuda.cuGraphGetNodes(graph)[1]!]);
        expect(cuda.cuGraphExecUpdate(exec, graph)).toEqual({ result: 2, errorNode: cuda.cuGraphGetNodes(graph)[1] });
      }));

    test("is as good made from a clone", () =>
      withContext(driver(), async (cuda) => {
        const { p, graph, word, append, first } = await diamond(cuda);
        const clone = cuda.cuGraphClone(graph);
        cuda.cuGraphKernelNodeSetParams(cuda.cuGraphNodeFindInClone(first, clone), append(6));
        cuda.cuGraphLaunch(cuda.cuGraphInstantiate(clone), 0);
        expect(await word(p)).toBe(623);
        expect(() => cuda.cuGraphNodeFindInClone(first, graph)).toThrow("CUDA_ERROR_INVALID_VALUE");
      }));
  });

  describe("a stream that is captured", () => {
    test("makes a graph of what it is given, and runs none of it", () =>
      withContext(driver(), async (cuda) => {
        const { p, append, word } = await loadKernels(cuda);
        const stream = cuda.cuStreamCreate(NON_BLOCKING);
        cuda.cuStreamBeginCapture(stream);
        expect(cuda.cuStreamIsCapturing(stream)).toBe(1);
        append(stream, p, 1);
        cuda.cuMemsetD32(p + 4, 8, 1, stream);
        const info = cuda.cuStreamGetCaptureInfo(stream);
        const graph = cuda.cuStreamEndCapture(stream);
        expect([info.graph, cuda.cuStreamIsCapturing(stream)]).toEqual([graph, 0]);
        expect(cuda.cuGraphGetNodes(graph).map((node) => cuda.cuGraphNodeGetType(node))).toEqual([0, 2]);
        expect(cuda.cuGraphGetEdges(graph)).toHaveLength(1);
        expect(await word(p, stream)).toBe(0);
        cuda.cuGraphLaunch(cuda.cuGraphInstantiate(graph), stream);
        expect([await word(p, stream), await word(p + 4, stream)]).toEqual([1, 8]);
      }));

    test("takes others along that wait for its events, and must be joined by them", () =>
      withContext(driver(), async (cuda) => {
        const { p, append, word } = await loadKernels(cuda);
        const [origin, fork] = [cuda.cuStreamCreate(NON_BLOCKING), cuda.cuStreamCreate(NON_BLOCKING)];
        const [forked, joined] = [cuda.cuEventCreate(), cuda.cuEventCreate()];
        const capture = (isJoined: boolean): number => {
          cuda.cuStreamBeginCapture(origin);
          append(origin, p, 1);
          cuda.cuEventRecord(forked, origin);
          cuda.cuStreamWaitEvent(fork, forked);
          append(fork, p + 4, 2);
          if (isJoined) {
            cuda.cuEventRecord(joined, fork);
            cuda.cuStreamWaitEvent(origin, joined);
            append(origin, p, 3);
          }
          return cuda.cuStreamEndCapture(origin);
        };
        const graph = capture(true);
        expect(cuda.cuGraphGetEdges(graph)).toHaveLength(3);
        cuda.cuGraphLaunch(cuda.cuGraphInstantiate(graph), origin);
        expect([await word(p, origin), await word(p + 4, origin)]).toEqual([13, 2]);
        expect(() => capture(false)).toThrow("CUDA_ERROR_STREAM_CAPTURE_UNJOINED");
        expect(cuda.cuStreamIsCapturing(fork)).toBe(0);
      }));

    test("does not survive being waited for", () =>
      withContext(driver(), async (cuda) => {
        const stream = cuda.cuStreamCreate(NON_BLOCKING);
        cuda.cuStreamBeginCapture(stream);
        expect(() => cuda.cuStreamQuery(stream)).toThrow("CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED");
        expect(cuda.cuStreamIsCapturing(stream)).toBe(2);
        expect(() => cuda.cuMemsetD8(cuda.cuMemAlloc(4), 0, 4, stream)).toThrow("CUDA_ERROR_STREAM_CAPTURE");
        expect(() => cuda.cuStreamEndCapture(stream)).toThrow("CUDA_ERROR_STREAM_CAPTURE_INVALIDATED");
        expect(() => cuda.cuStreamEndCapture(stream)).toThrow("CUDA_ERROR_ILLEGAL_STATE");
        await cuda.cuStreamSynchronize(stream);
      }));

    test("makes calls fail that may be unsafe, unless the thread says that they are not", () =>
      withContext(driver(), async (cuda, context) => {
        const stream = cuda.cuStreamCreate(NON_BLOCKING);
        const other = cuda.newThread();
        other.cuCtxSetCurrent(context);
        cuda.cuStreamBeginCapture(stream, 0);
        expect(() => other.cuMemAlloc(4)).toThrow("CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED");
        expect(() => cuda.cuStreamEndCapture(stream)).toThrow("CUDA_ERROR_STREAM_CAPTURE_INVALIDATED");
        cuda.cuStreamBeginCapture(stream, 1);
        other.cuMemFree(other.cuMemAlloc(4));
        expect(() => other.cuStreamEndCapture(stream)).toThrow("CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD");
        expect(cuda.cuThreadExchangeStreamCaptureMode(2)).toBe(0);
        cuda.cuMemFree(cuda.cuMemAlloc(4));
        cuda.cuGraphDestroy(cuda.cuStreamEndCapture(stream));
      }));

    test.each<[string, (cuda: Cuda, stream: number) => unknown, number]>([
      ["the legacy default stream", (cuda) => cuda.cuStreamBeginCapture(0), CUDA_ERROR.STREAM_CAPTURE_UNSUPPORTED],
      [
        "a stream twice",
        (cuda, stream) => {
          cuda.cuStreamBeginCapture(stream);
          cuda.cuStreamBeginCapture(stream);
        },
        CUDA_ERROR.ILLEGAL_STATE,
      ],
      ["with a mode that is none", (cuda, stream) => cuda.cuStreamBeginCapture(stream, 3), CUDA_ERROR.INVALID_VALUE],
      ["to an end that has no beginning", (cuda, stream) => cuda.cuStreamEndCapture(stream), CUDA_ERROR.ILLEGAL_STATE],
      [
        "while the legacy default stream would wait for it",
        (cuda) => {
          const p = cuda.cuMemAlloc(4);
          cuda.cuStreamBeginCapture(cuda.cuStreamCreate(0), 2);
          cuda.cuMemsetD8(p, 0, 4);
        },
        CUDA_ERROR.STREAM_CAPTURE_IMPLICIT,
      ],
      [
        "with an event of work that is not captured",
        (cuda, stream) => {
          const event = cuda.cuEventCreate();
          cuda.cuEventRecord(event, 0);
          cuda.cuStreamBeginCapture(stream);
          cuda.cuStreamWaitEvent(stream, event);
        },
        CUDA_ERROR.STREAM_CAPTURE_ISOLATION,
      ],
      [
        "and its event waited for",
        (cuda, stream) => {
          const event = cuda.cuEventCreate();
          cuda.cuStreamBeginCapture(stream);
          cuda.cuEventRecord(event, stream);
          cuda.cuEventQuery(event);
        },
        CUDA_ERROR.CAPTURED_EVENT,
      ],
    ])("cannot be %s", (_, run, code) =>
      withContext(driver(), async (cuda) => {
        const stream = cuda.cuStreamCreate(NON_BLOCKING);
        expect(() => run(cuda, stream)).toThrow(expect.objectContaining(failing(code)));
      }),
    );
  });
});
