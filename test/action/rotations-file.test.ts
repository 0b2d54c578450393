import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { AuthingEmulator } from "../emulators/authing.ts";
import type { Emulator } from "../emulators/emulator.ts";
import { createFeishuEmulator, envelopeOf, type FeishuEmulator } from "../emulators/feishu.ts";
import { listen } from "../emulators/listen.ts";
import { startWorld, type World, type WorldProvider, worldProviders } from "../emulators/world.ts";
import { type ActionOptions, type ActionRun, leaks, runAction } from "../support/runner.ts";

type Inputs = Readonly<Record<string, string>>;

interface Result {
  readonly rotation: string;
  readonly provider: string;
  readonly status: string;
  readonly error?: string;
  readonly targets: readonly { readonly target: string; readonly status: string; readonly error?: string }[];
}

/** A world, and the built action run on rotations files in it. */
interface Estate extends AsyncDisposable {
  readonly world: World;
  /** A rotation of the provider's app as an entry of a file, its credentials as variables. */
  readonly entry: (name: string, provider: WorldProvider, change?: Inputs) => Inputs;
  /** Runs the built action twenty times as fast, and expects that no secret shows in any channel. */
  readonly run: (rotations: readonly Inputs[], change?: Change) => Promise<ActionRun>;
}

interface Change extends Partial<ActionOptions> {
  readonly defaults?: Inputs;
}

/** Inputs that come from variables, as a user would have them. */
const CREDENTIALS = [
  "access-key-id",
  "access-key-secret",
  "comp-id",
  "comp-secret",
  "app-secret",
  "encrypt-key",
  "verification-token",
  "inbox-token",
];
/** Ids are no secrets. */
const SECRETS = CREDENTIALS.filter((name) => !name.endsWith("-id"));

