import { afterEach, describe, expect, test } from "vitest";
import { longestChain } from "../chain.ts";
import type { GitHubEmulator, GitHubEmulatorOptions } from "../github.ts";
import { listen } from "../listen.ts";
import { as, ask, type Asked, expectDescribed, github, REPOSITORY, write } from "./bench.ts";

afterEach(expectDescribed);

/** An emulator whose time stands still until it is moved. */
function limited(limits: GitHubEmulatorOptions["limits"] = {}): {
  emulator: GitHubEmulator;
  clock: { now: number };
} {
  const clock = { now: Date.parse("2026-11-22T03:00:00Z") };
  return { emulator: github({ now: () => clock.now, limits }), clock };
}

const remove = (emulator: GitHubEmulator, headers = {}): Promise<Asked> =>
  ask(emulator, "DELETE", `${REPOSITORY}/TOKEN`, undefined, headers);
const read = (emulator: GitHubEmulator): Promise<Asked> => ask(emulator, "GET", REPOSITORY);

async function times<T>(count: number, act: () => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let n = 0; n < count; n += 1) all.push(await act());
  return all;
}

const statuses = (answers: readonly Asked[]): number[] => [...new Set(answers.map(({ status }) => status))];

describe("secondary limits", () => {
  test("80 writes in a minute go through, the next one is refused and told how long to wait", async () => {
    const { emulator, clock } = limited();
    const start = clock.now;
    await remove(emulator);
    clock.now += 12_500;
    const more = await times(79, () => remove(emulator));

    const refused = await remove(emulator);
    clock.now = start + 59_999;
    const early = await remove(emulator);
    clock.now = start + 60_000;
    const [free, full] = [await remove(emulator), await remove(emulator)];

    // A missing secret is 404: what a write comes to makes no difference.
    expect(statuses(more)).toEqual([404]);
    expect(refused.status).toBe(403);
    expect(refused.json).toEqual({
      message: expect.stringMatching(/^You have exceeded a secondary rate limit\. /) as unknown,
      documentation_url: expect.stringContaining("#about-secondary-rate-limits") as unknown,
      status: "403",
    });
    expect(refused.headers.get("retry-after")).toBe("48");
    expect(Number(refused.headers.get("x-ratelimit-remaining"))).toBeGreaterThan(0);
    expect([early.status, early.headers.get("retry-after")]).toEqual([403, "1"]);
    expect([free.status, full.status]).toEqual([404, 403]);
    expect(full.headers.get("retry-after")).toBe("13");
  });

  test("500 writes in an hour go through, the next one waits for the hour to end", async () => {
    const { emulator, clock } = limited();
    const start = clock.now;
    for (let minute = 0; minute < 10; minute += 1) {
      expect(statuses(await times(50, () => remove(emulator)))).toEqual([404]);
      clock.now += 61_000;
    }

    const refused = await remove(emulator);
    clock.now = start + 3_600_000;
    const free = await times(50, () => remove(emulator));
    const full = await remove(emulator);

    expect(refused.headers.get("retry-after")).toBe(String(3600 - 610));
    expect(statuses(free)).toEqual([404]);
    expect(full.status).toBe(403);
  });

  test("900 points in a minute go through: a read takes one, a write five", async () => {
    const { emulator, clock } = limited({ writesPerMinute: 1000 });
    const writes = await times(100, () => remove(emulator));
    clock.now += 10_000;
    const reads = await times(398, () => read(emulator));

    const write = await remove(emulator);
    const last = await times(2, () => read(emulator));
    const refused = await read(emulator);
    clock.now += 50_000;
    const free = await times(500, () => read(emulator));
    const full = await read(emulator);

    expect([statuses(writes), statuses(reads), statuses(last)]).toEqual([[404], [200], [200]]);
    expect([write.status, refused.status]).toEqual([403, 403]);
    expect([write, refused].map(({ headers }) => headers.get("retry-after"))).toEqual(["50", "50"]);
    expect(statuses(free)).toEqual([200]);
    expect([full.status, full.headers.get("retry-after")]).toEqual([403, "10"]);
  });

  test("100 requests at once go through, the next one is refused until one of them has ended", async () => {
    const { emulator } = limited();
    emulator.latency = 500;

    const answers = await Promise.all(Array.from({ length: 103 }, () => read(emulator)));
    const after = await read(emulator);

    expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
    const refused = answers.filter(({ status }) => status === 403);
    expect(refused.map(({ headers }) => headers.get("retry-after"))).toEqual(["1", "1", "1"]);
    expect(after.status).toBe(200);
    expect(emulator.traffic("pat")).toMatchObject({ mostAtOnce: 100, refused: 3, refusedWrites: 0 });
  });

  test("each token has limits of its own, however it is sent", async () => {
    const { emulator } = limited({ writesPerMinute: 2 });
    emulator.addToken("other", { kind: "classic", repositories: "all" });

    const mine = [await remove(emulator), await remove(emulator, as("pat", "token")), await remove(emulator)];
    const others = await remove(emulator, as("other"));

    expect([...mine, others].map(({ status }) => status)).toEqual([404, 404, 403, 404]);
  });

  test("what a token has sent is counted: writes with their times, refusals, and who does not wait", async () => {
    const { emulator, clock } = limited({ writesPerMinute: 2 });
    const start = clock.now;
    await remove(emulator);
    clock.now += 1000;
    await remove(emulator);

    expect((await remove(emulator)).headers.get("retry-after")).toBe("59");
    await remove(emulator);
    await read(emulator);
    clock.now += 59_000;
    await remove(emulator);

    expect(emulator.traffic("pat")).toEqual({
      acceptedWrites: [start, start + 1000, start + 60_000],
      refusedWrites: 2,
      refused: 2,
      // The write and the read right after the first refusal.
      whileLimited: 2,
      mostAtOnce: 1,
    });
    expect(emulator.traffic("nobody")).toMatchObject({ acceptedWrites: [], refused: 0 });
  });

  test("a refused write changes nothing and reaches no route, and refusals lengthen no wait", async () => {
    const { emulator, clock } = limited({ writesPerMinute: 1 });
    await write(emulator, REPOSITORY, "TOKEN", "one");
    clock.now += 30_000;

    const refused = await times(5, () => write(emulator, REPOSITORY, "TOKEN", "two"));
    clock.now += 30_000;

    expect(refused.map(({ headers }) => headers.get("retry-after"))).toEqual(Array(5).fill("30"));
    expect(emulator.history({ repository: "acme/web", name: "TOKEN" })).toHaveLength(1);
    expect((await write(emulator, REPOSITORY, "TOKEN", "two")).status).toBe(204);
  });

  test("there are none by default, and they can be set at any time, with what was sent before", async () => {
    const emulator = github();
    expect(statuses(await times(120, () => remove(emulator)))).toEqual([404]);

    emulator.limits = {};
    const refused = await remove(emulator);
    emulator.limits = undefined;

    expect(refused.status).toBe(403);
    expect((await remove(emulator)).status).toBe(404);
    expect(emulator.traffic("pat")).toMatchObject({ refusedWrites: 1, whileLimited: 1 });
    expect(emulator.traffic("pat").acceptedWrites).toHaveLength(121);
  });

  test("a minute can be made short, and the hour with it", async () => {
    const { emulator, clock } = limited({ minute: 100, writesPerMinute: 2, writesPerHour: 3 });

    const first = await times(3, () => remove(emulator));
    clock.now += 100;
    const second = await times(2, () => remove(emulator));
    clock.now += 5899;
    const third = await remove(emulator);
    clock.now += 1;
    const fourth = await remove(emulator);

    expect(first.map(({ status }) => status)).toEqual([404, 404, 403]);
    expect(second.map(({ status }) => status)).toEqual([404, 403]);
    expect(second[1]?.headers.get("retry-after")).toBe("6");
    expect([third.status, fourth.status]).toEqual([403, 404]);
  });

  test("in real time over a port a client that waits as told gets through", async () => {
    const emulator = github({ limits: { writesPerMinute: 3, minute: 1000 } });
    await using server = await listen(emulator);
    const removeOver = async (): Promise<Response> =>
      fetch(`${server.url}${REPOSITORY}/TOKEN`, { method: "DELETE", headers: as("pat") });

    const answers = await times(4, removeOver);
    const seconds = Number(answers[3]?.headers.get("retry-after"));
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 20));
    const later = await removeOver();

    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 403]);
    expect(seconds).toBe(1);
    expect(later.status).toBe(404);
    expect(emulator.traffic("pat")).toMatchObject({ refusedWrites: 1, whileLimited: 0 });
  });
});

describe("latency", () => {
  test("each answer takes so much longer, also over a port, and requests side by side do not add up", async () => {
    const emulator = github();
    emulator.latency = 150;
    await using server = await listen(emulator);
    const readOver = async (): Promise<number> =>
      (await fetch(server.url + REPOSITORY, { headers: as("pat") })).status;

    expect(await Promise.all([readOver(), readOver(), readOver()])).toEqual([200, 200, 200]);
    expect(await readOver()).toBe(200);

    for (const { startedAt, endedAt } of emulator.requests) {
      // Timers may fire up to a millisecond early.
      expect(endedAt - startedAt).toBeGreaterThan(148);
    }
    expect(longestChain(emulator.requests).length).toBe(2);
  });

  test("the work is done when the request comes, not when its answer leaves", async () => {
    const emulator = github();
    emulator.addSecret({ repository: "acme/web", name: "TOKEN", value: "" });
    emulator.latency = 200;

    const removing = remove(emulator);
    await new Promise((resolve) => setTimeout(resolve, 50));

    expect(emulator.secretNames({ repository: "acme/web" })).toEqual([]);
    expect((await removing).status).toBe(204);
  });
});
