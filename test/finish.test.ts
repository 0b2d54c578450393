import { execFileSync } from "node:child_process";
import { beforeAll, describe, expect, it } from "vitest";
import { RotationError } from "../src/errors.ts";
import { type Finished, finish } from "../src/finish.ts";
import { createSeal, type Seal, type SecretBody } from "../src/github/seal.ts";
import { parseTarget, type Place, placeKey } from "../src/github/target.ts";
import type { Unfinished } from "../src/journal.ts";
import { createFakeClock } from "./support/fake-clock.ts";
import { answer, createGitHubBench, type GitHubBench, production, web } from "./support/github-bench.ts";

/** The arguments that a shell would hand to gh, for one target that could not be written. */
async function argumentsFor(
  target: string,
  value: SecretBody,
  host = "github.com",
): Promise<readonly string[]> {
  const refuse = (): Promise<never> =>
    Promise.reject(RotationError.of("GITHUB_REJECTED", { action: "write secret APP_SECRET", status: 422 }));
  const clock = createFakeClock();
  const { commands } = await finish(
    {
      rotation: "authing",
      marker: undefined,
      rotating: true,
      sealed: 1,
      unsent: [{ target: parseTarget(target), value }],
    },
    {
      store: { open: refuse, publicKey: refuse, write: refuse, updatedAt: refuse, remove: refuse },
      clock,
      host,
      onWait: () => undefined,
      deadline: clock.now() + 1_000,
    },
  );
  expect(commands).toHaveLength(1);
  // A shell that prints its arguments, one to a line, in place of gh.
  const script = `gh() { printf '%s\\n' "$@"; }; ${commands.join("; ")}`;
  return execFileSync("sh", ["-c", script], { encoding: "utf8" }).trimEnd().split("\n");
}

it("prints commands in which no text from outside can become one of its own", async () => {
  const keyId = "1'; echo hacked; '";
  const value = { encrypted_value: "c2VhbGVk", key_id: keyId };
  expect(await argumentsFor("env:acme/web/it's#APP_SECRET", value)).toEqual([
    ...["api", "--method", "PUT", "/repos/acme/web/environments/it%27s/secrets/APP_SECRET"],
    ...["-f", "encrypted_value=c2VhbGVk", "-f", `key_id=${keyId}`],
  ]);
});

const sealed = { encrypted_value: "c2VhbGVk", key_id: "1" };
const SEALED = ["-f", "encrypted_value=c2VhbGVk", "-f", "key_id=1"];

it.each([
  ["private", { visibility: "private" }, []],
  [
    "selected, with nobody",
    { visibility: "selected", selected_repository_ids: [] },
    ["-F", "selected_repository_ids[]"],
  ],
  [
    "selected, with some",
    { visibility: "selected", selected_repository_ids: [12, 345] },
    ["-F", "selected_repository_ids[]=12", "-F", "selected_repository_ids[]=345"],
  ],
] as const)("prints commands that say who may use an organization's secret (%s)", async (_, access, list) => {
  expect(await argumentsFor("org:acme#APP_SECRET", { ...sealed, ...access })).toEqual([
    ...["api", "--method", "PUT", "/orgs/acme/actions/secrets/APP_SECRET", ...SEALED],
    ...["-f", `visibility=${access.visibility}`, ...list],
  ]);
});

it("prints commands for Dependabot's store, at whatever host", async () => {
  expect(await argumentsFor("dependabot:acme/web#APP_SECRET", sealed, "github.acme.example")).toEqual([
    ...["api", "--hostname", "github.acme.example", "--method", "PUT"],
    ...["/repos/acme/web/dependabot/secrets/APP_SECRET", ...SEALED],
  ]);
});

const MARKER = "ROTATING_0123456789";

