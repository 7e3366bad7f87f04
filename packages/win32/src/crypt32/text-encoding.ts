import { ERROR, Win32Error, type Out, type Pointer, type TextBuffer } from "@decant/hook";
import { implement } from "@decant/process";
import { textEncodingApi } from "./text-encoding.api.ts";

/** CRYPT_STRING_*: forms of text, and what may be added. */
const FORM = { BASE64HEADER: 0, BASE64: 1, BINARY: 2, HEX: 4, BASE64_ANY: 6, HEXRAW: 12 } as const;
const NOCRLF = 0x4000_0000;
const NOCR = 0x8000_0000;
const LINE = 64;

export const textEncoding = implement(textEncodingApi, {
  CryptStringToBinaryA: (_thread, text, count, flags, target, size, skip, form) => decode(text, count, flags, target, size, skip, form),
  CryptStringToBinaryW: (_thread, text, count, flags, target, size, skip, form) => decode(text, count, flags, target, size, skip, form),
  CryptBinaryToStringA: (_thread, source, length, flags, target, count) => encode(source, length, flags, target, count),
  CryptBinaryToStringW: (_thread, source, length, flags, target, count) => encode(source, length, flags, target, count),
});

function decode(
  text: string | undefined,
  count: number,
  flags: number,
  target: Pointer,
  size: Out<number>,
  skip: Out<number>,
  usedForm: Out<number>,
): boolean {
  if (text === undefined || size.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const given = count === 0 ? text : text.slice(0, count);
  const form = flags & 0xff;
  const header = /^[^-]*-----BEGIN[^\n]*-----\r?\n/.exec(given)?.[0];
  const hasHeader = header !== undefined && (form === FORM.BASE64HEADER || form === FORM.BASE64_ANY);
  if (form === FORM.BASE64HEADER && !hasHeader) throw new Win32Error(ERROR.INVALID_DATA);
  const body = hasHeader ? given.slice(header.length).replace(/-----END[\s\S]*$/, "") : given;
  const bytes = form === FORM.HEX || form === FORM.HEXRAW ? fromHex(body) : form === FORM.BINARY ? fromLatin1(body) : fromBase64(body);
  const room = size.get();
  size.set(bytes.length);
  skip.set(hasHeader ? header.indexOf("-----BEGIN") : 0);
  usedForm.set(hasHeader ? FORM.BASE64HEADER : form === FORM.BASE64_ANY ? FORM.BASE64 : form);
  if (target.isNull) return true;
  if (room < bytes.length) throw new Win32Error(ERROR.MORE_DATA);
  target.write(bytes);
  return true;
}

function encode(source: Pointer, length: number, flags: number, target: TextBuffer, count: Out<number>): boolean {
  if (source.isNull || count.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const text = encodeText(source.view(length), flags & 0xff, (flags & NOCRLF) !== 0 ? "" : (flags & NOCR) !== 0 ? "\n" : "\r\n");
  if (target.isNull) {
    count.set(text.length + 1);
    return true;
  }
  if (target.write(text, count.get()).needed > count.get()) {
    count.set(text.length + 1);
    throw new Win32Error(ERROR.MORE_DATA);
  }
  count.set(text.length);
  return true;
}

function encodeText(bytes: Uint8Array, form: number, lineEnd: string): string {
  if (form === FORM.HEXRAW) return hex(bytes) + lineEnd;
  if (form !== FORM.BASE64 && form !== FORM.BASE64HEADER) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const encoded = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  const lines = encoded.match(new RegExp(`.{1,${LINE}}`, "g")) ?? []; // prettier-ignore
  const body = lines.map((line) => line + lineEnd).join("");
  return form === FORM.BASE64 ? body : `-----BEGIN CERTIFICATE-----${lineEnd}${body}-----END CERTIFICATE-----${lineEnd}`;
}

/** Padding may be missing, as Wine 8 and old encoders have it; bits that are left over make one more byte. */
function fromBase64(text: string): Uint8Array {
  const compact = text.replaceAll(/\s/g, "").replace(/={1,2}$/, "");
  if (!/^[A-Za-z0-9+/]*$/.test(compact)) throw new Win32Error(ERROR.INVALID_DATA);
  const padded = compact.padEnd(Math.ceil(compact.length / 4) * 4, "A");
  const rest = [0, 1, 1, 2][compact.length % 4]!;
  return fromLatin1(atob(padded)).subarray(0, 3 * Math.floor(compact.length / 4) + rest);
}

function fromHex(text: string): Uint8Array {
  const compact = text.replaceAll(/\s/g, "");
  if (!/^([0-9a-f]{2})*$/i.test(compact)) throw new Win32Error(ERROR.INVALID_DATA);
  return Uint8Array.from(compact.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function fromLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0) & 0xff);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
