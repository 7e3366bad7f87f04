import { validated } from "./validation.ts";

/** Both runtimes: what they share is declared once. */
export const BOTH = ["msvcrt", "ucrtbase"] as const;
/** What lies in vcruntime140 for newer programs, and in msvcrt for older ones. */
export const WITH_VCRUNTIME = ["msvcrt", "ucrtbase", "vcruntime140"] as const;
/** The runtimes of Visual C++ 2008 to 2013. */
export const OLDER_RUNTIMES = ["msvcr90", "msvcr100", "msvcr110", "msvcr120"] as const;
export const MSVCRT = "msvcrt";
export const UCRT = "ucrtbase";
export const VCRUNTIME = "vcruntime140";
/** C runtimes are cdecl where that differs, and check their parameters. */
export const CDECL = { convention: "cdecl", around: validated } as const;
