import { readFileSync } from "node:fs";
import { cpuDriver } from "@decant/compute";
import { type Cuda, CudaError, type CudaDriver, errorName, guard, type KernelArgument, openCuda } from "@decant/cuda";
import { remoteDriver } from "@decant/remoting";
import { compilerOption } from "../compiler-option.ts";
import { requireServerUrl } from "../cuda-driver.ts";
import { describeOptions, numberOption, parseCommandLine, type OptionTable, type OptionValues } from "../command-line.ts";
import { kernelSignatures, signatureText } from "../kernel-signatures.ts";
import { parseValues, parseZeros, type TypedValues, VALUE_TYPE_NAMES, valuesForJson, valuesText } from "../kernel-values.ts";
import { durationOption } from "../quantities.ts";
import { painter, UsageError } from "../terminal.ts";
import { writeHelp } from "../help.ts";

const options = {
  grid: { type: "string", value: "X[,Y[,Z]]", help: "blocks (default 1)" },
  block: { type: "string", value: "X[,Y[,Z]]", help: "threads in a block (default 1)" },
  shared: { type: "string", value: "BYTES", help: "dynamic shared memory (default 0)" },
  in: { type: "string", multiple: true, value: "TYPE:VALUES", help: "a parameter: the address of a buffer that holds these values" },
  out: {
    type: "string",
    multiple: true,
    value: "TYPE:COUNT",
    help: "a parameter: the address of a buffer of zeros, which is printed after",
  },
  inout: { type: "string", multiple: true, value: "TYPE:VALUES", help: "a parameter: as --in, and printed after" },
  scalar: { type: "string", multiple: true, value: "TYPE:VALUE", help: "a parameter: the value itself, or several of a struct" },
  gpu: { type: "string", value: "ws://HOST:PORT", help: "where to run it (`decant serve`); the token comes from DECANT_TOKEN" },
  compute: {
    type: "string",
    value: "vector|reference",
    help: "here: several threads at a time by SIMD (default), or one after the other\nin plain code, which is what the other is checked against",
  },
  workers: { type: "string", value: "N", help: "here: threads that compute (default: one for each processor)" },
  "kernel-time": { type: "string", value: "TIME", help: "here: how long it may run, as 500ms or 2m (default 60s)" },
  json: { type: "boolean", help: "print JSON" },
  help: { type: "boolean", short: "h", help: "this text" },
} as const satisfies OptionTable;

const help = `Usage: decant kernel list module.ptx [--json]             the kernels of a module, and their parameters
       decant kernel run module.ptx ENTRY [options]       run one, and print what it wrote

The module is PTX text (nvcc -ptx), a fatbin (nvcc -fatbin) or a cubin that carries PTX. Parameters are given in the kernel's own order by --in, --out,
--inout and --scalar; \`decant kernel list\` shows what it takes.

Options
${describeOptions(options)}

Types: ${VALUE_TYPE_NAMES}
Values are separated by commas: decimal, 0x and 0b, with nan, inf and -inf for floats; or @FILE, whose bytes are taken as they are.
For f32 and f64, 0x and 0b give the bits (f32:0x3f800000 is 1); f16, bf16, e4m3 and e5m2 are always given and shown by their bits.
The exit code is 0 when the kernel ran, 1 when CUDA failed (with CUDA's name for it), 2 for a command line that is wrong.

Examples
  decant kernel list saxpy.ptx
  decant kernel run saxpy.ptx saxpy --block 32 --scalar u32:3 --scalar f32:2 --in f32:1,2,3 --inout f32:10,20,30
  decant kernel run sort.ptx bitonic --grid 4 --block 256 --shared 1024 --inout u32:@numbers.bin --json
  decant kernel run saxpy.ptx saxpy … --compute reference
`;

/** A parameter as it was given: a buffer to copy in, to print, or both; or a value. */
interface Parameter {
  readonly kind: "in" | "out" | "inout" | "scalar";
  readonly values: TypedValues;
}

/** `decant kernel`: lists and runs the kernels of a module. */
export async function kernelCommand(args: readonly string[]): Promise<number> {
  const { options: values, inOrder, rest } = parseCommandLine("kernel", options, args);
  if (values.help || args.length === 0) {
    writeHelp(help);
    return 0;
  }
  const [action, path, entry] = rest;
  if ((action !== "list" && action !== "run") || rest.length !== (action === "list" ? 2 : 3))
    throw new UsageError("kernel takes `list MODULE` or `run MODULE ENTRY`; `decant kernel --help` says more");
  const image = readModule(path!);
  try {
    if (action === "list") return list(path!, image, values.json === true);
    const parameters = inOrder.flatMap(({ name, value }) => parameterOf(name, value));
    return await run(image, entry!, parameters, values);
  } catch (error) {
    if (!(error instanceof CudaError)) throw error;
    return fail(error, values.json === true);
  }
}

