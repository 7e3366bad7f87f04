/**
 * PTX at random through compilers and driver: `npx tsx packages/compute/src/cpu/fuzz.ts [--runs N] [--seed S]`. A run takes a kernel of random
 * instructions as it is, which must give the same by both compilers; or it changes a few instructions of such a kernel, or of one that nvcc built, and
 * launches what compiles: then whatever comes out must be a result or a CudaError. A crash, a hang or an invalid module ends the run with the text that
 * caused it. The suite does a few of these.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CudaError, guard, type CudaDriver, type CudaSession, type ModuleInfo } from "@decant/cuda";
import { compileModule, parsePtx, PtxError } from "@decant/ptx";
import { randomKernel, type RandomKernel } from "@decant/ptx/testing";
import { cpuDriver } from "./cpu-driver.ts";

const folder = fileURLToPath(new URL("../../../ptx/kernels/", import.meta.url));

/** Something came of PTX that must not. */
export class FuzzFailure extends Error {
  override readonly name = "FuzzFailure";
  readonly text: string;

  constructor(what: string, text: string, cause?: unknown) {
    super(what, { cause });
    this.text = text;
  }
}

/** What one run came to: of damaged kernels, and of one that was left whole. */
export type Outcome = "refused" | "ran" | "failed" | "whole";

const FORMS = ["reference", "vector"] as const;
/** Launches that a context sees before the next takes its place, which forgets its modules. */
const CONTEXT_RUNS = 40;
const BUFFER_BYTES = 65536;

