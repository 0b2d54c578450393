import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { createMarkers, markerName, type Markers } from "../../src/github/marker.ts";
import { createSeal, type Seal } from "../../src/github/seal.ts";
import { checkSecretName, type Place } from "../../src/github/target.ts";
import { answer, createGitHubBench, type GitHubBench, production, web } from "../support/github-bench.ts";

const NAME = "ROTATING_0123456789";
const ONE = "/repos/acme/web/actions/secrets/ROTATING_0123456789";

let seal: Seal;
let bench: GitHubBench;
const benches: GitHubBench[] = [];

beforeAll(async () => {
  seal = await createSeal();
});

afterEach(() => {
  expect(benches.splice(0).flatMap((each) => each.undescribed())).toEqual([]);
});

/** @param found when a marker that a former run left was written, by place. */
function start(found: ReadonlyMap<Place, number> = new Map()): Markers {
  bench = createGitHubBench();
  benches.push(bench);
  for (const [place, updatedAt] of found)
    bench.emulator.addSecret({ ...at(place), name: NAME, value: "x", updatedAt });
  const { store, clock } = bench;
  return createMarkers({ store, name: NAME, again: { clock, onWait: () => undefined } }, found);
}

const at = (place: Place): { repository: string; environment?: string } => ({
  repository: "acme/web",
  ...(place.kind === "env" ? { environment: place.environment } : {}),
});

const standing = (place: Place = web): boolean => bench.emulator.secretNames(at(place)).includes(NAME);

async function write(markers: Markers, ...places: readonly Place[]): Promise<void> {
  for (const place of places) await markers.write(await bench.store.open(place), seal);
}

describe("a marker's name", () => {
  // Worked out with Python's hashlib.
  test.each([
    ["authing", "https://api.authing.cn", "6229ffa0c0c0c0c0cade3e3d", "ROTATING_B81F03CDDB"],
    ["authing", "https://api.authing.cn///", "6229ffa0c0c0c0c0cade3e3d", "ROTATING_B81F03CDDB"],
    ["cloudroom", "https://www.cloudroom.com", "项目", "ROTATING_B67D91719D"],
  ])("of %s at %s, app %s, is %s", (provider, apiUrl, appId, name) => {
    expect(markerName({ provider, apiUrl, appId })).toBe(name);
  });

  test("is another for every app, provider and address", () => {
    const names = [
      markerName({ provider: "a", apiUrl: "https://x", appId: "1" }),
      markerName({ provider: "b", apiUrl: "https://x", appId: "1" }),
      markerName({ provider: "a", apiUrl: "https://y", appId: "1" }),
      markerName({ provider: "a", apiUrl: "https://x", appId: "2" }),
    ];
    expect(new Set(names).size).toBe(4);
  });

  test("is one that no target may have", () => {
    const name = markerName({ provider: "a", apiUrl: "https://x", appId: "1" });
    expect(() => {
      checkSecretName(name);
    }).toThrowWithCode("SECRET_NAME_INVALID");
  });
});

