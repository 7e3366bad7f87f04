import { DIRECTORY } from "./image.ts";
import type { Image } from "./image.ts";
import { directoryOf, RvaView } from "./rva-view.ts";

/** What a loader fills in or looks at in IMAGE_LOAD_CONFIG_DIRECTORY; addresses relative to the image, undefined when absent. */
export interface LoadConfig {
  readonly securityCookie: number | undefined;
  /** Slots that hold the addresses of control flow guard's functions. */
  readonly guardCheckSlot: number | undefined;
  readonly guardDispatchSlot: number | undefined;
  readonly guardFunctionTable: number | undefined;
  readonly guardFunctionCount: number;
  readonly guardFlags: number;
}

/** The load configuration; undefined when there is none. Fields that an older, shorter structure lacks are absent. Throws PeError. */
export function readLoadConfig(image: Image): LoadConfig | undefined {
  const directory = directoryOf(image, DIRECTORY.LOAD_CONFIG);
  if (directory === undefined) return undefined;
  const view = new RvaView(image);
  const size = view.u32(directory.rva);
  const width = image.is64 ? 8 : 4;
  const [cookie, firstGuard] = image.is64 ? [0x58, 0x70] : [0x3c, 0x48];
  const address = (offset: number, what: string): number | undefined =>
    offset + width <= size ? view.fromVa(view.pointer(directory.rva + offset), what) : undefined;
  const guard = (index: number): number => firstGuard + index * width;
  return {
    securityCookie: address(cookie, "the security cookie"),
    guardCheckSlot: address(guard(0), "the guard check function"),
    guardDispatchSlot: address(guard(1), "the guard dispatch function"),
    guardFunctionTable: address(guard(2), "the guard function table"),
    guardFunctionCount: guard(3) + width <= size ? Number(view.pointer(directory.rva + guard(3)) & 0xffff_ffffn) : 0,
    guardFlags: guard(4) + 4 <= size ? view.u32(directory.rva + guard(4)) : 0,
  };
}
