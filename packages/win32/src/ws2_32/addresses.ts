import { encodeText, ERROR, Win32Error, WSA, type Out } from "@decant/hook";
import { implement, waitFor, type GuestGenerator, type Thread } from "@decant/process";
import { COMPUTER_NAME } from "../system/system-table.ts";
import { parseIpv4, parseIpv6, parseLooseIpv4, showAddress, type AddressBytes } from "./internet-addresses.ts";
import { addressesApi } from "./addresses.api.ts";
import { socketErrorOf } from "./socket.ts";

/** Families of addresses. */
export const AF = { UNSPEC: 0, INET: 2, INET6: 23 } as const;
const INADDR_NONE = 0xffff_ffff;
const AI = { PASSIVE: 1, NUMERICHOST: 4 } as const;
/** Services that programs ask for by name (%SystemRoot%\System32\drivers\etc\services). */
export const SERVICES: Readonly<Record<string, number>> = { echo: 7, ftp: 21, ssh: 22, telnet: 23, smtp: 25, domain: 53, http: 80, pop3: 110, ntp: 123, imap: 143, https: 443 }; // prettier-ignore
const LOOPBACK: readonly AddressBytes[] = [parseIpv6("::1")!, parseIpv4("127.0.0.1")!];
const ANY: readonly AddressBytes[] = [new Uint8Array(16), new Uint8Array(4)];

/** Between the network's order of bytes and the processor's. */
export const swap16 = (value: number): number => ((value & 0xff) << 8) | (value >>> 8);
const swap32 = (value: number): number => ((swap16(value & 0xffff) << 16) | swap16(value >>> 16)) >>> 0;

/** Names and addresses. Without a network only numbers and this machine are known. */
export const addresses = implement(addressesApi, {
  htonl: (_thread, hostlong) => swap32(hostlong),
  htons: (_thread, hostshort) => swap16(hostshort),
  ntohl: (_thread, netlong) => swap32(netlong),
  ntohs: (_thread, netshort) => swap16(netshort),
  inet_addr(_thread, cp) {
    const bytes = cp === " " ? new Uint8Array(4) : parseLooseIpv4(cp ?? "");
    return bytes === undefined ? INADDR_NONE : new DataView(bytes.buffer).getUint32(0, true);
  },
  inet_ntoa(thread, address) {
    // "The string resides in memory of the Windows Sockets implementation", one for each thread.
    const place = thread.state(TEXT_PLACE, () => ({ at: thread.process.heap.allocate(16) })).at;
    const bytes = new Uint8Array(Uint32Array.of(address).buffer);
    thread.memory.write(place, encodeText(thread, `${showAddress(bytes)}\0`, "bytes"));
    return place;
  },
  inet_pton: (thread, Family, pszAddrString, pAddrBuf) => parse(thread, Family, pszAddrString, pAddrBuf),
  InetPtonW: (thread, Family, pszAddrString, pAddrBuf) => parse(thread, Family, pszAddrString, pAddrBuf),
  inet_ntop(thread, Family, pAddr, pStringBuf, StringBufSize) {
    if (pStringBuf.write(show(thread, Family, pAddr), StringBufSize).needed > StringBufSize) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return pStringBuf.address;
  },
  InetNtopW(thread, Family, pAddr, pStringBuf, StringBufSize) {
    if (pStringBuf.write(show(thread, Family, pAddr), StringBufSize).needed > StringBufSize) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return pStringBuf.address;
  },
  getaddrinfo: (thread, pNodeName, pServiceName, pHints, ppResult) => lookUp(thread, pNodeName, pServiceName, pHints, ppResult),
  GetAddrInfoW: (thread, pNodeName, pServiceName, pHints, ppResult) => lookUp(thread, pNodeName, pServiceName, pHints, ppResult),
  freeaddrinfo: (thread, pAddrInfo) => freeList(thread, pAddrInfo),
  FreeAddrInfoW: (thread, pAddrInfo) => freeList(thread, pAddrInfo),
  gethostname(_thread, name, namelen) {
    if (name.write(COMPUTER_NAME.toLowerCase(), namelen).needed > namelen) throw new Win32Error(WSA.EFAULT);
    return 0;
  },
  GetHostNameW(_thread, name, namelen) {
    if (name.write(COMPUTER_NAME.toLowerCase(), namelen).needed > namelen) throw new Win32Error(WSA.EFAULT);
    return 0;
  },
});

const TEXT_PLACE = Symbol("inet_ntoa's text");

function parse(thread: Thread, family: number, text: string | undefined, target: number): number {
  if (family !== AF.INET && family !== AF.INET6) {
    thread.lastError = WSA.EAFNOSUPPORT;
    return -1;
  }
  const bytes = family === AF.INET ? parseIpv4(text ?? "") : parseIpv6(text ?? "");
  if (bytes === undefined) return 0;
  thread.memory.write(target, bytes);
  return 1;
}

