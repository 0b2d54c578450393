import { describe, expect, test } from "vitest";
import { longestChain } from "./chain.ts";
import { createEmulator, type RecordedRequest } from "./emulator.ts";

/** Requests by name, each from one time to another. */
function recorded(times: Readonly<Record<string, readonly [number, number]>>): RecordedRequest[] {
  return Object.entries(times).map(([name, [startedAt, endedAt]]) => ({
    method: "GET",
    path: `/${name}`,
    headers: {},
    body: "",
    status: 200,
    answer: "",
    startedAt,
    endedAt,
  }));
}

const names = (requests: readonly RecordedRequest[]): string[] => requests.map(({ path }) => path.slice(1));
const named =
  (...all: string[]) =>
  ({ path }: RecordedRequest): boolean =>
    all.includes(path.slice(1));

describe("the longest chain", () => {
  test("is empty without requests", () => {
    expect(longestChain([])).toMatchObject({ length: 0, requests: [] });
  });

  test("is as long as the requests that follow one another", () => {
    const chain = longestChain(recorded({ c: [21, 30], a: [0, 9], b: [10, 20] }));

    expect(chain.length).toBe(3);
    expect(names(chain.requests)).toEqual(["a", "b", "c"]);
  });

  test("counts requests side by side once", () => {
    const chain = longestChain(recorded({ a: [0, 10], b: [0, 12], c: [1, 11], d: [13, 20] }));

    expect(chain.length).toBe(2);
    expect(names(chain.requests).at(-1)).toBe("d");
  });

  test("does not let a long request hide a chain beside it", () => {
    const chain = longestChain(
      recorded({ long: [0, 100], a: [1, 10], b: [11, 20], c: [21, 30], d: [101, 110] }),
    );

    expect(names(chain.requests)).toEqual(["a", "b", "c", "d"]);
  });

  test("goes through what ended early, not through what started early", () => {
    const chain = longestChain(recorded({ early: [0, 50], late: [30, 40], last: [45, 60] }));

    expect(chain.length).toBe(2);
    expect(names(chain.requests)).toEqual(["late", "last"]);
  });

  test("takes a request that starts the moment another ends for one beside it", () => {
    expect(longestChain(recorded({ a: [0, 10], b: [10, 20] })).length).toBe(1);
    expect(longestChain(recorded({ a: [5, 5], b: [5, 5], c: [5, 5] })).length).toBe(1);
  });

  test("tells how deep a request is, the deepest of several", () => {
    const chain = longestChain(
      recorded({ a: [0, 10], beside: [0, 40], b: [11, 20], c: [21, 30], d: [41, 50] }),
    );

    expect(chain.length).toBe(4);
    expect(["a", "beside", "b", "c", "d"].map((name) => chain.position(named(name)))).toEqual([
      1, 1, 2, 3, 4,
    ]);
    expect(chain.position(named("b", "beside"))).toBe(2);
    expect(() => chain.position(named("nothing"))).toThrow("None of the recorded requests");
  });

  test("agrees with trying every chain", () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let round = 0; round < 200; round += 1) {
      const requests = recorded(
        Object.fromEntries(
          Array.from({ length: 1 + random(12) }, (_, index) => {
            const start = random(30);
            return [String(index), [start, start + random(12)] as const];
          }),
        ),
      );
      const depthOf = (request: RecordedRequest): number =>
        1 + Math.max(0, ...requests.filter(({ endedAt }) => endedAt < request.startedAt).map(depthOf));

      const chain = longestChain(requests);

      expect(chain.length).toBe(Math.max(...requests.map(depthOf)));
      for (const request of requests)
        expect(chain.position((each) => each === request)).toBe(depthOf(request));
      chain.requests.forEach(({ startedAt }, index) => {
        if (index > 0) expect(chain.requests[index - 1]?.endedAt).toBeLessThan(startedAt);
      });
    }
  });

  test("joins the requests of several emulators", async () => {
    const slow = (name: string) =>
      createEmulator(name, async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return new Response("");
      });
    const [one, other] = [slow("one"), slow("other")];
    const get = (emulator: typeof one, path: string): Promise<Response> =>
      emulator.handle(new Request(`http://127.0.0.1/${path}`));

    await Promise.all([get(one, "a"), get(other, "b")]);
    await get(other, "c");
    await Promise.all([get(one, "d"), get(one, "e")]);

    const chain = longestChain([...one.requests, ...other.requests]);
    expect(chain.length).toBe(3);
    expect(chain.position(named("c"))).toBe(2);
    expect(chain.position(named("d", "e"))).toBe(3);
  });
});
