import { describe, expect, test } from "vitest";
import { RotationError } from "../src/errors.ts";
import { backoff, parseRetryAfter, readPolicy, retry } from "../src/retry.ts";
import { createFakeClock } from "./support/fake-clock.ts";

const fault = (options: { transient: boolean; retryAfter?: number }): RotationError =>
  RotationError.of("PROVIDER_UNAVAILABLE", { provider: "Acme", action: "read", status: 503 }, options);

const lost = (): RotationError =>
  RotationError.of(
    "PROVIDER_ANSWER_LOST",
    { provider: "Acme", action: "read", reason: "reset" },
    { transient: true, changed: "unknown" },
  );

/** Fails with each of these in turn, and then succeeds. */
function failing(...errors: readonly unknown[]): { act: () => Promise<string>; tries: () => number } {
  let tries = 0;
  return {
    tries: () => tries,
    act: () => {
      tries += 1;
      // What is thrown is up to the test.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      return tries <= errors.length ? Promise.reject(errors[tries - 1]) : Promise.resolve("done");
    },
  };
}

function bench(signal?: AbortSignal) {
  const clock = createFakeClock();
  const told: number[] = [];
  /** How many waits had begun when one was told. */
  const begun: number[] = [];
  const context = {
    clock,
    signal,
    onWait: (_: RotationError, milliseconds: number): void => {
      told.push(milliseconds);
      begun.push(clock.waits.length);
    },
  };
  return { clock, told, begun, context };
}

describe("retry", () => {
  test("repeats what is transient, with waits that double, and says each before it begins", async () => {
    const { clock, told, begun, context } = bench();
    const once = fault({ transient: true });
    const { act, tries } = failing(once, once, once);
    await expect(retry(act, context)).resolves.toBe("done");
    expect(tries()).toBe(4);
    expect(clock.waits).toEqual(told);
    expect(begun).toEqual([0, 1, 2]);
    for (const [index, wait] of clock.waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(0.75 * 500 * 2 ** index);
      expect(wait).toBeLessThanOrEqual(1.25 * 500 * 2 ** index);
    }
  });

  test("inside another one is not repeated once more by that, under no policy and in no copy", async () => {
    const { context } = bench();
    const { act, tries } = failing(...Array.from({ length: 20 }, () => lost()));
    const inner = (): Promise<string> =>
      retry(act, context).catch((error: unknown) => {
        throw RotationError.from(error).harmless();
      });
    await expect(retry(inner, context, { ...readPolicy, repeats: () => true })).rejects.toMatchObject({
      transient: true,
      changed: "no",
    });
    expect(tries()).toBe(readPolicy.attempts);
  });

  test("ends with the last error once its tries are used up", async () => {
    const { clock, context } = bench();
    const errors = [1, 2, 3, 4].map(() => fault({ transient: true }));
    const { act, tries } = failing(...errors);
    await expect(retry(act, context)).rejects.toBe(errors[3]);
    expect(tries()).toBe(readPolicy.attempts);
    expect(clock.waits).toHaveLength(3);
  });

  test("does not repeat what is final", async () => {
    const { clock, context } = bench();
    const error = fault({ transient: false });
    const { act, tries } = failing(error);
    await expect(retry(act, context)).rejects.toBe(error);
    expect([tries(), clock.waits]).toEqual([1, []]);
  });

  test("does not repeat what nobody foresaw", async () => {
    const { act, tries } = failing(new TypeError("x"));
    await expect(retry(act, bench().context)).rejects.toThrowWithCode("INTERNAL");
    expect(tries()).toBe(1);
  });

  test("waits at least as long as it is asked to", async () => {
    const { clock, context } = bench();
    const { act } = failing(fault({ transient: true, retryAfter: 17_000 }));
    await expect(retry(act, context)).resolves.toBe("done");
    expect(clock.waits).toEqual([17_000]);
  });

  test("gives up where it is asked to wait too long", async () => {
    const { clock, context } = bench();
    const error = fault({ transient: true, retryAfter: readPolicy.longestRetryAfter + 1 });
    const { act, tries } = failing(error);
    await expect(retry(act, context)).rejects.toBe(error);
    expect([tries(), clock.waits]).toEqual([1, []]);
  });

  test("ends with the signal's reason where it would wait", async () => {
    const reason = RotationError.of("CANCELLED", { signal: "SIGTERM" });
    const { act, tries } = failing(fault({ transient: true }));
    await expect(retry(act, bench(AbortSignal.abort(reason)).context)).rejects.toBe(reason);
    expect(tries()).toBe(1);
  });
});

describe("backoff", () => {
  const policy = { firstWait: 1_000, longestWait: 5_000 };

  test.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [4, 5_000],
    [60, 5_000],
    [5_000, 5_000],
  ])("after attempt %i is about %i ms, and not always the same", (attempt, about) => {
    const waits = Array.from({ length: 50 }, () => backoff(policy, attempt));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(about * 0.75);
    expect(Math.max(...waits)).toBeLessThanOrEqual(about * 1.25);
    expect(new Set(waits).size).toBeGreaterThan(1);
  });

  test("is never shorter than what was asked for", () => {
    expect(backoff(policy, 1, 60_000)).toBe(60_000);
    expect(backoff(policy, 1, 10)).toBeGreaterThanOrEqual(750);
  });
});

describe("Retry-After", () => {
  const now = Date.parse("2026-11-22T03:00:00Z");

  test.each([
    ["120", 120_000],
    ["0", 0],
    [" 5 ", 5_000],
    ["Sun, 22 Nov 2026 03:00:30 GMT", 30_000],
    ["Sun, 22 Nov 2026 02:59:00 GMT", 0],
    [undefined, undefined],
    ["", undefined],
    ["soon", undefined],
    // Neither what HTTP allows nor what was meant, but never a wait that is negative or no number.
    ["-5", 0],
    ["2026-11-22T03:00:30Z", 30_000],
  ])("%j asks for %j ms", (header, wait) => {
    expect(parseRetryAfter(header, now)).toBe(wait);
  });
});
