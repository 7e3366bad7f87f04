/** A session's part of the processors. */
export class Share {
  readonly weight: number;
  /** Milliseconds of all workers together, divided by the weight: who has used least of what is due goes first. */
  used = 0;
  /** How much less than the others it had used when it last stopped waiting for a worker. */
  behind = 0;
  isWaiting = false;
  /** When it last stopped waiting, in milliseconds. */
  stopped = -Infinity;
  /** Its last launch came at once after the one before. */
  isSteady = false;
  /** Workers that its last launch had blocks for. */
  width = 1;
  /** When it last had a worker, in milliseconds. */
  lastTurn = 0;

  constructor(weight: number) {
    this.weight = weight;
  }
}

/** A launch that has not ended. */
export interface Contender {
  readonly share: Share;
  /** Among launches of one session, lower numbers go first. */
  readonly priority: number;
  /** Workers that it has blocks for. */
  readonly width: number;
  /** Workers that it must have at the same time, and keeps to its end; 0 where it takes as many as there are. */
  readonly together: number;
  /** Workers that run blocks of it. */
  active: number;
  /** When a worker last began. */
  began: number;
  /** When it last gave a worker back. */
  lastTurn: number;
  /** It was asked to give its workers back, and has not yet done so. */
  isAsked: boolean;
  /** One more worker would find blocks to run. */
  wantsWorker(): boolean;
}

/** A worker's time with a launch. */
export interface Turn<C> {
  readonly launch: C;
  readonly began: number;
  /** Until when it is accounted for. */
  accounted: number;
}

/** How long launches run before others have their turn, in milliseconds. */
const TURN_MS = 5;
/** How long a worker is kept free for the next launch of a session that is owed a whole turn, has one after the other, and has blocks for one more worker. */
const HOLD_MS = 2;
/** What a session keeps a claim to, in milliseconds of all workers, of the time in which it did not want any. */
const CREDIT_MS = 100;
/** A session without a turn for longer than this has no claim but that. */
const IDLE_MS = 100;

/**
 * Whose launch gets a worker next, and which must give theirs back, so that sessions share the workers by weight (virtual time: the time really used, over the
 * weight, is kept even). What a session could not use, having nothing to run, is lost to it but for a little; what others ran while it waited is owed to it.
 * Threads and clocks are the caller's.
 */
export class Turns<C extends Contender> {
  readonly #workers: number;
  readonly #launches = new Set<C>();
  readonly #running = new Set<Turn<C>>();
  /** Sessions whose next launch may come in a moment. */
  readonly #expected = new Set<Share>();
  /** What sessions had used that came before: where one that meets no other begins. */
  #used = 0;

  constructor(workers: number) {
    this.#workers = workers;
  }

  get launches(): ReadonlySet<C> {
    return this.#launches;
  }

  add(launch: C, now: number): void {
    this.#account(now);
    this.#launches.add(launch);
    launch.share.width = launch.width;
    this.#note(launch.share, now);
  }

  delete(launch: C, now: number): void {
    this.#account(now);
    this.#launches.delete(launch);
    this.#note(launch.share, now);
  }

  /** A worker begins with a launch. */
  begin(launch: C, now: number): Turn<C> {
    this.#account(now);
    const turn = { launch, began: now, accounted: now };
    this.#running.add(turn);
    launch.active++;
    launch.began = now;
    launch.isAsked = false;
    this.#note(launch.share, now);
    return turn;
  }

  /** A worker has come back after `ms` of work, and the launch knows what is left. The way there and back is nobody's: it is most of a short launch. */
  end(turn: Turn<C>, ms: number, now: number): void {
    this.#account(now);
    this.#running.delete(turn);
    const { launch } = turn;
    launch.share.used -= Math.max(0, now - turn.began - ms) / launch.share.weight;
    launch.active--;
    launch.lastTurn = now;
    if (launch.active === 0) launch.isAsked = false;
    this.#note(launch.share, now);
  }

  /** Work that was done elsewhere, while nobody waited for a worker. */
  charge(share: Share, ms: number, now: number): void {
    share.used += ms / share.weight;
    share.lastTurn = now;
    this.#used = Math.max(this.#used, share.used);
  }

