import { encodeText, ERROR, Win32Error, WSA, type TextBuffer } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { COMPUTER_NAME } from "../system/system-table.ts";
import { addressesOf, AF, SERVICES, swap16 } from "./addresses.ts";
import { databasesApi } from "./databases.api.ts";
import { showAddress, type AddressBytes } from "./internet-addresses.ts";

/** %SystemRoot%\System32\drivers\etc\protocol, as far as programs ask. */
const PROTOCOLS: Readonly<Record<string, number>> = { ip: 0, icmp: 1, tcp: 6, udp: 17, ipv6: 41, "ipv6-icmp": 58 };
const UDP_SERVICES: ReadonlySet<string> = new Set(["echo", "domain", "ntp"]);
const TCP_SERVICES: ReadonlySet<string> = new Set(Object.keys(SERVICES).filter((name) => name !== "ntp"));
const NI = { NUMERICHOST: 2, NAMEREQD: 4, NUMERICSERV: 8, DGRAM: 0x10 } as const;
/** Room for an entry of the longest host's name. */
const ENTRY_BYTES = 1024;
const MAX_ADDRESSES = 16;
const ENTRY_PLACE = Symbol("an entry of Winsock's databases");

/** Names and numbers of hosts, services and protocols. */
export const databases = implement(databasesApi, {
  *gethostbyname(thread, name) {
    const host = name === undefined || name === "" ? COMPUTER_NAME.toLowerCase() : name;
    const found = yield* addressesOf(thread, host);
    if (typeof found === "number") throw new Win32Error(found);
    const v4 = found.filter(({ length }) => length === 4).slice(0, MAX_ADDRESSES);
    if (v4.length === 0) throw new Win32Error(WSA.NO_DATA);
    return hostEntry(thread, host, v4);
  },
  gethostbyaddr(thread, address, length, type) {
    if (type !== AF.INET) throw new Win32Error(WSA.EAFNOSUPPORT);
    if (address === 0 || length < 4) throw new Win32Error(WSA.EFAULT);
    const bytes = thread.memory.read(address, 4);
    const name = hostName(bytes);
    if (name === undefined) throw new Win32Error(WSA.HOST_NOT_FOUND);
    return hostEntry(thread, name, [bytes]);
  },
  getprotobyname(thread, name) {
    const number = PROTOCOLS[(name ?? "").toLowerCase()];
    if (number === undefined) throw new Win32Error(WSA.NO_DATA);
    return protocolEntry(thread, name!.toLowerCase(), number);
  },
  getprotobynumber(thread, number) {
    const name = Object.keys(PROTOCOLS).find((each) => PROTOCOLS[each] === number);
    if (name === undefined) throw new Win32Error(WSA.NO_DATA);
    return protocolEntry(thread, name, number);
  },
  getservbyname(thread, name, protocol) {
    const service = (name ?? "").toLowerCase();
    return serviceEntry(thread, service in SERVICES ? service : undefined, protocol);
  },
  getservbyport: (thread, port, protocol) => serviceEntry(thread, serviceOf(swap16(port & 0xffff), protocol), protocol),
  getnameinfo: (thread, address, length, node, nodeSize, service, serviceSize, flags) =>
    nameInformation(thread, address, length, flags, [node, nodeSize], [service, serviceSize]),
  GetNameInfoW: (thread, address, length, node, nodeSize, service, serviceSize, flags) =>
    nameInformation(thread, address, length, flags, [node, nodeSize], [service, serviceSize]),
});

/** The name of an address without asking a network: this machine's only. */
function hostName(bytes: AddressBytes): string | undefined {
  const isLoopback = bytes.length === 4 ? bytes[0] === 127 : bytes.every((byte, i) => byte === (i === 15 ? 1 : 0));
  return isLoopback ? COMPUTER_NAME.toLowerCase() : undefined;
}

function serviceOf(port: number, protocol: string | undefined): string | undefined {
  const wanted = protocol?.toLowerCase() === "udp" ? UDP_SERVICES : protocol === undefined ? new Set(Object.keys(SERVICES)) : TCP_SERVICES;
  return Object.keys(SERVICES).find((name) => SERVICES[name] === port && wanted.has(name));
}

