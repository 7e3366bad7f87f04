import type { Implementation } from "@decant/hook";
import { codePageCalls } from "./code-page-calls.ts";
import { consoleCalls } from "./console.ts";
import { locale } from "./locale.ts";
import { startup } from "./startup.ts";
import { strings } from "./strings.ts";

/** Text, the console, and how a program starts. */
export const kernel32c = [codePageCalls, consoleCalls, locale, startup, strings] as const satisfies readonly Implementation[];
