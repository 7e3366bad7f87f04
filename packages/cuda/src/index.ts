export * from "./driver.ts";
export * from "./driver-calls.ts";
export * from "./driver-info.ts";
export * from "./wire-types.ts";
export * from "./result.ts";
export * from "./attributes.ts";
export * from "./export-names.ts";