type Values = OptionValues<typeof options>;

function readModule(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new UsageError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function parameterOf(name: string, value: string): Parameter[] {
  if (name === "out") return [{ kind: name, values: parseZeros(name, value) }];
  if (name === "in" || name === "inout" || name === "scalar") return [{ kind: name, values: parseValues(name, value) }];
  return [];
}

function list(path: string, image: Uint8Array, json: boolean): number {
  const kernels = kernelSignatures(image);
  if (json) process.stdout.write(`${JSON.stringify(kernels, null, 2)}\n`);
  else if (kernels.length === 0) process.stdout.write(`${path} has no kernels\n`);
  else for (const kernel of kernels) process.stdout.write(`${signatureText(kernel)}\n`);
  return 0;
}

async function run(image: Uint8Array, entry: string, parameters: readonly Parameter[], given: Values): Promise<number> {
  const grid = dimensions("grid", given.grid);
  const block = dimensions("block", given.block);
  const shared = numberOption("shared", given.shared, { min: 0, max: 2 ** 31, unit: "bytes" }) ?? 0;
  const driver = driverFor(given);
  try {
    const cuda = await openCuda(driver, { onOutput: (text) => void process.stderr.write(text) });
    cuda.cuCtxCreate(0, 0);
    const kernel = cuda.cuModuleGetFunction(await cuda.cuModuleLoadData(image), entry);
    const addresses = parameters.map((parameter) => place(cuda, parameter));
    const start = performance.now();
    cuda.cuLaunchKernel(kernel, ...grid, ...block, shared, 0, addresses);
    await cuda.cuCtxSynchronize();
    const ms = performance.now() - start;
    const outputs: { parameter: number; values: TypedValues }[] = [];
    for (const [index, { kind, values }] of parameters.entries()) {
      if (kind !== "out" && kind !== "inout") continue;
      const bytes = await cuda.cuMemcpyDtoH(Number(addresses[index]), values.bytes.length);
      outputs.push({ parameter: index, values: { type: values.type, bytes } });
    }
    if (given.json) {
      const shown = outputs.map(({ parameter, values }) => ({ parameter, type: values.type, values: valuesForJson(values) }));
      process.stdout.write(`${JSON.stringify({ kernel: entry, grid, block, ms: Number(ms.toFixed(3)), outputs: shown })}\n`);
    } else for (const { values } of outputs) process.stdout.write(`${values.type}:${valuesText(values)}\n`);
    await cuda.close();
    return 0;
  } finally {
    await driver.close();
  }
}

function driverFor(given: Values): CudaDriver {
  if (given.gpu !== undefined) {
    for (const local of ["compute", "workers", "kernel-time"] as const)
      if (given[local] !== undefined) throw new UsageError(`--${local} is for kernels that run here: with --gpu the server decides`);
    requireServerUrl(given.gpu);
    const token = process.env["DECANT_TOKEN"];
    return remoteDriver(given.gpu, token ? { token } : {});
  }
  const workers = numberOption("workers", given.workers, { min: 1, max: 1024, unit: "threads" });
  const timeLimitMs = durationOption("kernel-time", given["kernel-time"]);
  const cpu = cpuDriver({ ...compilerOption(given.compute), ...(workers && { workers }), ...(timeLimitMs && { timeLimitMs }) });
  return { open: async (session) => guard(await cpu.open(session)), close: () => cpu.close() };
}

/** The argument for a parameter: a buffer's address, or the value. */
function place(cuda: Cuda, { kind, values: { bytes } }: Parameter): KernelArgument {
  if (kind === "scalar") return bytes;
  const address = cuda.cuMemAlloc(bytes.length);
  cuda.cuMemcpyHtoD(address, bytes);
  return address;
}

function dimensions(name: string, text = "1"): [number, number, number] {
  const sizes = text.split(/[,x]/).map(Number);
  if (sizes.length > 3 || !sizes.every((size) => Number.isInteger(size) && size >= 1 && size < 2 ** 31))
    throw new UsageError(`--${name} takes up to three sizes from 1, as 256, 16,16 or 64,1,1, not "${text}"`);
  return [sizes[0]!, sizes[1] ?? 1, sizes[2] ?? 1];
}

/** One line that begins with CUDA's name of the error; the rest is what the compiler or the fault report says. */
function fail(error: CudaError, json: boolean): number {
  const name = errorName(error.cuResult) ?? String(error.cuResult);
  if (json) process.stdout.write(`${JSON.stringify({ error: name, code: error.cuResult, log: error.log ?? "" })}\n`);
  else process.stderr.write(`${painter(process.stderr)("red", "decant:")} ${error.message}\n`);
  return 1;
}
