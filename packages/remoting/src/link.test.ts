import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { HEARTBEAT_MS, Link } from "./link.ts";
import { BULK_MARK, FRAME, packMessage } from "./message.ts";
import type { MessageSocket } from "./socket.ts";

/** Two sockets that are joined; what is sent waits until it is delivered, and is lost when the wire is cut. */
function wire() {
  const make = (): MessageSocket & { queue: Uint8Array[] } => ({
    queue: [],
    send(frame) {
      this.queue.push(frame);
    },
    close: () => undefined,
    terminate: () => undefined,
    onFrame: () => undefined,
    onClose: () => undefined,
  });
  const [a, b] = [make(), make()];
  const deliver = (from: typeof a, to: typeof a, count = Infinity): void => {
    for (let index = 0; index < count && from.queue.length > 0; index++) to.onFrame(from.queue.shift()!);
  };
  return {
    a,
    b,
    deliverAll() {
      while (a.queue.length + b.queue.length > 0) {
        deliver(a, b);
        deliver(b, a);
      }
    },
    deliverSome(ofA: number, ofB: number) {
      deliver(a, b, ofA);
      deliver(b, a, ofB);
    },
    cut() {
      a.queue.length = b.queue.length = 0;
      a.onClose("cut");
      b.onClose("cut");
    },
  };
}

function end(windowBytes: number, consumes = true) {
  const received: Uint8Array[] = [];
  const events: string[] = [];
  const link: Link = new Link({
    windowBytes,
    onFrame(frame) {
      received.push(frame);
      if (consumes) link.consume(frame.length);
    },
    onBadFrame: (reason) => events.push(reason),
    onDetached: (reason) => events.push(reason),
  });
  return { link, received, events };
}

const WINDOW = 1000;
const message = (number: number): Uint8Array => packMessage([FRAME.CALLS, number]);
const bulk = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, index) => (index === 0 ? BULK_MARK : index));
const join = (one: Link, other: Link, { a, b }: ReturnType<typeof wire>): void => {
  const [ours, theirs] = [one.position, other.position];
  one.attach(a, { ...theirs, windowBytes: WINDOW });
  other.attach(b, { ...ours, windowBytes: WINDOW });
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("frames arrive exactly once and in order, wherever the connection breaks", () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("send" as const), from: fc.nat(1), size: fc.nat(300) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("deliver" as const), ofA: fc.nat(5), ofB: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("break" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const ends = [end(WINDOW), end(WINDOW)] as const;
      const sent: Uint8Array[][] = [[], []];
      let between = wire();
      join(ends[0].link, ends[1].link, between);
      for (const next of steps) {
        if (next.kind === "send") {
          const frame = next.size < 20 ? message(sent[next.from]!.length) : bulk(next.size);
          sent[next.from]!.push(frame);
          ends[next.from]!.link.send(frame);
        } else if (next.kind === "deliver") between.deliverSome(next.ofA, next.ofB);
        else if (next.kind === "wait") vi.advanceTimersByTime(30);
        else {
          between.cut();
          between = wire();
          join(ends[0].link, ends[1].link, between);
        }
      }
      for (let round = 0; round < 200; round++) {
        between.deliverAll();
        vi.advanceTimersByTime(30);
      }
      expect(ends[1].received).toEqual(sent[0]);
      expect(ends[0].received).toEqual(sent[1]);
      expect([ends[0].link.bufferedBytes, ends[1].link.bufferedBytes]).toEqual([0, 0]);
    }),
    { numRuns: 300 },
  );
});

