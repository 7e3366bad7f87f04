/** `npm test`: installs, builds the command, and runs every test. Arguments go to vitest. */
import { build, install, tool } from "./workspace.mjs";

install();
build();
tool("vitest", ["run", ...process.argv.slice(2)]);
