import { api, BOOL, DWORD, fn, infallible, INT, orElse, PVOID, TBUF, text, UINT, WORD } from "@decant/hook";

const ATOM = orElse(WORD, 0);

/** Atom tables ("Atom Functions"): the process's own, and the one that is global. Names are texts, or numbers below 0xC000. */
export const atomsApi = api("kernel32", {
  AddAtomA: fn(ATOM, ["lpString", PVOID]),
  AddAtomW: fn(ATOM, ["lpString", PVOID]),
  FindAtomA: fn(ATOM, ["lpString", PVOID]),
  FindAtomW: fn(ATOM, ["lpString", PVOID]),
  DeleteAtom: fn(infallible(WORD), ["nAtom", WORD]),
  GetAtomName: text(orElse(UINT, 0), ["nAtom", WORD], ["lpBuffer", TBUF], ["nSize", INT]),
  InitAtomTable: fn(BOOL, ["nSize", DWORD]),
  GlobalAddAtomA: fn(ATOM, ["lpString", PVOID]),
  GlobalAddAtomW: fn(ATOM, ["lpString", PVOID]),
  GlobalFindAtomA: fn(ATOM, ["lpString", PVOID]),
  GlobalFindAtomW: fn(ATOM, ["lpString", PVOID]),
  GlobalDeleteAtom: fn(infallible(WORD), ["nAtom", WORD]),
  GlobalGetAtomName: text(orElse(UINT, 0), ["nAtom", WORD], ["lpBuffer", TBUF], ["nSize", INT]),
});
