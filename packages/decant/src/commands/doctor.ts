import { examine, type Finding } from "../doctor.ts";
import { describeOptions, parseCommandLine, requireNoWords } from "../command-line.ts";
import { painter, type Style } from "../terminal.ts";
import { writeHelp } from "../help.ts";

const options = {
  json: { type: "boolean", help: "everything as JSON" },
  help: { type: "boolean", short: "h", help: "this text" },
} as const;

const help = `Usage: decant doctor [options]

Looks at what Decant needs of this machine: says what works, what would not work and why, and what to do about it. The exit code is 1 when programs cannot run here.

Options
${describeOptions(options)}

Examples
  decant doctor
  decant doctor --json
`;

const STYLES: Record<Finding["state"], Style> = { works: "green", limited: "yellow", fails: "red" };

/** `decant doctor`: what works on this machine, and what would not. */
export function doctorCommand(args: readonly string[]): Promise<number> {
  const { options: given, rest } = parseCommandLine("doctor", options, args);
  if (given.help) {
    writeHelp(help);
    return Promise.resolve(0);
  }
  requireNoWords("doctor", rest);
  const findings = examine();
  if (given.json) process.stdout.write(`${JSON.stringify({ findings })}\n`);
  else {
    const paint = painter(process.stdout);
    const width = Math.max(...findings.map(({ what }) => what.length));
    for (const { state, what, says, advice } of findings) {
      const lines = [says, ...(advice === undefined ? [] : [advice])];
      process.stdout.write(
        `${paint(STYLES[state], state.padEnd(7))}  ${what.padEnd(width)}  ${lines.join(`\n${" ".repeat(width + 11)}`)}\n`,
      );
    }
  }
  return Promise.resolve(findings.some(({ state }) => state === "fails") ? 1 : 0);
}