  /**
   * The launch whose session has used least; in that, by priority, the one with the fewest workers, that has waited longest. Undefined also where a worker
   * is kept for another, for a moment. `free` workers have nothing to do.
   */
  next(free: number, now: number): C | undefined {
    this.#account(now);
    let best: C | undefined;
    for (const launch of this.#launches) if (launch.wantsWorker() && (best === undefined || compare(launch, best) < 0)) best = launch;
    return best === undefined || this.#holdMs(best, free, now) > 0 ? undefined : best;
  }

  /** The launches that have to give their workers back now, and in how many milliseconds to look again: undefined where nothing will have changed. */
  toGiveBack(now: number): { readonly launches: readonly C[]; readonly againMs: number | undefined } {
    this.#account(now);
    const waiting = [...this.#launches].filter((launch) => launch.wantsWorker()).toSorted(compare);
    // Blocks that wait for each other must not be parted.
    const holders = [...this.#launches].filter((launch) => launch.active > 0 && launch.together === 0).toSorted((a, b) => compare(b, a));
    const launches: C[] = [];
    // Who has no claim to it now may have one after a turn.
    let againMs = waiting.some((launch) => holders.some((holder) => holder !== launch)) ? TURN_MS : undefined;
    for (const launch of waiting.flatMap((one) => Array.from({ length: Math.max(1, one.together) }, () => one))) {
      const at = holders.findIndex((holder) => holder !== launch && mayTake(launch, holder));
      const [holder] = at < 0 ? [] : holders.splice(at, 1);
      if (holder === undefined) continue;
      // Where it was asked already, it comes when it can.
      if (holder.isAsked) continue;
      const leftMs = isOwed(launch.share, holder.share) ? 0 : holder.began + TURN_MS - now;
      if (leftMs > 0) {
        againMs = Math.min(againMs ?? Infinity, leftMs);
        continue;
      }
      holder.isAsked = true;
      launches.push(holder);
    }
    const holdMs = waiting[0] === undefined ? 0 : this.#holdMs(waiting[0], 1, now);
    return { launches, againMs: holdMs > 0 ? Math.min(againMs ?? Infinity, holdMs) : againMs };
  }

  /** How long still to keep the last of the free workers from a launch. */
  #holdMs(launch: C, free: number, now: number): number {
    let holdMs = 0;
    for (const share of this.#expected) {
      const leftMs = share.stopped + HOLD_MS - now;
      if (leftMs <= 0) this.#expected.delete(share);
      else if (isOwed(share, launch.share) && free - 1 + this.#workersOf(share) < share.width) holdMs = Math.max(holdMs, leftMs);
    }
    return holdMs;
  }

  #workersOf(share: Share): number {
    let workers = 0;
    for (const { launch } of this.#running) if (launch.share === share) workers++;
    return workers;
  }

  /** Brings what sessions have used up to date. */
  #account(now: number): void {
    for (const turn of this.#running) {
      const { share } = turn.launch;
      share.used += (now - turn.accounted) / share.weight;
      share.lastTurn = now;
      turn.accounted = now;
    }
    const used = least([...this.#launches]);
    if (used !== undefined) this.#used = Math.max(this.#used, used);
  }

  /** Notes that a session has begun to wait for workers, or does not any more. */
  #note(share: Share, now: number): void {
    const others: C[] = [];
    let isWaiting = false;
    for (const launch of this.#launches) {
      if (launch.share !== share) others.push(launch);
      else isWaiting ||= launch.wantsWorker();
    }
    if (isWaiting === share.isWaiting) return;
    share.isWaiting = isWaiting;
    const used = least(others.filter((other) => other.share.isWaiting)) ?? least(others) ?? this.#used;
    if (!isWaiting) {
      share.behind = used - share.used;
      share.stopped = now;
      if (share.isSteady) this.#expected.add(share);
      return;
    }
    share.isSteady = now - share.lastTurn < HOLD_MS;
    this.#expected.delete(share);
    const kept = now - share.lastTurn > IDLE_MS ? 0 : share.behind;
    share.used = Math.max(share.used, used - Math.max(kept, (CREDIT_MS * this.#workers) / share.weight));
  }
}

function least(launches: readonly Contender[]): number | undefined {
  return launches.length === 0 ? undefined : Math.min(...launches.map(({ share }) => share.used));
}

/** Negative where `a` goes before `b`. */
function compare(a: Contender, b: Contender): number {
  if (a.share !== b.share && a.share.used !== b.share.used) return a.share.used - b.share.used;
  if (a.priority !== b.priority) return a.priority - b.priority;
  return a.active !== b.active ? a.active - b.active : a.lastTurn - b.lastTurn;
}

/** True where a session has a whole turn less than its part, beside another. */
function isOwed(share: Share, other: Share): boolean {
  return (other.used - share.used) * share.weight >= TURN_MS;
}

/** True where a launch that waits has a better claim to the workers of one that runs. */
function mayTake(waiting: Contender, holder: Contender): boolean {
  if (waiting.share !== holder.share) return waiting.share.used < holder.share.used;
  return waiting.active === 0 && waiting.priority <= holder.priority;
}
