import { expect, test } from "vitest";
import { Share, Turns, type Contender, type Turn } from "./turns.ts";

/** A program that launches kernels one after the other: blocks of a length, and a pause before the next. */
interface Program {
  readonly weight: number;
  readonly blocks: number;
  readonly blockMs: number;
  readonly pauseMs?: number;
  /** What it takes to wake a worker for it, and to hear of its end. */
  readonly latencyMs?: number;
  /** Threads of it that do so at the same time, each in a stream of its own. */
  readonly streams?: number;
  readonly startMs?: number;
}

class Launch implements Contender {
  readonly share: Share;
  readonly priority = 0;
  readonly together = 0;
  readonly width: number;
  active = 0;
  began = 0;
  lastTurn = 0;
  isAsked = false;
  blocks: number;
  readonly launchedAt: number;
  readonly blockMs: number;
  readonly ended: (now: number) => void;

  constructor(share: Share, { blocks, blockMs }: Program, launchedAt: number, ended: (now: number) => void) {
    this.share = share;
    this.blocks = this.width = blocks;
    this.blockMs = blockMs;
    this.launchedAt = launchedAt;
    this.ended = ended;
  }

  wantsWorker(): boolean {
    return this.blocks > 0;
  }
}

/** What each program had of the workers in that time, how long its slowest launch took, and how often workers changed to it. */
function simulate(workers: number, untilMs: number, programs: readonly Program[]) {
  const turns = new Turns<Launch>(workers);
  const events: { at: number; run(): void }[] = [];
  const later = (at: number, run: () => void): void => {
    const place = events.findIndex((event) => event.at > at);
    events.splice(place < 0 ? events.length : place, 0, { at, run });
  };
  let now = 0;
  let free = workers;
  let look = 0;
  const results = programs.map(() => ({ ms: 0, slowestMs: 0, launches: 0, turns: 0 }));

  const assign = (): void => {
    for (
      let launch = free > 0 ? turns.next(free, now) : undefined;
      launch !== undefined;
      launch = free > 0 ? turns.next(free, now) : undefined
    ) {
      free--;
      launch.blocks--;
      const turn = turns.begin(launch, now);
      results[programOf.get(launch.share)!]!.turns++;
      const { latencyMs = 0 } = programs[programOf.get(launch.share)!]!;
      later(now + latencyMs, () => runBlock(turn, latencyMs));
    }
    const { againMs } = turns.toGiveBack(now);
    const mine = ++look;
    if (againMs !== undefined) later(now + againMs, () => mine === look && assign());
  };
  const runBlock = (turn: Turn<Launch>, latencyMs: number, ms = 0): void => {
    const { launch } = turn;
    later(now + launch.blockMs, () => {
      results[programOf.get(launch.share)!]!.ms += launch.blockMs;
      if (!launch.isAsked && launch.blocks > 0) {
        launch.blocks--;
        return runBlock(turn, latencyMs, ms + launch.blockMs);
      }
      later(now + latencyMs, () => {
        turns.end(turn, ms + launch.blockMs, now);
        free++;
        if (launch.active === 0 && launch.blocks === 0) {
          turns.delete(launch, now);
          launch.ended(now);
        }
        later(now, assign);
      });
    });
  };
  const programOf = new Map<Share, number>();
  for (const [index, program] of programs.entries()) {
    const share = new Share(program.weight);
    programOf.set(share, index);
    const start = (): void => {
      const launch = new Launch(share, program, now, () => {
        const result = results[index]!;
        result.launches++;
        result.slowestMs = Math.max(result.slowestMs, now - launch.launchedAt);
        if (program.pauseMs === undefined) start();
        else later(now + program.pauseMs, start);
      });
      turns.add(launch, now);
      assign();
    };
    for (let stream = 0; stream < (program.streams ?? 1); stream++) later(program.startMs ?? 0, start);
  }
  for (let event = events.shift(); event !== undefined && event.at <= untilMs; event = events.shift()) {
    now = event.at;
    event.run();
  }
  return results;
}

test.each([
  ["much shorter than a turn", 2, 0.1],
  ["as long as a turn", 20, 0.5],
  ["as long as a turn, on one worker more than it can use at its end", 21, 0.5],
  ["of a few turns", 7, 4],
  ["endless", 1_000_000, 1],
  ["of blocks that are much longer than a turn", 100, 300],
])("sessions share by weight when their launches are %s", (_, blocks, blockMs) => {
  const [three, one] = simulate(2, Math.max(3_000, 300 * blockMs), [
    { weight: 3, blocks, blockMs },
    { weight: 1, blocks, blockMs },
  ]);
  expect(three!.ms / one!.ms).toBeGreaterThan(2.85);
  expect(three!.ms / one!.ms).toBeLessThan(3.15);
});

