import { float, int, randomArrays, sha256Constants, type Job } from "../../bench/kernels/cuda/job.ts";

export interface KernelJob extends Job {
  /** Which PTX has it: that of the benchmarks, or that beside this file. */
  readonly module: "bench" | "own";
}

const { random, floats, doubles, integers, words, bytes } = randomArrays(4321);

/** Halves of eighths between -4 and 4, by their bits. */
const halves = (count: number): Uint16Array =>
  Uint16Array.from({ length: count }, () => {
    const value = Math.floor(random() * 65) - 32;
    if (value === 0) return 0;
    const exponent = Math.floor(Math.log2(Math.abs(value)));
    return (value < 0 ? 0x8000 : 0) | ((exponent + 12) << 10) | ((Math.abs(value) / 2 ** exponent - 1) * 1024);
  });

/** A graph of `n` nodes, three edges each. */
const edges = (n: number): readonly [Int32Array, Int32Array] => [Int32Array.from({ length: n + 1 }, (_, i) => 3 * i), integers(3 * n, n)];
const [sparseRows, sparseColumns] = [Int32Array.from({ length: 301 }, (_, i) => 7 * i), integers(2100, 300)];
const [graphRows, graphColumns] = edges(500);

const bench = { module: "bench", tolerance: 0 } as const;
const own = { module: "own", tolerance: 0 } as const;
const close = { tolerance: 1e-4 } as const;

