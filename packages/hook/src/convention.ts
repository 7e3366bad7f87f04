/** A 32-bit calling convention; x86-64 has only Microsoft's own. */
export type Convention = "stdcall" | "cdecl" | "fastcall" | "thiscall";
