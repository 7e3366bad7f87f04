import { AddressType, type CallingThread, type Siblings, Win32Error, WSA } from "@decant/hook";
import type { NetAddress } from "@decant/host";
import type { GuestMemory } from "@decant/memory";
import { parseIpv4, parseIpv6, showAddress } from "./internet-addresses.ts";

export const AF_INET = 2;
export const AF_INET6 = 23;
/** Sizes of sockaddr_in and sockaddr_in6, in bytes. */
const SOCKADDR_SIZE = { [AF_INET]: 16, [AF_INET6]: 28 } as const;

/** Reads a sockaddr of the family that a socket has. Throws WSAEFAULT and WSAEAFNOSUPPORT. */
export function readAddress(memory: GuestMemory, at: number, length: number, family: number): NetAddress {
  if (at === 0 || length < SOCKADDR_SIZE[family === AF_INET6 ? AF_INET6 : AF_INET]) throw new Win32Error(WSA.EFAULT);
  if (memory.u16(at) !== family) throw new Win32Error(WSA.EAFNOSUPPORT);
  const bytes = memory.read(at, family === AF_INET6 ? 28 : 16);
  const port = ((bytes[2] as number) << 8) | (bytes[3] as number);
  if (family === AF_INET) return { family: 4, address: showAddress(bytes.subarray(4, 8)), port };
  return { family: 6, address: showAddress(bytes.subarray(8, 24)), port };
}

/** A pointer to a sockaddr, which the trace shows as 127.0.0.1:80 or [::1]:80. */
class SockaddrType extends AddressType {
  override show(thread: CallingThread, value: number, siblings: Siblings): string {
    const pointer = super.show(thread, value, siblings);
    const family = value === 0 ? 0 : thread.memory.u16(value);
    if (family !== AF_INET && family !== AF_INET6) return pointer;
    const { address, port } = readAddress(thread.memory, value, SOCKADDR_SIZE[family], family);
    return `${pointer}{${family === AF_INET6 ? `[${address}]` : address}:${port}}`;
  }
}

/** The type of a parameter that points to a sockaddr. */
export const SOCKADDR_AT = new SockaddrType("SOCKADDR*");

/** A sockaddr's bytes. */
export function encodeAddress({ family, address, port }: NetAddress): Uint8Array {
  const bytes = new Uint8Array(family === 4 ? 16 : 28);
  bytes[0] = family === 4 ? AF_INET : AF_INET6;
  bytes[2] = port >>> 8;
  bytes[3] = port & 0xff;
  if (family === 4) bytes.set(parseIpv4(address) ?? [], 4);
  else bytes.set(parseIpv6(address.replace(/%.*$/, "")) ?? [], 8);
  return bytes;
}

/** Stores an address where there is room for it: `length` is a guest int, in the room, out the size. Either may be 0. Throws WSAEFAULT. */
export function storeAddress(memory: GuestMemory, at: number, length: number, address: NetAddress): void {
  if (at === 0 || length === 0) return;
  const bytes = encodeAddress(address);
  if (memory.i32(length) < bytes.length) throw new Win32Error(WSA.EFAULT);
  memory.write(at, bytes);
  memory.setU32(length, bytes.length);
}

/** All addresses of a family: what a socket is bound to that says none. */
export function wildcard(family: number, port = 0): NetAddress {
  return family === AF_INET ? { family: 4, address: "0.0.0.0", port } : { family: 6, address: "::", port };
}
