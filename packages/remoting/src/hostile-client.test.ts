import type { CallName } from "@decant/cuda";
import { callNames, driverCalls, signature } from "@decant/cuda";
import { memoryDriver } from "@decant/cuda/testing";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { defaultWireLimits, PROTOCOL_VERSION } from "./limits.ts";
import { FRAME, packMessage, unpackMessage } from "./message.ts";
import { Sessions } from "./sessions.ts";
import type { MessageSocket } from "./socket.ts";

/** A socket without a network: what the server sends is kept, what the test gives is received at once. */
async function connected() {
  const sent: Uint8Array[] = [];
  const socket: MessageSocket = {
    send: (frame) => void sent.push(frame),
    close: () => undefined,
    terminate: () => undefined,
    onFrame: () => undefined,
    onClose: () => undefined,
  };
  const driver = memoryDriver({ keepLog: false });
  const sessions = new Sessions(driver, { graceMs: 0 });
  sessions.accept(socket);
  socket.onFrame(packMessage([FRAME.HELLO, PROTOCOL_VERSION, null, callNames.map(signature), defaultWireLimits.windowBytes]));
  await new Promise(setImmediate);
  const types = (): unknown[] => sent.filter(({ 0: first }) => first !== 0xc1).map((frame) => unpackMessage(frame, defaultWireLimits)[0]);
  return { driver, sessions, socket, sent, types };
}

const BASE = 2 ** 32 + 0x10000;
const number = (name: CallName): number => callNames.indexOf(name);
/** A session that is in use: a context, a module, memory, a stream. */
const program = [
  FRAME.CALLS,
  [number("cuCtxCreate"), 1, 0, 0, 0],
  [number("cuModuleLoadData"), 2, 1, new TextEncoder().encode("kernel k 8,4\nglobal g 64")],
  [number("cuMemAlloc"), BASE, 1, 4096],
  [number("cuStreamCreate"), 3, 1, 0, 0],
  [number("cuMemcpyHtoD"), 3, BASE, Uint8Array.of(1, 2, 3, 4)],
  [number("cuMemsetD2D"), 1, BASE, 0, 7, 4, 16, 1],
  [number("cuLaunchKernel"), 1, 2, 0, 1, 1, 1, 32, 1, 1, 0, new Uint8Array(12)],
  [number("cuMemcpyDtoH"), 3, BASE, 4],
];

test("a whole program is answered", async () => {
  const { socket, types } = await connected();
  socket.onFrame(packMessage(program));
  await new Promise(setImmediate);
  expect(types()).not.toContain(FRAME.GOODBYE);
  expect(types()).toContain(FRAME.ANSWERS);
});

test("a damaged frame ends its session at most, whatever is damaged", async () => {
  const whole = packMessage(program);
  const damage = fc.array(fc.record({ at: fc.nat(whole.length - 1), to: fc.nat(255) }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(damage, fc.option(fc.nat(whole.length)), async (changes, cut) => {
      const { driver, sessions, socket, types } = await connected();
      const frame = whole.slice(0, cut ?? whole.length);
      for (const { at, to } of changes) if (at < frame.length) frame[at] = to;
      socket.onFrame(frame);
      await new Promise(setImmediate);
      socket.onClose("gone");
      await sessions.idle();
      expect(types().every((type) => [FRAME.WELCOME, FRAME.ANSWERS, FRAME.GOODBYE, FRAME.ACKNOWLEDGE].includes(type as never))).toBe(true);
      expect(driver.openSessions).toBe(0);
    }),
    { numRuns: 400 },
  );
});

test("any well-formed calls end a session at most", async () => {
  const argument = fc.oneof(
    fc.nat(5),
    fc.constantFrom(BASE, BASE + 256, 4096, 2 ** 32, -1, 0.5, 2 ** 53, null, true, "text"),
    fc.maxSafeNat(),
    fc.uint8Array({ maxLength: 20 }),
  );
  const call = fc.tuple(fc.nat(callNames.length), fc.array(argument, { maxLength: 11 }));
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 20 }), async (calls) => {
      const { driver, sessions, socket } = await connected();
      socket.onFrame(packMessage(program));
      for (const [name, args] of calls) socket.onFrame(packMessage([FRAME.CALLS, [name, ...args]]));
      await new Promise(setImmediate);
      socket.onClose("gone");
      await sessions.idle();
      expect(driver.openSessions).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test("calls with arguments of the right types, but arbitrary values, never reach the driver unchecked", async () => {
  // The memory driver throws on any handle or address that it does not know: an answer of CUDA_ERROR_UNKNOWN would show it.
  const values: Record<string, fc.Arbitrary<unknown>> = {
    U32: fc.oneof(fc.nat(5), fc.constantFrom(0xffffffff, 1024, 2048)),
    I32: fc.integer(),
    SIZE: fc.oneof(fc.nat(5000), fc.maxSafeNat()),
    DEVICEPTR: fc.oneof(fc.constantFrom(0, BASE, BASE + 1, BASE + 4095, BASE + 4096), fc.maxSafeNat()),
    BYTES: fc.uint8Array({ maxLength: 40 }),
    TEXT: fc.string({ maxLength: 10 }),
  };
  const handle = fc.integer({ min: 1, max: 8 });
  const size = fc.oneof(fc.nat(100), fc.constantFrom(0, 4096, 2 ** 32 - 1));
  const level = fc.tuple(values["DEVICEPTR"]!, size, size, size, fc.oneof(size, fc.maxSafeNat()), fc.oneof(size, fc.maxSafeNat()));
  const mode = fc.constantFrom(0, 1, 2, 3, 4);
  const texture = fc.tuple(
    fc.constantFrom(0x20, 1, 0x0a, 7),
    fc.constantFrom(1, 2, 4, 3),
    size,
    size,
    fc.array(level, { maxLength: 20 }),
    fc.array(mode, { minLength: 3, maxLength: 4 }),
    mode,
    mode,
    ...[1, 2, 3].map(() => fc.double()),
    fc.array(fc.double(), { minLength: 3, maxLength: 4 }),
  );
  const calls = fc.constantFrom(...callNames).chain((name) => {
    const types = driverCalls[name].parameters.map(([, type]) => type.name);
    const argument = (type: string): fc.Arbitrary<unknown> => values[type] ?? (type.startsWith("Texture{") ? texture : handle);
    return fc.tuple(...types.map(argument)).map((args) => [number(name), ...args]);
  });
  await fc.assert(
    fc.asyncProperty(fc.array(calls, { maxLength: 30 }), async (list) => {
      const { socket, sent, sessions } = await connected();
      socket.onFrame(packMessage(program));
      socket.onFrame(packMessage([FRAME.CALLS, ...list, [number("cuCtxSynchronize"), 1]]));
      await new Promise(setImmediate);
      const answers = sent
        .filter(({ 0: first }) => first !== 0xc1)
        .map((frame) => unpackMessage(frame, defaultWireLimits))
        .filter(([type]) => type === FRAME.ANSWERS)
        .flatMap((message) => message.slice(1) as [number, number, unknown][]);
      expect(answers.filter(([, code]) => code === 999)).toEqual([]);
      socket.onClose("gone");
      await sessions.idle();
    }),
    { numRuns: 500 },
  );
});
