import type { TracedCall } from "@decant/hook";
import { expect, test } from "vitest";
import { traceOutput } from "./trace-output.ts";

const call = (over: Partial<TracedCall>): TracedCall => ({
  name: "kernel32!CloseHandle",
  thread: 8,
  depth: 0,
  startMs: 100,
  durationMs: 0.25,
  arguments: ["hObject=0x7"],
  result: "TRUE",
  error: undefined,
  failed: false,
  returned: true,
  ...over,
});
const failed = call({ thread: 12, depth: 1, startMs: 101.5, result: "FALSE", error: "ERROR_INVALID_HANDLE", failed: true });

test("text has time, thread and nesting before the call", () => {
  const output = traceOutput("text");
  expect([output.call(call({})), output.call(failed), output.end()]).toEqual([
    "     0.000     8 kernel32!CloseHandle(hObject=0x7) = TRUE\n",
    "     1.500    12   kernel32!CloseHandle(hObject=0x7) = FALSE [ERROR_INVALID_HANDLE]\n",
    "",
  ]);
});

test("json is an object a line", () => {
  const output = traceOutput("json");
  output.call(call({}));
  expect(JSON.parse(output.call(failed))).toMatchObject({
    name: "kernel32!CloseHandle",
    thread: 12,
    startMs: 1.5,
    error: "ERROR_INVALID_HANDLE",
  });
});

test("chrome is one array of complete events in microseconds, with a name for each thread", () => {
  const output = traceOutput("chrome");
  const text = output.call(call({})) + output.call(failed) + output.call(call({ startMs: 102 })) + output.end();
  const events = JSON.parse(text) as Record<string, unknown>[];
  expect(events.map(({ ph, tid, ts, dur, cat }) => [ph, tid, ts, dur, cat])).toEqual([
    ["M", 8, undefined, undefined, undefined],
    ["X", 8, 0, 250, "kernel32"],
    ["M", 12, undefined, undefined, undefined],
    ["X", 12, 1500, 250, "kernel32"],
    ["X", 8, 2000, 250, "kernel32"],
  ]);
  expect(traceOutput("chrome").end()).toBe("[]\n");
});

test("calls are chosen by thread and by failure", () => {
  const chosen = (filter: Parameters<typeof traceOutput>[1]): boolean[] =>
    [call({}), failed].map((each) => traceOutput("text", filter).call(each) !== "");
  expect([chosen({}), chosen({ thread: 12 }), chosen({ failed: true }), chosen({ thread: 8, failed: true })]).toEqual([
    [true, true],
    [false, true],
    [false, true],
    [false, false],
  ]);
});
