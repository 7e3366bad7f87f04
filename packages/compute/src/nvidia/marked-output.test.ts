import { expect, test } from "vitest";
import { MarkedOutput, markOf } from "./marked-output.ts";

const whole = new TextEncoder().encode(`one\ntwo${markOf(7)}${markOf(8)}three${markOf(123456)}`);

test.each([1, 2, 3, 5, 100])("text and marks come in their order, in pieces of %i bytes", (size) => {
  const events: (string | number)[] = [];
  const output = new MarkedOutput(
    (text) => events.push(...new TextDecoder().decode(text)),
    (sequence) => events.push(sequence),
  );
  for (let at = 0; at < whole.length; at += size) output.push(whole.subarray(at, at + size));
  expect(events).toEqual([..."one\ntwo", 7, 8, ..."three", 123456]);
});
