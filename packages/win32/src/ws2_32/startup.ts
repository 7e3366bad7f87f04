import { waitingCalls, Win32Error, WSA } from "@decant/hook";
import { implement, type Process, type Thread } from "@decant/process";
import { fileIo } from "../kernel32/file-io.ts";
import { socketStartupApi, WSAPROTOCOL_INFOA, WSAPROTOCOL_INFOW } from "./startup.api.ts";

/** The highest version that there is, 2.2: the minor part is the high byte. */
const HIGHEST = 0x0202;
const DESCRIPTION = { text: "WinSock 2.0", bytes: 257 } as const;
const STATUS = { text: "Running", bytes: 129 } as const;
/** Offsets in WSADATA by the size of a pointer. */
const WSADATA = {
  8: { SIZE: 408, szDescription: 16, szSystemStatus: 16 + DESCRIPTION.bytes },
  4: { SIZE: 400, szDescription: 4, szSystemStatus: 4 + DESCRIPTION.bytes },
} as const;

/** XP1_*: what a protocol guarantees, and that its sockets are file handles (IFS). */
const TCP_FLAGS = 0x2_0066;
const UDP_FLAGS = 0x2_0609;
const PFL_MATCHES_PROTOCOL_ZERO = 8;
const MAX_DATAGRAM = 65_467;
/** {e70f1aa0-ab8b-11cf-8ca3-00805f48a192} and {f9eab0c0-26d4-11d0-bbbf-00aa006c34e4}: Microsoft's providers of TCP/IP and of its IPv6. */
const PROVIDER = Uint8Array.of(0xa0, 0x1a, 0x0f, 0xe7, 0x8b, 0xab, 0xcf, 0x11, 0x8c, 0xa3, 0x00, 0x80, 0x5f, 0x48, 0xa1, 0x92);
const PROVIDER_6 = Uint8Array.of(0xc0, 0xb0, 0xea, 0xf9, 0xd4, 0x26, 0xd0, 0x11, 0xbb, 0xbf, 0x00, 0xaa, 0x00, 0x6c, 0x34, 0xe4);

/** family, size of an address, kind of socket, protocol, flags, name. */
const PROTOCOLS = [
  [2, 16, 1, 6, TCP_FLAGS, "MSAFD Tcpip [TCP/IP]"],
  [2, 16, 2, 17, UDP_FLAGS, "MSAFD Tcpip [UDP/IP]"],
  [23, 28, 1, 6, TCP_FLAGS, "MSAFD Tcpip [TCP/IPv6]"],
  [23, 28, 2, 17, UDP_FLAGS, "MSAFD Tcpip [UDP/IPv6]"],
] as const;

/** How often a process has called WSAStartup. */
class SocketUse {
  count = 0;
}

const useOf = (process: Process): SocketUse => process.state(SocketUse, () => new SocketUse());
const io = waitingCalls(fileIo);

export const socketStartup = implement(socketStartupApi, {
  WSAStartup({ process, memory, pointerSize }, wVersionRequested, lpWSAData) {
    if (lpWSAData === 0) return WSA.EFAULT;
    const major = wVersionRequested & 0xff;
    if (major === 0) return WSA.VERNOTSUPPORTED;
    const layout = WSADATA[pointerSize];
    memory.fill(lpWSAData, 0, layout.SIZE);
    memory.setU16(lpWSAData, isAbove(wVersionRequested) ? HIGHEST : wVersionRequested);
    memory.setU16(lpWSAData + 2, HIGHEST);
    const text = new TextEncoder();
    memory.write(lpWSAData + layout.szDescription, text.encode(DESCRIPTION.text));
    memory.write(lpWSAData + layout.szSystemStatus, text.encode(STATUS.text));
    useOf(process).count++;
    return 0;
  },
  WSACleanup({ process }) {
    const use = useOf(process);
    if (use.count === 0) throw new Win32Error(WSA.NOTINITIALISED);
    use.count--;
    return 0;
  },
  WSAGetLastError: (thread) => thread.lastError,
  WSASetLastError(thread, iError) {
    thread.lastError = iError >>> 0;
  },
  WSAEnumProtocolsA: (thread, lpiProtocols, lpProtocolBuffer, lpdwBufferLength) =>
    enumerateProtocols(thread, WSAPROTOCOL_INFOA, lpiProtocols, lpProtocolBuffer, lpdwBufferLength),
  WSAEnumProtocolsW: (thread, lpiProtocols, lpProtocolBuffer, lpdwBufferLength) =>
    enumerateProtocols(thread, WSAPROTOCOL_INFOW, lpiProtocols, lpProtocolBuffer, lpdwBufferLength),
  *WSAGetOverlappedResult(thread, s, lpOverlapped, lpcbTransfer, fWait, lpdwFlags) {
    lpdwFlags.set(0);
    return yield* io.GetOverlappedResult(thread, s, lpOverlapped, lpcbTransfer, fWait);
  },
});

/** Writes records of the protocols that the list at `wanted` names (0: of all), and returns how many. Throws WSAENOBUFS when they do not fit. */
function enumerateProtocols(
  thread: Thread,
  record: typeof WSAPROTOCOL_INFOA | typeof WSAPROTOCOL_INFOW,
  wanted: number,
  buffer: number,
  length: { get(): number; set(value: number): void },
): number {
  requireStartup(thread);
  const numbers = wanted === 0 ? undefined : readProtocols(thread, wanted);
  const found = PROTOCOLS.map((row, index) => ({ row, id: 1001 + index })).filter(({ row }) => numbers?.includes(row[3]) ?? true);
  const size = record.size(thread.pointerSize);
  if (length.get() < size * found.length || buffer === 0) {
    length.set(size * found.length);
    throw new Win32Error(WSA.ENOBUFS);
  }
  found.forEach(({ row: [family, addressSize, type, protocol, flags, name], id }, index) => {
    record.store(thread, buffer + size * index, {
      dwServiceFlags1: flags,
      dwProviderFlags: PFL_MATCHES_PROTOCOL_ZERO,
      ProviderId: family === 2 ? PROVIDER : PROVIDER_6,
      dwCatalogEntryId: id,
      ChainLen: 1,
      iVersion: 2,
      iAddressFamily: family,
      iMaxSockAddr: addressSize,
      iMinSockAddr: addressSize,
      iSocketType: type,
      iProtocol: protocol,
      dwMessageSize: type === 1 ? 0 : MAX_DATAGRAM,
      szProtocol: name,
    });
  });
  return found.length;
}

/** Fails until WSAStartup was called. */
export function requireStartup({ process }: Thread): void {
  if (useOf(process).count === 0) throw new Win32Error(WSA.NOTINITIALISED);
}

function isAbove(version: number): boolean {
  return (version & 0xff) > 2 || ((version & 0xff) === 2 && version >>> 8 > 2);
}

/** A list that ends with 0. */
function readProtocols({ memory }: Thread, address: number): number[] {
  const list: number[] = [];
  for (let at = address; list.length < 64; at += 4) {
    const protocol = memory.i32(at);
    if (protocol === 0) break;
    list.push(protocol);
  }
  return list;
}
