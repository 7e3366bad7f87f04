import type { TlsClient, TlsSession, TlsStep } from "@decant/host";
import { ERROR, Win32Error } from "@decant/hook";
import { waitFor, type GuestGenerator, type Thread } from "@decant/process";
import type { Credentials } from "./schannel-credentials.ts";
import { bufferOf, SECBUFFER, type SecurityBuffer } from "./security-buffers.ts";
import { distrustStatus, failureStatus, refuse, SEC } from "./security-codes.ts";
import { SecurityMemory } from "./security-memory.ts";
import { joinBytes } from "../values/join-bytes.ts";

/** ISC_REQ_* and ISC_RET_*, which have the same values. */
const REQUEST = {
  USE_SUPPLIED_CREDS: 0x80,
  ALLOCATE_MEMORY: 0x100,
  EXTENDED_ERROR: 0x4000,
  STREAM: 0x8000,
  MANUAL_CRED_VALIDATION: 0x8_0000,
} as const;
const RETURNED =
  REQUEST.USE_SUPPLIED_CREDS | REQUEST.ALLOCATE_MEMORY | REQUEST.EXTENDED_ERROR | REQUEST.STREAM | REQUEST.MANUAL_CRED_VALIDATION;
/** ISC_RET_ of what is always so: replays and changes of the order are found, all is confidential. */
const ALWAYS = 0x1c;
/** Of a record of TLS: type, version, length (RFC 8446, section 5.1). */
const RECORD_HEADER = 5;
const CONTENT = { HANDSHAKE: 20, APPLICATION: 23 } as const;
const MAX_RECORD = 16_384 + 2048;
export const MAX_MESSAGE = 16_384;

/** How much longer a record is than what it says, before and behind. */
export interface RecordSizes {
  readonly header: number;
  readonly trailer: number;
  readonly block: number;
}

/** One call of InitializeSecurityContext. */
export interface InitializeCall {
  readonly request: number;
  readonly inputs: readonly SecurityBuffer[];
  readonly outputs: readonly SecurityBuffer[];
  readonly attributes: (flags: number) => void;
}

/** A client's end of TLS, as Schannel shows it: whoever calls carries the bytes ("Creating a Secure Connection Using Schannel"). */
export class SchannelContext {
  readonly #client: TlsClient;
  readonly #credentials: Credentials;
  #hasStarted = false;
  #session: TlsSession | undefined;
  #distrust: number | undefined;
  #hasEnded = false;
  #failure: number | undefined;
  /** What the next InitializeSecurityContext is for, where that is not to shake hands. */
  #pending: "nothing" | "shutdown" | "ticket" = "nothing";
  /** What the server must get for what it sent after hands were shaken. */
  #reply = new Uint8Array(0);

  constructor(client: TlsClient, credentials: Credentials) {
    this.#client = client;
    this.#credentials = credentials;
  }

  /** What was agreed on. Fails with SEC_E_INVALID_HANDLE while hands are shaken. */
  get session(): TlsSession {
    return this.#session ?? refuse("E_INVALID_HANDLE");
  }

  /** ApplyControlToken with SCHANNEL_SHUTDOWN. */
  shutDown(): void {
    this.#pending = "shutdown";
  }

  dispose(): void {
    this.#client.dispose();
  }