export const kernelJobs: readonly KernelJob[] = [
  {
    ...bench,
    name: "saxpy",
    grid: [4, 1],
    block: [256, 1],
    args: [floats(1000), floats(1000), float(1.5), int(1000)],
    results: [1],
    ...close,
  },
  {
    ...bench,
    name: "mandelbrot",
    grid: [3, 2],
    block: [16, 16],
    args: [new Uint32Array(48 * 32), int(48), int(32), int(100)],
    results: [0],
    mayDiffer: 0.01,
  },
  {
    ...bench,
    name: "sgemm",
    grid: [3, 3],
    block: [16, 16],
    args: [floats(2304, -1), floats(2304, -1), new Float32Array(2304), int(48)],
    results: [2],
    ...close,
  },
  {
    ...bench,
    name: "sgemmBlocked",
    grid: [1, 1],
    block: [16, 16],
    args: [floats(4096, -1), floats(4096, -1), new Float32Array(4096), int(64)],
    results: [2],
    ...close,
  },
  {
    ...bench,
    name: "dgemm",
    grid: [2, 4],
    block: [16, 8],
    args: [doubles(1024), doubles(1024), new Float64Array(1024), int(32)],
    results: [2],
    ...close,
  },
  { ...bench, name: "reduce", grid: [4, 1], block: [256, 1], args: [integers(5000, 100), new Int32Array(4), int(5000)], results: [1] },
  { ...bench, name: "reduceWarp", grid: [4, 1], block: [256, 1], args: [integers(5000, 100), new Int32Array(4), int(5000)], results: [1] },
  { ...bench, name: "transpose", grid: [2, 2], block: [32, 8], args: [words(4096), new Uint32Array(4096), int(64), int(64)], results: [1] },
  { ...bench, name: "histogram", grid: [3, 1], block: [256, 1], args: [bytes(5000), new Uint32Array(256), int(5000)], results: [1] },
  {
    ...bench,
    name: "nbody",
    grid: [2, 1],
    block: [128, 1],
    args: [floats(256), floats(256), floats(256), floats(256), new Float32Array(768), int(256)],
    results: [4],
    tolerance: 1e-3,
  },
  {
    ...bench,
    name: "blackScholes",
    grid: [2, 1],
    block: [256, 1],
    args: [floats(512, 5, 30), floats(512, 1, 100), floats(512, 0.25, 10), new Float32Array(512), new Float32Array(512), int(512)],
    results: [3, 4],
    tolerance: 1e-3,
  },
  {
    ...bench,
    name: "stencil",
    grid: [1, 4],
    block: [32, 4],
    args: [floats(4096), new Float32Array(4096), int(16)],
    results: [1],
    ...close,
  },
  {
    ...bench,
    name: "convolution",
    grid: [2, 4],
    block: [32, 8],
    args: [floats(2048), floats(49), new Float32Array(2048), int(64), int(32)],
    results: [2],
    ...close,
  },
  { ...bench, name: "sha256", grid: [1, 1], block: [256, 1], args: [sha256Constants(), new Uint32Array(256), int(256)], results: [1] },
  {
    ...bench,
    name: "softmax",
    grid: [4, 1],
    block: [256, 1],
    args: [floats(1200, -5, 5), new Float32Array(1200), int(300)],
    results: [1],
    ...close,
  },
  {
    ...bench,
    name: "spmv",
    grid: [2, 1],
    block: [256, 1],
    args: [sparseRows, sparseColumns, floats(2100, -1), floats(300, -1), new Float32Array(300), int(300)],
    results: [4],
    ...close,
  },
  { ...bench, name: "scan", grid: [4, 1], block: [256, 1], args: [words(2048), new Uint32Array(2048)], results: [1] },
  { ...bench, name: "monteCarlo", grid: [2, 1], block: [256, 1], args: [new Uint32Array(512), int(16)], results: [0] },
  { ...bench, name: "bitonicSort", grid: [4, 1], block: [256, 1], args: [words(2048), new Uint32Array(2048)], results: [1] },
  {
    ...bench,
    name: "kmeans",
    grid: [4, 1],
    block: [256, 1],
    args: [floats(1024), floats(1024), floats(16), floats(16), new Uint32Array(1024), int(1024), int(16)],
    results: [4],
    mayDiffer: 0.01,
  },
  {
    ...own,
    name: "vectorAdd",
    grid: [4, 1],
    block: [256, 1],
    args: [floats(1000), floats(1000), new Float32Array(1000), int(1000)],
    results: [2],
  },
  { ...own, name: "reduceAtomic", grid: [4, 1], block: [128, 1], args: [integers(5000, 1000), new Int32Array(1), int(5000)], results: [1] },
  {
    ...own,
    name: "dp4aGemm",
    grid: [4, 4],
    block: [16, 16],
    args: [bytes(4096), bytes(4096), new Int32Array(4096), int(64)],
    results: [2],
  },
  { ...own, name: "radixSort", grid: [2, 1], block: [256, 1], args: [words(2048)], results: [0] },
  { ...own, name: "fft", grid: [2, 1], block: [128, 1], args: [floats(1024, -1), new Float32Array(1024)], results: [1], ...close },
  // The digest of "mvbaa", as md5sum gives it: the word of number 1234.
  {
    ...own,
    name: "md5Search",
    grid: [16, 1],
    block: [128, 1],
    args: [Uint32Array.of(0x171d_21fd, 0x0c59_96a7, 0xa361_f587, 0xaa59_c7a7), Uint32Array.of(0xffff_ffff), int(2000)],
    results: [1],
  },
  {
    ...own,
    name: "bfs",
    grid: [1, 1],
    block: [128, 1],
    args: [graphRows, graphColumns, new Int32Array(500), new Int32Array(500), int(500)],
    results: [2],
  },
  {
    ...own,
    name: "layerNorm",
    grid: [4, 1],
    block: [128, 1],
    args: [floats(1200, -3, 5), floats(300), floats(300), new Float32Array(1200), int(300)],
    results: [3],
    ...close,
  },
  {
    ...own,
    name: "attention",
    grid: [2, 1],
    block: [64, 1],
    args: [floats(2048, -1), floats(2048, -1), floats(2048, -1), new Float32Array(2048), int(128), float(0.25)],
    results: [3],
    ...close,
  },
  {
    ...own,
    name: "conjugateGradient",
    grid: [1, 1],
    block: [128, 1],
    args: [floats(256), new Float32Array(256), new Float32Array(256), new Float32Array(256), new Float32Array(256), int(16), int(40)],
    results: [1],
    ...close,
  },
  {
    ...own,
    name: "tensorGemm",
    grid: [1, 4],
    block: [128, 1],
    args: [halves(4096), halves(4096), new Float32Array(4096), int(64)],
    results: [2],
    ...close,
  },
  { ...own, name: "halfAxpy", grid: [2, 1], block: [128, 1], args: [halves(512), halves(512), float(0.75), int(256)], results: [1] },
  { ...own, name: "quicksorts", grid: [2, 1], block: [32, 1], args: [integers(2048, 1000)], results: [0] },
];
