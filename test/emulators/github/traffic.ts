import type { Reply } from "./reply.ts";

/**
 * GitHub's secondary limits, each for one token:
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits.
 * Those on "content-generating requests" are taken to count every write, which no page confirms for secrets; the one
 * on points, which GitHub counts for each endpoint, is taken to count all together. So a client that keeps to these
 * keeps to GitHub's.
 */
export interface SecondaryLimits {
  /** Default 80. */
  readonly writesPerMinute: number;
  /** Default 500. */
  readonly writesPerHour: number;
  /** A write takes 5, everything else 1. Default 900. */
  readonly pointsPerMinute: number;
  /** Default 100. */
  readonly requestsAtOnce: number;
  /** The milliseconds of a minute, and of each of the hour's sixty. Default 60,000. */
  readonly minute: number;
}

/** What one token has sent so far. */
export interface TokenTraffic {
  /** When each write came that was let through, whatever its answer, oldest first; on the emulator's clock. */
  readonly acceptedWrites: readonly number[];
  /** How many writes the limits refused. */
  readonly refusedWrites: number;
  /** How many requests of any kind the limits refused. */
  readonly refused: number;
  /**
   * How many requests came before the end of a wait that an earlier refusal had asked for. GitHub may ban whoever does
   * so: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately.
   */
  readonly whileLimited: number;
  /** The most requests that were under way at once. */
  readonly mostAtOnce: number;
}

export interface Traffic {
  /**
   * Takes note of a request. Gives a refusal where it exceeds a limit; without limits all are let through.
   *
   * @param credential tells tokens apart.
   */
  arrive(
    credential: string,
    isWrite: boolean,
    limits: Partial<SecondaryLimits> | undefined,
  ): Reply | undefined;
  /** Takes note of the end of a request that was let through. */
  leave(credential: string): void;
  of(credential: string): TokenTraffic;
}

export function createTraffic(now: () => number): Traffic {
  interface Ledger {
    acceptedWrites: number[];
    /** In the order of arrival. */
    points: { readonly at: number; readonly count: number }[];
    refusedWrites: number;
    refused: number;
    whileLimited: number;
    limitedUntil: number;
    underWay: number;
    mostAtOnce: number;
  }
  const ledgers = new Map<string, Ledger>();
  const ledgerOf = (credential: string): Ledger => {
    const ledger = ledgers.get(credential) ?? {
      acceptedWrites: [],
      points: [],
      refusedWrites: 0,
      refused: 0,
      whileLimited: 0,
      limitedUntil: -Infinity,
      underWay: 0,
      mostAtOnce: 0,
    };
    ledgers.set(credential, ledger);
    return ledger;
  };

  /** Milliseconds until a request would be let through, 0 for at once. */
  const wait = (ledger: Ledger, isWrite: boolean, limits: SecondaryLimits): number => {
    const { minute } = limits;
    const untilRoom = (most: number, within: number): number => {
      const first = ledger.acceptedWrites.at(-most);
      return first === undefined ? 0 : first + within - now();
    };
    let points = isWrite ? WRITE_POINTS : 1;
    let untilPoints = 0;
    for (const { at, count } of ledger.points.toReversed()) {
      points += count;
      // What is this old must have left the minute before there is room.
      if (points > limits.pointsPerMinute) {
        untilPoints = at + minute - now();
        break;
      }
    }
    return Math.max(
      0,
      untilPoints,
      ...(isWrite
        ? [untilRoom(limits.writesPerMinute, minute), untilRoom(limits.writesPerHour, 60 * minute)]
        : []),
      // For how long GitHub sends away a request too many at once is not documented.
      ledger.underWay >= limits.requestsAtOnce ? 1000 : 0,
    );
  };

  return {
    arrive: (credential, isWrite, given) => {
      const ledger = ledgerOf(credential);
      if (now() < ledger.limitedUntil) ledger.whileLimited += 1;
      const milliseconds = given === undefined ? 0 : wait(ledger, isWrite, { ...GITHUB_LIMITS, ...given });
      if (milliseconds > 0) {
        const seconds = Math.ceil(milliseconds / 1000);
        ledger.limitedUntil = Math.max(ledger.limitedUntil, now() + seconds * 1000);
        ledger.refused += 1;
        if (isWrite) ledger.refusedWrites += 1;
        return refusal(seconds);
      }
      if (isWrite) ledger.acceptedWrites.push(now());
      ledger.points.push({ at: now(), count: isWrite ? WRITE_POINTS : 1 });
      ledger.underWay += 1;
      ledger.mostAtOnce = Math.max(ledger.mostAtOnce, ledger.underWay);
      return undefined;
    },
    leave: (credential) => {
      ledgerOf(credential).underWay -= 1;
    },
    of: (credential) => {
      const { acceptedWrites, refusedWrites, refused, whileLimited, mostAtOnce } = ledgerOf(credential);
      return { acceptedWrites: [...acceptedWrites], refusedWrites, refused, whileLimited, mostAtOnce };
    },
  };
}

const GITHUB_LIMITS: SecondaryLimits = {
  writesPerMinute: 80,
  writesPerHour: 500,
  pointsPerMinute: 900,
  requestsAtOnce: 100,
  minute: 60_000,
};

/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#calculating-points-for-the-secondary-rate-limit */
const WRITE_POINTS = 5;

/** The words: https://github.com/apache/devlake/issues/1322. */
function refusal(seconds: number): Reply {
  return {
    status: 403,
    json: {
      message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
      documentation_url:
        "https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits",
      status: "403",
    },
    headers: { "retry-after": String(seconds) },
  };
}
