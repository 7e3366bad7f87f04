/**
 * Builds the guest code that Decant brings along from its sources: `npx tsx packages/win32/guest/build.ts`. Needs clang and lld for Microsoft's ABI, and
 * dlltool of mingw (Debian: clang, lld, binutils-mingw-w64). Images are written as base64 in modules of src/guest-images; a test compares what
 * they were made from with the sources.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { guestImages, type GuestImage } from "./images.ts";

const guestFolder = import.meta.dirname;
const FLAGS = [
  "-fms-compatibility-version=19.29", "-std=c++20", "-Os", "-fexceptions", "-fcxx-exceptions", "-fno-threadsafe-statics", "-nostdinc",
  "-fno-builtin", "-Wall", "-Wno-unused-private-field", "-Wno-undefined-var-template",
]; // prettier-ignore
const TARGETS = { x64: "x86_64", x86: "i686" } as const;

/** SHA-256 over the sources that an image is built from, and how. */
export function sourceHash(image: GuestImage): string {
  const hash = createHash("sha256").update(JSON.stringify([image, FLAGS]));
  const folder = join(guestFolder, image.name);
  for (const file of readdirSync(folder).sort()) hash.update(file).update(readFileSync(join(folder, file)));
  return hash.digest("hex");
}

function build(image: GuestImage): void {
  const work = mkdtempSync(join(tmpdir(), "decant-guest-"));
  try {
    for (const [bits, target] of Object.entries(TARGETS)) {
      const library = link(image, target, work).toString("base64");
      const text = `// Built by guest/build.ts from guest/${image.name}.\nexport const sources = "${sourceHash(image)}";\nexport const base64 =\n  "${library}";\n`;
      writeFileSync(join(guestFolder, `../src/guest-images/${image.name}-${bits}.ts`), text);
    }
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Compiles and links an image for one processor. */
function link({ name, imports, exports = [], flags = [] }: GuestImage, target: string, work: string): Buffer {
  const run = (command: string, ...args: string[]): void => void execFileSync(command, args, { stdio: "inherit" });
  const folder = join(guestFolder, name);
  const inputs: string[] = [];
  for (const source of readdirSync(folder).filter((file) => file.endsWith(".cpp"))) {
    const object = join(work, `${target}-${source}.obj`);
    run("clang", `--target=${target}-pc-windows-msvc`, ...FLAGS, ...flags, "-c", join(folder, source), "-o", object);
    inputs.push(object);
  }
  for (const [dll, names] of Object.entries(imports)) {
    const definition = join(work, `${target}-${dll}.def`);
    const is32 = target === "i686";
    // -k: stdcall names are imported as Windows' 32-bit DLLs export them, without "@n".
    const listed = names
      .trim()
      .split(/\s+/)
      .map((each) => (is32 ? each : each.replace(/@\d+$/, "")));
    writeFileSync(definition, `LIBRARY ${dll}\nEXPORTS\n${listed.join("\n")}\n`);
    run(`${target}-w64-mingw32-dlltool`, ...(is32 ? ["-k"] : []), "-d", definition, "-l", `${definition}.lib`);
    inputs.push(`${definition}.lib`);
  }
  const output = join(work, `${name}-${target}.dll`);
  run("lld-link", "/nologo", "/dll", "/entry:start", "/nodefaultlib", "/timestamp:0", "/opt:ref,icf", ...(target === "i686" ? ["/safeseh:no"] : []), ...exports.map((each) => `/export:${each}`), ...inputs, `/out:${output}`); // prettier-ignore
  return readFileSync(output);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2);
  for (const image of guestImages) if (names.length === 0 || names.includes(image.name)) build(image);
}