/** A main step was killed when `acme/web` and its environment had their markers. */
interface Scene {
  readonly bench: GitHubBench;
  /** @param change of what the journal says. */
  readonly run: (change?: Partial<Unfinished>) => Promise<Finished>;
  /** Another run writes the marker of a place, or deletes it. */
  readonly interfere: (place: Place, how: "writes" | "deletes") => Promise<void>;
  readonly held: () => readonly (string | undefined)[];
  readonly standing: () => readonly boolean[];
}

let seal: Seal;
beforeAll(async () => {
  seal = await createSeal();
});

async function openScene(): Promise<Scene> {
  const bench = createGitHubBench();
  const { emulator, store, clock } = bench;
  const places = [web, production];
  const at = (place: Place): { repository: string; environment?: string } => ({
    repository: "acme/web",
    ...(place.kind === "env" ? { environment: place.environment } : {}),
  });
  const mark = (place: Place): void => {
    emulator.addSecret({ ...at(place), name: MARKER, value: "x", updatedAt: clock.now() });
  };
  const times = new Map<string, number>();
  for (const place of places) {
    mark(place);
    times.set(placeKey(place), (await store.updatedAt(place, MARKER)) ?? 0);
  }
  const unsent = await Promise.all(
    ["repo:acme/web#ONE", "env:acme/web/eu/prod%20west#TWO"].map(async (text) => {
      const target = parseTarget(text);
      const { publicKey } = await store.open(target.place);
      return { target, value: seal(publicKey, `the new ${target.secretName}`) };
    }),
  );
  return {
    bench,
    run: (change = {}) =>
      finish(
        {
          rotation: "login",
          marker: { name: MARKER, places, found: false, times },
          rotating: true,
          unsent,
          sealed: unsent.length,
          ...change,
        },
        { store, clock, host: "github.com", onWait: () => undefined, deadline: clock.now() + 120_000 },
      ),
    async interfere(place, how) {
      clock.advance(2_000);
      if (how === "writes") mark(place);
      else await store.remove(place, MARKER);
    },
    held: () => [
      emulator.secret({ ...at(web), name: "ONE" })?.value,
      emulator.secret({ ...at(production), name: "TWO" })?.value,
    ],
    standing: () => places.map((place) => emulator.secretNames(at(place)).includes(MARKER)),
  };
}

const NOTHING = { rotating: false, unsent: [], sealed: 0 } as const;
const BOTH = ["the new ONE", "the new TWO"];

