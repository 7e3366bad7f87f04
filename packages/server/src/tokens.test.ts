import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TokenFile } from "./tokens.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "decant-tokens-"));
  path = join(folder, "config", "tokens.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a token that was added is found, by another reader of the file too; others are not", () => {
  const file = new TokenFile(path);
  const token = file.add("ci", { limits: { memoryBytes: 1000 }, weight: 2, queuedCalls: 50 });
  expect(new TokenFile(path).find(token)).toMatchObject({ name: "ci", limits: { memoryBytes: 1000 }, weight: 2, queuedCalls: 50 });
  expect(file.find(`${token}x`)).toBeUndefined();
  expect(file.find("")).toBeUndefined();
  expect(file.add("other")).not.toBe(token);
});

test("what is kept is a hash, and for its owner's eyes", () => {
  const token = new TokenFile(path).add("ci");
  expect(readFileSync(path, "utf8")).not.toContain(token.slice(7));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, "config")).mode & 0o777).toBe(0o700);
});

test("a token holds until the moment it expires", () => {
  const file = new TokenFile(path);
  const token = file.add("ci", { expires: "2030-01-01T00:00:00.000Z" });
  const end = Date.parse("2030-01-01T00:00:00.000Z");
  expect(file.find(token, end - 1)?.name).toBe("ci");
  expect(file.find(token, end)).toBeUndefined();
  expect([file.holds("ci", end - 1), file.holds("ci", end)]).toEqual([true, false]);
});

test("a revoked token is not found any more, by a server that has the file open", () => {
  const server = new TokenFile(path);
  const [one, other] = [server.add("one"), server.add("other")];
  new TokenFile(path).revoke("one");
  expect(server.find(one)).toBeUndefined();
  expect(server.find(other)?.name).toBe("other");
  expect([server.holds("one"), server.holds("other")]).toEqual([false, true]);
});

describe("is refused with a sentence:", () => {
  test("a name that is taken, one that is none, and one that is not there", () => {
    const file = new TokenFile(path);
    file.add("ci");
    expect(() => file.add("ci")).toThrow("there is a token named ci already");
    expect(() => file.add("two words")).toThrow("a token's name is letters");
    expect(() => file.add("x".repeat(65))).toThrow("at most 64");
    expect(() => file.revoke("nobody")).toThrow("there is no token named nobody");
  });

  test.each([
    ["not json", "{", "it is not JSON"],
    ["another version", '{"version":2,"tokens":[]}', "of version 1"],
    ["no list", '{"version":1}', "of version 1"],
    ["a token without its hash", '{"version":1,"tokens":[{"name":"ci","hash":"12"}]}', "a damaged token (ci)"],
    ["a date that is none", `{"version":1,"tokens":[{"name":"ci","hash":"${"0".repeat(64)}","expires":"soon"}]}`, "a damaged token (ci)"],
  ])("a file with %s", (_, text, reason) => {
    const path = join(folder, "damaged.json");
    writeFileSync(path, text);
    expect(() => new TokenFile(path).list()).toThrow(reason);
  });
});

test("a file that is not there has no tokens", () => {
  expect(new TokenFile(path).list()).toEqual([]);
});
