import type { Implementation } from "@decant/hook";
import { resource } from "./resource.ts";
import { updateResource } from "./update-resource.ts";

/** What programs ask of the system besides files, processes and text: resources. */
export const kernel32System = [resource, updateResource] as const satisfies readonly Implementation[];
