/** Counts requests for the `x-ratelimit-*` headers. It refuses none: faults do that. */
export interface RateLimits {
  /** Counts a request and gives the headers of its answer. */
  count(authorization: string | null): Record<string, string>;
}

/**
 * 5,000 requests an hour for each credential, as for users and small installations:
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
export function createRateLimits(now: () => number): RateLimits {
  const windows = new Map<string, { until: number; used: number }>();

  return {
    count: (authorization) => {
      const credential = authorization ?? "";
      let window = windows.get(credential);
      if (window === undefined || now() >= window.until) {
        window = { until: now() + HOUR, used: 0 };
        windows.set(credential, window);
      }
      window.used += 1;
      return {
        "x-ratelimit-limit": String(LIMIT),
        "x-ratelimit-remaining": String(Math.max(0, LIMIT - window.used)),
        "x-ratelimit-used": String(window.used),
        "x-ratelimit-reset": String(Math.ceil(window.until / 1000)),
        "x-ratelimit-resource": "core",
      };
    },
  };
}

const LIMIT = 5000;
const HOUR = 3_600_000;
