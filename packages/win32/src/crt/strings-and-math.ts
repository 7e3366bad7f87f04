import { division } from "./math/division.ts";
import { math, math99 } from "./math/math.ts";
import { byteSwap, rotation } from "./math/rotation.ts";
import { sorting } from "./sorting.ts";
import { characters } from "./strings/characters.ts";
import { memory, memoryExtra } from "./strings/memory.ts";
import { msvcrtStrings, searching, strings, ucrtStrings } from "./strings/strings.ts";

/** The C runtime's topics that need no state: memory, strings, characters, mathematics, sorting. */
export const stringsAndMath = [
  memory,
  memoryExtra,
  searching,
  strings,
  msvcrtStrings,
  ucrtStrings,
  characters,
  division,
  rotation,
  byteSwap,
  math,
  math99,
  sorting,
];
