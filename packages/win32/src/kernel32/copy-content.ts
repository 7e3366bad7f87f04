import type { HostFile } from "@decant/host";
import type { Kernel } from "@decant/process";
import { CHANGE, folderChanges } from "../files/folder-changes.ts";
import type { Location } from "../files/file-system.ts";
import { isStreamPath, moveStreams, namedStreams, noteStream, streamPath } from "../files/named-streams.ts";

const CHUNK = 1 << 20;

/** Copies a file's content, streams and times; the rest of the target stays. Fails as the host does. */
export function copyContent(kernel: Kernel, from: Location, to: Location): void {
  for (const step of copyInSteps(kernel, from, to)) void step;
}

/** The same, a chunk at a step: gives the bytes done after each. Closing it early leaves what was copied. */
export function* copyInSteps(kernel: Kernel, from: Location, to: Location): Generator<number> {
  const source = from.files.open(from.path);
  let target: HostFile | undefined;
  try {
    target = to.files.open(to.path, { write: true, create: true, truncate: true });
    folderChanges(kernel).note(to.files, to.path, to.stat === undefined ? CHANGE.ADDED : CHANGE.MODIFIED);
    const buffer = new Uint8Array(CHUNK);
    let done = 0;
    for (let count: number; (count = source.read(buffer, done)) > 0; yield done) {
      target.write(buffer.subarray(0, count), done);
      done += count;
    }
    copyStreams(from, to);
    const stat = source.stat();
    target.setTimes(stat.accessedNs, stat.modifiedNs);
  } finally {
    target?.close();
    source.close();
  }
}

/** Streams are few and short: they are copied in one step. Those that the target had go. */
function copyStreams(from: Location, to: Location): void {
  moveStreams(to.files, to.path);
  if (isStreamPath(from.path) || isStreamPath(to.path)) return;
  for (const { name, path, size } of namedStreams(from.files, from.path)) {
    noteStream(to.files, to.path);
    const source = from.files.open(path);
    const target = to.files.open(streamPath(to.path, name), { write: true, create: true, truncate: true });
    try {
      const bytes = new Uint8Array(size);
      target.write(bytes.subarray(0, source.read(bytes, 0)), 0);
    } finally {
      target.close();
      source.close();
    }
  }
}