describe("what a killed main step had sealed", () => {
  it("is sent, and the markers stay for the next run to tidy", async () => {
    const { run, held, standing } = await openScene();
    expect(await run()).toEqual({
      rotation: "login",
      lines: [
        { text: "The main step ended with 2 sealed values unsent." },
        { text: "repo:acme/web#ONE: written." },
        { text: "env:acme/web/eu/prod%20west#TWO: written." },
      ],
      commands: [],
      error: undefined,
    });
    expect(held()).toEqual(BOTH);
    expect(standing()).toEqual([true, true]);
  });

  it.each([401, 403, 404, 409, 429, 500, 503])(
    "is sent again after a %i, as the marker has proved that the place can be written",
    async (status) => {
      const { bench, run, held } = await openScene();
      // A 429 asks for a minute's silence.
      bench.fault(answer(status, { message: "x" }), { method: "PUT", times: status === 429 ? 1 : 5 });
      expect((await run()).commands).toEqual([]);
      expect(held()).toEqual(BOTH);
    },
  );

  it("is tried six times, and then left to a command", async () => {
    const { bench, run, held } = await openScene();
    bench.fault(answer(403, { message: "x" }), { method: "PUT", path: /ONE/, times: Infinity });
    const { commands, lines } = await run();
    expect(commands).toHaveLength(1);
    expect(lines[1]).toMatchObject({
      text: "repo:acme/web#ONE: not written.",
      error: { code: "GITHUB_FORBIDDEN" },
    });
    expect(
      bench.emulator.requests.filter(({ method, path }) => method === "PUT" && path.endsWith("ONE")),
    ).toHaveLength(6);
    expect(held()).toEqual([undefined, "the new TWO"]);
  });

  it("is refused for good with a 422, as it cannot be sealed anew", async () => {
    const { bench, run } = await openScene();
    bench.fault(answer(422, { message: "Bad key" }), { method: "PUT", path: /ONE/, times: Infinity });
    expect((await run()).commands).toHaveLength(1);
    expect(
      bench.emulator.requests.filter(({ method, path }) => method === "PUT" && path.endsWith("ONE")),
    ).toHaveLength(1);
  });

  it("is sent only while a fault passes where no marker has proved anything", async () => {
    const { bench, run, held } = await openScene();
    bench.fault(answer(403, { message: "x" }), { method: "PUT", path: /ONE/ });
    bench.fault(answer(503, { message: "x" }), { method: "PUT", path: /TWO/ });
    expect((await run({ marker: undefined })).commands).toHaveLength(1);
    expect(held()).toEqual([undefined, "the new TWO"]);
  });

  it.each(["writes", "deletes"] as const)(
    "is kept back from a place whose marker another run %s, with no command that would replace its secret",
    async (how) => {
      const { run, interfere, held } = await openScene();
      await interfere(web, how);
      const { error, commands, lines } = await run();
      expect(error).toMatchObject({ code: "CONCURRENT_RUN" });
      expect(commands).toEqual([]);
      expect(lines[1]).toMatchObject({
        text: "repo:acme/web#ONE: not written.",
        error: { code: "CONCURRENT_RUN" },
      });
      expect(held()).toEqual([undefined, "the new TWO"]);
    },
  );

  it("is sent where a marker stands whose time is not known, or which cannot be looked at", async () => {
    const { bench, run, interfere, held } = await openScene();
    await interfere(web, "writes");
    bench.fault(answer(403, { message: "x" }), { method: "GET", path: /environments.*ROTATING/ });
    const marker = { name: MARKER, places: [web, production], found: false, times: new Map() };
    expect(await run({ marker })).toMatchObject({ commands: [], error: undefined });
    expect(held()).toEqual(BOTH);
  });

  it("is lost if there was nothing sealed yet, and the markers tell the next run", async () => {
    const { run, standing } = await openScene();
    expect(await run({ unsent: [], sealed: 0 })).toMatchObject({
      error: { code: "SECRET_LOST" },
      commands: [],
    });
    expect(standing()).toEqual([true, true]);
  });
});

describe("the markers of a main step that was killed before the rotate call", () => {
  it("are removed", async () => {
    const { run, standing } = await openScene();
    expect((await run(NOTHING)).lines).toEqual([
      { text: "The marker in repo:acme/web is removed; nothing was rotated." },
      { text: "The marker in env:acme/web/eu/prod%20west is removed; nothing was rotated." },
    ]);
    expect(standing()).toEqual([false, false]);
  });

  it("stay if some stood there before, as they tell of an earlier run", async () => {
    const { run, standing } = await openScene();
    const marker = { name: MARKER, places: [web, production], found: true, times: new Map() };
    expect((await run({ ...NOTHING, marker })).lines).toEqual([]);
    expect(standing()).toEqual([true, true]);
  });

  it("stay if they are another run's by now, and need nothing if they are gone", async () => {
    const { run, interfere, standing } = await openScene();
    await interfere(web, "writes");
    await interfere(production, "deletes");
    expect((await run(NOTHING)).lines).toEqual([
      { text: "The marker in repo:acme/web is another run's by now, and stays." },
    ]);
    expect(standing()).toEqual([true, false]);
  });

  it("stay with a word if GitHub does not delete them", async () => {
    const { bench, run } = await openScene();
    bench.fault(answer(403, { message: "x" }), { method: "DELETE", times: Infinity });
    expect((await run(NOTHING)).lines).toMatchObject([
      {
        text: "The marker stays in repo:acme/web; the next run tidies it.",
        error: { code: "GITHUB_FORBIDDEN" },
      },
      { error: { code: "GITHUB_FORBIDDEN" } },
    ]);
  });
});
