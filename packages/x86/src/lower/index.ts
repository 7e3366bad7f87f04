export { effects, type Effects } from "./effects.ts";
export { Emitter, type RegisterLocals, type ScalarRegisters } from "./emitter.ts";
export { accessOf, accessesOf, type Access } from "./access.ts";
export { ACCESS_BITS, WRITES } from "./helpers.ts";
export { NotTranslated } from "./lowering.ts";
export { storeOf } from "./stores.ts";
export { looksAtMxcsr } from "./exact-floats.ts";
export { waitsForX87 } from "./x87-exceptions.ts";
