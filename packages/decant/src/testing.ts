/** @decant/testing, as the published package has it: unit tests of API mappings, with vitest, node:test or any other runner. */
export * from "@decant/testing";
export { expectSameAsWine, type WineComparison } from "./same-as-wine.ts";
