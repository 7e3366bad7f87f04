import { Duplex } from "node:stream";
import { TLSSocket, type TLSSocketOptions } from "node:tls";
import { nodeTls } from "@decant/host";
import { DWORD, PVOID, ULONG } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { selfSigned } from "../../../../fixtures/schannel/self-signed.ts";
import { SECBUFFER } from "./security-buffers.ts";
import { distrustStatus, failureStatus, SEC } from "./security-codes.ts";
import { SEC_HANDLE } from "./security-interface.api.ts";

const NAME = "Microsoft Unified Security Protocol Provider";
const [OUTBOUND, ALLOCATE, MANUAL, EXTENDED_ERROR] = [2, 0x100, 0x8_0000, 0x4000];
const server = selfSigned();

/** A server's end of TLS that answers what it hears with "heard " before it. */
function serverEnd(options: TLSSocketOptions = {}) {
  const output: Buffer[] = [];
  const pipe = new Duplex({ read() {}, write: (chunk: Buffer, _encoding, done) => (output.push(Buffer.from(chunk)), done()) });
  const socket = new TLSSocket(pipe, { isServer: true, ...server, ...options });
  socket.on("error", () => {});
  socket.on("data", (bytes: Buffer) => void socket.write(`heard ${bytes.toString()}`));
  const answer = async (bytes: Uint8Array): Promise<Buffer> => {
    if (bytes.length > 0) pipe.push(Buffer.from(bytes));
    for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
    return Buffer.concat(output.splice(0));
  };
  return { socket, answer };
}

/** A guest with credentials; `trusted` are certificates that its machine trusts. */
async function machine({ trusted = [] as string[], version = 4, protocols = 0, flags = MANUAL >> 16 } = {}) {
  const made = guest({ tls: nodeTls(() => trusted) });
  const { callAsync, out, allocate, memory, thread, wide } = made;
  const word = thread.pointerSize;
  const credentials = allocate(16);
  const wanted = allocate(100);
  memory.setU32(wanted, version);
  if (version === 4) memory.setU32(wanted + (word === 8 ? 56 : 32), protocols);
  memory.setU32(wanted + (version === 4 ? (word === 8 ? 72 : 48) : word === 8 ? 52 : 32), flags);
  const acquired = await callAsync("AcquireCredentialsHandleW", 0, NAME, OUTBOUND, 0, wanted, 0, 0, credentials, 0);
  const context = allocate(16);
  let hasContext = false;
  const buffers = (...parts: [type: number, bytes: Uint8Array | number][]) => {
    const size = 8 + word;
    const [description, list] = [allocate(16), allocate(parts.length * size)];
    memory.setU32(description + 4, parts.length);
    memory.setPointer(description + 8, list);
    parts.forEach(([type, content], index) => {
      const length = typeof content === "number" ? content : content.length;
      const at = length === 0 ? 0 : allocate(length);
      if (typeof content !== "number") memory.write(at, content);
      memory.setU32(list + index * size, length);
      memory.setU32(list + index * size + 4, type);
      memory.setPointer(list + index * size + 8, at);
    });
    const read = (index: number) => {
      const at = list + index * size;
      const [length, address] = [memory.u32(at), memory.pointer(at + 8)];
      return { type: memory.u32(at + 4), length, bytes: address === 0 ? new Uint8Array(0) : memory.read(address, length) };
    };
    return { description, read };
  };
  /** One call: its status, what the server must get, and what was not taken. */
  const initialize = async (input?: Uint8Array, { request = ALLOCATE | MANUAL, target = "localhost", alpn = [] as string[] } = {}) => {
    const names = alpn.flatMap((name) => [name.length, ...Buffer.from(name)]);
    const list = [2, 0, 0, 0, names.length, 0, ...names];
    const offered: [number, Uint8Array][] =
      alpn.length === 0 ? [] : [[SECBUFFER.APPLICATION_PROTOCOLS, Uint8Array.of(list.length, 0, 0, 0, ...list)]];
    const inputs = input === undefined ? buffers(...offered) : buffers([SECBUFFER.TOKEN, input], [SECBUFFER.EMPTY, 0]);
    const outputs = buffers([SECBUFFER.TOKEN, 0]);
    const status = await callAsync(
      "InitializeSecurityContextW",
      credentials,
      hasContext ? context : 0,
      target === "" ? undefined : target,
      request,
      0,
      0,
      inputs.description,
      0,
      hasContext ? 0 : context,
      outputs.description,
      out(ULONG),
      0,
    );
    hasContext = true;
    const spare = input === undefined ? undefined : inputs.read(1);
    return { status: status >>> 0, token: outputs.read(0).bytes, spare };
  };
  const shakeHands = async (end: ReturnType<typeof serverEnd>, options: Parameters<typeof initialize>[1] = {}) => {
    let step = await initialize(undefined, options);
    let input = await end.answer(step.token);
    while (step.status === SEC.I_CONTINUE_NEEDED) {
      step = await initialize(input, options);
      const extra = step.spare?.type === SECBUFFER.EXTRA ? step.spare.length : 0;
      input = Buffer.concat([input.subarray(input.length - extra), await end.answer(step.token)]);
    }
    return { status: step.status, rest: input };
  };
  const attribute = (which: number, ...at: number[]): number[] => {
    const place = allocate(700);
    const status = made.call("QueryContextAttributesW", context, which, place) >>> 0;
    return status === 0 ? at.map((offset) => memory.u32(place + offset)) : [status];
  };
  const encrypt = async (text: string) => {
    const [header = 0, trailer = 0] = attribute(4, 0, 4);
    const all = buffers(
      [SECBUFFER.STREAM_HEADER, header],
      [SECBUFFER.DATA, Buffer.from(text)],
      [SECBUFFER.STREAM_TRAILER, trailer],
      [0, 0],
    );
    const status = (await callAsync("EncryptMessage", context, 0, all.description, 0)) >>> 0;
    return { status, record: Buffer.concat([0, 1, 2].map((index) => all.read(index).bytes)) };
  };
  const decrypt = async (bytes: Uint8Array) => {
    const all = buffers([SECBUFFER.DATA, bytes], [0, 0], [0, 0], [0, 0]);
    const status = (await callAsync("DecryptMessage", context, all.description, 0, 0)) >>> 0;
    const found = [0, 1, 2, 3].map(all.read);
    const of = (type: number) => found.find((each) => each.type === type);
    return {
      status,
      text: Buffer.from(of(SECBUFFER.DATA)?.bytes ?? []).toString(),
      extra: of(SECBUFFER.EXTRA)?.bytes,
      missing: of(SECBUFFER.MISSING)?.length,
    };
  };
  return { ...made, acquired, credentials, context, wide, buffers, initialize, shakeHands, attribute, encrypt, decrypt };
}

