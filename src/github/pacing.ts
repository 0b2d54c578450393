import type { Clock } from "../clock.ts";

/**
 * Lets the writes of one token through at a pace that GitHub accepts: one at a time, 80 in any minute and 500 in
 * any hour
 * (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits).
 * At 5 points a write, 80 writes are 400 of the 900 points a minute, which leaves room for the reads.
 */
export interface Pacer {
  /**
   * Runs a write when its turn has come.
   *
   * @param onWait told before a wait, with its length in milliseconds.
   */
  write<T>(send: () => Promise<T>, onWait?: (milliseconds: number) => void): Promise<T>;
  /** Milliseconds spent waiting for the pace so far, by all writes together. */
  readonly waited: number;
  /** Minutes that so many writes take, at least. */
  minutesFor(writes: number): number;
}

const LIMITS = [
  { writes: 80, within: 60_000 },
  { writes: 500, within: 3_600_000 },
] as const;

export function createPacer(clock: Clock): Pacer {
  const started: number[] = [];
  let last: Promise<unknown> = Promise.resolve();
  let waited = 0;

  const pause = (): number => {
    const now = clock.now();
    const oldest = LIMITS[1].within;
    while (started[0] !== undefined && started[0] <= now - oldest) started.shift();
    return Math.max(
      0,
      ...LIMITS.map(({ writes, within }) => {
        const first = started.at(-writes);
        return first === undefined ? 0 : first + within - now;
      }),
    );
  };

  return {
    get waited() {
      return waited;
    },
    minutesFor(writes) {
      const [perMinute, perHour] = LIMITS;
      const hours = Math.floor((writes - 1) / perHour.writes);
      const rest = writes - hours * perHour.writes;
      return hours * 60 + Math.floor((rest - 1) / perMinute.writes);
    },

    write(send, onWait) {
      const turn = last.then(async () => {
        const wait = pause();
        if (wait > 0) {
          onWait?.(wait);
          await clock.sleep(wait);
          waited += wait;
        }
        started.push(clock.now());
        return send();
      });
      // A failed write must not stop the ones behind it.
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}
