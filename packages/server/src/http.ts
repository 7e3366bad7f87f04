import type { IncomingMessage, ServerResponse } from "node:http";
import { isLoopback, LATENCY_SECONDS, type Sessions } from "@decant/remoting";
import { callNames, errorName } from "@decant/cuda";

/** What the http side of a server shows. */
export interface Operations {
  readonly sessions: Sessions;
  /** Why no new session would be let in, or undefined. */
  unready(): string | undefined;
  /** True when the request may see how the server is used. */
  mayOperate(request: IncomingMessage): boolean;
}

/** Answers plain requests: /healthz, /readyz, /metrics (Prometheus' text format 0.0.4) and /sessions (JSON, for `decant top`). */
export function answerRequest(operations: Operations, request: IncomingMessage, response: ServerResponse): void {
  const send = (status: number, type: string, text: string): void => {
    response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(request.method === "HEAD" ? "" : text);
  };
  const path = (request.url ?? "/").split("?")[0];
  if (request.method !== "GET" && request.method !== "HEAD") return send(405, "text/plain", "GET only\n");
  if (path === "/healthz") return send(200, "text/plain", "ok\n");
  if (path === "/readyz") {
    const unready = operations.unready();
    return unready === undefined ? send(200, "text/plain", "ready\n") : send(503, "text/plain", `${unready}\n`);
  }
  if (path === "/metrics" || path === "/sessions") {
    if (!operations.mayOperate(request)) return send(401, "text/plain", "this needs a token: Authorization: Bearer …\n");
    if (path === "/metrics") return send(200, "text/plain; version=0.0.4", metricsText(operations.sessions));
    const { metrics } = operations.sessions;
    const calls = metrics.calls.reduce((sum, count) => sum + count, 0);
    const totals = { calls, bytesIn: metrics.bytesIn, bytesOut: metrics.bytesOut, refusals: metrics.refusals, resumes: metrics.resumes };
    return send(200, "application/json", `${JSON.stringify({ sessions: operations.sessions.list(), totals })}\n`);
  }
  return send(426, "text/plain", "This is a Decant server; connect by WebSocket.\n");
}

/** True for a request from the machine itself that no proxy passed on. */
export function isLocal(request: IncomingMessage): boolean {
  return isLoopback(request.socket.remoteAddress ?? "") && request.headers["x-forwarded-for"] === undefined;
}

function metricsText(sessions: Sessions): string {
  const { metrics } = sessions;
  const list = sessions.list();
  const sum = (of: (session: (typeof list)[number]) => number): number => list.reduce((total, session) => total + of(session), 0);
  const lines: string[] = [];
  const metric = (name: string, type: string, help: string, samples: readonly (readonly [labels: string, value: number])[]): void => {
    lines.push(`# HELP decant_${name} ${help}`, `# TYPE decant_${name} ${type}`);
    for (const [labels, value] of samples) lines.push(`decant_${name}${labels} ${value}`);
  };
  metric("sessions", "gauge", "Sessions that are open.", [
    ['{state="connected"}', sum(({ connected }) => (connected ? 1 : 0))],
    ['{state="detached"}', sum(({ connected }) => (connected ? 0 : 1))],
  ]);
  metric("device_memory_bytes", "gauge", "Device memory that sessions hold.", [["", sum(({ memoryBytes }) => memoryBytes)]]);
  metric("handles", "gauge", "Objects that sessions hold.", [["", sum(({ handles }) => handles)]]);
  metric("queued_calls", "gauge", "Calls under way.", [["", sum(({ busyCalls }) => busyCalls)]]);
  metric(
    "calls_total",
    "counter",
    "Calls taken up, by function.",
    metrics.calls.flatMap((count, index) => (count === 0 ? [] : [[`{function="${callNames[index]}"}`, count] as const])),
  );
  metric("failures_total", "counter", "Answers with an error, by CUresult.", failureSamples(metrics.failures));
  metric(
    "unsupported_calls_total",
    "counter",
    "Calls of functions that are not there, by function.",
    [...metrics.unsupported].map(([name, count]) => [`{function="${name}"}`, count] as const),
  );
  metric("received_bytes_total", "counter", "Bytes of frames received.", [["", metrics.bytesIn]]);
  metric("sent_bytes_total", "counter", "Bytes of frames sent.", [["", metrics.bytesOut]]);
  metric("bad_frames_total", "counter", "Sessions that a bad frame ended.", [["", metrics.badFrames]]);
  metric("resumes_total", "counter", "Connections that took a session up again.", [["", metrics.resumes]]);
  metric("refusals_total", "counter", "Connections that were not let in.", [["", metrics.refusals]]);
  lines.push("# HELP decant_answer_seconds Time from taking a call up to its answer.", "# TYPE decant_answer_seconds histogram");
  let count = 0;
  for (const [index, bound] of [...LATENCY_SECONDS, "+Inf"].entries()) {
    count += metrics.latency[index] ?? 0;
    lines.push(`decant_answer_seconds_bucket{le="${bound}"} ${count}`);
  }
  lines.push(`decant_answer_seconds_sum ${metrics.latencySeconds}`, `decant_answer_seconds_count ${count}`);
  return `${lines.join("\n")}\n`;
}

function failureSamples(failures: ReadonlyMap<number, number>): [string, number][] {
  return [...failures].map(([code, count]) => [`{result="${errorName(code) ?? code}"}`, count]);
}
