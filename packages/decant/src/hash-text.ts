/** Two FNV-1a hashes with different offsets, 64 bits in all, as sixteen hexadecimal digits. */
export function hashText(bytes: Uint8Array): string {
  let a = 0x811c_9dc5;
  let b = 0x1234_5671;
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x0100_0193);
    b = Math.imul(b ^ byte, 0x0100_0193);
  }
  return [a, b].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}
