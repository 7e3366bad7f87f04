import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { nodeFiles } from "@decant/host";
import type { Registry } from "@decant/hook";
import {
  DIRECTORY,
  readDelayImports,
  readExports,
  readImage,
  readImports,
  readTls,
  SUBSYSTEM,
  type Image,
  type ImportedDll,
  type ImportedSymbol,
} from "@decant/pe";
import { isApiSet, isSystemDll, resolveApiSet } from "@decant/process";
import { cudaDriver } from "../cuda-driver.ts";
import { describeOptions, parseCommandLine } from "../command-line.ts";
import { readGuestFile, toGuestPath } from "../guest-paths.ts";
import { readProgram } from "../program-file.ts";
import { builtInDlls } from "../run-program.ts";
import { painter, UsageError } from "../terminal.ts";
import { writeHelp } from "../help.ts";

const options = {
  json: { type: "boolean", help: "everything as JSON" },
  help: { type: "boolean", short: "h", help: "this text" },
} as const;

const help = `Usage: decant inspect [options] program.exe

Says what a Windows image is, what it imports, and which of that Decant maps. Nothing of it runs.

Options
${describeOptions(options)}

Examples
  decant inspect tool.exe
  decant inspect --json library.dll | jq '.imports[] | select(.state == "not mapped")'
`;

/** Where an imported function comes from. */
type State = "mapped" | "not mapped" | "program's own" | "missing DLL";

interface InspectedImport {
  dll: string;
  name: string;
  state: State;
  delayed: boolean;
}

/** `decant inspect`: returns the exit code. */
export async function inspectCommand(args: readonly string[]): Promise<number> {
  const { options: given, rest } = parseCommandLine("inspect", options, args);
  if (given.help) {
    writeHelp(help);
    return 0;
  }
  const [name, extra] = rest;
  if (name === undefined || extra !== undefined) throw new UsageError("inspect takes one program: decant inspect [options] program.exe");
  const { path, bytes, image } = readProgram(name);
  const registry = builtInDlls(cudaDriver(undefined).driver, () => {});
  const imports = inspectImports(image, registry, dirname(path));
  const facts = describe(image, bytes);
  if (given.json) process.stdout.write(`${JSON.stringify({ ...facts, imports }, null, 2)}\n`);
  else print(name, facts, imports);
  return 0;
}

function describe(image: Image, bytes: Uint8Array): Record<string, string | number | boolean> {
  const subsystems: Record<number, string> = {
    [SUBSYSTEM.NATIVE]: "native",
    [SUBSYSTEM.WINDOWS_GUI]: "windows",
    [SUBSYSTEM.WINDOWS_CUI]: "console",
  };
  return {
    machine: image.machine,
    kind: image.isDll ? "DLL" : "program",
    subsystem: subsystems[image.subsystem] ?? `subsystem ${image.subsystem}`,
    dotNet: image.isDotNet,
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    imageBase: `0x${image.imageBase.toString(16)}`,
    imageSize: image.sizeOfImage,
    relocations: image.relocatable && (image.directories[DIRECTORY.BASERELOC]?.size ?? 0) > 0,
    entryPoint: `0x${image.entryPoint.toString(16)}`,
    stackReserve: image.stackReserve,
    sections: image.sections.map((section) => section.name).join(" "),
    tlsCallbacks: readTls(image)?.callbacksRva !== undefined,
  };
}

function inspectImports(image: Image, registry: Registry, folder: string): InspectedImport[] {
  const list = (dlls: readonly ImportedDll[], delayed: boolean): InspectedImport[] =>
    dlls.flatMap(({ dll, symbols }) =>
      symbols.map((symbol) => ({ dll, name: symbolName(symbol), state: stateOf(dll, symbol, registry, folder, image), delayed })),
    );
  return [...list(readImports(image), false), ...list(readDelayImports(image), true)];
}

function symbolName(symbol: ImportedSymbol): string {
  return symbol.name ?? `#${symbol.ordinal}`;
}

function stateOf(dll: string, symbol: ImportedSymbol, registry: Registry, folder: string, { is64 }: Image): State {
  const key = dll.toLowerCase();
  const builtIn = isApiSet(key) ? resolveApiSet(key) : key;
  if (builtIn !== undefined && registry.resolveDll(builtIn) !== undefined) {
    const found = registry.find(builtIn, symbol.name ?? symbol.ordinal ?? 0, is64 ? 8 : 4);
    return found === undefined ? "not mapped" : "mapped";
  }
  const own = readGuestFile(nodeFiles(), `${toGuestPath(folder)}\\${dll}`);
  if (own !== undefined && readImage(own).isDll) return "program's own";
  const guestCode = registry.image(builtIn, is64 ? 8 : 4);
  if (guestCode !== undefined) {
    const exported = readExports(readImage(guestCode))?.symbols ?? [];
    return exported.some(({ name, ordinal }) => (symbol.name === undefined ? ordinal === symbol.ordinal : name === symbol.name))
      ? "mapped"
      : "not mapped";
  }
  return isSystemDll(key) ? "not mapped" : "missing DLL";
}

function print(name: string, facts: Record<string, string | number | boolean>, imports: readonly InspectedImport[]): void {
  const paint = painter(process.stdout);
  const lines = [`${paint("bold", name)}: ${facts["machine"]} ${facts["subsystem"]} ${facts["kind"]}${facts["dotNet"] ? ", .NET" : ""}`];
  for (const key of [
    "bytes",
    "sha256",
    "imageBase",
    "imageSize",
    "relocations",
    "entryPoint",
    "stackReserve",
    "sections",
    "tlsCallbacks",
  ]) {
    lines.push(`  ${key.padEnd(13)} ${String(facts[key])}`);
  }
  const mapped = imports.filter(({ state }) => state === "mapped" || state === "program's own").length;
  lines.push("", `${paint("bold", "Imports")}: ${imports.length} functions, ${mapped} mapped`);
  for (const dll of new Set(imports.map((entry) => entry.dll))) {
    const own = imports.filter((entry) => entry.dll === dll);
    lines.push(`  ${dll}${own.every(({ delayed }) => delayed) ? " (delayed)" : ""}`);
    for (const { name: symbol, state } of own.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      lines.push(
        `    ${symbol.padEnd(36)} ${state === "mapped" ? paint("green", state) : state === "program's own" ? state : paint("red", state)}`,
      );
    }
  }
  process.stdout.write(`${lines.join("\n")}\n`);
}
