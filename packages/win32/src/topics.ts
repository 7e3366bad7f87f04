import { random } from "./bcryptprimitives/random.ts";
import { crt } from "./crt/index.ts";
import { kernel32b } from "./kernel32/index-b.ts";
import { kernel32c } from "./kernel32/index-c.ts";
import { kernel32 } from "./kernel32/index.ts";
import { processTopics } from "./process-topics.ts";
import { systemTopics } from "./system-topics.ts";

/** Every topic of Windows' API. */
export const topics = [...kernel32, ...kernel32b, ...kernel32c, ...processTopics, ...systemTopics, random, ...crt] as const;