function show({ memory }: Thread, family: number, address: number): string {
  if (family !== AF.INET && family !== AF.INET6) throw new Win32Error(WSA.EAFNOSUPPORT);
  return showAddress(memory.read(address, family === AF.INET ? 4 : 16));
}

/** ADDRINFO begins with four ints: flags, family, kind of socket, protocol. */
function* lookUp(
  thread: Thread,
  node: string | undefined,
  service: string | undefined,
  hintsAddress: number,
  result: Out<number>,
): GuestGenerator<number> {
  const { memory } = thread;
  const hint = (index: number): number => (hintsAddress === 0 ? 0 : memory.i32(hintsAddress + 4 * index));
  const [flags, family, kind, protocol] = [hint(0), hint(1), hint(2), hint(3)];
  result.set(0);
  if (node === undefined && service === undefined) return WSA.HOST_NOT_FOUND;
  if (family !== AF.UNSPEC && family !== AF.INET && family !== AF.INET6) return WSA.EAFNOSUPPORT;
  const port = service === undefined ? 0 : /^\d+$/.test(service) ? Number(service) & 0xffff : SERVICES[service.toLowerCase()];
  if (port === undefined) return WSA.TYPE_NOT_FOUND;
  const known = yield* addressesOf(thread, node, flags);
  if (typeof known === "number") return known;
  const found = known.filter(({ length }) => family === AF.UNSPEC || (family === AF.INET) === (length === 4));
  if (found.length === 0) return WSA.HOST_NOT_FOUND;
  let next = 0;
  // Kind and protocol are those that were asked for.
  for (const bytes of found.toReversed()) next = makeEntry(thread, { bytes, type: kind, protocol, port, next });
  result.set(next);
  return 0;
}

/** The addresses of a name, or the code of the failure. */
export function* addressesOf(thread: Thread, node: string | undefined, flags = 0): GuestGenerator<readonly AddressBytes[] | number> {
  return hostOf(node, flags) ?? (yield* askNetwork(thread, node ?? ""));
}

/** What needs no network; undefined for a name that has to be asked for. */
function hostOf(node: string | undefined, flags: number): readonly AddressBytes[] | undefined {
  if (node === undefined) return (flags & AI.PASSIVE) !== 0 ? ANY : LOOPBACK;
  const literal = parseIpv4(node) ?? parseIpv6(node.replace(/%.*$/, ""));
  if (literal !== undefined) return [literal];
  if ((flags & AI.NUMERICHOST) !== 0) return [];
  return ["localhost", COMPUTER_NAME.toLowerCase(), ""].includes(node.toLowerCase()) ? LOOPBACK : undefined;
}

function* askNetwork({ kernel }: Thread, name: string): GuestGenerator<readonly AddressBytes[] | number> {
  try {
    const found = yield* waitFor(kernel.host.network.lookUp(name, 0));
    return found.flatMap(({ family, address }) => (family === 4 ? parseIpv4(address) : parseIpv6(address.replace(/%.*$/, ""))) ?? []);
  } catch (error) {
    const code = socketErrorOf(error);
    return code === WSA.TRY_AGAIN ? code : WSA.HOST_NOT_FOUND;
  }
}

/** An ADDRINFO with its address behind it, in one piece of memory. */
function makeEntry(
  { process, memory, pointerSize }: Thread,
  { bytes, type, protocol, port, next }: { bytes: AddressBytes; type: number; protocol: number; port: number; next: number },
): number {
  const header = 16 + 4 * pointerSize;
  const isV4 = bytes.length === 4;
  const size = isV4 ? 16 : 28;
  const entry = process.heap.allocate(header + size, true);
  if (entry === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  [0, isV4 ? AF.INET : AF.INET6, type, protocol].forEach((value, i) => memory.setU32(entry + 4 * i, value));
  memory.setPointer(entry + 16, size);
  memory.setPointer(entry + 16 + 2 * pointerSize, entry + header);
  memory.setPointer(entry + 16 + 3 * pointerSize, next);
  memory.setU16(entry + header, isV4 ? AF.INET : AF.INET6);
  memory.setU16(entry + header + 2, swap16(port));
  memory.write(entry + header + (isV4 ? 4 : 8), bytes);
  return entry;
}

function freeList({ process, memory, pointerSize }: Thread, list: number): void {
  for (let at = list, count = 0; at !== 0 && count < 1000; count++) {
    const next = memory.u32(at + 16 + 3 * pointerSize);
    process.heap.free(at);
    at = next;
  }
}
