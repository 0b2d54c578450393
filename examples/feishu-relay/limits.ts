/** What has been met before. */
export interface Memory {
  /** Whether it is met for the first time; from now on it is not. */
  isNew(id: string): boolean;
}

/** @param lifetime in milliseconds. Beyond `most`, the oldest is forgotten. */
export function createMemory(most: number, lifetime: number, now: () => number): Memory {
  const met = new Map<string, number>();
  return {
    isNew: (id) => {
      if (now() < (met.get(id) ?? 0)) return false;
      met.delete(id);
      // The order of a Map is that of insertion, so the oldest come first.
      for (const [old, until] of met) {
        if (now() < until && met.size < most) break;
        met.delete(old);
      }
      met.set(id, now() + lifetime);
      return true;
    },
  };
}

/** Admits so many in a minute; `last` is the last one. */
export interface Limit {
  admit(): "yes" | "last" | "no";
}

export function createLimit(most: number, now: () => number): Limit {
  let startedAt = Number.NEGATIVE_INFINITY;
  let admitted = 0;
  return {
    admit: () => {
      // A clock that was put back begins a minute too.
      if (!(Math.abs(now() - startedAt) < 60_000)) {
        startedAt = now();
        admitted = 0;
      }
      if (admitted >= most) return "no";
      admitted += 1;
      return admitted === most ? "last" : "yes";
    },
  };
}
