import type { DeviceSpan } from "@decant/cuda";
import type { TracedCall } from "@decant/hook";
import { expect, test } from "vitest";
import { traceOutput } from "./trace-output.ts";

const call = (over: Partial<TracedCall>): TracedCall => ({
  name: "kernel32!CloseHandle",
  thread: 8,
  depth: 0,
  startMs: 100,
  durationMs: 0.25,
  waits: [],
  arguments: ["hObject=0x7"],
  result: "TRUE",
  error: undefined,
  failed: false,
  returned: true,
  wasOpen: false,
  ...over,
});
const failed = call({ thread: 12, depth: 1, startMs: 101.5, result: "FALSE", error: "ERROR_INVALID_HANDLE", failed: true });

const kernel: DeviceSpan = {
  name: "saxpy",
  kind: "kernel",
  stream: 3,
  startMs: 103,
  durationMs: 1.25,
  details: { grid: "8x1x1", block: "256x1x1" },
};

test("text has time, thread and nesting before the call", () => {
  const output = traceOutput("text", {}, { originMs: 100 });
  expect([output.call(call({})), output.call(failed), output.span(kernel), output.end()]).toEqual([
    "     0.000     8 kernel32!CloseHandle(hObject=0x7) = TRUE\n",
    "     1.500    12   kernel32!CloseHandle(hObject=0x7) = FALSE [ERROR_INVALID_HANDLE]\n",
    "     3.000   gpu kernel saxpy(grid=8x1x1, block=256x1x1) 1.250 ms\n",
    "",
  ]);
});

test("a call that others are made inside of is a line at its beginning and one at its end", () => {
  const output = traceOutput("text", {}, { originMs: 100 });
  const opening = { name: "msvcrt!puts", thread: 8, depth: 0, startMs: 100, arguments: ['string="a"'] };
  const closing = call({ ...opening, durationMs: 2, result: "0", wasOpen: true });
  expect([output.open(opening), output.call(call({ depth: 1, startMs: 101 })), output.call(closing)]).toEqual([
    '     0.000     8 msvcrt!puts(string="a") {\n',
    "     1.000     8   kernel32!CloseHandle(hObject=0x7) = TRUE\n",
    '     2.000     8 } msvcrt!puts(string="a") = 0\n',
  ]);
  const only = traceOutput("text", { failed: true }, { originMs: 100 });
  expect([only.open(opening), only.call({ ...closing, failed: true })]).toEqual(["", '     0.000     8 msvcrt!puts(string="a") = 0\n']);
  expect(traceOutput("text", { thread: 9 }).open(opening)).toBe("");
  expect(traceOutput("json").open(opening) + traceOutput("chrome").open(opening)).toBe("");
});

test("json is an object a line", () => {
  const output = traceOutput("json", {}, { originMs: 100 });
  output.call(call({}));
  expect(JSON.parse(output.call(failed))).toMatchObject({
    name: "kernel32!CloseHandle",
    thread: 12,
    startMs: 1.5,
    error: "ERROR_INVALID_HANDLE",
  });
});

test("a call that began before one inside of it has a time before it, and none is before the trace", () => {
  const output = traceOutput("text", {}, { originMs: 99.5 });
  const lines = [call({ startMs: 101, depth: 1 }), call({ startMs: 100 })].map((each) => output.call(each).trim().split(" ")[0]);
  expect(lines).toEqual(["1.500", "0.500"]);
});

test("chrome is one array of complete events in microseconds, with a name for each thread", () => {
  const output = traceOutput("chrome", {}, { originMs: 100 });
  const waiting = call({ startMs: 102, waits: [{ startMs: 102.1, durationMs: 0.05 }] });
  const text = output.call(call({})) + output.call(failed) + output.call(waiting) + output.span(kernel) + output.end();
  const events = JSON.parse(text) as Record<string, unknown>[];
  const rounded = (value: unknown): unknown => (typeof value === "number" ? Math.round(value) : value);
  expect(events.map(({ ph, pid, tid, ts, dur, name }) => [ph, pid, tid, rounded(ts), rounded(dur), name])).toEqual([
    ["M", 1, 8, undefined, undefined, "process_name"],
    ["M", 1, 8, undefined, undefined, "thread_name"],
    ["X", 1, 8, 0, 250, "kernel32!CloseHandle"],
    ["M", 1, 12, undefined, undefined, "thread_name"],
    ["X", 1, 12, 1500, 250, "kernel32!CloseHandle"],
    ["X", 1, 8, 2000, 250, "kernel32!CloseHandle"],
    ["X", 1, 8, 2100, 50, "waits"],
    ["M", 2, 3, undefined, undefined, "process_name"],
    ["M", 2, 3, undefined, undefined, "thread_name"],
    ["X", 2, 3, 3000, 1250, "saxpy"],
  ]);
  expect(traceOutput("chrome").end()).toBe("[]\n");
});

test("calls are chosen by thread, by failure and by result", () => {
  const chosen = (filter: Parameters<typeof traceOutput>[1]): boolean[] =>
    [call({}), failed].map((each) => traceOutput("text", filter).call(each) !== "");
  expect([
    chosen({}),
    chosen({ thread: 12 }),
    chosen({ failed: true }),
    chosen({ thread: 8, failed: true }),
    chosen({ result: "error_*" }),
    chosen({ result: "TRUE" }),
  ]).toEqual([
    [true, true],
    [false, true],
    [false, true],
    [false, false],
    [false, true],
    [true, false],
  ]);
});
