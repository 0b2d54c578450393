import type { Clock } from "../clock.ts";
import { RotationError } from "../errors.ts";

/**
 * Keeps all requests of one token to a pace that GitHub accepts: one write at a time, 80 in any minute and 500 in any
 * hour, and no more than 900 points a minute, of which a write takes 5 and a read 1
 * (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits).
 */
export interface Pacer {
  /** A way to GitHub for one rotation. Rotations take turns, write by write. */
  lane(): Lane;
}

/** The way of one rotation to GitHub. */
export interface Lane {
  /** Runs a write when its turn has come. */
  write<T>(send: () => Promise<T>, onWait?: OnWait): Promise<T>;
  /** Runs a read as soon as there is room for it. */
  read<T>(send: () => Promise<T>): Promise<T>;
  /**
   * Takes note of the writes that this rotation is going to make.
   *
   * @returns how many minutes they take at least, with all that other rotations have announced.
   */
  announce(writes: number): number;
  /**
   * Waits until so many writes can be made in as little time as the limits ever allow, and keeps room for them: until
   * {@link Lane.release} this lane's writes go before those of lanes that have reserved nothing.
   *
   * @param signal ends the wait; its reason is thrown.
   */
  reserve(writes: number, signal: AbortSignal, onWait?: OnWait): Promise<void>;
  /** Gives back what is left of a reservation. */
  release(): void;
  /** Milliseconds that this lane's writes have waited for their turn. */
  readonly waited: number;
}

/** Told before a wait, with its length in milliseconds. */
export type OnWait = (milliseconds: number) => void;

const MINUTE = { writes: 80, within: 60_000 } as const;
const HOUR = { writes: 500, within: 3_600_000 } as const;

/** What the writes leave of a minute's points. */
const READS = { reads: 900 - 5 * MINUTE.writes, within: 60_000 } as const;

/** Of the 100 requests at once that GitHub allows whoever has the token. */
const READS_AT_ONCE = 16;

/** The longest that one refusal holds up everybody, in milliseconds. */
const LONGEST_HOLD = 60_000;

