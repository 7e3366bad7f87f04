import type { GuestMemory } from "@decant/memory";
import type { Decoder } from "../decode/index.ts";
import { PLAIN_FORM, type CodeForm } from "./code-form.ts";
import { loadTranslation } from "./load-translation.ts";
import { SCRATCH, SCRATCH_BYTES } from "./layout.ts";
import type { TranslatedUnit } from "./link.ts";
import type { Stub } from "./stub.ts";
import type { Stubs } from "./stubs.ts";
import { KeptModules } from "./kept-modules.ts";
import type { KeptModule } from "./kept-module.ts";
import type { HashRanges } from "./batch.ts";
import type { Range } from "./changing-code.ts";
import type { TranslationStorage } from "./storage.ts";
import { TranslationCache } from "./translation-cache.ts";
import type { Translator } from "./translator.ts";
import { stubName } from "./unit-record.ts";

/** Hashes bytes of the guest's memory: (wasm address, length, hash so far). */
export type HashFunction = (address: number, length: number, hash: bigint) => bigint;

export interface UnitSourceOptions {
  readonly memory: GuestMemory;
  readonly mode: 64 | 32;
  readonly stubs: Stubs;
  readonly storage: TranslationStorage | undefined;
  readonly hash: HashFunction;
  readonly hashGuest: HashRanges;
  form(entry: number): CodeForm;
  baseForm(): CodeForm;
  handlerData(address: number): readonly Range[] | undefined;
  isTranslated(address: number): boolean;
  isReturnSite(address: number): boolean;
}

/** Where a machine's translated functions come from: earlier runs, or else the translator, which is made when it is first needed. */
export class UnitSource {
  readonly #options: UnitSourceOptions;
  readonly #cache: TranslationCache | undefined;
  readonly #modules: KeptModules | undefined;
  #decoder: Decoder | undefined;
  #translator: Translator | undefined;
  #stubsByName: Map<string, Stub> | undefined;

  constructor(options: UnitSourceOptions) {
    const { storage } = options;
    this.#options = options;
    if (storage === undefined) return;
    const around = {
      ...options,
      stubAt: (address: number) => options.stubs.intactAt(address),
      stubs: () => (this.#stubsByName ??= this.#nameStubs()),
      hashBytes: (bytes: Uint8Array) => this.#hashBytes(bytes),
    };
    this.#modules = new KeptModules(storage, around);
    this.#cache = new TranslationCache(storage, this.#modules, around);
  }

  get decoder(): Decoder {
    return (this.#decoder ??= new (loadTranslation().Decoder)(this.#options.memory, this.#options.mode));
  }

  get translator(): Translator {
    const { memory, form, isTranslated, isReturnSite, stubs } = this.#options;
    return (this.#translator ??= new (loadTranslation().Translator)({
      memory,
      decoder: this.decoder,
      stubAt: (address) => stubs.intactAt(address),
      stubOfSyscall: (address) => stubs.ofSyscall(address),
      isTranslated,
      isReturnSite,
      form,
    }));
  }

  /** The form that all code had at least where earlier runs ended, as far as is known. */
  get keptForm(): CodeForm {
    return this.#modules?.form ?? PLAIN_FORM;
  }

  /** What earlier runs made of the code at an entry and around it, as a module; undefined where there is none that is still true. */
  module(entry: number, isFree: (slot: number) => boolean): KeptModule | undefined {
    return this.#modules?.take(entry, isFree);
  }

  /** Units for the entries and for what is likely to be needed with them, and whether earlier runs made them. */
  get(entry: number, others: readonly number[]): { units: readonly TranslatedUnit[]; isKept: boolean } {
    const cache = this.#cache;
    // A module that has it could not be taken.
    if (this.#modules?.knows(entry) === true) cache?.coverNothing();
    const kept = cache?.take(entry) ?? [];
    if (kept.length > 0) return { units: kept, isKept: true };
    const units = this.translator.translate([entry, ...others]);
    cache?.add(units);
    return { units, isKept: false };
  }

  /** Called when bytes, or stubs, have changed. */
  forget(start: number, end: number): void {
    this.#translator?.forget(start, end);
  }

  /** Called when the code at an address has written to the bytes that it was made from. */
  changedItself(address: number): void {
    this.#translator?.changedItself(address);
  }

  /** Called when all code was dropped. */
  startOver(): void {
    this.#cache?.giveBack();
    this.#modules?.giveBack();
  }

  /** Called when a stub was set. */
  forgetStubs(): void {
    this.#stubsByName = undefined;
  }

  /** Keeps what this run has translated for the next. */
  save(): void {
    this.#cache?.save();
  }

  #nameStubs(): Map<string, Stub> {
    const byName = new Map<string, Stub>();
    for (const stub of this.#options.stubs.intact()) {
      const name = stubName(stub);
      if (name !== undefined) byName.set(name, stub);
    }
    return byName;
  }

  /** By way of the guest's memory, where the hash function is a hundred times as fast as cold JavaScript. */
  #hashBytes(bytes: Uint8Array): bigint {
    const { memory, hash } = this.#options;
    let result = 0n;
    for (let at = 0; at < bytes.length; at += SCRATCH_BYTES) {
      const part = bytes.subarray(at, at + SCRATCH_BYTES);
      memory.bytes.set(part, SCRATCH);
      result = hash(SCRATCH | 0, part.length, result);
    }
    return BigInt.asUintN(64, result);
  }
}