/** Runs of PTX over drivers of each form. Everything follows from the seed. */
export class Fuzz {
  readonly #sources: readonly string[];
  readonly #suffixes: readonly string[];
  readonly #opcodes: readonly string[];
  readonly #devices = { reference: new Device("reference", 150), vector: new Device("vector", 150) };
  /** Those of kernels that are in order: however busy the machine, these end. */
  readonly #patient = { reference: new Device("reference", 60_000), vector: new Device("vector", 60_000) };
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
    this.#sources = readdirSync(folder)
      .filter((name) => name.endsWith(".ptx"))
      .map((name) => readFileSync(join(folder, name), "latin1"));
    const all = this.#sources.join("\n");
    this.#suffixes = [...new Set(all.match(/\.[a-z0-9_]+(?=[.\s])/g) ?? [])];
    this.#opcodes = [...new Set([...all.matchAll(/^\s*(?:@!?%p[0-9]+\s+)?([a-z0-9]+)[.\s]/gm)].map((found) => found[1] ?? "ret"))];
  }

  /** One run: the text that it was made of, and what came of it. Throws when something came that must not. */
  async run(): Promise<{ readonly text: string; readonly outcome: Outcome }> {
    const kind = this.#below(8);
    if (kind < 3) return this.#whole(randomKernel(this.#random()));
    const text = this.#damaged(kind < 6 ? randomKernel(this.#random()).text : this.#pick(this.#sources));
    const form = this.#pick(FORMS);
    try {
      for (const compiler of FORMS) {
        const { wasm } = compileModule(parsePtx(text), { features: { fusedMultiplyAdd: false }, compiler });
        if (!WebAssembly.validate(wasm as Uint8Array<ArrayBuffer>)) throw new FuzzFailure(`the ${compiler} form is no valid module`, text);
      }
    } catch (error) {
      if (error instanceof PtxError) return { text, outcome: "refused" };
      throw error instanceof FuzzFailure ? error : new FuzzFailure(`compiling fails with ${String(error)}`, text, error);
    }
    try {
      return { text, outcome: await this.#launchAll(this.#devices[form], text) };
    } catch (error) {
      throw new FuzzFailure(`launching fails with ${String(error)}`, text, error);
    }
  }

  async close(): Promise<void> {
    for (const form of FORMS) await Promise.all([this.#devices[form].close(), this.#patient[form].close()]);
  }

  async #whole({ text, block, words }: RandomKernel): Promise<{ readonly text: string; readonly outcome: Outcome }> {
    const input = new Uint32Array(words + 64).map(() => this.#random());
    const n = this.#below(100);
    const results: string[] = [];
    try {
      for (const form of FORMS) {
        const { calls, context, base } = await this.#patient[form].ready();
        const parameters = new DataView(new ArrayBuffer(20));
        for (const [offset, buffer] of [base, base + BUFFER_BYTES / 2].entries()) parameters.setBigUint64(8 * offset, BigInt(buffer), true);
        parameters.setUint32(16, n, true);
        calls.cuMemsetD2D(context, base, 4, 0, 4, words, 1);
        calls.cuMemcpyHtoD(context, base + BUFFER_BYTES / 2, new Uint8Array(input.buffer));
        await calls.cuModuleLoadData(context + 1, context, new TextEncoder().encode(text));
        calls.cuLaunchKernel(context, context + 1, 0, 1, 1, 1, ...block, 0, new Uint8Array(parameters.buffer));
        results.push(Buffer.from(await calls.cuMemcpyDtoH(context, base, words * 4)).toString("hex"));
        calls.cuModuleUnload(context + 1);
      }
    } catch (error) {
      throw new FuzzFailure(`a kernel that is in order fails with ${String(error)}`, text, error);
    }
    if (results[0] !== results[1]) throw new FuzzFailure("vectors give something else than the reference", text);
    return { text, outcome: "whole" };
  }

  async #launchAll(device: Device, text: string): Promise<Outcome> {
    const { calls, context, base } = await device.ready();
    try {
      const module = await calls.cuModuleLoadData(context + 1, context, new TextEncoder().encode(text));
      for (const [index, kernel] of module.functions.slice(0, 3).entries()) {
        const [threads, shared] = [[32, 33, 64][this.#below(3)] ?? 32, 1024];
        calls.cuLaunchKernel(context, context + 1, index, 2, 1, 1, threads, 1, 1, shared, this.#parameters(kernel, base));
        await calls.cuCtxSynchronize(context);
      }
      calls.cuModuleUnload(context + 1);
      return "ran";
    } catch (error) {
      if (!(error instanceof CudaError)) throw error;
      device.discard();
      return "failed";
    }
  }

  /** Pointers into the allocation, and numbers that are mostly small. */
  #parameters({ parameters }: ModuleInfo["functions"][number], base: number): Uint8Array {
    const end = parameters.reduce((most, { offset, size }) => Math.max(most, offset + size), 0);
    const view = new DataView(new ArrayBuffer(Math.max(end, 8)));
    for (const { offset, size } of parameters) {
      if (size === 8) view.setBigUint64(offset, BigInt(base + 4096 * this.#below(8)), true);
      else if (size === 4) view.setUint32(offset, this.#below(4) === 0 ? this.#random() : this.#below(100), true);
    }
    return new Uint8Array(view.buffer, 0, end);
  }

  #damaged(text: string): string {
    const lines = text.split("\n");
    const edits = 1 + this.#below(3);
    for (let edit = 0; edit < edits; edit++) {
      const at = this.#instruction(lines);
      const line = lines[at] ?? "";
      switch (this.#below(8)) {
        case 0:
          lines.splice(at, 1);
          break;
        case 1:
          lines.splice(this.#instruction(lines), 0, line);
          break;
        case 2: {
          const other = this.#instruction(lines);
          [lines[at], lines[other]] = [lines[other] ?? "", line];
          break;
        }
        case 3:
          lines[at] = line.replace(/([a-z0-9]+)(?=[.\s])/, this.#pick(this.#opcodes));
          break;
        case 4:
        case 5:
          lines[at] = this.#replaceOne(line, /\.[a-z0-9_]+/g, () => this.#pick(this.#suffixes));
          break;
        case 6:
          lines[at] = this.#replaceOne(
            line,
            /%[a-z]+[0-9]+/g,
            () => `%${this.#pick(["r", "rd", "f", "fd", "p", "rs"])}${1 + this.#below(6)}`,
          );
          break;
        default:
          lines[at] = this.#replaceOne(line, /\b[0-9]+\b/g, () =>
            this.#pick(["0", "1", "-1", "31", "32", "64", "4294967295", "0x8000000000000000", "0f7FC00000"]),
          );
      }
    }
    return lines.join("\n");
  }

  #instruction(lines: readonly string[]): number {
    for (let tries = 0; tries < 50; tries++) {
      const at = this.#below(lines.length);
      if (/;\s*$/.test(lines[at] ?? "") && !/^\s*\.(reg|global|const|file|version)/.test(lines[at] ?? "")) return at;
    }
    return this.#below(lines.length);
  }

  #replaceOne(line: string, pattern: RegExp, by: () => string): string {
    const places = [...line.matchAll(pattern)];
    const place = places[this.#below(Math.max(1, places.length))];
    if (place === undefined) return line;
    return line.slice(0, place.index) + by() + line.slice(place.index + place[0].length);
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T; // Never empty here.
  }

  #below(limit: number): number {
    return this.#random() % limit;
  }

  /** Mulberry32: small, and the same everywhere. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let value = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return (value ^ (value >>> 14)) >>> 0;
  }
}

/** A driver of one form, and a context of it with an allocation. */
class Device {
  readonly #driver: CudaDriver;
  #session: CudaSession | undefined;
  #context = 0;
  #runs = CONTEXT_RUNS;

  constructor(compiler: (typeof FORMS)[number], timeLimitMs: number) {
    this.#driver = cpuDriver({ workers: 1, timeLimitMs, memoryBytes: 64 << 20, compiler });
  }

  /** The context for one more run; its module may take the next handle. */
  async ready(): Promise<{ readonly calls: CudaSession; readonly context: number; readonly base: number }> {
    this.#session ??= guard(await this.#driver.open());
    const calls = this.#session;
    const arena = calls.info.devices[0]?.arena;
    if (arena === undefined) throw new Error("no device");
    const base = arena.base + arena.start;
    if (this.#runs++ >= CONTEXT_RUNS) {
      if (this.#context > 0) await calls.cuCtxDestroy(this.#context);
      this.#context += 4;
      this.#runs = 0;
      calls.cuCtxCreate(this.#context, 0, 0, 0);
      calls.cuMemAlloc(base, this.#context, BUFFER_BYTES);
    }
    return { calls, context: this.#context, base };
  }

  /** The context has failed: the next run gets another. */
  discard(): void {
    this.#runs = CONTEXT_RUNS;
  }

  async close(): Promise<void> {
    await this.#session?.close();
    await this.#driver.close();
  }
}

async function main(): Promise<void> {
  const option = (name: string, otherwise: number): number => {
    const at = process.argv.indexOf(name);
    return at < 0 ? otherwise : Number(process.argv[at + 1]);
  };
  const [runs, seed] = [option("--runs", 1000), option("--seed", Date.now() & 0xffff)];
  const fuzz = new Fuzz(seed);
  const counts: Record<Outcome, number> = { refused: 0, ran: 0, failed: 0, whole: 0 };
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    try {
      const { outcome, text } = await fuzz.run();
      counts[outcome]++;
      const ms = performance.now() - started;
      if (ms > 5000) report(`run ${run} took ${Math.round(ms)} ms`, text);
    } catch (error) {
      report(`run ${run}: ${error instanceof Error ? error.message : String(error)}`, error instanceof FuzzFailure ? error.text : "");
      process.exitCode = 1;
    }
    if (run % 500 === 499) process.stdout.write(`${run + 1} runs: ${JSON.stringify(counts)}\n`);
  }
  process.stdout.write(`seed ${seed}, ${runs} runs: ${JSON.stringify(counts)}\n`);
  await fuzz.close();
}

function report(what: string, text: string): void {
  const file = join(tmpdir(), `decant-fuzz-${Date.now()}.ptx`);
  writeFileSync(file, text);
  process.stdout.write(`${what}: ${file}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
