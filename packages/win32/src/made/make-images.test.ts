import { Registry, type ApiTable, type Implementation, type LaterTopic } from "@decant/hook";
import { expect, test } from "vitest";
import { topics } from "../topics.ts";
import { decodeMadeImage } from "./made-image.ts";
import { makeImages } from "./make-images.ts";

const files = makeImages();

/** The bundle's registry: topics are loaded when they are needed, and those that were are counted. */
function lazyRegistry(): { registry: Registry; loaded: Set<number> } {
  const loaded = new Set<number>();
  const later = topics.map((topic: Implementation | ApiTable, n): LaterTopic => {
    const load = (): typeof topic => {
      loaded.add(n);
      return topic;
    };
    return { dlls: "table" in topic ? topic.table.dlls : topic.dlls, load };
  });
  const registry = new Registry().add(...later);
  const topicAt = (n: number): Implementation => later[n]!.load() as Implementation;
  for (const dll of new Set(files.map((made) => made.dll)))
    registry.addMade(dll, (size) => decodeMadeImage(files.find((made) => made.dll === dll && made.pointerSize === size)!.file, topicAt));
  return { registry, loaded };
}

test("each stub is the function that the topics together have under its name, and none is missing", () => {
  const whole = new Registry().add(...topics);
  const { registry } = lazyRegistry();
  expect(files).toHaveLength(2 * whole.dlls().length);
  for (const { dll, pointerSize } of files) {
    const made = registry.made(dll, pointerSize)!;
    const stubs = Array.from({ length: made.count }, (_, n) => [made.nameAt(n), made.functionAt(n)] as const);
    const targets = new Set(whole.exports(dll, pointerSize).map(({ target }) => target));
    const functions = [...targets].flatMap((target) => (target.kind === "function" ? [target.function] : []));
    expect(stubs.map(([name]) => name)).toEqual(functions.map(({ name }) => name));
    stubs.forEach(([, { fullName, key, body, result, parameters, convention }], n) => {
      const expected = functions[n]!;
      expect([fullName, key, convention]).toEqual([expected.fullName, expected.key, expected.convention]);
      expect(body?.toString()).toBe(expected.body?.toString());
      expect(result).toBe(expected.result);
      expect(parameters).toEqual(expected.parameters);
    });
  }
});

test("a call loads the topic of the function and no other; asking for all of a DLL gives the same function", () => {
  const { registry, loaded } = lazyRegistry();
  const made = registry.made("kernel32", 8)!;
  const stub = Array.from({ length: made.count }, (_, n) => made.nameAt(n)).indexOf("GetTickCount64");
  expect(loaded.size).toBe(0);
  const target = made.functionAt(stub);
  expect([target.fullName, loaded.size]).toEqual(["kernel32!GetTickCount64", 1]);
  expect(registry.declared("kernel32", "GetTickCount64")).toBe(target);
  expect(loaded.size).toBeGreaterThan(1);
});

test("a DLL with topics that were added since has no image", () => {
  const { registry } = lazyRegistry();
  registry.add({ dlls: ["kernel32"], declarations: {}, convention: "stdcall" });
  expect([registry.made("kernel32", 8), registry.made("ntdll", 8)?.bytes.length]).toEqual([undefined, expect.any(Number)]);
});
