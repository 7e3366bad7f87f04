import type { GuestGenerator, Thread } from "@decant/process";
import { system } from "../../crt/system.ts";
import { HASHES } from "../../crypto/hashes.ts";
import { ACCESS, eachChunk, open, OPEN, readWhole } from "../cmd/files.ts";
import { failureCode } from "../cmd/failure.ts";
import { Tool, toolWords } from "./tool.ts";

const LINE = 64;
const BEGIN = "-----BEGIN CERTIFICATE-----\r\n";
const END = "-----END CERTIFICATE-----\r\n";

/** certutil.exe: `certutil -hashfile file [algorithm]`, `-encode in out` and `-decode in out` ("certutil"). Certificates and stores are not there. */
export function* certutil(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const words = toolWords(tool.tail);
  const forces = words.some((word) => /^[-/]f$/i.test(word));
  const [verb = "", first, second] = words.filter((word) => !/^[-/]f$/i.test(word));
  const plain = verb.slice(1).toLowerCase();
  try {
    if (plain === "hashfile" && first !== undefined) return yield* hashFile(tool, first, second ?? "SHA1");
    if ((plain === "encode" || plain === "decode") && first !== undefined && second !== undefined)
      return yield* recode(tool, plain, first, second, forces);
  } catch (error) {
    const code = failureCode(error);
    const result = (0x8007_0000 + code) >>> 0;
    yield* tool.print(
      `CertUtil: -${plain} command FAILED: 0x${result.toString(16)} (WIN32: ${code})\r\nCertUtil: ${tool.message(error)}\r\n`,
    );
    return result;
  }
  yield* tool.print(`CertUtil: ${verb === "" ? "nothing to do" : verb} is not there: only -hashfile, -encode and -decode are.\r\n`);
  return INVALID_ARGUMENT;
}

/** HRESULT of ERROR_INVALID_PARAMETER. */
const INVALID_ARGUMENT = 0x8007_0057;

function* hashFile(tool: Tool, path: string, name: string): GuestGenerator<number> {
  const algorithm = Object.entries(HASHES).find(([key]) => key.replace("_", "").toUpperCase() === name.toUpperCase())?.[1];
  if (algorithm === undefined) {
    yield* tool.print(`CertUtil: there is no hash ${name}.\r\n`);
    return INVALID_ARGUMENT;
  }
  const hash = algorithm.create();
  yield* eachChunk(tool, path, function* (chunk) {
    yield* [];
    hash.update(chunk);
  });
  const digest = Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, "0")).join("");
  yield* tool.print(`${name.toUpperCase()} hash of ${path}:\r\n${digest}\r\nCertUtil: -hashfile command completed successfully.\r\n`);
  return 0;
}

function* recode(tool: Tool, verb: "encode" | "decode", from: string, to: string, forces: boolean): GuestGenerator<number> {
  const input = yield* readWhole(tool, from);
  const output = verb === "encode" ? encode(input) : decode(input);
  const target = open(tool, to, ACCESS.WRITE, forces ? OPEN.CREATE_ALWAYS : OPEN.CREATE_NEW);
  try {
    yield* tool.write(target, output);
  } finally {
    system.closeHandle(tool.thread, target);
  }
  yield* tool.print(
    `Input Length = ${input.length}\r\nOutput Length = ${output.length}\r\nCertUtil: -${verb} command completed successfully.\r\n`,
  );
  return 0;
}

function encode(bytes: Uint8Array): Uint8Array {
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  const lines = text.match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
  return asciiBytes(BEGIN + lines.map((line) => `${line}\r\n`).join("") + END);
}

function decode(bytes: Uint8Array): Uint8Array {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return asciiBytes(atob(text.replaceAll(/-----[^-]*-----|\s/g, "")));
}

function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
