/**
 * What the npm scripts share. Plain JavaScript, as it runs before anything is installed: a fresh machine has Node and npm, not pnpm.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a command in the workspace with our streams, and ends this process with its code when it fails. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", shell: process.platform === "win32", ...options });
  if (error) {
    console.error(`${command}: ${error.message}`);
    process.exit(1);
  }
  if (status !== 0) process.exit(status ?? 1);
}

/** Runs an installed tool of the workspace. */
export function tool(name, args, options) {
  run(join(root, "node_modules", ".bin", name), args, options);
}

/** Installs the dependencies unless they are there and as new as the lockfile. */
export function install() {
  const marker = join(root, "node_modules", ".modules.yaml");
  const fresh = existsSync(marker) && statSync(marker).mtimeMs >= statSync(join(root, "pnpm-lock.yaml")).mtimeMs;
  if (fresh) return;
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  console.log(`Installing the dependencies with ${packageManager} …`);
  run("npx", ["--yes", packageManager, "install", "--frozen-lockfile", "--reporter=append-only", "--config.confirmModulesPurge=false"]);
}

/** Builds the `decant` command: one bundle and its lazily loaded parts. */
export function build() {
  run(process.execPath, [join(root, "scripts", "build.mjs")]);
}
