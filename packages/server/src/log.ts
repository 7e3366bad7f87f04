/** One thing that happened at a server. No field holds a secret. */
export interface LogEntry {
  /** ISO 8601. */
  readonly time: string;
  readonly level: "info" | "warn";
  /** listening, opened, resumed, detached, closed, refused, stopping, error. */
  readonly event: string;
  /** Names the session in all entries about it. */
  readonly session?: string;
  readonly from?: string;
  /** The token's name. */
  readonly name?: string;
  readonly reason?: string;
  readonly calls?: number;
  readonly url?: string;
}

/** An entry as a line for people: `session 3f2a from 10.0.0.7 closed after 12 calls: done`. What others have said in it cannot make it two, nor tell the terminal anything. */
export function logLine({ event, session, from, name, reason, calls, url }: LogEntry): string {
  const who = [session ? `session ${session}` : "", from ? `from ${from}` : "", name ? `as ${name}` : ""];
  const what = [event, url ? `on ${url}` : "", calls === undefined ? "" : `after ${calls} calls`];
  const line = [...who, ...what].filter(Boolean).join(" ");
  const whole = reason ? `${line}: ${reason}` : line;
  // oxlint-disable-next-line no-control-regex -- these are what it is about
  return whole.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
}
