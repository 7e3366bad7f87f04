import type { InputEvent } from "./key-events.ts";

/** The size of an INPUT_RECORD. */
export const INPUT_RECORD_SIZE = 20;
const EVENT = { KEY: 1, MOUSE: 2, WINDOW_BUFFER_SIZE: 4, MENU: 8, FOCUS: 0x10 } as const;

/** An event as an INPUT_RECORD; `unit` turns a key's character into what the variant has. */
export function storeRecord(view: DataView, at: number, event: InputEvent, unit: (unit: number) => number): void {
  switch (event.kind) {
    case "key":
      view.setUint16(at, EVENT.KEY, true);
      view.setUint32(at + 4, event.isDown ? 1 : 0, true);
      view.setUint16(at + 8, 1, true);
      view.setUint16(at + 10, event.virtualKey, true);
      view.setUint16(at + 12, event.scanCode, true);
      view.setUint16(at + 14, unit(event.unit), true);
      view.setUint32(at + 16, event.state, true);
      break;
    case "mouse":
      view.setUint16(at, EVENT.MOUSE, true);
      view.setInt16(at + 4, event.x, true);
      view.setInt16(at + 6, event.y, true);
      view.setUint32(at + 8, event.buttons, true);
      view.setUint32(at + 12, event.state, true);
      view.setUint32(at + 16, event.flags, true);
      break;
    case "size":
      view.setUint16(at, EVENT.WINDOW_BUFFER_SIZE, true);
      view.setInt16(at + 4, event.x, true);
      view.setInt16(at + 6, event.y, true);
      break;
    default:
      view.setUint16(at, event.kind === "focus" ? EVENT.FOCUS : EVENT.MENU, true);
      view.setUint32(at + 4, event.x, true);
  }
}

/** The event of an INPUT_RECORD; undefined for a kind that does not exist. */
export function loadRecord(view: DataView, at: number): InputEvent | undefined {
  const [x, y] = [view.getInt16(at + 4, true), view.getInt16(at + 6, true)];
  switch (view.getUint16(at, true)) {
    case EVENT.KEY:
      return {
        kind: "key",
        isDown: view.getUint32(at + 4, true) !== 0,
        virtualKey: view.getUint16(at + 10, true),
        scanCode: view.getUint16(at + 12, true),
        unit: view.getUint16(at + 14, true),
        state: view.getUint32(at + 16, true),
      };
    case EVENT.MOUSE:
      return {
        kind: "mouse",
        x,
        y,
        buttons: view.getUint32(at + 8, true),
        state: view.getUint32(at + 12, true),
        flags: view.getUint32(at + 16, true),
      };
    case EVENT.WINDOW_BUFFER_SIZE:
      return { kind: "size", x, y };
    case EVENT.FOCUS:
      return { kind: "focus", x: view.getUint32(at + 4, true), y: 0 };
    case EVENT.MENU:
      return { kind: "menu", x: view.getUint32(at + 4, true), y: 0 };
    default:
      return undefined;
  }
}
