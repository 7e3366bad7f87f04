import type { Implementation } from "@decant/hook";
import { binaryType, safer } from "./binary-type.ts";
import { calendar } from "./calendar.ts";
import { contexts } from "./contexts.ts";
import { dateFormat } from "./date-format.ts";
import { machine } from "./machine.ts";
import { olderFiles } from "./older-files.ts";
import { pathCch } from "./path-cch.ts";
import { processPolicy } from "./process-policy.ts";
import { processorGroups } from "./processor-groups.ts";
import { profile } from "./profile.ts";
import { resource } from "./resource.ts";
import { uiLanguages } from "./ui-languages.ts";
import { normalization, unicodeText } from "./unicode-text.ts";
import { updateResource } from "./update-resource.ts";

/** What programs ask of the system besides files, processes and text: what the machine is, dates, resources. */
export const kernel32System = [
  binaryType,
  calendar,
  contexts,
  dateFormat,
  machine,
  normalization,
  unicodeText,
  olderFiles,
  pathCch,
  processPolicy,
  processorGroups,
  profile,
  uiLanguages,
  resource,
  safer,
  updateResource,
] as const satisfies readonly Implementation[];