describe("credit", () => {
  test("bulk waits for it, messages may go twice as far", () => {
    const between = wire();
    const ours = end(WINDOW);
    const theirs = end(WINDOW, false);
    join(ours.link, theirs.link, between);
    for (let index = 0; index < 5; index++) ours.link.send(bulk(400));
    // 800 bytes are under way when the third goes; with 1,200 no more may.
    expect(between.a.queue.length).toBe(3);
    expect(ours.link.bufferedBytes).toBe(2000);
    between.deliverAll();
    vi.advanceTimersByTime(1000);
    between.deliverAll();
    expect(theirs.received.length).toBe(3);
    theirs.link.consume(399);
    vi.advanceTimersByTime(30);
    between.deliverAll();
    expect(theirs.received.length).toBe(4);
    expect(ours.link.bufferedBytes).toBe(1601);
  });

  test("whoever waits for it is told when enough is free, and when there is nothing to wait for any more", async () => {
    const between = wire();
    const ours = end(WINDOW);
    const theirs = end(WINDOW);
    join(ours.link, theirs.link, between);
    ours.link.send(bulk(600));
    let drained = "";
    void ours.link.drained(0).then(() => (drained = "drained"));
    await Promise.resolve();
    expect(drained).toBe("");
    between.deliverAll();
    vi.advanceTimersByTime(30);
    between.deliverAll();
    await Promise.resolve();
    expect(drained).toBe("drained");
    ours.link.send(bulk(600));
    const never = ours.link.drained(0);
    ours.link.end();
    await expect(never).resolves.toBeUndefined();
  });
});

test("urgent frames pass those that wait for credit", () => {
  const between = wire();
  const ours = end(WINDOW);
  const theirs = end(WINDOW);
  join(ours.link, theirs.link, between);
  for (let index = 0; index < 4; index++) ours.link.send(bulk(900));
  ours.link.send(message(7), { urgent: true });
  between.deliverAll();
  vi.advanceTimersByTime(30);
  between.deliverAll();
  expect(theirs.received.map(({ length }) => length)).toEqual([900, 900, message(7).length, 900, 900]);
});

test("a frame is kept unchanged until it has arrived", () => {
  const between = wire();
  const ours = end(WINDOW);
  const theirs = end(WINDOW);
  join(ours.link, theirs.link, between);
  let released = 0;
  ours.link.send(bulk(100), { sent: () => released++ });
  between.cut();
  const next = wire();
  join(ours.link, theirs.link, next);
  expect(released).toBe(0);
  next.deliverAll();
  vi.advanceTimersByTime(30);
  next.deliverAll();
  expect(released).toBe(1);
});

describe("an acknowledgement", () => {
  test.each<[string, unknown[]]>([
    ["of more frames than were sent", [FRAME.ACKNOWLEDGE, 2, 0]],
    ["of more bytes than were sent", [FRAME.ACKNOWLEDGE, 1, 51]],
    ["that is negative", [FRAME.ACKNOWLEDGE, -1, 0]],
    ["of fractions", [FRAME.ACKNOWLEDGE, 0.5, 0]],
    ["of text", [FRAME.ACKNOWLEDGE, "1", 0]],
  ])("%s is a bad frame", (_, values) => {
    const between = wire();
    const ours = end(WINDOW);
    join(ours.link, end(WINDOW).link, between);
    ours.link.send(bulk(50));
    between.a.onFrame(packMessage(values));
    expect(ours.events.length).toBe(1);
  });

  test("that takes one back is a bad frame", () => {
    const between = wire();
    const ours = end(WINDOW);
    join(ours.link, end(WINDOW).link, between);
    ours.link.send(bulk(50));
    between.a.onFrame(packMessage([FRAME.ACKNOWLEDGE, 1, 50]));
    expect(ours.events).toEqual([]);
    between.a.onFrame(packMessage([FRAME.ACKNOWLEDGE, 0, 50]));
    expect(ours.events.length).toBe(1);
  });
});

test("a socket that is silent for three heartbeats is given up, one that beats is not", () => {
  const between = wire();
  const ours = end(WINDOW);
  const theirs = end(WINDOW);
  join(ours.link, theirs.link, between);
  for (let index = 0; index < 10; index++) {
    vi.advanceTimersByTime(HEARTBEAT_MS);
    between.deliverAll();
  }
  expect([...ours.events, ...theirs.events]).toEqual([]);
  vi.advanceTimersByTime(5 * HEARTBEAT_MS);
  expect(ours.events).toEqual(["the other end has been silent for too long"]);
  expect(ours.link.isAttached).toBe(false);
});
