import type { ByteView } from "./byte-view.ts";
import { PeError } from "./error.ts";

/** Machines that PE files are made for and that are not run here (PE Format, "Machine Types"). */
const OTHER_MACHINES: Record<number, string> = {
  0x01c0: "32-bit ARM",
  0x01c2: "32-bit ARM (Thumb)",
  0x01c4: "32-bit ARM (Thumb-2)",
  0xaa64: "ARM64",
  0xa641: "ARM64EC",
  0xa64e: "ARM64X",
  0x0200: "Itanium",
  0x0ebc: "EFI byte code",
  0x5064: "RISC-V",
  0x6264: "LoongArch",
};

/** Where the NT headers start. Throws PeError, which says what the file is instead, when it is no PE file at all. */
export function findNtHeaders(view: ByteView): number {
  if (view.length === 0) throw new PeError("not-pe", 'the file is empty; expected a Windows program, which starts with "MZ"');
  if (!startsWith(view.bytes, 0, "MZ"))
    throw new PeError("not-pe", `${describe(view.bytes)}; expected a Windows program, which starts with "MZ"`);
  view.need(0, 0x40, "the DOS header");
  const offset = view.u32(0x3c, "the DOS header's e_lfanew");
  if (offset === 0) throw new PeError("16-bit", "this is a DOS program; expected a 32- or 64-bit Windows program");
  const old = ["NE", "LE", "LX"].find((signature) => startsWith(view.bytes, offset, signature));
  if (old !== undefined) {
    throw new PeError(
      "16-bit",
      `this is a 16-bit Windows, OS/2 or VxD image ("${old}" header); expected a 32- or 64-bit Windows program ("PE")`,
    );
  }
  // A DOS program has no e_lfanew: the field then holds code or padding.
  if (offset < 0x40 && view.u16(0x18, "the DOS header") < 0x40 && !startsWith(view.bytes, offset, "PE\0\0")) {
    throw new PeError("16-bit", "this is a DOS program; expected a 32- or 64-bit Windows program");
  }
  view.need(offset, 24, "the PE header");
  if (!startsWith(view.bytes, offset, "PE\0\0")) {
    const found = hexBytes(view.bytes.subarray(offset, offset + 4));
    throw new PeError("malformed", `expected the signature "PE\\0\\0" at offset 0x${offset.toString(16)}, found ${found}`);
  }
  return offset;
}

/** The PeError for a machine field that is neither x86 nor x86-64. */
export function unknownMachine(machine: number): PeError {
  const name = OTHER_MACHINES[machine];
  const found = name === undefined ? `machine type 0x${machine.toString(16)}` : `a program for ${name}`;
  return new PeError("machine", `this is ${found}; only x86-64 and x86 programs can run`);
}

function describe(bytes: Uint8Array): string {
  if (startsWith(bytes, 0, "\x7fELF")) return "this is an ELF file (a Linux or Unix program)";
  if (startsWith(bytes, 0, "#!")) return `this is a script ("${firstLine(bytes)}")`;
  if (startsWith(bytes, 0, "PK\x03\x04")) return "this is a ZIP archive";
  if (startsWith(bytes, 0, "\0asm")) return "this is a WebAssembly module";
  if (startsWith(bytes, 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) return "this is an installer package (.msi) or another compound file";
  if (startsWith(bytes, 0, "!<arch>")) return "this is a library archive";
  if ([0xfeedface, 0xfeedfacf, 0xcafebabe].includes(bigEndian32(bytes)) || [0xcefaedfe, 0xcffaedfe].includes(bigEndian32(bytes))) {
    return "this is a macOS program or a Java class";
  }
  if (isText(bytes)) return `this is a text file ("${firstLine(bytes)}")`;
  return `the file starts with ${hexBytes(bytes.subarray(0, 4))}`;
}

function firstLine(bytes: Uint8Array): string {
  const line = String.fromCharCode(...bytes.subarray(0, 48)).split(/[\r\n]/, 1)[0]!;
  return line.replaceAll(/[^\x20-\x7e]/g, "?");
}

function isText(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, 256);
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return head.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13);
  } catch {
    return false;
  }
}

function startsWith(bytes: Uint8Array, offset: number, text: string): boolean {
  if (offset + text.length > bytes.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[offset + i] !== text.charCodeAt(i)) return false;
  return true;
}

function bigEndian32(bytes: Uint8Array): number {
  return bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