describe("a connection", () => {
  test.each([
    ["TLS 1.2", "TLSv1.2", 0x800],
    ["TLS 1.3", "TLSv1.3", 0x2000],
  ] as const)("of %s says and hears, and is closed by both sides", async (_name, version, protocol) => {
    const end = serverEnd({ maxVersion: version, ALPNProtocols: ["http/1.1"] });
    const { shakeHands, attribute, encrypt, decrypt, initialize, call, buffers, context, memory, allocate } = await machine({ version: 5 });
    const { status, rest } = await shakeHands(end, { alpn: ["h2", "http/1.1"] });
    expect(status).toBe(SEC.E_OK);
    expect(attribute(0x5a, 0)).toEqual([protocol]);
    const place = allocate(300);
    expect(call("QueryContextAttributesW", context, 35, place)).toBe(0);
    expect([memory.u32(place), memory.u32(place + 4), memory.cstring(place + 9)]).toEqual([1, 2, "http/1.1"]);
    const { status: sent, record } = await encrypt("hello");
    expect([sent, record[0], record.length - 5]).toEqual([SEC.E_OK, 23, record.readUInt16BE(3)]);
    let input: Uint8Array = Buffer.concat([rest, await end.answer(record)]);
    let heard = await decrypt(input);
    // Tickets of TLS 1.3 come first, and go back to InitializeSecurityContext.
    let tickets = 0;
    for (; heard.status === SEC.I_RENEGOTIATE; tickets++) {
      const step = await initialize(heard.extra);
      expect([step.status, step.spare?.type]).toEqual([SEC.E_OK, SECBUFFER.EXTRA]);
      input = heard.extra!.subarray(heard.extra!.length - step.spare!.length);
      heard = await decrypt(input);
    }
    expect([heard.status, heard.text, heard.extra, tickets > 0]).toEqual([SEC.E_OK, "heard hello", undefined, version === "TLSv1.3"]);

    end.socket.end();
    expect((await decrypt(await end.answer(new Uint8Array(0)))).status).toBe(SEC.I_CONTEXT_EXPIRED);
    expect(call("ApplyControlToken", context, buffers([SECBUFFER.TOKEN, Uint8Array.of(1, 0, 0, 0)]).description)).toBe(0);
    const last = await initialize();
    expect([last.status, last.token.length > 0]).toEqual([SEC.E_OK, true]);
    expect(call("DeleteSecurityContext", context)).toBe(0);
    expect(call("DeleteSecurityContext", context) >>> 0).toBe(SEC.E_INVALID_HANDLE);
  });

  test.each([
    "AES128-SHA256",
    "ECDHE-RSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES256-GCM-SHA384",
  ])("leaves room in a record for what %s adds", async (ciphers) => {
    const end = serverEnd({ ciphers, maxVersion: "TLSv1.2" });
    const { shakeHands, encrypt, decrypt } = await machine();
    expect((await shakeHands(end)).status).toBe(SEC.E_OK);
    for (const length of [1, 15, 16, 17, 16_384]) {
      const text = "x".repeat(length);
      const { status, record } = await encrypt(text);
      expect([status, record.length - 5]).toEqual([SEC.E_OK, record.readUInt16BE(3)]);
      let input: Uint8Array | undefined = await end.answer(record);
      let heard = "";
      while (input !== undefined) {
        const step = await decrypt(input);
        expect(step.status).toBe(SEC.E_OK);
        heard += step.text;
        input = step.extra;
      }
      expect(heard).toBe(`heard ${text}`);
    }
    expect((await encrypt("x".repeat(16_385))).status).toBe(SEC.E_ENCRYPT_FAILURE);
  });

  test("takes a record at a time, and says how much is missing", async () => {
    const end = serverEnd({ maxVersion: "TLSv1.2" });
    const { shakeHands, encrypt, decrypt } = await machine();
    await shakeHands(end);
    const two = Buffer.concat([await end.answer((await encrypt("a")).record), await end.answer((await encrypt("b")).record)]);
    const first = 5 + two.readUInt16BE(3);
    expect(await decrypt(two.subarray(0, 4))).toMatchObject({ status: SEC.E_INCOMPLETE_MESSAGE, missing: 1 });
    expect(await decrypt(two.subarray(0, first - 2))).toMatchObject({ status: SEC.E_INCOMPLETE_MESSAGE, missing: 2 });
    const heard = await decrypt(two);
    expect([heard.text, Buffer.from(heard.extra ?? [])]).toEqual(["heard a", two.subarray(first)]);
    const altered = Buffer.from(two.subarray(first));
    altered[altered.length - 1]! ^= 1;
    expect((await decrypt(altered)).status).toBe(SEC.E_MESSAGE_ALTERED);
    expect((await encrypt("more")).status).toBe(SEC.E_MESSAGE_ALTERED);
  });
});

