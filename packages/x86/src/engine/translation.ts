/** What is needed only where something is translated, or has faulted. */
export { Decoder, disassemble } from "../decode/index.ts";
export { linkBatch } from "./link.ts";
export { SingleStep } from "./single-step.ts";
export { accessAtTrap } from "./trap-address.ts";
export { Translator } from "./translator.ts";
export { runRare } from "./rare-instructions.ts";
export { describeAccess, describeInstruction, describeRefusal, faultOfTrap } from "./traps.ts";
