import type { Process } from "@decant/process";

/** The most bytes that hosts give at a time. */
const CHUNK = 0x1_0000;

/** Fills bytes with random ones, fit for keys. */
export function fillRandom({ host }: Process, target: Uint8Array): void {
  for (let at = 0; at < target.length; at += CHUNK) target.set(host.random(Math.min(CHUNK, target.length - at)), at);
}