export function createPacer(clock: Clock): Pacer {
  const announced = new Map<Lane, number>();
  /** What is left of the reservations. */
  const owed = new Map<Lane, number>();
  /** The lanes that wait, the one that was served last at the end. */
  const queues = new Map<Lane, Turn[]>();
  const wishes: Wish[] = [];
  const writes = createLog(clock);
  const reads = createReads(clock);
  /** GitHub has asked for silence in this time, in milliseconds since 1970. */
  let held = { from: 0, until: 0 };
  let working = false;
  let wake: (() => void) | undefined;

  /**
   * The time of the present look at the limits. One for all that is decided in it: were it to go on in between, a write
   * that has no room yet could find nothing to wait for any more, and wait for ever.
   */
  let now = clock.now();

  /** How many writes may begin now. */
  const room = (): number => {
    if (now < held.until) return 0;
    return Math.min(...[MINUTE, HOUR].map((limit) => limit.writes - writes.within(limit.within, now)));
  };

  const reserved = (): number => [...owed.values()].reduce((sum, left) => sum + left, 0);

  /** Milliseconds until something that waits can go on; 0 if time alone will not help. */
  const pause = (): number => {
    const [wish] = wishes;
    const urgent = [...queues.keys()].some((lane) => owed.has(lane));
    const taken = urgent ? 0 : reserved();
    const ofMinute = taken + (wish === undefined || urgent ? 1 : firstBatch(wish.writes));
    const ofHour = taken + (wish === undefined || urgent ? 1 : Math.min(wish.writes, HOUR.writes));
    return Math.max(
      held.until - now,
      writes.untilAtMost(MINUTE.writes - ofMinute, MINUTE.within, now),
      writes.untilAtMost(HOUR.writes - ofHour, HOUR.within, now),
    );
  };

  /** Whether so many writes would now take no longer than they do where nothing else is written. */
  const fits = (count: number): boolean => {
    const leftOfHour = HOUR.writes - writes.within(HOUR.within, now) - reserved();
    return room() - reserved() >= firstBatch(count) && leftOfHour >= Math.min(count, HOUR.writes);
  };

  const grant = (): void => {
    // In their order: a large one must not starve behind small ones.
    for (let wish = wishes[0]; wish !== undefined && fits(wish.writes); wish = wishes[0]) {
      wishes.shift();
      owed.set(wish.lane, wish.writes);
      wish.granted();
    }
  };

  /** The lane whose turn it is: those with a reservation first, and among equals who was served longest ago. */
  const nextLane = (): Lane | undefined => {
    const free = room();
    if (free <= 0) return undefined;
    const lanes = [...queues.keys()];
    const urgent = lanes.find((lane) => owed.has(lane));
    if (urgent !== undefined) return urgent;
    // What is reserved, and what the next reservation waits for, is not for the others.
    const kept = reserved() + (wishes[0] === undefined ? 0 : firstBatch(wishes[0].writes));
    return free > kept ? lanes[0] : undefined;
  };

  const nextTurn = (): Turn | undefined => {
    const lane = nextLane();
    const queue = lane === undefined ? undefined : queues.get(lane);
    if (lane === undefined || queue === undefined) return undefined;
    const turn = queue.shift();
    queues.delete(lane);
    if (queue.length > 0) queues.set(lane, queue);
    return turn;
  };

  const work = async (): Promise<void> => {
    for (;;) {
      now = clock.now();
      grant();
      const turn = nextTurn();
      if (turn !== undefined) {
        await turn.run();
        continue;
      }
      if (queues.size === 0 && wishes.length === 0) break;
      const milliseconds = pause();
      if (milliseconds > 0) {
        for (const [first] of queues.values()) first?.tell(milliseconds);
        for (const wish of wishes) wish.tell(milliseconds);
      }
      await rest(milliseconds);
    }
    working = false;
  };

  /** Until time has passed, or something has come or gone; without a time, until then. */
  const rest = async (milliseconds: number): Promise<void> => {
    const woken = new AbortController();
    const waking = new Promise<void>((resolve) => {
      wake = () => {
        woken.abort(new Error("woken"));
        resolve();
      };
    });
    await (milliseconds > 0 ? clock.sleep(milliseconds, woken.signal).catch(() => undefined) : waking);
    wake = undefined;
  };

  const start = (): void => {
    wake?.();
    if (working) return;
    working = true;
    void work();
  };

  const hold = (thrown: unknown): void => {
    if (!(thrown instanceof RotationError) || thrown.code !== "GITHUB_RATE_LIMITED") return;
    const time = clock.now();
    const until = time + Math.min(thrown.retryAfter ?? 0, LONGEST_HOLD);
    held = { from: time < held.until ? held.from : time, until: Math.max(held.until, until) };
  };

  const createLane = (): Lane => {
    let waited = 0;

    /** Silence that GitHub has asked for is no waiting for the pace: with it alone, nothing would ever be given up. */
    const waitedSince = (time: number): number => {
      const until = clock.now();
      const silent = Math.min(until, held.until) - Math.max(time, held.from);
      return until - time - Math.max(0, silent);
    };

    const lane: Lane = {
      get waited() {
        return waited;
      },

      write: (send, onWait) =>
        new Promise((resolve) => {
          const enqueuedAt = clock.now();
          const turn: Turn = {
            tell: once(onWait),
            async run() {
              waited += waitedSince(enqueuedAt);
              const left = owed.get(lane);
              if (left !== undefined) owed.set(lane, Math.max(0, left - 1));
              const sending = writes.during(send);
              resolve(sending);
              await sending.catch(hold);
            },
          };
          queues.set(lane, [...(queues.get(lane) ?? []), turn]);
          start();
        }),

      read: reads,

      announce(count) {
        announced.set(lane, count);
        return minutesFor([...announced.values()].reduce((sum, each) => sum + each, 0));
      },

      reserve: (count, signal, onWait) =>
        new Promise((resolve, reject) => {
          const abandon = (): void => {
            const at = wishes.indexOf(wish);
            if (at >= 0) wishes.splice(at, 1);
            reject(signal.reason as Error);
            start();
          };
          const wish: Wish = {
            lane,
            writes: count,
            granted() {
              signal.removeEventListener("abort", abandon);
              resolve();
            },
            tell: once(onWait),
          };
          if (signal.aborted) {
            abandon();
            return;
          }
          signal.addEventListener("abort", abandon, { once: true });
          wishes.push(wish);
          start();
        }),

      release() {
        owed.delete(lane);
        start();
      },
    };
    return lane;
  };

  return { lane: createLane };
}

