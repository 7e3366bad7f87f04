/** The `decant` command: does what this process's command line says. */
import { perform } from "./perform.ts";

const ENDS_AT_ONCE = new Set(["TTYWrap", "PipeWrap", "Timeout", "Immediate"]);

void perform(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
  // Left to end by itself, Node waits for V8's threads, which may compile the guest's code better for minutes still, for nobody.
  if (process.platform !== "win32" && !isWriting()) process.exit();
});

/** Whether sockets, or files, have something left to do. Standard streams are written at once, but on Windows. */
function isWriting(): boolean {
  return process.getActiveResourcesInfo().some((name) => !ENDS_AT_ONCE.has(name));
}
