import { ERROR, readString, Win32Error, type Handle } from "@decant/hook";
import { implement, type Process, type Thread } from "@decant/process";
import { resourcesOf } from "../kernel32/resource.ts";
import { existing } from "../kernel32/located.ts";
import { readResourceId } from "../resources/module-resources.ts";
import { imagesApi } from "./images.api.ts";

type Form = "ansi" | "wide";
type Kind = "bitmap" | "icon" | "cursor";

/** The kinds by IMAGE_…, and the types of their resources: RT_BITMAP, RT_GROUP_ICON, RT_GROUP_CURSOR. */
const KINDS: readonly Kind[] = ["bitmap", "icon", "cursor"];
const RESOURCE_TYPES = { bitmap: 2, icon: 14, cursor: 12 } as const;
const LR = { LOADFROMFILE: 0x10, SHARED: 0x8000 } as const;
/** IDI_… and IDC_… that there are. */
const PREDEFINED: Readonly<Record<Kind, ReadonlySet<number>>> = {
  bitmap: new Set(),
  icon: new Set([32512, 32513, 32514, 32515, 32516, 32517, 32518]),
  cursor: new Set([
    32512,
    32513,
    32514,
    32515,
    32516,
    32631,
    32640,
    32641,
    32642,
    32643,
    32644,
    32645,
    32646,
    32648,
    32649,
    32650,
    32651,
    32671,
    32672,
    ...Array.from({ length: 12 }, (_, n) => 32652 + n),
  ]),
};
/** Images' handles are odd, as those of user objects often are: no kernel object has one. */
const FIRST_HANDLE = 0x1_0003;
const HEADER_BYTES = 6;

interface Images {
  next: number;
  /** Shared ones by what they are loaded from; they live as long as the process. */
  readonly shared: Map<string, number>;
  readonly own: Set<number>;
}

const images = new WeakMap<Process, Images>();

/** Icons and cursors: found as Windows finds them, and never drawn. */
export const imageLoading = implement(imagesApi, {
  LoadIconA: (thread, hInstance, name) => loadShared(thread, hInstance, name, "icon", "ansi"),
  LoadIconW: (thread, hInstance, name) => loadShared(thread, hInstance, name, "icon", "wide"),
  LoadCursorA: (thread, hInstance, name) => loadShared(thread, hInstance, name, "cursor", "ansi"),
  LoadCursorW: (thread, hInstance, name) => loadShared(thread, hInstance, name, "cursor", "wide"),
  LoadImageA: (thread, hInst, name, type, _cx, _cy, fuLoad) => loadImage(thread, hInst, name, type, fuLoad, "ansi"),
  LoadImageW: (thread, hInst, name, type, _cx, _cy, fuLoad) => loadImage(thread, hInst, name, type, fuLoad, "wide"),
  DestroyIcon: destroy,
  DestroyCursor: destroy,
});

function loadImage(thread: Thread, module: number, name: number, type: number, flags: number, form: Form): Handle {
  const kind = KINDS[type];
  if (kind === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  if ((flags & LR.LOADFROMFILE) !== 0) {
    if (name < 0x1_0000) throw new Win32Error(ERROR.INVALID_PARAMETER);
    checkFile(thread, readString(thread, name, form), kind);
    return ownHandle(thread);
  }
  if ((flags & LR.SHARED) !== 0) return loadShared(thread, module, name, kind, form);
  find(thread, module, name, kind, form);
  return ownHandle(thread);
}

function loadShared(thread: Thread, module: number, name: number, kind: Kind, form: Form): Handle {
  const key = `${kind} ${find(thread, module, name, kind, form)}`;
  const { shared } = imagesOf(thread);
  const handle = shared.get(key) ?? newHandle(thread);
  shared.set(key, handle);
  return handle as Handle;
}

/** What tells an image from others. Throws ERROR_RESOURCE_… for one that is not there, ERROR_NOT_SUPPORTED for bitmaps, which only GDI could use. */
function find(thread: Thread, module: number, name: number, kind: Kind, form: Form): string {
  const id = readResourceId(thread, name, form);
  if (module === 0) {
    if (typeof id !== "number" || !PREDEFINED[kind].has(id)) throw new Win32Error(ERROR.RESOURCE_NAME_NOT_FOUND);
    return String(id);
  }
  const { entry } = resourcesOf(thread, module).find(RESOURCE_TYPES[kind], id, 0);
  if (kind === "bitmap") throw new Win32Error(ERROR.NOT_SUPPORTED);
  return `at ${entry}`;
}

/** Files of icons and cursors begin with 0, what they are (1 or 2) and how many images they have. */
function checkFile(thread: Thread, name: string, kind: Kind): void {
  const { files, path } = existing(thread, name);
  if (kind === "bitmap") throw new Win32Error(ERROR.NOT_SUPPORTED);
  const file = files.open(path, {});
  try {
    const header = new Uint8Array(HEADER_BYTES);
    const count = file.read(header, 0);
    if (count < HEADER_BYTES || header[0] !== 0 || (header[2] !== 1 && header[2] !== 2) || (header[4] === 0 && header[5] === 0))
      throw new Win32Error(ERROR.INVALID_PARAMETER);
  } finally {
    file.close();
  }
}

function destroy(thread: Thread, handle: number): boolean {
  const { own, shared } = imagesOf(thread);
  // Shared ones stay, and nothing is wrong.
  if (!own.delete(handle) && ![...shared.values()].includes(handle)) throw new Win32Error(ERROR.INVALID_CURSOR_HANDLE);
  return true;
}

function ownHandle(thread: Thread): Handle {
  const handle = newHandle(thread);
  imagesOf(thread).own.add(handle);
  return handle as Handle;
}

function newHandle(thread: Thread): number {
  const state = imagesOf(thread);
  state.next += 2;
  return state.next;
}

function imagesOf({ process }: Thread): Images {
  let state = images.get(process);
  if (state === undefined) images.set(process, (state = { next: FIRST_HANDLE, shared: new Map(), own: new Set() }));
  return state;
}
