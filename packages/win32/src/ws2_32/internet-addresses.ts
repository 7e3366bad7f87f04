/** An internet address as its bytes, in the order of the network: four of IPv4, sixteen of IPv6. */
export type AddressBytes = Uint8Array;

/** IPv4 in the forms that inet_addr takes: one to four numbers, decimal, octal (0…) or hexadecimal (0x…); the last fills what is left. */
export function parseLooseIpv4(text: string): AddressBytes | undefined {
  const parts = text.split(".");
  if (parts.length > 4) return undefined;
  const numbers = parts.map((part) => (/^0x[0-9a-f]+$/i.test(part) ? parseInt(part, 16) : /^0[0-7]*$/.test(part) ? parseInt(part, 8) : /^[1-9]\d*$/.test(part) ? Number(part) : NaN)); // prettier-ignore
  const last = numbers.pop()!;
  const room = 2 ** (8 * (4 - numbers.length));
  if (numbers.some((number) => !(number <= 255)) || !(last < room)) return undefined;
  const bytes = new Uint8Array(4);
  bytes.set(numbers);
  for (let i = 3, rest = last; i >= numbers.length; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  return bytes;
}

/** IPv4 as four decimal numbers. */
export function parseIpv4(text: string): AddressBytes | undefined {
  return /^(\d{1,3}\.){3}\d{1,3}$/.test(text) && !/(^|\.)0\d/.test(text) ? parseLooseIpv4(text) : undefined;
}

/** IPv6 (RFC 4291, section 2.2), with IPv4 at its end where it has that. */
export function parseIpv6(text: string): AddressBytes | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const tail = dotted === null ? undefined : parseIpv4(dotted[2]!);
  if (dotted !== null && tail === undefined) return undefined;
  const plain = tail === undefined ? text : `${dotted![1]}${hexPair(tail, 0)}:${hexPair(tail, 2)}`;
  const halves = plain.split("::");
  if (halves.length > 2) return undefined;
  const [before, after] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const count = (before?.length ?? 0) + (after?.length ?? 0);
  if (halves.length === 1 ? count !== 8 : count > 7) return undefined;
  const groups = [...(before ?? []), ...Array.from({ length: 8 - count }, () => "0"), ...(after ?? [])];
  if (groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]));
}

/** An address as text; the longest run of zeros of IPv6 is left out (RFC 5952). */
export function showAddress(bytes: AddressBytes): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  const isMapped = groups.slice(0, 5).every((group) => group === "0") && groups[5] === "ffff";
  if (isMapped) return `::ffff:${bytes.slice(12).join(".")}`;
  let best = { at: 0, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (groups[at + length] === "0") length++;
    if (length > best.length) best = { at, length };
  }
  if (best.length < 2) return groups.join(":");
  return `${groups.slice(0, best.at).join(":")}::${groups.slice(best.at + best.length).join(":")}`;
}

function hexPair(bytes: Uint8Array, at: number): string {
  return ((bytes[at]! << 8) | bytes[at + 1]!).toString(16);
}
