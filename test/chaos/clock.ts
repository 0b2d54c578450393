/** The time in a world, the same for its services and for the action in it: faster than ours, and it can jump. */
export interface WorldClock {
  /** Milliseconds since 1970, whole. */
  readonly now: () => number;
  /** Lets so many milliseconds pass at once. */
  advance(milliseconds: number): void;
  /** What tells the action's process (`preload.ts`) to live in the same time. */
  toEnvironment(): string;
}

export function createWorldClock(speed: number): WorldClock {
  const origin = Date.now();
  let offset = 0;
  return {
    now: () => Math.floor(origin + (Date.now() - origin) * speed + offset),
    advance: (milliseconds) => {
      offset += milliseconds;
    },
    toEnvironment: () => [origin, speed, offset].join(","),
  };
}

export const SECOND = 1_000;
export const HOUR = 3_600 * SECOND;
export const DAY = 24 * HOUR;
