import { describe, expect, it } from "vitest";
import { type Envelope, envelopeOf } from "../emulators/feishu.ts";
import { startWorld } from "../emulators/world.ts";
import { type FeishuRoad, openFeishuRoad } from "../support/feishu-road.ts";
import { type ActionRun, leaks } from "../support/runner.ts";

interface Result {
  readonly status: string;
  readonly error?: string;
}

function resultOf({ main }: ActionRun): Result | undefined {
  return (JSON.parse(main.outputs["results"] ?? "[]") as readonly Result[])[0];
}

/** Whether the platform takes what GitHub holds: the proof that a user's own service would have. */
async function accepts({ platform, appId, inputs }: FeishuRoad, ticket: string): Promise<boolean> {
  const response = await fetch(`${platform.url}/open-apis/auth/v3/app_access_token`, {
    method: "POST",
    headers: { "content-type": "application/json; charset=utf-8" },
    body: JSON.stringify({ app_id: appId, app_secret: inputs["app-secret"], app_ticket: ticket }),
  });
  return ((await response.json()) as { code: number }).code === 0;
}

function secretsOf({ platform, appId, secrets }: FeishuRoad): readonly string[] {
  const tokens = platform.requests.flatMap(
    ({ answer }) => /"app_access_token":"([^"]+)"/.exec(answer)?.[1] ?? [],
  );
  return [...secrets, ...platform.app(appId).tickets.map(({ value }) => value), ...tokens];
}

