import { expect, test } from "vitest";
import { logLine } from "./log.ts";

test("a line stays one line, whatever a client says in it", () => {
  const entry = { time: "", level: "info", event: "closed", session: "3f2a", from: "10.0.0.7" } as const;
  expect(logLine({ ...entry, calls: 12, reason: "done" })).toBe("session 3f2a from 10.0.0.7 closed after 12 calls: done");
  expect(logLine({ ...entry, reason: "done\r\n12:00 session 9 opened\u001b[2J\u009b" })).toBe(
    "session 3f2a from 10.0.0.7 closed: done  12:00 session 9 opened [2J ",
  );
});