function nameInformation(
  { memory }: Thread,
  address: number,
  length: number,
  flags: number,
  [node, nodeSize]: readonly [TextBuffer, number],
  [service, serviceSize]: readonly [TextBuffer, number],
): number {
  const family = length < 2 ? -1 : memory.u16(address);
  if ((family !== AF.INET && family !== AF.INET6) || length < (family === AF.INET ? 16 : 28))
    return family === AF.INET || family === AF.INET6 ? WSA.EFAULT : WSA.EAFNOSUPPORT;
  const bytes = memory.read(address + (family === AF.INET ? 4 : 8), family === AF.INET ? 4 : 16);
  const port = swap16(memory.u16(address + 2));
  if (!node.isNull && nodeSize > 0) {
    const name = (flags & NI.NUMERICHOST) === 0 ? hostName(bytes) : undefined;
    if (name === undefined && (flags & NI.NAMEREQD) !== 0) return WSA.HOST_NOT_FOUND;
    if (node.write(name ?? showAddress(bytes), nodeSize).needed > nodeSize) return ERROR.INSUFFICIENT_BUFFER;
  }
  if (service.isNull || serviceSize <= 0) return 0;
  const name = (flags & NI.NUMERICSERV) === 0 ? serviceOf(port, (flags & NI.DGRAM) === 0 ? "tcp" : "udp") : undefined;
  return service.write(name ?? String(port), serviceSize).needed > serviceSize ? ERROR.INSUFFICIENT_BUFFER : 0;
}

/** HOSTENT: name, aliases, kind and length of addresses, addresses. */
function hostEntry(thread: Thread, name: string, addresses: readonly AddressBytes[]): number {
  const { memory, pointerSize } = thread;
  const entry = new Entry(thread);
  const header = entry.take(4 * pointerSize);
  memory.setPointer(header, entry.text(name));
  memory.setPointer(header + pointerSize, entry.list([]));
  memory.setU16(header + 2 * pointerSize, AF.INET);
  memory.setU16(header + 2 * pointerSize + 2, 4);
  memory.setPointer(header + 3 * pointerSize, entry.list(addresses.map((bytes) => entry.bytes(bytes))));
  return header;
}

/** PROTOENT: name, aliases, number. */
function protocolEntry(thread: Thread, name: string, number: number): number {
  const { memory, pointerSize } = thread;
  const entry = new Entry(thread);
  const header = entry.take(3 * pointerSize);
  memory.setPointer(header, entry.text(name));
  memory.setPointer(header + pointerSize, entry.list([entry.text(name.toUpperCase())]));
  memory.setU16(header + 2 * pointerSize, number);
  return header;
}

/** SERVENT: name, aliases, and then the protocol before the port on 64-bit Windows, behind it on 32-bit. */
function serviceEntry(thread: Thread, service: string | undefined, protocol: string | undefined): number {
  const kind = protocol?.toLowerCase() ?? (service !== undefined && TCP_SERVICES.has(service) ? "tcp" : "udp");
  const known = kind === "udp" ? UDP_SERVICES : kind === "tcp" ? TCP_SERVICES : new Set<string>();
  if (service === undefined || !known.has(service)) throw new Win32Error(WSA.NO_DATA);
  const { memory, pointerSize } = thread;
  const entry = new Entry(thread);
  const header = entry.take(4 * pointerSize);
  const [protocolAt, portAt] = pointerSize === 8 ? [16, 24] : [12, 8];
  memory.setPointer(header, entry.text(service));
  memory.setPointer(header + pointerSize, entry.list([]));
  memory.setPointer(header + protocolAt, entry.text(kind));
  memory.setU16(header + portAt, swap16(SERVICES[service]!));
  return header;
}

/** Memory of the thread's that the next such call uses again. */
class Entry {
  readonly #thread: Thread;
  readonly #end: number;
  #next: number;

  constructor(thread: Thread) {
    this.#thread = thread;
    this.#next = thread.state(ENTRY_PLACE, () => ({ at: thread.process.heap.allocate(ENTRY_BYTES, true) })).at;
    if (this.#next === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
    this.#end = this.#next + ENTRY_BYTES;
  }

  take(count: number): number {
    const at = this.#next;
    this.#next += (count + 7) & ~7;
    if (this.#next > this.#end) throw new Win32Error(WSA.NO_RECOVERY);
    return at;
  }

  bytes(bytes: Uint8Array): number {
    const at = this.take(bytes.length);
    this.#thread.memory.write(at, bytes);
    return at;
  }

  text(text: string): number {
    return this.bytes(encodeText(this.#thread, `${text}\0`, "bytes"));
  }

  /** Pointers that NULL ends. */
  list(pointers: readonly number[]): number {
    const { memory, pointerSize } = this.#thread;
    const at = this.take((pointers.length + 1) * pointerSize);
    for (const [i, pointer] of [...pointers, 0].entries()) memory.setPointer(at + pointerSize * i, pointer);
    return at;
  }
}
