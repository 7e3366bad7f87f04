import type { Implementation } from "@decant/hook";
import { calendar } from "./calendar.ts";
import { dateFormat } from "./date-format.ts";
import { machine } from "./machine.ts";
import { pathCch } from "./path-cch.ts";
import { profile } from "./profile.ts";
import { resource } from "./resource.ts";
import { uiLanguages } from "./ui-languages.ts";
import { updateResource } from "./update-resource.ts";

/** What programs ask of the system besides files, processes and text: what the machine is, dates, resources. */
export const kernel32System = [
  calendar,
  dateFormat,
  machine,
  pathCch,
  profile,
  uiLanguages,
  resource,
  updateResource,
] as const satisfies readonly Implementation[];