describe("a run's own markers", () => {
  test("are written with filler that tells nothing, and removed", async () => {
    const markers = start();
    await write(markers, web, production);
    expect([standing(web), standing(production)]).toEqual([true, true]);
    const sealed = [web, production].map((place) => bench.emulator.secret({ ...at(place), name: NAME }));
    expect(sealed[0]?.value).not.toBe(sealed[1]?.value);
    bench.clock.advance(5_000);
    expect(await markers.remove({ keepFound: false })).toEqual({ overlap: undefined, warnings: [] });
    expect([standing(web), standing(production)]).toEqual([false, false]);
  });

  test("that none was written need no removal", async () => {
    const markers = start();
    expect(await markers.remove({ keepFound: false })).toEqual({ overlap: undefined, warnings: [] });
    expect(bench.emulator.requests).toEqual([]);
  });

  test.each([1, 2])("are waited for where GitHub shows them only at look %i", async (lag) => {
    const markers = start();
    bench.emulator.replicationLag = lag;
    await write(markers, web);
    expect(await markers.remove({ keepFound: false })).toEqual({ overlap: undefined, warnings: [] });
    expect(standing()).toBe(false);
  });

  test("that GitHub does not show in time stay, with a warning", async () => {
    const markers = start();
    bench.emulator.replicationLag = 3;
    await write(markers, web);
    expect(await markers.remove({ keepFound: false })).toEqual({
      overlap: undefined,
      warnings: ["The marker in repo:acme/web could not be read; expected its time."],
    });
    expect(standing()).toBe(true);
  });

  test("that cannot be looked at stay, with a warning", async () => {
    const markers = start();
    await write(markers, web);
    bench.fault(answer(500), { method: "GET", path: ONE, after: 1, times: Infinity });
    // The look that follows the write is under way, and gets through.
    await expect.poll(() => bench.emulator.requests.filter(({ path }) => path === ONE).length).toBe(2);
    expect(await markers.remove({ keepFound: false })).toMatchObject({ overlap: undefined });
    expect(standing()).toBe(true);
  });

  test("that cannot be deleted stay, with a warning that names them", async () => {
    const markers = start();
    await write(markers, web, production);
    bench.fault(answer(500), { method: "DELETE", path: ONE, times: Infinity });
    expect(await markers.remove({ keepFound: false })).toEqual({
      overlap: undefined,
      warnings: [
        `The marker ${NAME} stays in repo:acme/web: GitHub answered 500 when asked to delete secret ${NAME}; expected it to be done.`,
      ],
    });
    expect([standing(web), standing(production)]).toEqual([true, false]);
  });
});

describe("a write of a marker", () => {
  test.each([
    ["a fault", answer(503)],
    ["a lost answer before the work", { kind: "reset", changed: false }],
    ["a lost answer after the work", { kind: "reset", changed: true }],
    ["a limit", answer(429, { headers: { "retry-after": "3" } })],
  ] as const)("is repeated after %s", async (_, fault) => {
    const markers = start();
    bench.fault(fault, { method: "PUT" });
    await write(markers, web);
    expect(standing()).toBe(true);
    expect(await markers.remove({ keepFound: false })).toEqual({ overlap: undefined, warnings: [] });
    expect(standing()).toBe(false);
  });

  test.each([
    [answer(403, { message: "x" }), "GITHUB_FORBIDDEN"],
    [answer(422, { message: "x" }), "GITHUB_REJECTED"],
    [answer(404, { message: "x" }), "GITHUB_NOT_FOUND"],
  ] as const)("that is refused proves that the place cannot be written (%#)", async (fault, code) => {
    const markers = start();
    bench.fault(fault, { method: "PUT" });
    await expect(write(markers, web)).rejects.toThrowWithCode(code);
    expect(await markers.remove({ keepFound: false })).toEqual({ overlap: undefined, warnings: [] });
    expect(standing()).toBe(false);
  });

  test("that may have happened all the same leaves what it may have written, with a warning", async () => {
    const markers = start();
    bench.fault({ kind: "reset", changed: true }, { method: "PUT", times: Infinity });
    await expect(write(markers, web)).rejects.toThrowWithCode("GITHUB_UNREACHABLE");
    expect(await markers.remove({ keepFound: false })).toEqual({
      overlap: undefined,
      warnings: ["The marker in repo:acme/web could not be read; expected its time."],
    });
    expect(standing()).toBe(true);
  });
});

