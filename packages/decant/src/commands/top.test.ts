import { expect, test } from "vitest";
import { stateTable } from "./top.ts";

const session = (id: string, connected: boolean, calls: number) => ({ id, name: "", from: "10.0.0.1", connected, openedMs: 61_000, calls, busyCalls: 0, memoryBytes: 0, handles: 0 }); // prettier-ignore
const state = (calls: number) => ({
  sessions: [session("aaaaaaaa01", true, calls), session("bbbbbbbb02", false, 5), session("cccccccc03", true, 5)],
  totals: { calls, bytesIn: 0, bytesOut: 0, refusals: 0 },
});
const marked = (style: string, text: string): string => (style === "yellow" ? `<${text}>` : text);

test("rates are told from the look before, and a session whose client is away is marked", () => {
  const [summary, heading, first, second] = stateTable(state(300), { state: state(100), seconds: 2 }, marked).split("\n");
  expect(summary).toContain("300 calls (100/s)");
  expect(heading).toMatch(/^SESSION +TOKEN +FROM +STATE +OPEN +CALLS +RATE +BUSY +MEMORY +HANDLES$/);
  expect(first).toMatch(/^aaaaaaaa .* open .* 300 +100\/s /);
  expect(second).toMatch(/^<bbbbbbbb .* away .*>$/);
});

test("no line is wider than the terminal, and no more are shown than it has", () => {
  const table = stateTable(state(300), undefined, (_, text) => text, { columns: 40, rows: 6 });
  const lines = table.split("\n");
  expect(Math.max(...lines.map(({ length }) => length))).toBe(40);
  expect(lines.slice(2)).toEqual([expect.stringMatching(/^aaaaaaaa .*…$/), expect.stringMatching(/^bbbbbbbb/), "… and 1 more", ""]);
});
