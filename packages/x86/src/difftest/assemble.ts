import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One instruction, or a short sequence, under test: its text and its bytes. */
export interface Form {
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** Assembles Intel-syntax texts with GNU as; `;` separates instructions of a sequence. Needs binutils. */
export function assemble(texts: readonly string[], mode: 64 | 32 = 64): Form[] {
  const folder = mkdtempSync(join(tmpdir(), "decant-as-"));
  try {
    const at = (name: string) => join(folder, name);
    // Each form ends with a length that the linker-free object file can tell: the difference of two labels.
    const lines = texts.flatMap((text, n) => [`s${n}:`, text, `e${n}:`]);
    const lengths = texts.map((_, n) => `.long e${n}-s${n}`);
    writeFileSync(at("a.s"), [".intel_syntax noprefix", ".text", ...lines, ".data", ...lengths, ""].join("\n"));
    execFileSync("as", [`--${mode}`, "-o", at("a.o"), at("a.s")], { stdio: ["ignore", "inherit", "inherit"] });
    for (const section of ["text", "data"]) execFileSync("objcopy", ["-O", "binary", "-j", `.${section}`, at("a.o"), at(section)]);
    const code = readFileSync(at("text"));
    const sizes = readFileSync(at("data"));
    let start = 0;
    return texts.map((text, n) => {
      const bytes = Uint8Array.from(code.subarray(start, (start += sizes.readUInt32LE(n * 4))));
      return { text, bytes };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
