import type { Clock } from "./clock.ts";
import { RotationError } from "./errors.ts";

/** How often and how patiently something is repeated. Times in milliseconds. */
export interface RetryPolicy {
  /** Tries in all, the first one included. */
  readonly attempts: number;
  /** Before the second try; doubled before each further one. */
  readonly firstWait: number;
  readonly longestWait: number;
  /** A `Retry-After` beyond this ends the tries. */
  readonly longestRetryAfter: number;
  /** What is tried again. Default: what is transient. */
  readonly repeats?: (error: RotationError) => boolean;
}

/** Reads change nothing, so they may be repeated; a run should still end while somebody watches it. */
export const readPolicy: RetryPolicy = {
  attempts: 4,
  firstWait: 500,
  longestWait: 8_000,
  longestRetryAfter: 60_000,
};

export interface RetryContext {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Told before every wait, so that the log can say why and for how long. */
  readonly onWait: (error: RotationError, milliseconds: number) => void;
}

/**
 * Repeats what is harmless to repeat, reads and writes of markers, while it fails with a transient
 * {@link RotationError}. Anything else, a 401 above all, is final, unless the policy says otherwise; so is what has been
 * repeated inside, such as a token that each request needs.
 *
 * @throws what the last try threw.
 */
export async function retry<T>(
  attemptOnce: () => Promise<T>,
  { clock, signal, onWait }: RetryContext,
  policy = readPolicy,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptOnce();
    } catch (thrown) {
      const error = RotationError.from(thrown);
      const repeats = policy.repeats?.(error) ?? error.transient;
      const tooLong = (error.retryAfter ?? 0) > policy.longestRetryAfter;
      if (!repeats || tooLong || error.exhausted || attempt >= policy.attempts) {
        error.exhausted = true;
        throw error;
      }
      // What was cut off by the cancellation itself is not waited for.
      signal?.throwIfAborted();
      const wait = backoff(policy, attempt, error.retryAfter);
      onWait(error, wait);
      await clock.sleep(wait, signal);
    }
  }
}

/** The wait after the given failed attempt (1 is the first), in milliseconds. `retryAfter` is obeyed as a least. */
export function backoff(
  { firstWait, longestWait }: Pick<RetryPolicy, "firstWait" | "longestWait">,
  attempt: number,
  retryAfter = 0,
): number {
  const doubled = Math.min(longestWait, firstWait * 2 ** (attempt - 1));
  // Spread out, so that runs which failed together do not come back together.
  const spread = doubled * (0.75 + Math.random() * 0.5);
  return Math.round(Math.max(spread, retryAfter));
}

/**
 * The wait that a `Retry-After` header asks for, in milliseconds: seconds or an HTTP date
 * (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after). Undefined if absent or unreadable.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header.trim()) * 1_000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
