import { DWORD, enumeration, type NamedIntegerType, type Type } from "@decant/hook";

/** One of several values, printed as PrefixKey: as enumerations of C are named, where #defines are PREFIX_KEY. */
export function camelEnumeration(
  prefix: string,
  names: Readonly<Record<string, number>>,
  base: Type<number, number> = DWORD,
): NamedIntegerType {
  return enumeration("", Object.fromEntries(Object.entries(names).map(([name, value]) => [prefix + name, value])), base);
}
