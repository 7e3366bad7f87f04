import type { Implementation } from "@decant/hook";
import { dateFormat } from "./date-format.ts";
import { machine } from "./machine.ts";
import { pathCch } from "./path-cch.ts";
import { resource } from "./resource.ts";
import { updateResource } from "./update-resource.ts";

/** What programs ask of the system besides files, processes and text: what the machine is, dates, resources. */
export const kernel32System = [dateFormat, machine, pathCch, resource, updateResource] as const satisfies readonly Implementation[];