  *initialize(thread: Thread, { request, inputs, outputs, attributes }: InitializeCall): GuestGenerator<number> {
    attributes((request & RETURNED) | ALWAYS);
    if (this.#failure !== undefined) return this.#failure;
    const pending = this.#pending;
    this.#pending = "nothing";
    if (pending === "shutdown") {
      giveToken(thread, outputs, request, (yield* waitFor(this.#client.end())).output);
      return SEC.E_OK;
    }
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      const step = yield* waitFor(this.#client.start());
      giveToken(thread, outputs, request, step.output);
      return this.#statusOf(step);
    }
    const token = bufferOf(inputs, SECBUFFER.TOKEN) ?? refuse("E_INVALID_TOKEN");
    const bytes = token.read();
    const spare = inputs.find((buffer) => buffer.type === SECBUFFER.EMPTY);
    // What lies in the token was taken already: DecryptMessage said that it is no data.
    if (pending === "ticket") {
      giveToken(thread, outputs, request, this.#reply);
      return consumed(spare, bytes, recordLength(bytes), SEC.E_OK);
    }
    if (this.#session !== undefined) refuse("E_UNSUPPORTED_FUNCTION");
    return yield* this.#shakeHands(thread, bytes, { spare, outputs, mayCheck: (request & REQUEST.MANUAL_CRED_VALIDATION) === 0, request });
  }

  *#shakeHands(
    thread: Thread,
    bytes: Uint8Array,
    {
      spare,
      outputs,
      mayCheck,
      request,
    }: { spare: SecurityBuffer | undefined; outputs: readonly SecurityBuffer[]; mayCheck: boolean; request: number },
  ): GuestGenerator<number> {
    let at = 0;
    const output: Uint8Array[] = [];
    let status: number = SEC.I_CONTINUE_NEEDED;
    while (status === SEC.I_CONTINUE_NEEDED) {
      const rest = bytes.subarray(at);
      const length = recordLength(rest);
      if (rest.length < length) break;
      const step = yield* waitFor(this.#client.receive(rest.slice(0, length)));
      output.push(step.output);
      at += length;
      status = this.#statusOf(step);
    }
    if (at === 0) {
      spare?.set(SECBUFFER.MISSING, Math.max(1, recordLength(bytes) - bytes.length));
      return SEC.E_INCOMPLETE_MESSAGE;
    }
    if (status === SEC.E_OK && mayCheck && this.#distrust !== undefined) {
      this.#failure = this.#distrust;
      return this.#distrust;
    }
    // Alerts are for programs that ask for them.
    const hasToken = this.#failure === undefined || (request & REQUEST.EXTENDED_ERROR) !== 0;
    giveToken(thread, outputs, request, hasToken ? joinBytes(output) : new Uint8Array(0));
    return consumed(spare, bytes, at, status);
  }

  /** Encrypts what is in the buffer of data, in place, with what the record needs before and behind it. */
  *encrypt(thread: Thread, buffers: readonly SecurityBuffer[]): GuestGenerator<number> {
    const { header: headerSize, trailer: trailerSize } = recordSizes(this.session);
    if (this.#failure !== undefined) return this.#failure;
    const [header, data, trailer] = [SECBUFFER.STREAM_HEADER, SECBUFFER.DATA, SECBUFFER.STREAM_TRAILER].map((type) =>
      bufferOf(buffers, type),
    );
    if (header === undefined || data === undefined || trailer === undefined) refuse("E_INVALID_TOKEN");
    if (header.size < headerSize || trailer.size < trailerSize) refuse("E_BUFFER_TOO_SMALL");
    if (data.size > MAX_MESSAGE) refuse("E_ENCRYPT_FAILURE");
    const plain = data.read();
    const step = plain.length === 0 ? undefined : yield* waitFor(this.#client.send(plain));
    const record = step?.output ?? new Uint8Array(0);
    if (record.length < headerSize + plain.length) return step?.failure === undefined ? SEC.E_CONTEXT_EXPIRED : failureStatus(step.failure);
    const behind = headerSize + plain.length;
    thread.memory.write(header.address, record.subarray(0, headerSize));
    thread.memory.write(data.address, record.subarray(headerSize, behind));
    thread.memory.write(trailer.address, record.subarray(behind));
    header.set(SECBUFFER.STREAM_HEADER, headerSize);
    trailer.set(SECBUFFER.STREAM_TRAILER, record.length - behind);
    return SEC.E_OK;
  }

  /** Decrypts the first record of the buffer of data, in place. */
  *decrypt(thread: Thread, buffers: readonly SecurityBuffer[]): GuestGenerator<number> {
    const { header: headerSize } = recordSizes(this.session);
    if (this.#failure !== undefined) return this.#failure;
    const first = bufferOf(buffers, SECBUFFER.DATA);
    if (first === undefined || buffers.length < 4) refuse("E_INVALID_TOKEN");
    const { address } = first;
    const bytes = first.read();
    const length = recordLength(bytes);
    if (bytes.length < length) {
      first.set(SECBUFFER.MISSING, length - bytes.length);
      return SEC.E_INCOMPLETE_MESSAGE;
    }
    if (this.#hasEnded) return SEC.I_CONTEXT_EXPIRED;
    const { output, plaintext, phase, failure } = yield* waitFor(this.#client.receive(bytes.slice(0, length)));
    if (failure !== undefined) return (this.#failure = failureStatus(failure));
    const isTicket = plaintext.length === 0 && phase === "open" && bytes[0] === CONTENT.APPLICATION && this.session.version === "TLSv1.3";
    const [at, rest] = isTicket ? [0, bytes.length] : [length, bytes.length - length];
    thread.memory.write(address + headerSize, plaintext);
    const [header, data, trailer, extra] = [first, ...buffers.filter((buffer) => buffer !== first)];
    header!.set(SECBUFFER.STREAM_HEADER, headerSize, address);
    data!.set(SECBUFFER.DATA, plaintext.length, address + headerSize);
    trailer!.set(SECBUFFER.STREAM_TRAILER, Math.max(0, length - headerSize - plaintext.length), address + headerSize + plaintext.length);
    if (rest > 0) extra!.set(SECBUFFER.EXTRA, rest, address + at);
    else extra!.set(SECBUFFER.EMPTY, 0);
    if (isTicket) {
      this.#pending = "ticket";
      this.#reply = Uint8Array.from(output);
      return SEC.I_RENEGOTIATE;
    }
    if (phase === "ended") this.#hasEnded = true;
    return this.#hasEnded && plaintext.length === 0 ? SEC.I_CONTEXT_EXPIRED : SEC.E_OK;
  }

  #statusOf({ phase, failure }: TlsStep): number {
    if (failure !== undefined) return (this.#failure = failureStatus(failure));
    if (phase === "handshake") return SEC.I_CONTINUE_NEEDED;
    if (this.#session === undefined) {
      this.#session = this.#client.session();
      const { distrust } = this.#session;
      const isName = distrust === "ERR_TLS_CERT_ALTNAME_INVALID";
      if (distrust !== undefined && (isName ? this.#credentials.checksName : this.#credentials.checksCertificate))
        this.#distrust = distrustStatus(distrust);
    }
    return SEC.E_OK;
  }
}

/** How records of a session are laid out (RFC 5246, section 6.2.3; RFC 7905; RFC 8446, section 5.2). */
export function recordSizes({ version, cipherSuite }: TlsSession): RecordSizes {
  const tag = cipherSuite.endsWith("CCM_8") ? 8 : 16;
  // Behind what is said stands its type.
  if (version === "TLSv1.3") return { header: RECORD_HEADER, trailer: 1 + tag, block: 1 };
  if (/GCM|CCM/.test(cipherSuite)) return { header: RECORD_HEADER + 8, trailer: tag, block: 1 };
  if (cipherSuite.includes("CHACHA20")) return { header: RECORD_HEADER, trailer: tag, block: 1 };
  const mac = cipherSuite.endsWith("SHA384") ? 48 : cipherSuite.endsWith("SHA256") ? 32 : 20;
  return { header: RECORD_HEADER + 16, trailer: mac + 16, block: 16 };
}

/** How long the first record is, as far as its header is there. Fails with SEC_E_INVALID_TOKEN for what is no record of TLS. */
function recordLength(bytes: Uint8Array): number {
  const [type = CONTENT.HANDSHAKE, major = 3] = bytes;
  if (type < CONTENT.HANDSHAKE || type > CONTENT.APPLICATION || major !== 3) refuse("E_INVALID_TOKEN");
  if (bytes.length < RECORD_HEADER) return RECORD_HEADER;
  const length = (bytes[3]! << 8) | bytes[4]!;
  if (length > MAX_RECORD) refuse("E_INVALID_TOKEN");
  return RECORD_HEADER + length;
}

/** Tells what of the input was not taken. */
function consumed(spare: SecurityBuffer | undefined, bytes: Uint8Array, count: number, status: number): number {
  if (bytes.length > count) spare?.set(SECBUFFER.EXTRA, bytes.length - count);
  return status;
}

/** Puts what the server must get into the program's buffer, or into one of its own. */
function giveToken(thread: Thread, outputs: readonly SecurityBuffer[], request: number, bytes: Uint8Array): void {
  const token = bufferOf(outputs, SECBUFFER.TOKEN) ?? outputs.find((buffer) => buffer.type === SECBUFFER.EMPTY);
  if (bytes.length === 0) {
    token?.set(SECBUFFER.TOKEN, 0, ...((request & REQUEST.ALLOCATE_MEMORY) === 0 ? [] : [0]));
    return;
  }
  if (token === undefined) refuse("E_INVALID_TOKEN");
  if ((request & REQUEST.ALLOCATE_MEMORY) !== 0) {
    token.set(SECBUFFER.TOKEN, bytes.length, SecurityMemory.of(thread).give(thread, bytes));
    return;
  }
  if (token.size < bytes.length) refuse("E_BUFFER_TOO_SMALL");
  if (token.address === 0) throw new Win32Error(ERROR.NOACCESS);
  thread.memory.write(token.address, bytes);
  token.set(SECBUFFER.TOKEN, bytes.length);
}