async function openEstate(): Promise<Estate> {
  const world = await startWorld();
  const env: Record<string, string> = {};
  const secrets = new Set([world.token]);
  const noteInForce = (): void => {
    for (const provider of worldProviders) {
      secrets.add(world.inForce(provider));
      for (const { answer } of world.providers[provider].requests) {
        const token = /"(?:app_)?access_token":"([^"]+)"/.exec(answer)?.[1];
        if (token !== undefined) secrets.add(token);
      }
    }
    secrets.delete("");
  };
  return {
    world,
    entry(name, provider, change = {}) {
      const all: Record<string, string> = { ...ownInputs(world, provider), ...change };
      for (const credential of CREDENTIALS) {
        const value = all[credential];
        if (value === undefined) continue;
        const variable = `${name}_${credential}`.toUpperCase().replaceAll(/\W/g, "_");
        env[variable] = value;
        if (SECRETS.includes(credential)) secrets.add(value);
        all[credential] = `\${${variable}}`;
      }
      return { name, ...all };
    },
    async run(rotations, { defaults, inputs = {}, env: more = {}, workspace, ...options } = {}) {
      noteInForce();
      const file = stringify({ ...(defaults === undefined ? {} : { defaults }), rotations });
      for (const secret of secrets) expect(file).not.toContain(secret);
      const run = await runAction({
        apiUrl: world.github.url,
        event: { name: "schedule" },
        nodeArguments: ["--import", join(import.meta.dirname, "../support/fast-time.ts")],
        ...options,
        workspace: workspace ?? { ".github/rotations.yml": file },
        env: { ...env, ...more },
        inputs: { config: ".github/rotations.yml", "github-token": world.token, ...inputs },
      });
      noteInForce();
      expect(leaks(run, [...secrets])).toEqual([]);
      expect(run.main.stderr).toBe("");
      return run;
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** The inputs of a rotation that may stand in a file. */
function ownInputs(world: World, provider: WorldProvider): Inputs {
  return Object.fromEntries(
    Object.entries(world.inputsFor(provider)).filter(([name]) => name !== "github-token"),
  );
}

function resultsOf({ main }: ActionRun): readonly Result[] {
  return JSON.parse(main.outputs["results"] ?? "null") as readonly Result[];
}

/** `NAME STATUS CODE` of each rotation. */
function briefly(run: ActionRun): readonly string[] {
  return resultsOf(run).map(({ rotation, status, error = "" }) => `${rotation} ${status} ${error}`.trim());
}

/** Each group of the log with its lines; throws where a line of a rotation stands outside its group. */
function groupsOf({ main }: ActionRun): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  let open: string[] | undefined;
  for (const line of main.log.trimEnd().split("\n")) {
    if (line.startsWith("▸ ")) {
      open = [];
      if (groups.has(line.slice(2))) throw new Error(`The group ${line} is there twice.`);
      groups.set(line.slice(2), open);
    } else if (line.startsWith("  ")) open?.push(line.trim());
    else if (!/^(?:Error|Warning): /.test(line)) throw new Error(`Outside any group: ${line}`);
  }
  return groups;
}

const requests = (emulator: Emulator, path: RegExp): number =>
  emulator.requests.filter((request) => path.test(request.path)).length;

const allHold = (world: World, provider: WorldProvider): boolean =>
  world.targetsOf(provider).every((target) => world.held(target) === world.wanted(provider, target));

describe("the built action with a rotations file", () => {
  it("rotates apps of all providers, each with a log group of its own that is printed whole", async () => {
    await using estate = await openEstate();
    const { world, entry } = estate;
    const run = await estate.run(
      worldProviders.map((provider) => entry(`the ${provider}`, provider)),
      { defaults: { "rotate-after": "30d", verify: "auto" } },
    );
    expect(briefly(run)).toEqual(worldProviders.map((provider) => `the ${provider} rotated`));
    expect(run.main.exitCode).toBe(0);
    expect(run.main.outputs).toMatchObject({ status: "rotated", changed: "true" });
    expect(run.main.outputs).not.toHaveProperty("matrix");
    for (const provider of worldProviders) expect(allHold(world, provider)).toBe(true);
    const groups = groupsOf(run);
    expect([...groups.keys()].sort()).toEqual(worldProviders.map((provider) => `the ${provider}`).sort());
    for (const lines of groups.values()) {
      expect(lines[0]).toMatch(/^preflight: passed; due|^waiting /);
      expect(lines.at(-1)).toBe("rotated: a new secret is in force and in every target");
    }
    // By default CloudRoom's emulator shows no secret to confirm.
    expect(run.main.annotations).toMatchObject([{ level: "warning", title: "the cloudroom" }]);
    expect(world.github.secretNames({ repository: "acme/web" }).join()).not.toContain("ROTATING");
    expect(run.post.log).toBe("");
  });

  it("does not stop the others for one that fails, and shows the red ones first", async () => {
    await using estate = await openEstate();
    const { world, entry } = estate;
    const run = await estate.run([
      entry("good", "authing"),
      entry("bad", "cloudroom", { "app-id": "no-such-project" }),
      entry("orders", "huawei-csms"),
    ]);
    expect(briefly(run)).toEqual(["good rotated", "bad failed APP_NOT_FOUND", "orders rotated"]);
    expect(run.main.exitCode).toBe(1);
    expect(run.main.outputs).toMatchObject({ status: "failed", changed: "true" });
    expect([allHold(world, "authing"), allHold(world, "huawei-csms")]).toEqual([true, true]);
    expect(run.main.annotations).toMatchObject([{ level: "error", title: "bad: failed" }]);
    const { summary } = run.main;
    expect(summary.indexOf("| bad |")).toBeLessThan(summary.indexOf("| good |"));
    expect(groupsOf(run).get("bad")?.at(-1)).toMatch(
      /^failed: The secret in force at the provider was not changed/,
    );
  });

  it("tries a refused management credential once, and fails every rotation that uses it", async () => {
    await using estate = await openEstate();
    const { world, entry } = estate;
    const wrong = { "access-key-secret": "0f1e2d3c4b5a69788796a5b4c3d2e1f0" };
    const run = await estate.run([
      entry("one", "authing", wrong),
      entry("two", "authing", { ...wrong, "app-id": "another", targets: "repo:acme/web#OTHER" }),
      entry("three", "authing", { ...wrong, "app-id": "a-third", targets: "repo:acme/web#THIRD" }),
      entry("four", "huawei-csms"),
    ]);
    expect(briefly(run)).toEqual([
      "one failed PROVIDER_UNAUTHORIZED",
      "two failed PROVIDER_UNAUTHORIZED",
      "three failed PROVIDER_UNAUTHORIZED",
      "four rotated",
    ]);
    expect(requests(world.providers.authing, /get-management-token/)).toBe(1);
    expect(world.github.secretNames({ repository: "acme/web" })).toEqual([]);
  });

  it("fetches one management token for two apps of one key", async () => {
    await using estate = await openEstate();
    const { world, entry } = estate;
    const authing = world.providers.authing as unknown as AuthingEmulator;
    const { "access-key-id": userPoolId = "" } = world.inputsFor("authing");
    authing.addApp({ appId: "shop", userPoolId });
    const run = await estate.run([
      entry("login", "authing"),
      entry("shop", "authing", { "app-id": "shop", targets: "env:acme/web/production#SHOP" }),
    ]);
    expect(briefly(run)).toEqual(["login rotated", "shop rotated"]);
    expect(requests(world.providers.authing, /get-management-token/)).toBe(1);
    const shop = { repository: "acme/web", environment: "production", name: "SHOP" };
    expect(world.github.secret(shop)?.value).toBe(authing.app("shop").secret);
    expect(world.held(world.targetsOf("authing")[0] ?? { ...shop, text: "" })).toBe(world.inForce("authing"));
    // What two rotations write to is read once for both.
    expect(requests(world.github, /environments\/production\/secrets\/public-key/)).toBe(1);
  });

  it("rotates nothing that finds no room, with all that other rotations of the run are going to write", async () => {
    await using estate = await openEstate();
    const { world, entry } = estate;
    for (let index = 0; index < 97; index += 1) {
      world.github.addSecret({ repository: "acme/web", name: `OLD_${String(index)}`, value: "x" });
    }
    const former = { authing: world.inForce("authing"), cloudroom: world.inForce("cloudroom") };
    // Each of them finds room for its target and its marker, but not both of them.
    const run = await estate.run([
      entry("authing", "authing", { targets: "repo:acme/web#A" }),
      entry("cloudroom", "cloudroom", { targets: "repo:acme/web#B" }),
    ]);
    for (const { provider, status, error } of resultsOf(run)) {
      if (status === "failed") expect(error).toBe("SECRET_LIMIT");
      else expect(status).toBe("rotated");
      const name = provider as keyof typeof former;
      expect(world.inForce(name) === former[name]).toBe(status === "failed");
    }
    expect(resultsOf(run).map(({ status }) => status)).toContain("failed");
  });

  it("runs those that `only` names, and needs nothing of the others", async () => {
    await using estate = await openEstate();
    const { world, entry } = estate;
    const others = {
      name: "other",
      provider: "cloudroom",
      "app-id": "x",
      "comp-secret": "${NOBODY}",
      "secret-name": "X",
    };
    const run = await estate.run([entry("login", "authing"), others, entry("orders", "huawei-csms")], {
      inputs: { only: "orders\nlogin" },
    });
    expect(briefly(run)).toEqual(["login rotated", "orders rotated"]);
    expect(world.providers.cloudroom.requests).toEqual([]);
  });

  it("plans, and then each job of the matrix runs its rotation", async () => {
    await using estate = await openEstate();
    const { world, entry } = estate;
    for (const target of world.targetsOf("cloudroom")) {
      world.github.addSecret({ ...target, value: "x", updatedAt: Date.now() });
    }
    const rotations = [
      entry("login", "authing"),
      entry("meetings", "cloudroom"),
      entry("orders", "huawei-csms"),
      entry("gateway", "huawei-apig", { targets: "repo:acme/web#A\nrepo:acme/web#B" }),
    ];
    const change = { defaults: { "rotate-after": "30d" } };
    const plan = await estate.run(rotations, { ...change, inputs: { mode: "plan" } });
    expect(briefly(plan)).toEqual(["login planned", "meetings planned", "orders planned", "gateway planned"]);
    expect(plan.main.outputs).toMatchObject({ status: "planned", changed: "false", due: "true" });
    const { include } = JSON.parse(plan.main.outputs["matrix"] ?? "") as {
      include: readonly { rotation: string; environment: string }[];
    };
    // A version of CSMS is young when it was made just now.
    const due = include.filter(({ rotation }) => rotation !== "orders");
    expect(due).toEqual([
      { rotation: "login", environment: "production" },
      { rotation: "gateway", environment: "" },
    ]);
    expect(world.github.requests.filter(({ method }) => method !== "GET")).toEqual([]);

    for (const { rotation } of include) {
      const run = await estate.run(rotations, { ...change, inputs: { only: rotation } });
      expect(resultsOf(run).map((result) => result.rotation)).toEqual([rotation]);
      expect(["rotated", "synced"]).toContain(resultsOf(run)[0]?.status);
    }
    const again = await estate.run(rotations, { ...change, inputs: { mode: "plan" } });
    expect(again.main.outputs).toMatchObject({ due: "false", matrix: `{"include":[]}` });
  });

  it("annotates nine red rotations, and counts the rest", async () => {
    await using estate = await openEstate();
    const rotations = Array.from({ length: 12 }, (_, at) =>
      estate.entry(`r${String(at)}`, "cloudroom", {
        "app-id": `no-such-project-${String(at)}`,
        targets: `repo:acme/web#R${String(at)}`,
      }),
    );
    const run = await estate.run(rotations);
    const titles = run.main.annotations.map(({ title = "" }) => title);
    expect(titles).toEqual([...Array.from({ length: 9 }, (_, at) => `r${String(at)}: failed`), "3 more"]);
    expect(run.main.annotations.at(-1)?.message).toBe("3 more rotations are red; see the job summary.");
    for (const { name = "" } of rotations) expect(run.main.summary).toContain(`#### ❌ ${name}: failed`);
    expect(groupsOf(run).size).toBe(12);
  });

  it("finishes in the post step what several rotations had sealed when it was killed", async () => {
    await using estate = await openEstate();
    const { world, entry } = estate;
    const rotations = [entry("login", "authing"), entry("meetings", "cloudroom")];
    world.github.faults.arm(
      { kind: "answer", changed: false, status: 503, body: "" },
      { method: "PUT", path: /secrets\/(?!ROTATING_)\w+$/, times: Infinity },
    );
    const run = await estate.run(rotations, {
      killWhen: () => requests(world.github, /secrets\/(?:AUTHING|CLOUDROOM)/) >= 3,
      beforePost: () => {
        world.github.faults.clear();
      },
    });
    expect(run.main.signal).toBe("SIGKILL");
    expect(allHold(world, "authing") && allHold(world, "cloudroom")).toBe(true);
    const healed = await estate.run(rotations, { defaults: { "rotate-after": "30d" } });
    expect(healed.main.exitCode).toBe(0);
    expect(allHold(world, "authing") && allHold(world, "cloudroom")).toBe(true);
    expect(world.github.secretNames({ repository: "acme/web" }).join()).not.toContain("ROTATING");
  });
});

describe("the built action with a rotations file that cannot be used", () => {
  it.each([
    [
      "is not there",
      { "other.yml": "" },
      /^CONFIG_UNREADABLE: Input "config" is "\.github\/rotations\.yml", which cannot be read \(ENOENT\)/,
    ],
    ["is a folder", { ".github/rotations.yml/x": "" }, /^CONFIG_UNREADABLE: .*\(EISDIR\)/],
    [
      "is empty",
      { ".github/rotations.yml": "" },
      /^CONFIG_INVALID: \.github\/rotations\.yml:1:1: the file is empty/,
    ],
    [
      "is no YAML",
      { ".github/rotations.yml": "a: [\n" },
      /^CONFIG_INVALID: \.github\/rotations\.yml:\d:\d: it is no valid YAML/,
    ],
  ])("fails when it %s, before any network call", async (_, workspace, message) => {
    await using estate = await openEstate();
    const run = await estate.run([], { workspace });
    expect(run.main.exitCode).toBe(1);
    expect(run.main.outputs).toEqual({ status: "failed", changed: "false", results: "[]" });
    expect(run.main.annotations[0]).toMatchObject({ level: "error", title: "Inputs" });
    expect(run.main.annotations[0]?.message).toMatch(message);
    expect(run.main.summary).toContain("The inputs are not usable");
    expect(estate.world.github.requests).toEqual([]);
    expect(run.post.log).toBe("");
  });

  it("tells the problems of all rotations at once, each with its place", async () => {
    await using estate = await openEstate();
    const { entry, world } = estate;
    const run = await estate.run([
      entry("login", "authing", { "app-id": "", targets: "vault:x" }),
      entry("shop", "authing", { targets: "repo:acme/web" }),
      { ...entry("orders", "huawei-csms"), "access-key-secret": "${NOT_SET}" },
    ]);
    const placed = run.main.annotations.map(({ message }) =>
      /^(\w+): \.github\/rotations\.yml:\d+:\d+ (\(\w+\)):/.exec(message)?.slice(1).join(" "),
    );
    expect(placed.sort()).toEqual([
      "INPUT_MISSING (login)",
      "INPUT_MISSING (shop)",
      "TARGET_INVALID (login)",
      "VARIABLE_UNUSABLE (orders)",
    ]);
    expect(run.main.exitCode).toBe(1);
    expect([world.github, world.providers.authing].flatMap(({ requests: all }) => all)).toEqual([]);
  });

  it("fails when `only` names nobody, and does not end green", async () => {
    await using estate = await openEstate();
    const run = await estate.run([estate.entry("login", "authing")], { inputs: { only: "," } });
    expect(run.main.exitCode).toBe(1);
  });

  it("hides a credential that stands in the file, whatever is wrong with it", async () => {
    await using estate = await openEstate();
    const secret = "written-into-the-file-0815";
    const file = stringify({
      rotations: [
        { name: "a", ...ownInputs(estate.world, "authing"), "access-key-secret": secret, verify: "maybe" },
      ],
    });
    const run = await estate.run([], { workspace: { ".github/rotations.yml": file } });
    expect(run.main.exitCode).toBe(1);
    expect(
      leaks({ ...run, main: { ...run.main, files: {} }, post: { ...run.post, files: {} } }, [secret]),
    ).toEqual([]);
  });
});

describe("the built action with several Feishu apps and an event", () => {
  interface Shop {
    readonly entry: Inputs;
    readonly envelope: (key?: string) => unknown;
    readonly ticket: string;
    readonly name: string;
  }

  async function openShops(
    estate: Estate,
  ): Promise<AsyncDisposable & { shops: readonly Shop[]; platform: FeishuEmulator }> {
    const platform = createFeishuEmulator({ timeScale: 1_000 });
    const port = await listen(platform);
    const shops = ["red", "blue"].map((name): Shop => {
      const appId = `cli_${name}`;
      const [appSecret, encryptKey] = [`app-secret-of-${name}-0815`, `encrypt-key-of-the-${name}-app`];
      platform.addApp({ appId, appSecret, encryptKey, verificationToken: `verification-${name}` });
      const ticket = `ticket-of-${name}-4711`;
      return {
        name,
        ticket,
        entry: estate.entry(name, "feishu", {
          "api-url": port.url,
          "app-id": appId,
          "app-secret": appSecret,
          "encrypt-key": encryptKey,
          "verification-token": `verification-${name}`,
          delivery: "",
          "inbox-url": "",
          "inbox-token": "",
          verify: "off",
          targets: `repo:acme/web#${name.toUpperCase()}`,
        }),
        envelope: (key) =>
          envelopeOf(
            platform.sign(
              appId,
              { type: "app_ticket", app_id: appId, app_ticket: ticket },
              key === undefined ? {} : { key },
            ),
          ),
      };
    });
    return {
      platform,
      shops,
      async [Symbol.asyncDispose]() {
        platform[Symbol.dispose]();
        await port[Symbol.asyncDispose]();
      },
    };
  }

  const withoutInbox = (entry: Inputs): Inputs =>
    Object.fromEntries(Object.entries(entry).filter(([name]) => !name.startsWith("inbox-")));
  const dispatched = (feishu: unknown): NonNullable<ActionOptions["event"]> => ({
    name: "repository_dispatch",
    payload: { client_payload: { feishu } },
  });

  it("runs only the rotation whose key verifies the envelope", async () => {
    await using estate = await openEstate();
    await using opened = await openShops(estate);
    const rotations = [
      estate.entry("login", "authing"),
      ...opened.shops.map(({ entry }) => withoutInbox(entry)),
    ];
    for (const { name, ticket, envelope } of opened.shops) {
      const run = await estate.run(rotations, { event: dispatched(envelope()) });
      expect(briefly(run)).toEqual([`${name} rotated`]);
      expect(leaks(run, [ticket])).toEqual([]);
      const { github } = estate.world;
      expect(github.secret({ repository: "acme/web", name })?.value).toBe(ticket);
    }
    expect(estate.world.providers.authing.requests).toEqual([]);
  });

  it("fails both, and runs no other, when nobody's key verifies it", async () => {
    await using estate = await openEstate();
    await using opened = await openShops(estate);
    const rotations = [
      estate.entry("login", "authing"),
      ...opened.shops.map(({ entry }) => withoutInbox(entry)),
    ];
    const forged = opened.shops[0]?.envelope("a-key-that-no-app-has-0815");
    const run = await estate.run(rotations, { event: dispatched(forged) });
    expect(briefly(run)).toEqual(["red failed ENVELOPE_REFUSED", "blue failed ENVELOPE_REFUSED"]);
    expect(run.main.exitCode).toBe(1);
    expect(estate.world.providers.authing.requests).toEqual([]);
    expect(opened.platform.requests).toEqual([]);
    expect(estate.world.github.secretNames({ repository: "acme/web" })).toEqual([]);
  });

  it("asks for tickets of all on a schedule", async () => {
    await using estate = await openEstate();
    await using opened = await openShops(estate);
    const run = await estate.run(opened.shops.map(({ entry }) => withoutInbox(entry)));
    expect(briefly(run)).toEqual(["red requested", "blue requested"]);
    expect(run.main.outputs).toMatchObject({ status: "requested", changed: "false" });
  });
});

describe("the built action, keeping to GitHub's pace", () => {
  /** What fast-time.ts makes of a minute, in milliseconds. */
  const MINUTE = 60_000 / 20;
  const many = (prefix: string, count: number): string =>
    Array.from({ length: count }, (_, at) => `repo:acme/web#${prefix}_${String(at)}`).join("\n");

  async function openPaced(): Promise<Estate> {
    const estate = await openEstate();
    estate.world.github.limits = { minute: MINUTE };
    estate.world.github.secretsPerPlace = 1_000;
    return estate;
  }
  const writesTo = (world: World, path: RegExp) =>
    world.github.requests.filter((request) => request.method === "PUT" && path.test(request.path));

  it("writes a hundred targets with no refusal of its own making, most of the wait before the secret changes or none", async () => {
    await using estate = await openPaced();
    const { world } = estate;
    // The list of a place of so many secrets is more than its limit in the action, so they stand in three.
    const targets = [
      ...many("A", 34).split("\n"),
      ...many("B", 33).replaceAll("repo:acme/web", "env:acme/web/production").split("\n"),
      ...many("C", 33).replaceAll("repo:acme/web", "env:acme/web/eu/prod%20west").split("\n"),
    ].join("\n");
    const run = await estate.run([estate.entry("login", "authing", { targets })]);
    expect(briefly(run)).toEqual(["login rotated"]);
    const traffic = world.github.traffic(world.token);
    expect(traffic).toMatchObject({ refused: 0, refusedWrites: 0, whileLimited: 0 });
    // Three markers come and go.
    expect(traffic.acceptedWrites).toHaveLength(100 + 6);
    const rotated = world.providers.authing.requests.find(({ path }) =>
      path.includes("refresh-application-secret"),
    );
    const written = writesTo(world, /secrets\/[ABC]_\d+$/);
    const took = (written.at(-1)?.endedAt ?? 0) - (rotated?.startedAt ?? 0);
    // At eighty a minute the last of a hundred cannot be written before a minute has passed since the first ones.
    expect(took).toBeGreaterThan(MINUTE * 0.9);
    expect(took).toBeLessThan(MINUTE * 1.6);
    expect(run.main.log).toContain("keeping to the pace that GitHub accepts");
  });

  it("waits before the secret changes until there is room for all targets", async () => {
    await using estate = await openPaced();
    const { world, entry } = estate;
    const run = await estate.run([
      entry("a", "authing", { targets: many("A", 70) }),
      entry("b", "cloudroom", {
        targets: many("B", 25).replaceAll("repo:acme/web", "env:acme/web/production"),
      }),
      entry("c", "huawei-csms", {
        targets: many("C", 20).replaceAll("repo:acme/web", "env:acme/web/eu/prod%20west"),
      }),
    ]);
    expect(briefly(run)).toEqual(["a rotated", "b rotated", "c rotated"]);
    expect(world.github.traffic(world.token)).toMatchObject({ refused: 0, whileLimited: 0 });
    for (const [provider, call, prefix] of [
      ["authing", "refresh-application-secret", "A"],
      ["cloudroom", "project/update/secret", "B"],
      ["huawei-csms", "/rotate", "C"],
    ] as const) {
      const rotated = world.providers[provider].requests.find(({ path }) => path.includes(call));
      const written = writesTo(world, new RegExp(`secrets/${prefix}_\\d+$`));
      // All of these fit into a minute, so that none waits for another once its secret has changed.
      expect((written.at(-1)?.endedAt ?? 0) - (rotated?.startedAt ?? 0)).toBeLessThan(MINUTE * 0.9);
    }
    expect(run.main.log).toContain("GitHub's pace must leave room for all targets before the secret changes");
  });

  it("shares the pace among many small rotations", async () => {
    await using estate = await openPaced();
    const { world } = estate;
    const authing = world.providers.authing as unknown as AuthingEmulator;
    const { "access-key-id": userPoolId = "" } = world.inputsFor("authing");
    const rotations = Array.from({ length: 24 }, (_, at) => {
      const appId = `app-${String(at)}`;
      authing.addApp({ appId, userPoolId });
      return estate.entry(`r${String(at)}`, "authing", {
        "app-id": appId,
        targets: `repo:acme/web#R${String(at)}`,
      });
    });
    const run = await estate.run(rotations);
    expect(briefly(run)).toEqual(rotations.map(({ name = "" }) => `${name} rotated`));
    const traffic = world.github.traffic(world.token);
    expect(traffic).toMatchObject({ refused: 0, whileLimited: 0 });
    expect(traffic.acceptedWrites).toHaveLength(24 * 3);
    expect(groupsOf(run).size).toBe(24);
  });

  it("refuses what would take longer than a token lives, and says how to go on", async () => {
    await using estate = await openPaced();
    const { world, entry } = estate;
    world.github.limits = undefined;
    for (let at = 0; at < 6; at += 1) {
      world.github.addRepository(`acme/r${String(at)}`);
    }
    world.github.addToken(world.token, {
      kind: "fine-grained",
      repositories: "all",
      secrets: "write",
      environments: "write",
    });
    const targets = Array.from(
      { length: 520 },
      (_, at) => `repo:acme/r${String(at % 6)}#T_${String(at)}`,
    ).join("\n");
    const former = world.inForce("authing");
    const run = await estate.run([entry("many", "authing", { targets })]);
    expect(briefly(run)).toEqual(["many failed TOO_MANY_WRITES"]);
    expect(world.inForce("authing")).toBe(former);
    expect(run.main.annotations[0]?.message).toMatch(/"only"|`only`/);
    expect(run.main.annotations[0]?.message).toContain("matrix");
  });
});
