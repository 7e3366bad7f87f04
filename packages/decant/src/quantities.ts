import { UsageError } from "./terminal.ts";

const BYTES = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 } as const;
const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** `512M`, `2G`, `1000`: a number of bytes, or undefined when the option was not given. */
export function bytesOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const parts = /^(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  const bytes = parts ? Math.floor(Number(parts[1]) * BYTES[parts[2]!.toLowerCase() as keyof typeof BYTES]) : 0;
  if (bytes < 1) throw new UsageError(`--${name} takes a size, as 512M or 2G, not "${text}"`);
  return bytes;
}

/** `500ms`, `30s`, `12h`, `90d`, or a number of seconds: milliseconds, or undefined when the option was not given. */
export function durationOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim());
  if (!parts) throw new UsageError(`--${name} takes a time, as 30s, 12h or 90d, not "${text}"`);
  return Number(parts[1]) * SECONDS[(parts[2] ?? "s") as keyof typeof SECONDS] * 1000;
}

/** Bytes for people: `1.5 GiB`. */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A time for people: `950 ms`, `42 s`, `3 h 20 min`, `12 d`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d`;
}