describe("two runs overlapped", () => {
  test("if a marker is gone, and then all are written again", async () => {
    const markers = start();
    await write(markers, web, production);
    await bench.store.remove(production, NAME);
    expect(await markers.remove({ keepFound: false })).toEqual({ overlap: production });
    expect([standing(web), standing(production)]).toEqual([true, true]);
  });

  test("if a marker is gone before its time was read", async () => {
    const markers = start();
    bench.fault(answer(404, { message: "Not Found" }), { method: "GET", path: ONE, times: Infinity });
    await write(markers, web);
    await bench.store.remove(web, NAME);
    expect(await markers.remove({ keepFound: false })).toEqual({ overlap: web });
    expect(standing()).toBe(true);
  });

  test("if a marker was written by another, and then none is deleted", async () => {
    const markers = start();
    await write(markers, web, production);
    bench.clock.advance(1_000);
    const other = createMarkers(
      { store: bench.store, name: NAME, again: { clock: bench.clock, onWait: () => undefined } },
      new Map(),
    );
    await write(other, web);
    expect(await markers.remove({ keepFound: false })).toEqual({ overlap: web });
    expect([standing(web), standing(production)]).toEqual([true, true]);
    // The other run, too, must not take this one's marker for its own.
    expect(await other.remove({ keepFound: false })).toMatchObject({ overlap: undefined });
  });

  test("also if writing them again fails", async () => {
    const markers = start();
    await write(markers, web);
    await bench.store.remove(web, NAME);
    bench.fault(answer(500), { method: "PUT", times: Infinity });
    expect(await markers.remove({ keepFound: false })).toEqual({ overlap: web });
  });
});

describe("markers that a former run left", () => {
  const earlier = Date.parse("2026-11-21T03:00:00Z");

  test("are kept where nothing was healed", async () => {
    const markers = start(new Map([[web, earlier]]));
    await write(markers, web, production);
    expect(await markers.remove({ keepFound: true })).toEqual({ overlap: undefined, warnings: [] });
    expect([standing(web), standing(production)]).toEqual([true, false]);
  });

  test("go with this run's own where all was healed", async () => {
    const markers = start(new Map([[web, earlier]]));
    await write(markers, web, production);
    expect(await markers.remove({ keepFound: false })).toEqual({ overlap: undefined, warnings: [] });
    expect([standing(web), standing(production)]).toEqual([false, false]);
  });

  test("are tidied", async () => {
    const markers = start(
      new Map([
        [web, earlier],
        [production, earlier],
      ]),
    );
    expect(await markers.tidy()).toEqual([]);
    expect([standing(web), standing(production)]).toEqual([false, false]);
  });

  test("are not tidied once another run has written them", async () => {
    const markers = start(new Map([[web, earlier]]));
    bench.emulator.addSecret({ ...at(web), name: NAME, value: "y" });
    expect(await markers.tidy()).toEqual([]);
    expect(standing()).toBe(true);
  });

  test("are not tidied if they cannot be looked at", async () => {
    const markers = start(new Map([[web, earlier]]));
    bench.fault(answer(500), { method: "GET", times: Infinity });
    expect(await markers.tidy()).toEqual([]);
    expect(standing()).toBe(true);
  });

  test("that cannot be deleted are a warning", async () => {
    const markers = start(new Map([[web, earlier]]));
    bench.fault(answer(403, { message: "x" }), { method: "DELETE" });
    expect(await markers.tidy()).toEqual([
      expect.stringContaining(`The marker ${NAME} stays in repo:acme/web`),
    ]);
  });
});

test("a marker of an organization is for no repository, and one of Dependabot says nothing of that", async () => {
  const acme: Place = { kind: "org", org: "acme" };
  const dependabot: Place = { kind: "dependabot", owner: "acme", repo: "web" };
  bench = createGitHubBench({
    rights: { organizations: "all", organization_secrets: "write", dependabot_secrets: "write" },
  });
  benches.push(bench);
  bench.emulator.addOrganization("acme");
  const { store, clock } = bench;
  const markers = createMarkers({ store, name: NAME, again: { clock, onWait: () => undefined } }, new Map());
  await write(markers, acme, dependabot);
  expect(bench.emulator.secret({ organization: "acme", name: NAME })).toMatchObject({
    visibility: "selected",
    selectedRepositoryIds: [],
  });
  expect(bench.emulator.secretNames({ repository: "acme/web", dependabot: true })).toEqual([NAME]);
  expect(await markers.remove({ keepFound: false })).toEqual({ overlap: undefined, warnings: [] });
  expect(bench.emulator.secretNames({ organization: "acme" })).toEqual([]);
  expect(bench.emulator.secretNames({ repository: "acme/web", dependabot: true })).toEqual([]);
});