describe("a certificate", () => {
  test("that is trusted and names the server will do, unless another was meant", async () => {
    const asked = { request: ALLOCATE };
    const shake = async (target: string, trusted: string[]) =>
      (await (await machine({ trusted, flags: 0 })).shakeHands(serverEnd(), { ...asked, target })).status;
    expect(await shake("localhost", [server.cert])).toBe(SEC.E_OK);
    expect(await shake("127.0.0.1", [server.cert])).toBe(SEC.E_OK);
    expect(await shake("elsewhere.invalid", [server.cert])).toBe(SEC.E_WRONG_PRINCIPAL);
    expect(await shake("localhost", [])).toBe(SEC.E_UNTRUSTED_ROOT);
  });

  test("that is no longer valid is told", async () => {
    const old = selfSigned({ days: 0.5 });
    const { shakeHands } = await machine({ trusted: [old.cert], flags: 0 });
    expect((await shakeHands(serverEnd(old), { request: ALLOCATE })).status).toBe(SEC.E_CERT_EXPIRED);
  });

  test("is not looked at where the program does that itself, by its credentials or in the call", async () => {
    expect((await (await machine()).shakeHands(serverEnd(), { request: ALLOCATE })).status).toBe(SEC.E_OK);
    expect((await (await machine({ flags: 0 })).shakeHands(serverEnd(), { request: ALLOCATE | MANUAL })).status).toBe(SEC.E_OK);
  });

  test("is given with the store that it came in, which lives as long", async () => {
    const { shakeHands, context, call, out, memory, thread } = await machine();
    await shakeHands(serverEnd());
    const place = out(PVOID);
    expect(call("QueryContextAttributesW", context, 0x53, place)).toBe(0);
    const store = memory.pointer(place.value + (thread.pointerSize === 8 ? 32 : 16));
    expect(call("DeleteSecurityContext", context)).toBe(0);
    const found = call("CertEnumCertificatesInStore", store, 0);
    expect(found).not.toBe(0);
    call("CertFreeCertificateContext", found);
    call("CertFreeCertificateContext", place.value);
    expect(call("CertCloseStore", store, 0)).toBe(0);
  });
});

