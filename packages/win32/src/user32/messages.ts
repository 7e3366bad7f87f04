import { ERROR, Win32Error, type Handle, type Out } from "@decant/hook";
import { Event, implement, INFINITE, KernelObject, wait, type GuestGenerator, type Thread } from "@decant/process";
import { messagesApi } from "./no-windows.api.ts";

const WM_QUIT = 0x12;
const PM_REMOVE = 1;
/** "There is a limit of 10,000 posted messages per message queue." */
const MAX_MESSAGES = 10_000;
const MAX_HANDLES = 63;
/** QS_*: QS_POSTMESSAGE and QS_ALLPOSTMESSAGE, and all that there are. */
const QS = { POSTED: 0x108, ALL: 0x1fff } as const;
const MWMO = { WAITALL: 1, ALERTABLE: 2, INPUTAVAILABLE: 4 } as const;

interface Message {
  readonly message: number;
  readonly wParam: bigint;
  readonly lParam: bigint;
  readonly time: number;
}

interface MessageFields {
  hwnd?: Handle;
  message?: number;
  wParam?: bigint;
  lParam?: bigint;
  time?: number;
}

/** A thread's queue of messages. */
class MessageQueue {
  readonly messages: Message[] = [];
  /** Set while there are messages. */
  readonly arrived = new Event(true, false);
  /** Something came since the program last asked what there is. */
  hasNews = false;
  quit: number | undefined;

  static of(thread: Thread): MessageQueue {
    return thread.state(MessageQueue, () => new MessageQueue());
  }

  /** The next message in a range of numbers; all of them when both are 0. WM_QUIT comes when nothing else is left, whatever the range. */
  next(from: number, to: number, removes: boolean): Message | undefined {
    this.hasNews = false;
    const isWanted = ({ message }: Message): boolean => (from === 0 && to === 0) || (message >= from && message <= to);
    const index = this.messages.findIndex(isWanted);
    const found = this.messages[index];
    if (found !== undefined && removes) this.messages.splice(index, 1);
    if (found === undefined && this.quit !== undefined) {
      const wParam = BigInt.asUintN(64, BigInt(this.quit));
      if (removes) this.quit = undefined;
      this.#update();
      return { message: WM_QUIT, wParam, lParam: 0n, time: 0 };
    }
    this.#update();
    return found;
  }

  post(message: Message): void {
    this.hasNews = true;
    this.messages.push(message);
    this.#update();
  }

  end(exitCode: number): void {
    this.hasNews = true;
    this.quit = exitCode;
    this.#update();
  }

  #update(): void {
    if (this.messages.length > 0 || this.quit !== undefined) this.arrived.set();
    else this.arrived.reset();
  }
}

/** Messages among threads; none is for a window. */
export const messages = implement(messagesApi, {
  PostThreadMessageA: (thread, idThread, Msg, wParam, lParam) =>
    post(thread, idThread, { message: Msg, wParam, lParam, time: now(thread) }),
  PostThreadMessageW: (thread, idThread, Msg, wParam, lParam) =>
    post(thread, idThread, { message: Msg, wParam, lParam, time: now(thread) }),
  PostQuitMessage: (thread, nExitCode) => MessageQueue.of(thread).end(nExitCode),
  PeekMessageA: (thread, lpMsg, hWnd, from, to, remove) => peek(thread, lpMsg, hWnd, from, to, remove),
  PeekMessageW: (thread, lpMsg, hWnd, from, to, remove) => peek(thread, lpMsg, hWnd, from, to, remove),
  *GetMessageA(thread, lpMsg, hWnd, from, to) {
    return yield* get(thread, lpMsg, hWnd, from, to);
  },
  *GetMessageW(thread, lpMsg, hWnd, from, to) {
    return yield* get(thread, lpMsg, hWnd, from, to);
  },
  TranslateMessage: () => false,
  DispatchMessageA: () => 0n,
  DispatchMessageW: () => 0n,
  GetQueueStatus(thread, flags) {
    if ((flags & ~QS.ALL) !== 0) throw new Win32Error(ERROR.INVALID_FLAGS);
    const queue = MessageQueue.of(thread);
    const there = queue.messages.length > 0 || queue.quit !== undefined ? flags & QS.POSTED : 0;
    const news = queue.hasNews ? there : 0;
    queue.hasNews = false;
    return there * 0x1_0000 + news;
  },
  *WaitMessage(thread) {
    yield* wait(thread, [MessageQueue.of(thread).arrived]);
    return true;
  },
  *MsgWaitForMultipleObjects(thread, nCount, pHandles, fWaitAll, dwMilliseconds) {
    return yield* waitForAny(thread, nCount, pHandles, dwMilliseconds, fWaitAll ? MWMO.WAITALL : 0);
  },
  *MsgWaitForMultipleObjectsEx(thread, nCount, pHandles, dwMilliseconds, _dwWakeMask, dwFlags) {
    return yield* waitForAny(thread, nCount, pHandles, dwMilliseconds, dwFlags);
  },
});

function now({ process }: Thread): number {
  return Math.floor(process.host.clock.monotonic()) >>> 0;
}

function post({ process }: Thread, id: number, message: Message): boolean {
  const target = [...process.threads].find((thread) => thread.id === id);
  if (target === undefined) throw new Win32Error(ERROR.INVALID_THREAD_ID);
  const queue = MessageQueue.of(target);
  if (queue.messages.length >= MAX_MESSAGES) throw new Win32Error(ERROR.NOT_ENOUGH_QUOTA);
  queue.post(message);
  return true;
}

function peek(thread: Thread, target: Out<MessageFields>, window: Handle, from: number, to: number, flags: number): boolean {
  if (window !== 0 && window !== -1) return false;
  const found = MessageQueue.of(thread).next(from, to, (flags & PM_REMOVE) !== 0);
  if (found === undefined) return false;
  target.set({ hwnd: 0 as Handle, ...found });
  return true;
}

function* get(thread: Thread, target: Out<MessageFields>, window: Handle, from: number, to: number): GuestGenerator<number> {
  if (window !== 0 && window !== -1) {
    thread.lastError = ERROR.INVALID_WINDOW_HANDLE;
    return -1;
  }
  const queue = MessageQueue.of(thread);
  for (;;) {
    const found = queue.next(from, to, true);
    if (found !== undefined) {
      target.set({ hwnd: 0 as Handle, ...found });
      return found.message === WM_QUIT ? 0 : 1;
    }
    // What is there and not wanted must not end the wait: look again when something new comes.
    queue.arrived.reset();
    yield* wait(thread, [queue.arrived]);
  }
}

function* waitForAny(thread: Thread, count: number, handles: number, timeoutMs: number, flags: number): GuestGenerator<number> {
  if (count > MAX_HANDLES) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const { memory, process, pointerSize } = thread;
  const objects = Array.from({ length: count }, (_, i) =>
    process.handles.get((memory.u32(handles + pointerSize * i) | 0) as Handle, KernelObject),
  );
  return yield* wait(thread, [...objects, MessageQueue.of(thread).arrived], {
    all: (flags & MWMO.WAITALL) !== 0,
    alertable: (flags & MWMO.ALERTABLE) !== 0,
    ...(timeoutMs !== INFINITE && { timeoutMs }),
  });
}
