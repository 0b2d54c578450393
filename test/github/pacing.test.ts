import { describe, expect, test } from "vitest";
import { RotationError } from "../../src/errors.ts";
import { createPacer, type Lane } from "../../src/github/pacing.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NEVER = new AbortController().signal;

interface Sent {
  readonly began: number[];
  readonly told: number[];
}

/** Sends so many writes on a lane, each of which takes `duration` milliseconds, and tells when each began. */
async function send(lane: Lane, clock: FakeClock, count: number, duration = 0): Promise<Sent> {
  const told: number[] = [];
  const began: number[] = [];
  await Promise.all(
    Array.from({ length: count }, () =>
      lane.write(
        () => {
          began.push(clock.now());
          clock.advance(duration);
          return Promise.resolve();
        },
        (milliseconds) => told.push(milliseconds),
      ),
    ),
  );
  return { began, told };
}

function open() {
  const clock = createFakeClock(0);
  const pacer = createPacer(clock);
  return { clock, pacer, lane: pacer.lane() };
}

/** The most writes that began within any span of this length. */
function mostWithin(span: number, began: readonly number[]): number {
  return Math.max(...began.map((from) => began.filter((time) => time >= from && time < from + span).length));
}

describe("writes", () => {
  test("wait for their turn on a clock that goes on while they are looked at", async () => {
    for (let start = 0; start < 1; start += 0.05) {
      let time = start;
      // As a real one: whole milliseconds are shown, and a timer may end in the one before.
      const clock = {
        now: () => {
          time += 0.01;
          return Math.floor(time);
        },
        sleep: (milliseconds: number) => {
          time += milliseconds - 0.5;
          return Promise.resolve();
        },
      };
      const lane = createPacer(clock).lane();
      const all = Array.from({ length: 200 }, () =>
        lane.write(() => {
          time += 5;
          return Promise.resolve();
        }),
      );
      const ended = Promise.all(all).then(() => "ended");
      const stuck = new Promise((resolve) => setTimeout(resolve, 1_000, "stuck"));
      expect(await Promise.race([ended, stuck])).toBe("ended");
    }
  });

  test("go one at a time, in their order", async () => {
    const { lane } = open();
    const events: string[] = [];
    const write = (name: string): Promise<void> =>
      lane.write(async () => {
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
    const { clock, lane } = open();
    const { told } = await send(lane, clock, 80);
    expect([clock.waits, told, lane.waited]).toEqual([[], [], 0]);
  });

  test("beyond eighty wait for the minute to pass, and say so before", async () => {
    const { clock, lane } = open();
    const { told, began } = await send(lane, clock, 81);
    expect([clock.waits, told, lane.waited]).toEqual([[MINUTE], [MINUTE], MINUTE]);
    expect(began.at(-1)).toBe(MINUTE);
  });

  test("are counted from their end, as an answer proves that GitHub has counted them", async () => {
    const { clock, lane } = open();
    const { told, began } = await send(lane, clock, 81, 500);
    expect(told).toEqual([MINUTE - 79 * 500]);
    expect(began.at(-1)).toBe(MINUTE + 500);
  });

  test("never begin more than 80 times in a minute, nor 500 times in an hour", async () => {
    for (const duration of [0, 137, 900]) {
      const { clock, lane } = open();
      const { began } = await send(lane, clock, 1_100, duration);
      expect(mostWithin(MINUTE, began)).toBeLessThanOrEqual(80);
      expect(mostWithin(HOUR, began)).toBeLessThanOrEqual(500);
    }
  });

  test("after a pause begin afresh", async () => {
    const { clock, lane } = open();
    await send(lane, clock, 80);
    clock.advance(MINUTE);
    expect((await send(lane, clock, 1)).told).toEqual([]);
  });

  test("that fail do not stop the ones behind them, and count", async () => {
    const { clock, lane } = open();
    const failure = new Error("x");
    const first = Array.from({ length: 80 }, () => lane.write(() => Promise.reject(failure)));
    const last = lane.write(() => Promise.resolve("sent"));
    expect(await Promise.allSettled(first)).toEqual(
      first.map(() => ({ status: "rejected", reason: failure })),
    );
    expect(await last).toBe("sent");
    expect(clock.waits).toEqual([MINUTE]);
  });

  test("of several lanes take turns", async () => {
    const { pacer } = open();
    const order: string[] = [];
    const write = (lane: Lane, name: string): Promise<void> =>
      lane.write(() => {
        order.push(name);
        return Promise.resolve();
      });
    const [a, b, c] = [pacer.lane(), pacer.lane(), pacer.lane()];
    await Promise.all([
      ...["a1", "a2", "a3", "a4"].map((name) => write(a, name)),
      ...["b1", "b2"].map((name) => write(b, name)),
      write(c, "c1"),
    ]);
    // The first is under way before the others have come.
    expect(order).toEqual(["a1", "a2", "b1", "c1", "a3", "b2", "a4"]);
  });

  test("of one lane count against the others' pace", async () => {
    const { clock, pacer } = open();
    const sent = await Promise.all([
      send(pacer.lane(), clock, 50),
      send(pacer.lane(), clock, 50),
      send(pacer.lane(), clock, 50),
    ]);
    expect(
      mostWithin(
        MINUTE,
        sent.flatMap(({ began }) => began),
      ),
    ).toBe(80);
    expect(clock.now()).toBe(MINUTE);
  });

  test("are all held up by the silence that GitHub asks of one, which is no waiting for the pace", async () => {
    const { clock, pacer } = open();
    const [a, b] = [pacer.lane(), pacer.lane()];
    const limited = RotationError.of(
      "GITHUB_RATE_LIMITED",
      { action: "write", seconds: 30 },
      { retryAfter: 30_000 },
    );
    const refused = a.write(() => Promise.reject(limited));
    const behind = send(b, clock, 1);
    await expect(refused).rejects.toBe(limited);
    expect((await behind).began).toEqual([30_000]);
    expect(b.waited).toBe(0);
  });

  test("wait for the pace before and after a silence, which is taken out of it", async () => {
    const { clock, lane } = open();
    const refused = (): Promise<never> =>
      Promise.reject(
        RotationError.of("GITHUB_RATE_LIMITED", { action: "write", seconds: 10 }, { retryAfter: 10_000 }),
      );
    await lane.write(refused).catch(() => undefined);
    clock.advance(20_000);
    const early = send(lane, clock, 79);
    const second = lane.write(refused).catch(() => clock.now());
    const last = send(lane, clock, 1);
    await early;
    expect(await second).toBe(MINUTE);
    expect((await last).began).toEqual([80_000]);
    // The second from 20 s to 60 s, and the last from 20 s to 80 s but for the ten seconds in between.
    expect(lane.waited).toBe(40_000 + 50_000);
  });

  test("are held up for a minute at most", async () => {
    const { clock, lane } = open();
    const limited = RotationError.of(
      "GITHUB_RATE_LIMITED",
      { action: "write", seconds: 3_600 },
      { retryAfter: HOUR },
    );
    await expect(lane.write(() => Promise.reject(limited))).rejects.toBe(limited);
    expect((await send(lane, clock, 1)).began).toEqual([MINUTE]);
  });
});

describe("a reservation", () => {
  test("is granted at once where there is room, and its lane goes first", async () => {
    const { clock, pacer } = open();
    const [a, b] = [pacer.lane(), pacer.lane()];
    await a.reserve(2, NEVER);
    const order: string[] = [];
    const write = (lane: Lane, name: string): Promise<void> =>
      lane.write(() => {
        order.push(name);
        return Promise.resolve();
      });
    await Promise.all([write(b, "b1"), write(b, "b2"), write(a, "a1"), write(a, "a2")]);
    // The first is under way before the others have come.
    expect(order).toEqual(["b1", "a1", "a2", "b2"]);
    expect(clock.waits).toEqual([]);
  });

  test.each([
    [1, 80, MINUTE],
    [10, 70, 0],
    [10, 71, MINUTE],
    [80, 1, MINUTE],
    // A hundred take a minute in any case: twenty now and eighty then are as good as eighty now and twenty then.
    [100, 60, 0],
    [100, 61, MINUTE],
    [160, 0, 0],
    [160, 1, MINUTE],
  ])("of %i writes after %i others waits for %i ms", async (count, others, wait) => {
    const { clock, lane } = open();
    await send(lane, clock, others);
    const told: number[] = [];
    await lane.reserve(count, NEVER, (milliseconds) => told.push(milliseconds));
    expect([clock.now(), told]).toEqual([wait, wait === 0 ? [] : [wait]]);
    const { began } = await send(lane, clock, count);
    expect(mostWithin(MINUTE, began)).toBeLessThanOrEqual(80);
    // From the first to the last in as many minutes as on an empty table.
    expect((began.at(-1) ?? 0) - wait).toBe(Math.floor((count - 1) / 80) * MINUTE);
  });

  test("keeps its room from the others, however many they are", async () => {
    const { clock, pacer } = open();
    const [a, b] = [pacer.lane(), pacer.lane()];
    await a.reserve(30, NEVER);
    const { began } = await send(b, clock, 60);
    expect(began.filter((time) => time === 0)).toHaveLength(50);
    expect(began.at(-1)).toBe(MINUTE);
    expect((await send(a, clock, 30)).told).toEqual([]);
  });

  test("gives back what is left of it", async () => {
    const { clock, pacer } = open();
    const [a, b] = [pacer.lane(), pacer.lane()];
    await a.reserve(80, NEVER);
    const others = send(b, clock, 80);
    await new Promise((resolve) => setImmediate(resolve));
    a.release();
    const { began, told } = await others;
    expect([began.at(-1), told]).toEqual([0, []]);
  });

  test("is used up by its own lane's writes", async () => {
    const { clock, pacer } = open();
    const [a, b] = [pacer.lane(), pacer.lane()];
    await a.reserve(30, NEVER);
    await send(a, clock, 30);
    expect((await send(b, clock, 50)).began.at(-1)).toBe(0);
  });

  test("is waited for by the others, who are told once", async () => {
    const { clock, pacer } = open();
    const [a, b] = [pacer.lane(), pacer.lane()];
    await a.reserve(160, NEVER);
    const own = send(a, clock, 160).then(() => {
      a.release();
    });
    const { began, told } = await send(b, clock, 1);
    await own;
    expect([began, told]).toEqual([[2 * MINUTE], [MINUTE]]);
  });

  test("that waits is not starved by writes that could go", async () => {
    const { clock, pacer } = open();
    const [a, b] = [pacer.lane(), pacer.lane()];
    await send(b, clock, 10);
    // Spread over the minute, they would leave no room in the next one either; the first is under way already.
    const others = send(b, clock, 200, 1_000);
    const reserved = a.reserve(80, NEVER).then(() => clock.now());
    expect(await reserved).toBe(MINUTE + 1_000);
    a.release();
    await others;
  });

  test("is granted in its order", async () => {
    const { clock, pacer } = open();
    const granted: string[] = [];
    const reserve = async (name: string, count: number): Promise<void> => {
      const lane = pacer.lane();
      await lane.reserve(count, NEVER);
      granted.push(name);
      await send(lane, clock, count);
      lane.release();
    };
    await Promise.all([reserve("large", 80), reserve("small", 1), reserve("medium", 40)]);
    expect(granted).toEqual(["large", "small", "medium"]);
  });

  test("does not begin what another one would delay", async () => {
    const { clock, pacer } = open();
    const [a, b] = [pacer.lane(), pacer.lane()];
    await a.reserve(100, NEVER);
    const second = b.reserve(70, NEVER).then(() => clock.now());
    const { began } = await send(a, clock, 100);
    a.release();
    expect(began.at(-1)).toBe(MINUTE);
    // Twenty of the second minute are the first one's.
    expect(await second).toBe(2 * MINUTE);
  });

  test("is given up when the run is cancelled", async () => {
    const { clock, pacer } = open();
    const lane = pacer.lane();
    await send(lane, clock, 80);
    const cancel = new AbortController();
    const reason = new Error("cancelled");
    const other = pacer.lane();
    await other.reserve(80, NEVER);
    const waiting = lane.reserve(80, cancel.signal);
    cancel.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(lane.reserve(1, cancel.signal)).rejects.toBe(reason);
    other.release();
    expect((await send(lane, clock, 1)).began).toHaveLength(1);
  });

  test("is no one's any more once it is given up: those behind it go at once", async () => {
    // Time stands still, so that only a call can wake whoever waits.
    const clock = {
      now: () => 0,
      sleep: (_: number, signal?: AbortSignal) =>
        new Promise<void>((_resolve, reject) => {
          signal?.addEventListener("abort", () => {
            reject(signal.reason as Error);
          });
        }),
    };
    const pacer = createPacer(clock);
    const [a, b] = [pacer.lane(), pacer.lane()];
    await Promise.all(Array.from({ length: 10 }, () => b.write(() => Promise.resolve())));
    const cancel = new AbortController();
    const reserved = a.reserve(80, cancel.signal).catch(() => "given up");
    const others = Promise.all(Array.from({ length: 70 }, () => b.write(() => Promise.resolve())));
    await new Promise((resolve) => setImmediate(resolve));
    cancel.abort(new Error("cancelled"));
    expect(await reserved).toBe("given up");
    const late = new Promise((resolve) => setTimeout(resolve, 1_000, "late"));
    expect(await Promise.race([others.then(() => "gone"), late])).toBe("gone");
  });

  test.each([
    [400, 0, 100, false],
    [401, 0, 100, true],
    [380, 20, 100, false],
    [390, 20, 100, true],
  ])(
    "after %i writes, with %i reserved by others, of %i more waits for the hour: %j",
    async (others, reserved, count, long) => {
      const { clock, pacer, lane } = open();
      await send(lane, clock, others);
      clock.advance(MINUTE);
      await pacer.lane().reserve(reserved, NEVER);
      const before = clock.now();
      await pacer.lane().reserve(count, NEVER);
      expect(clock.now() - before > 30 * MINUTE).toBe(long);
    },
  );

  test("covers no more than an hour lets through", async () => {
    const { clock, lane } = open();
    await send(lane, clock, 480);
    const before = clock.now();
    await lane.reserve(40, NEVER);
    expect(clock.now() - before).toBeGreaterThan(30 * MINUTE);
  });
});

describe("reads", () => {
  test("go side by side, sixteen at once", async () => {
    const { lane } = open();
    let [now, most] = [0, 0];
    await Promise.all(
      Array.from({ length: 100 }, () =>
        lane.read(async () => {
          now += 1;
          most = Math.max(most, now);
          await new Promise((resolve) => setImmediate(resolve));
          now -= 1;
        }),
      ),
    );
    expect([now, most]).toEqual([0, 16]);
  });

  test("leave the points of a minute that eighty writes take", async () => {
    const { clock, pacer } = open();
    const began: number[] = [];
    await Promise.all(
      [pacer.lane(), pacer.lane()].flatMap((lane) =>
        Array.from({ length: 400 }, () =>
          lane.read(() => {
            began.push(clock.now());
            return Promise.resolve();
          }),
        ),
      ),
    );
    expect(mostWithin(MINUTE, began)).toBeLessThanOrEqual(500);
    expect(began).toHaveLength(800);
  });

  test("that fail make room for the next", async () => {
    const { lane } = open();
    const failure = new Error("x");
    const all = await Promise.allSettled(
      Array.from({ length: 40 }, () => lane.read(() => Promise.reject(failure))),
    );
    expect(all.every(({ status }) => status === "rejected")).toBe(true);
    await expect(lane.read(() => Promise.resolve(1))).resolves.toBe(1);
  });
});

describe("the minutes that are announced", () => {
  test.each([1, 80, 81, 160, 161, 500, 501, 580, 581, 1_000, 1_001])(
    "are those which %i writes take",
    async (count) => {
      const { clock, lane } = open();
      const minutes = lane.announce(count);
      await send(lane, clock, count);
      expect(minutes).toBe(clock.now() / MINUTE);
    },
  );

  test("are those of all rotations together", () => {
    const { pacer } = open();
    const [a, b] = [pacer.lane(), pacer.lane()];
    expect(a.announce(80)).toBe(0);
    expect(b.announce(80)).toBe(1);
    expect(a.announce(0)).toBe(0);
  });
});