/** A write that waits for its turn. */
interface Turn {
  run(): Promise<void>;
  tell(milliseconds: number): void;
}

/** A reservation that waits to be granted. */
interface Wish {
  readonly lane: Lane;
  readonly writes: number;
  granted(): void;
  tell(milliseconds: number): void;
}

/** How many of so many writes must be made at once for the rest to come in full minutes. */
function firstBatch(count: number): number {
  return ((count - 1) % MINUTE.writes) + 1;
}

function once(onWait: OnWait | undefined): OnWait {
  let told = false;
  return (milliseconds) => {
    if (told) return;
    told = true;
    onWait?.(milliseconds);
  };
}

/** Minutes that so many writes take at least. */
function minutesFor(writes: number): number {
  const hours = Math.floor((writes - 1) / HOUR.writes);
  const rest = writes - hours * HOUR.writes;
  return hours * 60 + Math.floor((rest - 1) / MINUTE.writes);
}

/** When requests were made: counted from their start on, and for a span from their end, as GitHub has counted them by then. */
interface RequestLog {
  during<T>(send: () => Promise<T>): Promise<T>;
  within(span: number, now: number): number;
  /** Milliseconds until no more than `count` of those that have ended are within the span; 0 if that is so, or never will. */
  untilAtMost(count: number, span: number, now: number): number;
}

function createLog(clock: Clock): RequestLog {
  let underWay = 0;
  const ended: number[] = [];
  /** How many ended within the span: from the newest on, as most of an hour's are older than a minute. */
  const endedWithin = (span: number, now: number): number => {
    const since = now - span;
    const older = ended.findLastIndex((time) => time <= since);
    return ended.length - 1 - older;
  };
  return {
    within: (span, now) => underWay + endedWithin(span, now),
    async during(send) {
      underWay += 1;
      try {
        return await send();
      } finally {
        underWay -= 1;
        const now = clock.now();
        ended.push(now);
        ended.splice(0, ended.length - endedWithin(HOUR.within, now));
      }
    },
    untilAtMost(count, span, now) {
      const excess = endedWithin(span, now) - count;
      const last = ended[ended.length - endedWithin(span, now) + excess - 1];
      return excess <= 0 || count < 0 || last === undefined ? 0 : last + span - now;
    },
  };
}

function createReads(clock: Clock): Lane["read"] {
  const log = createLog(clock);
  const waiting: (() => void)[] = [];
  let underWay = 0;

  return async (send) => {
    if (underWay >= READS_AT_ONCE) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    } else underWay += 1;
    try {
      for (let now = clock.now(); log.within(READS.within, now) >= READS.reads; now = clock.now()) {
        await clock.sleep(Math.max(1, log.untilAtMost(READS.reads - 1, READS.within, now)));
      }
      return await log.during(send);
    } finally {
      const first = waiting.shift();
      // Whoever comes next takes the place over.
      if (first === undefined) underWay -= 1;
      else first();
    }
  };
}
