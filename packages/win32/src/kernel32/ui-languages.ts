import { ERROR, Win32Error, type Out, type TextBuffer } from "@decant/hook";
import { implement } from "@decant/process";
import { uiLanguagesApi } from "./ui-languages.api.ts";

const ENGLISH_US = 0x409;
const MUI = { LANGUAGE_ID: 4, LANGUAGE_NAME: 8, ALL: 0xfc } as const;

/** Whatever a program prefers, English is what there is. */
export const uiLanguages = implement(uiLanguagesApi, {
  GetUserPreferredUILanguages: (_, flags, count, target, size) => list(oneForm(flags), count, target, size),
  GetSystemPreferredUILanguages: (_, flags, count, target, size) => list(oneForm(flags), count, target, size),
  GetProcessPreferredUILanguages: (_, flags, count, target, size) => list(flags, count, target, size),
  GetThreadPreferredUILanguages: (_, flags, count, target, size) => list(flags, count, target, size),
  SetProcessPreferredUILanguages: () => true,
  SetThreadPreferredUILanguages: () => true,
  GetThreadUILanguage: () => ENGLISH_US,
  SetThreadUILanguage: (_, id) => (id === 0 ? ENGLISH_US : id),
});

/** Those of the user and the system come as numbers or as names: nothing is merged. */
function oneForm(flags: number): number {
  if (flags !== 0 && flags !== MUI.LANGUAGE_ID && flags !== MUI.LANGUAGE_NAME) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return flags;
}

/** A list of one, as strings that an empty one ends. Without a buffer the size is what is asked for. */
function list(flags: number, count: Out<number>, target: TextBuffer, size: Out<number>): boolean {
  if ((flags & ~MUI.ALL) !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const languages = (flags & MUI.LANGUAGE_ID) === 0 ? "en-US\0" : "0409\0";
  const capacity = size.get();
  size.set(languages.length + 1);
  if (!target.isNull && capacity > 0 && target.write(languages, capacity).written === 0) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
  count.set(1);
  return true;
}
