import { sleep, type GuestGenerator, type Thread } from "@decant/process";
import { Tool, toolWords } from "./tool.ts";

const BYTES = 32;
const BETWEEN_MS = 1000;
const DEFAULT_TIMEOUT_MS = 4000;
/** Switches that are there, and whether a number follows. */
const SWITCHES: Readonly<Record<string, boolean>> = { n: true, w: true, l: true, i: true, "4": false, "6": false };

/** ping.exe: `ping [-n count] [-w ms] [-l size] [-i ttl] [-4] [-6] host` ("ping"). Only this machine answers; to others nothing is sent, and names are not looked up. */
export function* ping(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const numbers: Record<string, number> = {};
  let host: string | undefined;
  const words = toolWords(tool.tail);
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const letter = word.slice(1).toLowerCase();
    if (!/^[-/]./.test(word)) host = word;
    else if (!Object.hasOwn(SWITCHES, letter)) return yield* fail(tool, `Bad option ${word}.`);
    else if (!SWITCHES[letter]) numbers[letter] = 1;
    else if (/^\d+$/.test(words[at + 1] ?? "")) numbers[letter] = Number(words[++at]);
    else return yield* fail(tool, `Value must be supplied for option ${word}.`);
  }
  if (host === undefined) return yield* fail(tool, "IP address must be specified.");
  const isHere = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/i.test(host);
  if (!isHere && !/^[\d.:a-f]*[.:][\d.:a-f]*$/i.test(host))
    return yield* fail(tool, `Ping request could not find host ${host}. Please check the name and try again.`);
  const { n: count = 4, w: timeout = DEFAULT_TIMEOUT_MS, l: size = BYTES } = numbers;
  yield* tool.print(`\r\nPinging ${host} with ${size} bytes of data:\r\n`);
  const answer = host.includes(":") ? `Reply from ${host}: time<1ms ` : `Reply from ${host}: bytes=${size} time<1ms TTL=128`;
  for (let sent = 0; sent < count; sent++) {
    if (isHere && sent > 0) yield* sleep(thread, BETWEEN_MS);
    if (!isHere) yield* sleep(thread, timeout);
    yield* tool.print(isHere ? `${answer}\r\n` : "Request timed out.\r\n");
  }
  const lost = isHere ? 0 : count;
  yield* tool.print(
    `\r\nPing statistics for ${host}:\r\n    Packets: Sent = ${count}, Received = ${count - lost}, Lost = ${lost} (${isHere ? 0 : 100}% loss),\r\n`,
  );
  if (isHere) yield* tool.print("Approximate round trip times in milli-seconds:\r\n    Minimum = 0ms, Maximum = 0ms, Average = 0ms\r\n");
  return isHere ? 0 : 1;
}

function* fail(tool: Tool, text: string): GuestGenerator<number> {
  yield* tool.print(`${text}\r\n`);
  return 1;
}