describe("the built action with feishu and a relay", () => {
  it.each(["repository_dispatch", "workflow_dispatch"] as const)(
    "asks for a ticket, and takes it from the %s that the relay makes of the platform's push",
    async (how) => {
      await using world = await startWorld();
      await using road = await openFeishuRoad(world, how);
      const asked = await road.run({ name: "schedule" });
      expect(resultOf(asked)).toMatchObject({ status: "requested" });
      expect(asked.main.exitCode).toBe(0);
      expect(asked.main.outputs).toMatchObject({ status: "requested", changed: "false" });

      const taken = await road.run(await road.nextEvent());
      expect(resultOf(taken)).toMatchObject({ status: "rotated" });
      expect(taken.main.outputs).toMatchObject({ status: "rotated", changed: "true" });
      const held = world.github.secret(road.target)?.value ?? "";
      expect(held).toBe(road.platform.app(road.appId).latest);
      expect(await accepts(road, held)).toBe(true);
      expect(world.github.secretNames(road.target)).toEqual(["FEISHU_APP_TICKET"]);
      for (const run of [asked, taken]) {
        expect(leaks(run, secretsOf(road))).toEqual([]);
        expect(run.post.files).toEqual({});
      }
      expect(road.relay.lines.join("\n")).not.toMatch(new RegExp(secretsOf(road).join("|")));
    },
  );

  it("takes the hourly push, whatever the age, and of several pushes the one that its event brought", async () => {
    await using world = await startWorld();
    await using road = await openFeishuRoad(world);
    road.platform.duplicates = 2;
    road.platform.otherEventsFirst = 1;
    for (let hour = 0; hour < 2; hour += 1) {
      await road.platform.push(road.appId);
      const run = await road.run(await road.nextEvent(), { inputs: { "rotate-after": "30d" } });
      expect(resultOf(run)).toMatchObject({ status: "rotated" });
      expect(world.github.secret(road.target)?.value).toBe(road.platform.app(road.appId).latest);
    }
    // Repetitions and other events have started nothing.
    expect(world.github.dispatches).toHaveLength(2);
  });

  it("leaves a young ticket alone on a schedule", async () => {
    await using world = await startWorld();
    await using road = await openFeishuRoad(world);
    await road.platform.push(road.appId);
    await road.run(await road.nextEvent());
    const run = await road.run({ name: "schedule" }, { inputs: { "rotate-after": "2h" } });
    expect(resultOf(run)).toMatchObject({ status: "unchanged" });
    expect(road.platform.app(road.appId).resends).toBe(0);
  });

  const spoil: readonly (readonly [string, string, (envelope: Envelope, road: FeishuRoad) => unknown])[] = [
    ["forged", "signature", (envelope) => ({ ...envelope, signature: "0".repeat(64) })],
    ["with a moved border", "form", (envelope) => ({ ...envelope, timestamp: `${envelope.timestamp}1` })],
    [
      "with a flipped byte",
      "signature",
      (envelope) => ({ ...envelope, body_b64: Buffer.from("{}").toString("base64") }),
    ],
    ["garbage", "form", () => "::set-output name=status::rotated"],
    [
      "stale",
      "age",
      (_, { platform, appId }) =>
        envelopeOf(
          platform.sign(
            appId,
            { type: "app_ticket", app_id: appId, app_ticket: "stale-ticket" },
            {
              timestamp: Math.floor(Date.now() / 1_000) - 1_000,
            },
          ),
        ),
    ],
    [
      "of another app",
      "app",
      (_, { platform, appId }) =>
        envelopeOf(
          platform.sign(appId, { type: "app_ticket", app_id: "cli_other", app_ticket: "other-ticket" }),
        ),
    ],
    [
      "with another token",
      "token",
      (_, { platform, appId }) =>
        envelopeOf(
          platform.sign(
            appId,
            { type: "app_ticket", app_id: appId, app_ticket: "other-ticket" },
            { token: "other" },
          ),
        ),
    ],
    [
      "of another event",
      "event",
      (_, { platform, appId }) => envelopeOf(platform.sign(appId, { type: "app_open", app_id: appId })),
    ],
    [
      "not encrypted",
      "encryption",
      (_, { platform, appId }) =>
        envelopeOf(
          platform.sign(
            appId,
            { type: "app_ticket", app_id: appId, app_ticket: "plain-ticket" },
            { encrypted: false },
          ),
        ),
    ],
  ];

  it.each(spoil)(
    "fails on an envelope that is %s, naming its %s, and asks for nothing",
    async (_, check, change) => {
      await using world = await startWorld();
      await using road = await openFeishuRoad(world);
      const { platform, appId } = road;
      const good = envelopeOf(
        platform.sign(appId, { type: "app_ticket", app_id: appId, app_ticket: "good-ticket" }),
      );
      const payload = { client_payload: { feishu: change(good, road) } };
      const run = await road.run({ name: "repository_dispatch", payload });
      expect(run.main.exitCode).toBe(1);
      expect(resultOf(run)).toMatchObject({ status: "failed", error: "ENVELOPE_REFUSED" });
      expect(run.main.annotations[0]?.message).toContain(`The envelope fails the check of its ${check}`);
      expect(platform.requests).toEqual([]);
      expect(world.github.secret(road.target)).toBeUndefined();
      const shown = [
        ...road.secrets,
        good.signature,
        good.body_b64,
        "good-ticket",
        "stale-ticket",
        "other-ticket",
      ];
      expect(leaks(run, shown)).toEqual([]);
      expect(run.main.outputs["status"]).toBe("failed");
    },
  );

  it("accepts spaced JSON and the newer shape of events", async () => {
    await using world = await startWorld();
    await using road = await openFeishuRoad(world);
    road.platform.spacedJson = true;
    road.platform.shape = "2.0";
    await road.platform.push(road.appId);
    expect(resultOf(await road.run(await road.nextEvent()))).toMatchObject({ status: "rotated" });
  });

  it("refuses to start without an Encrypt Key", async () => {
    await using world = await startWorld();
    await using road = await openFeishuRoad(world);
    const run = await road.run({ name: "schedule" }, { inputs: { "encrypt-key": "" } });
    expect(run.main.outputs).toMatchObject({ status: "failed", results: "[]" });
    expect(run.main.annotations[0]?.message).toContain("which anybody can");
    expect(road.platform.requests).toEqual([]);
  });

  it("is finished by the post step when it is killed between opening and writing", async () => {
    await using world = await startWorld();
    await using road = await openFeishuRoad(world);
    const { github } = world;
    await road.platform.push(road.appId);
    const target = { method: "PUT", path: /FEISHU_APP_TICKET$/ };
    github.faults.arm({ kind: "stall", changed: false }, { ...target, times: Infinity });
    const run = await road.run(await road.nextEvent(), {
      killWhen: () =>
        github.requests.some(({ method, path }) => method === "PUT" && path.endsWith("FEISHU_APP_TICKET")),
      beforePost: () => {
        github.faults.clear();
      },
    });
    expect(run.post.exitCode).toBe(0);
    expect(github.secret(road.target)?.value).toBe(road.platform.app(road.appId).latest);
    expect(leaks(run, secretsOf(road))).toEqual([]);
  });
});
