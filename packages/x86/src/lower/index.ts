export { effects, type Effects } from "./effects.ts";
export { Emitter, type RegisterLocals } from "./emitter.ts";
export { createHelpers, HELPERS, type HelperName } from "./helpers.ts";
export { NotTranslated } from "./lowering.ts";
