import type { Implementation } from "@decant/hook";
import { security } from "../advapi32/security.ts";
import { automation } from "../oleaut32/automation.ts";
import { userText } from "../user32/text.ts";
import { codePageCalls } from "./code-page-calls.ts";
import { consoleCalls } from "./console.ts";
import { locale } from "./locale.ts";
import { startup } from "./startup.ts";
import { strings } from "./strings.ts";

/** Text, the console and how a program starts; with what little there is of other DLLs. */
export const kernel32c: readonly Implementation[] = [security, automation, userText, codePageCalls, consoleCalls, locale, startup, strings];
