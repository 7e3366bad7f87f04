/** What each kernel of kernels.cu is run on, when its time is taken. */
import { float, int, ramp, randomArrays, sha256Constants, type Job } from "./job.ts";

const { random, floats, doubles, integers, words } = randomArrays(12345);

const exact = { tolerance: 0, mayDiffer: 0 };
const close = { tolerance: 1e-4, mayDiffer: 0 };

/** 16 entries a row, anywhere. */
function sparse(rows: number): readonly [Int32Array, Int32Array, Float32Array] {
  return [Int32Array.from({ length: rows + 1 }, (_, i) => i * 16), integers(rows * 16, rows), floats(rows * 16, -1)];
}

const [rows, columns, values] = sparse(1 << 16);
const M = 1 << 20;

export const jobs: readonly Job[] = [
  {
    name: "saxpy",
    grid: [(4 * M) / 256, 1],
    block: [256, 1],
    args: [floats(4 * M), floats(4 * M), float(1.5), int(4 * M)],
    results: [1],
    ...close,
  },
  {
    name: "mandelbrot",
    grid: [64, 64],
    block: [16, 16],
    args: [new Uint32Array(M), int(1024), int(1024), int(256)],
    results: [0],
    tolerance: 0,
    mayDiffer: 0.01,
  },
  {
    name: "sgemm",
    grid: [32, 32],
    block: [16, 16],
    args: [floats(512 * 512, -1), floats(512 * 512, -1), new Float32Array(512 * 512), int(512)],
    results: [2],
    ...close,
  },
  {
    name: "sgemmBlocked",
    grid: [8, 8],
    block: [16, 16],
    args: [floats(512 * 512, -1), floats(512 * 512, -1), new Float32Array(512 * 512), int(512)],
    results: [2],
    ...close,
  },
  {
    name: "dgemm",
    grid: [16, 32],
    block: [16, 8],
    args: [doubles(65536), doubles(65536), new Float64Array(65536), int(256)],
    results: [2],
    ...close,
  },
  {
    name: "reduce",
    grid: [128, 1],
    block: [256, 1],
    args: [integers(16 * M, 100), new Int32Array(128), int(16 * M)],
    results: [1],
    ...exact,
  },
  {
    name: "reduceWarp",
    grid: [128, 1],
    block: [256, 1],
    args: [integers(16 * M, 100), new Int32Array(128), int(16 * M)],
    results: [1],
    ...exact,
  },
  {
    name: "transpose",
    grid: [64, 64],
    block: [32, 8],
    args: [words(4 * M), new Uint32Array(4 * M), int(2048), int(2048)],
    results: [1],
    ...exact,
  },
  {
    name: "histogram",
    grid: [128, 1],
    block: [256, 1],
    args: [Uint8Array.from({ length: 4 * M }, () => random() * 256), new Uint32Array(256), int(4 * M)],
    results: [1],
    ...exact,
  },
  {
    name: "nbody",
    grid: [32, 1],
    block: [128, 1],
    args: [floats(4096), floats(4096), floats(4096), floats(4096), new Float32Array(3 * 4096), int(4096)],
    results: [4],
    tolerance: 1e-3,
    mayDiffer: 0,
  },
  {
    name: "blackScholes",
    grid: [M / 256, 1],
    block: [256, 1],
    args: [floats(M, 5, 30), floats(M, 1, 100), floats(M, 0.25, 10), new Float32Array(M), new Float32Array(M), int(M)],
    results: [3, 4],
    tolerance: 1e-3,
    mayDiffer: 0,
  },
  {
    name: "stencil",
    grid: [4, 32],
    block: [32, 4],
    args: [floats(128 ** 3), new Float32Array(128 ** 3), int(128)],
    results: [1],
    ...close,
  },
  {
    name: "convolution",
    grid: [32, 128],
    block: [32, 8],
    args: [floats(M), floats(49), new Float32Array(M), int(1024), int(1024)],
    results: [2],
    ...close,
  },
  {
    name: "sha256",
    grid: [512, 1],
    block: [256, 1],
    args: [sha256Constants(), new Uint32Array(1 << 17), int(1 << 17)],
    results: [1],
    ...exact,
  },
  { name: "softmax", grid: [1024, 1], block: [256, 1], args: [floats(M, -5, 5), new Float32Array(M), int(1024)], results: [1], ...close },
  {
    name: "spmv",
    grid: [256, 1],
    block: [256, 1],
    args: [rows, columns, values, floats(1 << 16, -1), new Float32Array(1 << 16), int(1 << 16)],
    results: [4],
    ...close,
  },
  { name: "scan", grid: [2048, 1], block: [256, 1], args: [words(M), new Uint32Array(M)], results: [1], ...exact },
  { name: "monteCarlo", grid: [64, 1], block: [256, 1], args: [new Uint32Array(64 * 256), int(64)], results: [0], ...exact },
  { name: "bitonicSort", grid: [512, 1], block: [256, 1], args: [words(512 * 512), new Uint32Array(512 * 512)], results: [1], ...exact },
  {
    name: "kmeans",
    grid: [1024, 1],
    block: [256, 1],
    args: [floats(1 << 18), floats(1 << 18), floats(64), floats(64), new Uint32Array(1 << 18), int(1 << 18), int(64)],
    results: [4],
    tolerance: 0,
    mayDiffer: 0.001,
  },
  // Arrays that no cache holds: how fast memory is decides.
  {
    name: "saxpy",
    label: "saxpy, in memory",
    grid: [(48 * M) / 256, 1],
    block: [256, 1],
    args: [ramp(48 * M), ramp(48 * M), float(1.5), int(48 * M)],
    results: [1],
    ...close,
  },
];
