import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Grant } from "@decant/remoting";

/** What a token allows, as it is kept: the token itself is not. */
export interface TokenRecord {
  /** Names the token in lists and logs. */
  readonly name: string;
  /** SHA-256 of the token, in hexadecimal. Tokens are 256 random bits, which no list of words finds. */
  readonly hash: string;
  /** ISO 8601. */
  readonly created: string;
  /** ISO 8601; without it the token holds until it is revoked. */
  readonly expires?: string;
  readonly limits?: Grant["limits"];
  readonly weight?: number;
  /** The longest that a kernel may run, in milliseconds. */
  readonly kernelTimeMs?: number;
  /** Calls that a session may have under way. */
  readonly queuedCalls?: number;
}

/** The tokens that may enter a server: a JSON file that only its owner may read. */
export class TokenFile {
  readonly path: string;
  #records: readonly TokenRecord[] = [];
  #stamp = "";

  constructor(path: string) {
    this.path = path;
  }

  /** The tokens as they are now. Throws with a sentence when the file is damaged; one that is not there is empty. */
  list(): readonly TokenRecord[] {
    let stamp: string;
    try {
      const { mtimeMs, size, ino } = statSync(this.path);
      stamp = `${mtimeMs} ${size} ${ino}`;
    } catch {
      this.#records = [];
      this.#stamp = "";
      return this.#records;
    }
    if (stamp !== this.#stamp) {
      this.#records = parse(readFileSync(this.path, "utf8"), this.path);
      this.#stamp = stamp;
    }
    return this.#records;
  }

  /** Makes a token and keeps its hash; the token is returned, and is nowhere else. Throws when the name is taken. */
  add(name: string, record: Omit<TokenRecord, "name" | "hash" | "created"> = {}): string {
    if (!/^[\w.@-]{1,64}$/.test(name))
      throw new Error(`a token's name is letters, digits and . _ @ -, at most 64 of them; found "${name}"`);
    const records = this.list();
    if (records.some((other) => other.name === name)) throw new Error(`there is a token named ${name} already`);
    const token = `decant_${randomBytes(32).toString("base64url")}`;
    this.#write([...records, { name, hash: hashOf(token).toString("hex"), created: new Date().toISOString(), ...record }]);
    return token;
  }

  /** Takes a token away; sessions that came in with it end. Throws when there is none of that name. */
  revoke(name: string): void {
    const records = this.list();
    if (!records.some((other) => other.name === name)) throw new Error(`there is no token named ${name}`);
    this.#write(records.filter((other) => other.name !== name));
  }

  /** The record of a token, in a time that does not depend on how much of it is right; undefined for one that is unknown or has expired. */
  find(token: string, now = Date.now()): TokenRecord | undefined {
    const hash = hashOf(token);
    let found: TokenRecord | undefined;
    for (const record of this.list()) if (timingSafeEqual(hash, Buffer.from(record.hash, "hex"))) found = record;
    return found && isValid(found, now) ? found : undefined;
  }

  /** True while sessions of that name may go on. */
  holds(name: string, now = Date.now()): boolean {
    return this.list().some((record) => record.name === name && isValid(record, now));
  }

  /** The file is replaced whole, so that a reader never sees half of it. */
  #write(records: readonly TokenRecord[]): void {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    const next = `${this.path}.${process.pid}.tmp`;
    writeFileSync(next, `${JSON.stringify({ version: 1, tokens: records }, undefined, 2)}\n`, { mode: 0o600 });
    chmodSync(next, 0o600);
    renameSync(next, this.path);
  }
}

function isValid({ expires }: TokenRecord, now: number): boolean {
  return expires === undefined || now < Date.parse(expires);
}

/** What a client may do that came with a token. */
export function grantOf({ name, limits, weight, kernelTimeMs, queuedCalls }: TokenRecord): Grant {
  return {
    name,
    ...(limits && { limits }),
    ...(weight && { weight }),
    ...(kernelTimeMs && { kernelTimeMs }),
    ...(queuedCalls && { queuedCalls }),
  };
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/** Compares in a time that does not depend on where they differ. */
export function sameSecret(given: string, wanted: string): boolean {
  return timingSafeEqual(hashOf(given), hashOf(wanted));
}

function parse(text: string, path: string): readonly TokenRecord[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${path} is no token file: it is not JSON`);
  }
  const { version, tokens } = (value ?? {}) as { version?: unknown; tokens?: unknown };
  if (version !== 1 || !Array.isArray(tokens)) throw new Error(`${path} is no token file of version 1`);
  for (const record of tokens as Partial<TokenRecord>[]) {
    const isRecord = typeof record.name === "string" && typeof record.hash === "string" && /^[0-9a-f]{64}$/.test(record.hash);
    if (!isRecord || (record.expires !== undefined && Number.isNaN(Date.parse(record.expires))))
      throw new Error(`${path} has a damaged token${typeof record.name === "string" ? ` (${record.name})` : ""}`);
  }
  return tokens as TokenRecord[];
}
