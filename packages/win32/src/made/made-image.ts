import type { Implementation, MadeImage } from "@decant/hook";

/** What is known of a stub: where in the image the name of its function is, and the number of the topic that implements it. */
export interface StubRecord {
  readonly name: number;
  readonly topic: number;
}

const RECORD_BYTES = 8;
const COUNT_BYTES = 4;

/** The file of a DLL whose image was made beforehand: the image, two words for each stub, and how many stubs there are. */
export function encodeMadeImage(image: Uint8Array, stubs: readonly StubRecord[]): Uint8Array {
  const file = new Uint8Array(image.length + RECORD_BYTES * stubs.length + COUNT_BYTES);
  file.set(image);
  const view = new DataView(file.buffer, image.length);
  stubs.forEach(({ name, topic }, stub) => {
    view.setUint32(RECORD_BYTES * stub, name, true);
    view.setUint32(RECORD_BYTES * stub + 4, topic, true);
  });
  view.setUint32(RECORD_BYTES * stubs.length, stubs.length, true);
  return file;
}

/** Reads such a file, which is the bundle's own, and believed. `topicAt` gives topics by their number. */
export function decodeMadeImage(file: Uint8Array, topicAt: (topic: number) => Implementation): MadeImage {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const count = view.getUint32(file.length - COUNT_BYTES, true);
  const records = file.length - COUNT_BYTES - RECORD_BYTES * count;
  return {
    bytes: file.subarray(0, records),
    count,
    nameAt(stub) {
      let name = "";
      for (let at = view.getUint32(records + RECORD_BYTES * stub, true); file[at] !== 0; at++) name += String.fromCharCode(file[at]!);
      return name;
    },
    topicAt: (stub) => topicAt(view.getUint32(records + RECORD_BYTES * stub + 4, true)),
  };
}
