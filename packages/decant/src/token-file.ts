import { homedir } from "node:os";
import { join } from "node:path";

/** Where `decant token` keeps tokens and `decant serve` looks for them, unless `--tokens` says otherwise. */
export function defaultTokenFile(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "decant", "tokens.json");
}
