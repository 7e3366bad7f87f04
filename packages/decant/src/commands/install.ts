import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describeOptions, parseCommandLine, requireNoWords } from "../command-line.ts";
import { launcherText, writeLauncher } from "../launcher.ts";
import { UsageError } from "../terminal.ts";
import { writeHelp } from "../help.ts";

const options = {
  binfmt: { type: "boolean", help: "let Linux run ./program.exe directly: print what does it" },
  apply: { type: "boolean", help: "and do it, as root" },
  root: {
    type: "string",
    value: "FOLDER",
    help: "with --apply: as if this folder were /, for the image of a container; the running system is left alone",
  },
  wine: { type: "string", value: "FOLDER", help: "write launchers called wine and wine64 there, for what calls Wine by its name" },
  help: { type: "boolean", short: "h", help: "this text" },
} as const;

const help = `Usage: decant install [options]

Lets other programs start Windows programs through Decant.

Options
${describeOptions(options)}

Without any of this, WINE_BINARY=decant is enough for npm packages that are built on cross-spawn-windows-exe.

Examples
  decant install --binfmt
  sudo decant install --binfmt --apply
  decant install --wine ~/.local/bin
`;

/** Where systemd-binfmt looks, what the kernel registers by, and what it then starts. */
const CONFIGURATION = "/etc/binfmt.d/decant.conf";
const REGISTER = "/proc/sys/fs/binfmt_misc/register";
const LAUNCHER = "/usr/local/bin/decant-binfmt";
/** Every file that begins with "MZ" (the kernel's Documentation/admin-guide/binfmt-misc.rst). */
const RULE = `:decant:M::MZ::${LAUNCHER}:`;

/** `decant install`: makes other programs start Windows programs through Decant. */
export function installCommand(args: readonly string[]): Promise<number> {
  const { options: given, rest } = parseCommandLine("install", options, args);
  if (given.help || args.length === 0) {
    writeHelp(help);
    return Promise.resolve(0);
  }
  requireNoWords("install", rest);
  if (!given.binfmt && given.apply) throw new UsageError("--apply goes with --binfmt: sudo decant install --binfmt --apply");
  if (!given.apply && given.root !== undefined) throw new UsageError("--root goes with --binfmt --apply");
  if (given.wine !== undefined) installWine(resolve(given.wine));
  if (given.binfmt && given.apply) applyBinfmt(given.root);
  else if (given.binfmt) process.stdout.write(binfmtSteps());
  return Promise.resolve(0);
}

function installWine(folder: string): void {
  for (const name of ["wine", "wine64"]) {
    const path = join(folder, name);
    writeLauncher(path, launcherText([], { DECANT_AS_WINE: "1" }));
    process.stdout.write(`${path}\n`);
  }
}

function binfmtSteps(): string {
  return `# Run this as root, or \`decant install --binfmt --apply\`. It lasts; to undo it, remove both files and \`echo -1 > /proc/sys/fs/binfmt_misc/decant\`.
cat > ${LAUNCHER} <<'EOF'
${launcherText(["run", "--"])}EOF
chmod 755 ${LAUNCHER}
mkdir -p ${dirname(CONFIGURATION)}
echo '${RULE}' > ${CONFIGURATION}
[ -e ${REGISTER} ] || mount -t binfmt_misc binfmt_misc ${dirname(REGISTER)}
echo '${RULE}' > ${REGISTER}
`;
}

function applyBinfmt(root: string | undefined): void {
  if (process.platform !== "linux")
    throw new UsageError("only Linux can start programs by their first bytes; `decant shim` works everywhere", 1);
  const isSystem = root === undefined;
  if (isSystem && process.getuid?.() !== 0) throw new UsageError("--apply needs root: sudo decant install --binfmt --apply", 1);
  const configuration = join(root ?? "/", CONFIGURATION);
  writeLauncher(join(root ?? "/", LAUNCHER), launcherText(["run", "--"]));
  mkdirSync(dirname(configuration), { recursive: true });
  writeFileSync(configuration, `${RULE}\n`);
  process.stdout.write(`${join(root ?? "/", LAUNCHER)}\n${configuration}\n`);
  if (!isSystem || existsSync(join(dirname(REGISTER), "decant"))) return;
  try {
    writeFileSync(REGISTER, RULE);
    process.stdout.write("./program.exe runs now.\n");
  } catch (error) {
    throw new UsageError(
      `the kernel could not be told (${(error as NodeJS.ErrnoException).code}: ${REGISTER}); it holds after the next start`,
      1,
    );
  }
}