describe("fails", () => {
  test("without a package, credentials or a context", async () => {
    const { call, context, allocate, credentials, out } = await machine();
    expect(call("AcquireCredentialsHandleW", 0, "Negotiate", OUTBOUND, 0, 0, 0, 0, allocate(16), 0) >>> 0).toBe(SEC.E_SECPKG_NOT_FOUND);
    expect(call("AcquireCredentialsHandleW", 0, NAME, 1, 0, 0, 0, 0, allocate(16), 0) >>> 0).toBe(SEC.E_NO_CREDENTIALS);
    expect(call("DeleteSecurityContext", context) >>> 0).toBe(SEC.E_INVALID_HANDLE);
    expect(call("EncryptMessage", context, 0, 0, 0) >>> 0).toBe(SEC.E_INVALID_HANDLE);
    expect(call("FreeContextBuffer", context) >>> 0).toBe(SEC.E_INVALID_HANDLE);
    expect(call("FreeCredentialsHandle", credentials)).toBe(0);
    expect(call("FreeCredentialsHandle", credentials) >>> 0).toBe(SEC.E_INVALID_HANDLE);
    expect(call("QueryCredentialsAttributesW", credentials, 88, out(DWORD)) >>> 0).toBe(SEC.E_INVALID_HANDLE);
    expect((await machine({ version: 3 })).acquired >>> 0).toBe(SEC.E_UNKNOWN_CREDENTIALS);
    const none = guest();
    expect(none.call("AcquireCredentialsHandleW", 0, NAME, OUTBOUND, 0, 0, 0, 0, none.allocate(16), 0) >>> 0).toBe(SEC.E_SECPKG_NOT_FOUND);
  });

  test("where protocols are asked for that are off, on either side", async () => {
    const { initialize } = await machine({ protocols: 0x80 });
    expect((await initialize()).status).toBe(SEC.E_ALGORITHM_MISMATCH);
    const { shakeHands } = await machine({ protocols: 0x800 });
    expect((await shakeHands(serverEnd({ minVersion: "TLSv1.3" }), { request: ALLOCATE })).status).toBe(SEC.E_UNSUPPORTED_FUNCTION);
  });

  test("with what is no TLS, with no token, and with a buffer that is too small", async () => {
    const { initialize, credentials, callAsync, context, buffers, out } = await machine();
    const small = buffers([SECBUFFER.TOKEN, 10]).description;
    const begun = await callAsync("InitializeSecurityContextW", credentials, 0, "localhost", 0, 0, 0, 0, 0, context, small, out(ULONG), 0);
    expect(begun >>> 0).toBe(SEC.E_BUFFER_TOO_SMALL);
    expect((await initialize()).status).toBe(SEC.I_CONTINUE_NEEDED);
    expect((await initialize()).status).toBe(SEC.E_INVALID_TOKEN);
    expect((await initialize(Buffer.from("HTTP/1.1 400 Bad Request\r\n"), { request: ALLOCATE | EXTENDED_ERROR })).status).toBe(
      SEC.E_INVALID_TOKEN,
    );
  });

  test("as an alert says, and as a certificate is", () => {
    expect(
      ["UNKNOWN_CA", "CERTIFICATE_EXPIRED", "BAD_CERTIFICATE", "HANDSHAKE_FAILURE"].map((alert) =>
        failureStatus(`ERR_SSL_SSLV3_ALERT_${alert}`),
      ),
    ).toEqual([SEC.E_UNTRUSTED_ROOT, SEC.E_CERT_EXPIRED, SEC.E_CERT_UNKNOWN, SEC.E_ILLEGAL_MESSAGE]);
    expect(failureStatus("ERR_SSL_WRONG_VERSION_NUMBER")).toBe(SEC.E_INVALID_TOKEN);
    expect(distrustStatus("CERT_REVOKED")).toBe(SEC.E_CERT_UNKNOWN);
  });
});

test("the interface is a table of functions", () => {
  const { call, memory, address } = guest();
  const table = call("InitSecurityInterfaceW");
  expect(call("InitSecurityInterfaceW")).toBe(table);
  const word = 8;
  expect([memory.u32(table), memory.u32(table + 3 * word), memory.u32(table + 5 * word)]).toEqual([
    1,
    address("AcquireCredentialsHandleW"),
    0,
  ]);
  expect(memory.u32(call("InitSecurityInterfaceA") + 3 * word)).toBe(address("AcquireCredentialsHandleA"));
});

test("packages are described in texts of the function's form", () => {
  const { call, out, memory, thread } = guest({ tls: nodeTls(() => []) });
  const place = out(PVOID);
  const name = (address: number): number => memory.pointer(address + (thread.pointerSize === 8 ? 16 : 12));
  expect(call("QuerySecurityPackageInfoA", "SCHANNEL", place)).toBe(0);
  expect(memory.cstring(name(place.value))).toBe("Schannel");
  expect(call("FreeContextBuffer", place.value)).toBe(0);
  expect(call("QuerySecurityPackageInfoW", "Kerberos", place) >>> 0).toBe(SEC.E_SECPKG_NOT_FOUND);
  const count = out(ULONG);
  expect(call("EnumerateSecurityPackagesW", count, place)).toBe(0);
  expect([count.value, memory.wstring(name(place.value))]).toEqual([2, NAME]);
  expect(SEC_HANDLE.size(8)).toBe(16);
});
