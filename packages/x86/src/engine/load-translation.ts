import * as translation from "./translation.ts";

/**
 * Decoder and translator, which a run does without when all that it needs was kept by an earlier one. The bundle has another function in the place of this one
 * (scripts/build.mjs), which loads them as a script of their own when it is first called.
 */
export function loadTranslation(): typeof translation {
  return translation;
}
