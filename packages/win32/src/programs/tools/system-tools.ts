import { sleep, type GuestGenerator, type Thread } from "@decant/process";
import { stateOf } from "../../process-state.ts";
import { COMPUTER_NAME, USER_NAME } from "../../system/system-table.ts";
import { codePage } from "../../text/code-pages.ts";
import { Tool, toolWords } from "./tool.ts";

const MAX_SECONDS = 99_999;

/** timeout.exe: `timeout [/t] seconds [/nobreak]` ("timeout"). It waits, and says nothing; no key ends it, and it does so too where standard input is no console, which Windows refuses. */
export function* timeout(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const words = toolWords(tool.tail).filter((word) => !/^\/(t|nobreak)$/i.test(word));
  const [seconds] = words;
  if (words.length !== 1 || !/^-?\d+$/.test(seconds!) || Number(seconds) < -1 || Number(seconds) > MAX_SECONDS) {
    yield* tool.complain('ERROR: Invalid syntax.\r\nType "TIMEOUT /?" for usage.');
    return 1;
  }
  yield* sleep(thread, 1000 * Math.max(0, Number(seconds)));
  return 0;
}

/** hostname.exe. */
export function* hostname(thread: Thread): GuestGenerator<number> {
  yield* new Tool(thread).print(`${COMPUTER_NAME}\r\n`);
  return 0;
}

/** whoami.exe, without its lists of groups and privileges. */
export function* whoami(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  if (tool.tail.trim() !== "") {
    yield* tool.complain("ERROR: Invalid argument/option: only whoami without options is there.");
    return 1;
  }
  yield* tool.print(`${COMPUTER_NAME.toLowerCase()}\\${USER_NAME}\r\n`);
  return 0;
}

/** chcp.com: `chcp [number]` ("chcp"): tells or sets the console's code page. */
export function* chcp(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const wanted = tool.tail.trim();
  const { console } = stateOf(thread);
  if (wanted === "") {
    yield* tool.print(`Active code page: ${console.outputCodePage}\r\n`);
    return 0;
  }
  if (!/^\d+$/.test(wanted)) {
    yield* tool.complain(`Parameter format not correct - ${wanted}`);
    return 1;
  }
  if (codePage(Number(wanted)) === undefined) {
    yield* tool.complain("Invalid code page");
    return 1;
  }
  console.inputCodePage = console.outputCodePage = Number(wanted);
  yield* tool.print(`Active code page: ${wanted}\r\n`);
  return 0;
}
