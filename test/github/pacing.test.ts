import { describe, expect, test } from "vitest";
import { createPacer } from "../../src/github/pacing.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Sends so many writes, each of which takes `duration` milliseconds, and tells when each began. */
async function send(count: number, duration = 0) {
  const clock = createFakeClock(0);
  const pacer = createPacer(clock);
  const told: number[] = [];
  const began: number[] = [];
  await Promise.all(
    Array.from({ length: count }, () =>
      pacer.write(
        () => {
          began.push(clock.now());
          clock.advance(duration);
          return Promise.resolve();
        },
        (milliseconds) => told.push(milliseconds),
      ),
    ),
  );
  return { clock, pacer, told, began };
}

/** The most writes that began within any span of this length. */
function mostWithin(span: number, began: readonly number[]): number {
  return Math.max(...began.map((from) => began.filter((time) => time >= from && time < from + span).length));
}

describe("writes", () => {
  test("go one at a time, in their order", async () => {
    const pacer = createPacer(createFakeClock());
    const events: string[] = [];
    const write = (name: string): Promise<void> =>
      pacer.write(async () => {
        events.push(`${name} begins`);
        await new Promise((resolve) => setImmediate(resolve));
        events.push(`${name} ends`);
      });
    await Promise.all([write("one"), write("two"), write("three")]);
    expect(events).toEqual([
      "one begins",
      "one ends",
      "two begins",
      "two ends",
      "three begins",
      "three ends",
    ]);
  });

  test("up to eighty go without a wait", async () => {
    const { clock, told, pacer } = await send(80);
    expect([clock.waits, told, pacer.waited]).toEqual([[], [], 0]);
  });

  test("beyond eighty wait for the minute to pass, and say so before", async () => {
    const { clock, told, pacer, began } = await send(81);
    expect([clock.waits, told, pacer.waited]).toEqual([[MINUTE], [MINUTE], MINUTE]);
    expect(began.at(-1)).toBe(MINUTE);
  });

  test("that take their time wait the less", async () => {
    const { told, began } = await send(81, 500);
    expect(told).toEqual([MINUTE - 80 * 500]);
    expect(mostWithin(MINUTE, began)).toBe(80);
  });

  test("never begin more than 80 times in a minute, nor 500 times in an hour", async () => {
    for (const duration of [0, 137, 900]) {
      const { began } = await send(1_100, duration);
      expect(mostWithin(MINUTE, began)).toBeLessThanOrEqual(80);
      expect(mostWithin(HOUR, began)).toBeLessThanOrEqual(500);
    }
  });

  test("after a pause begin afresh", async () => {
    const { clock, pacer, told } = await send(80);
    clock.advance(MINUTE);
    await pacer.write(() => Promise.resolve());
    expect(told).toEqual([]);
  });

  test("that fail do not stop the ones behind them, and count", async () => {
    const clock = createFakeClock();
    const pacer = createPacer(clock);
    const failure = new Error("x");
    const first = Array.from({ length: 80 }, () => pacer.write(() => Promise.reject(failure)));
    const last = pacer.write(() => Promise.resolve("sent"));
    expect(await Promise.allSettled(first)).toEqual(
      first.map(() => ({ status: "rejected", reason: failure })),
    );
    expect(await last).toBe("sent");
    expect(clock.waits).toEqual([MINUTE]);
  });
});

test.each([1, 80, 81, 160, 161, 500, 501, 580, 581, 1_000, 1_001])(
  "%i writes take as many minutes as was said before",
  async (count) => {
    const { clock, pacer } = await send(count);
    expect(pacer.minutesFor(count)).toBe(clock.now() / MINUTE);
  },
);