test("sessions share by weight when the launches of one are short and those of the other endless", () => {
  for (const weight of [1, 3]) {
    const [short, endless] = simulate(2, 3_000, [
      { weight, blocks: 10, blockMs: 0.2 },
      { weight: 1, blocks: 1_000_000, blockMs: 1 },
    ]);
    expect(short!.ms / endless!.ms / weight).toBeGreaterThan(0.95);
    expect(short!.ms / endless!.ms / weight).toBeLessThan(1.05);
  }
});

test("sessions share by weight when it takes longer to wake a worker than their launches take", () => {
  const [three, one] = simulate(2, 3_000, [
    { weight: 3, blocks: 2, blockMs: 0.1, latencyMs: 0.2 },
    { weight: 1, blocks: 40, blockMs: 0.1, latencyMs: 0.2 },
  ]);
  expect(three!.ms / one!.ms).toBeGreaterThan(2.7);
  expect(three!.ms / one!.ms).toBeLessThan(3.3);
});

test("forty sessions of many weights and lengths share by weight", () => {
  const programs = Array.from({ length: 40 }, (_, index) => ({
    weight: 1 + (index % 4),
    blocks: 8 + index,
    blockMs: 0.3 + (index % 7) * 0.5,
  }));
  const results = simulate(8, 6_000, programs);
  const parts = results.map(({ ms }, index) => ms / programs[index]!.weight);
  expect(Math.max(...parts) / Math.min(...parts)).toBeLessThan(1.1);
});

test("a session that launches now and then gets its workers at once, and endless ones no less for it than it uses", () => {
  const [seldom, endless] = simulate(2, 5_000, [
    { weight: 1, blocks: 2, blockMs: 0.2, pauseMs: 10 },
    { weight: 1, blocks: 1_000_000, blockMs: 1 },
  ]);
  // A block that runs, and the launch itself.
  expect(seldom!.slowestMs).toBeLessThan(2.5);
  expect(seldom!.ms + endless!.ms).toBeGreaterThan(0.97 * 2 * 5_000);
});

test("a session that has waited for nothing for a while has no claim to that time", () => {
  const programs = [
    { weight: 1, blocks: 1_000_000, blockMs: 1, startMs: 5_000 },
    { weight: 1, blocks: 1_000_000, blockMs: 1 },
  ];
  const [before, after] = [simulate(2, 5_000, programs), simulate(2, 6_000, programs)];
  expect(after[1]!.ms - before[1]!.ms).toBeGreaterThan(800);
});

test("a session that has one worker, and wants no other, leaves those that share the rest as they are", () => {
  const programs = [
    { weight: 1, blocks: 1, blockMs: 100_000 },
    { weight: 1, blocks: 1_000_000, blockMs: 1 },
    { weight: 1, blocks: 1_000_000, blockMs: 1, startMs: 4_000 },
  ];
  const [before, after] = [simulate(8, 4_000, programs), simulate(8, 6_000, programs)];
  // Seven workers for two.
  expect((after[1]!.ms - before[1]!.ms) / after[2]!.ms).toBeGreaterThan(0.85);
  expect((after[1]!.ms - before[1]!.ms) / after[2]!.ms).toBeLessThan(1.15);
});

test("no worker is kept for a session that has blocks for one", () => {
  const [narrow, wide] = simulate(2, 3_000, [
    { weight: 3, blocks: 1, blockMs: 1.5 },
    { weight: 1, blocks: 2, blockMs: 0.4 },
  ]);
  expect(narrow!.ms + wide!.ms).toBeGreaterThan(5_900);
});

test("launches of one session get a worker each, the one that has waited longest first", () => {
  const [both] = simulate(1, 1_000, [{ weight: 1, blocks: 40, blockMs: 1, streams: 4 }]);
  // Four of 40 ms side by side, in turns of 5 ms and the block that runs when they are over.
  expect(both!.slowestMs).toBeLessThan(180);
  expect(both!.launches).toBeGreaterThan(20);
});

test("launches of one session that have workers keep them", () => {
  // The first has both workers until the second has come, and takes the one that is free again...
  const [both] = simulate(2, 1_000, [{ weight: 1, blocks: 1_000_000, blockMs: 1, streams: 2 }]);
  expect(both!.turns).toBe(4);
});
