import { api, DWORD, fn, Hooks, implementFor, infallible, LPVOID, Registry } from "@decant/hook";
import type { Intrinsic, StubDetails } from "@decant/x86";
import { expect, test } from "vitest";
import type { GuestMachine } from "../kernel.ts";
import { IdleMachine, idleKernel, idleProcess } from "../test-support.ts";
import type { Thread } from "../threads/thread.ts";

/** Remembers what it was told of stubs, and of a row's what it asked for. */
class AskingMachine extends IdleMachine {
  describe: (n: number) => StubDetails = () => ({});
  readonly told: (Intrinsic | undefined)[] = [];

  override addStub(...[, , { intrinsic } = {}]: Parameters<GuestMachine["addStub"]>): void {
    this.told.push(intrinsic);
  }

  override addStubs(...[, , count, describe]: Parameters<GuestMachine["addStubs"]>): void {
    if (count > 0) this.describe = describe;
  }
}

const topic = implementFor<Thread>()(
  api("storage", {
    Sleep: fn(infallible(DWORD)),
    TlsGetValue: fn(infallible(LPVOID), ["dwTlsIndex", DWORD]),
  }),
  { Sleep: () => 0, TlsGetValue: () => 0 },
);

function load(hooks: Hooks): AskingMachine {
  const machine = new AskingMachine();
  const { kernel } = idleKernel({ createMachine: () => machine });
  idleProcess(kernel, { registry: new Registry().add(topic), hooks }).loader.require("storage");
  machine.told.length = 0;
  return machine;
}

test("the processor may answer a function by itself while nobody hooks it", () => {
  const hooks = new Hooks();
  const machine = load(hooks);
  expect([0, 1].map((n) => machine.describe(n))).toEqual([
    { name: "storage.dll!Sleep" },
    { name: "storage.dll!TlsGetValue", intrinsic: "TlsGetValue" },
  ]);
  const hook = hooks.hook("storage!Tls*", {});
  hooks.hook("storage!Sleep", {});
  expect(machine.told).toEqual([undefined]);
  hook.remove();
  expect(machine.told).toEqual([undefined, "TlsGetValue"]);
});

test("a function that is hooked when the processor first looks at it is none of its own", () => {
  const hooks = new Hooks();
  const hook = hooks.hook("storage!Tls*", {});
  const machine = load(hooks);
  expect(machine.describe(1)).toEqual({ name: "storage.dll!TlsGetValue", intrinsic: undefined });
  hook.remove();
  expect(machine.told).toEqual(["TlsGetValue"]);
});
