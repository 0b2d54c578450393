import type { Clock } from "../../src/clock.ts";

/** A clock that stands still until somebody sleeps, and then jumps to when they wake. */
export interface FakeClock extends Clock {
  /** Every sleep so far, in milliseconds, oldest first. */
  readonly waits: readonly number[];
  /** Lets time pass without a sleep. */
  advance(milliseconds: number): void;
}

/** @param start in milliseconds since 1970. Default: a Sunday night in November 2026, half a second past three. */
export function createFakeClock(start = Date.parse("2026-11-22T03:00:00.500Z")): FakeClock {
  const waits: number[] = [];
  let now = start;
  return {
    waits,
    now: () => now,
    advance: (milliseconds) => {
      now += milliseconds;
    },
    sleep: (milliseconds, signal) => {
      if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
      waits.push(milliseconds);
      now += milliseconds;
      return Promise.resolve();
    },
  };
}
