import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { openEnvelope, readEnvelope } from "../../src/providers/feishu/envelope.ts";
import { Masker } from "../../src/secret.ts";
import { createEmulator, type EmulatorRequest } from "../../test/emulators/emulator.ts";
import { createFeishuEmulator, type FeishuEmulator, requestOf } from "../../test/emulators/feishu.ts";
import { createGitHubEmulator, type GitHubEmulator, type TokenRights } from "../../test/emulators/github.ts";
import { listen } from "../../test/emulators/listen.ts";
import type { Environment } from "./settings.ts";
import { type RunningRelay, startRelay } from "./testing-server.ts";
import { APP_ID, complete, DISPATCH_TOKEN, ENCRYPT_KEY, INBOX_TOKEN, VERIFICATION_TOKEN } from "./testing.ts";

/** The platform, GitHub and the team's service, and the relay as a process between them. */
interface World {
  readonly platform: FeishuEmulator;
  readonly github: GitHubEmulator;
  /** What reached the team's service. */
  readonly delivered: readonly EmulatorRequest[];
  readonly relay: RunningRelay;
  /** The app's request URL. */
  readonly address: string;
  /** What GitHub was given, once there are so many. */
  readonly dispatched: (count: number) => Promise<readonly unknown[]>;
  /** Sends bytes as the platform would, and resolves with the status. */
  readonly send: (...what: Parameters<FeishuEmulator["sign"]>) => Promise<number>;
}

const ticketEvent = { type: "app_ticket", app_id: APP_ID, app_ticket: "a-ticket-of-the-test" };

async function createWorld(
  options: {
    readonly settings?: Environment;
    readonly rights?: Partial<TokenRights>;
    /** The service's statuses in turn; the last one stays. */
    readonly service?: readonly number[];
    /** Default 100 000: six hours take a fifth of a second. */
    readonly timeScale?: number;
  } = {},
): Promise<World> {
  const { settings = {}, rights = { contents: "write" }, service = [200], timeScale = 100_000 } = options;
  const github = createGitHubEmulator();
  github.addRepository("acme/rotation");
  github.addToken(DISPATCH_TOKEN, { kind: "fine-grained", repositories: ["acme/rotation"], ...rights });
  const statuses = [...service];
  const delivered: EmulatorRequest[] = [];
  const team = createEmulator("team", (request) => {
    delivered.push(request);
    const status = (statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 200;
    return Response.json({ msg: "taken" }, { status });
  });
  const platform = createFeishuEmulator({ timeScale });
  const [api, events] = [await listen(github), await listen(team)];
  const relay = await startRelay({
    ...complete,
    GITHUB_API_URL: api.url,
    EVENT_SERVICE_URL: `${events.url}/events`,
    ...settings,
  });
  onTestFinished(async () => {
    platform.close();
    await relay[Symbol.asyncDispose]();
    await api.close();
    await events.close();
  });
  const address = `${relay.url}/feishu/callback`;
  platform.addApp({
    appId: APP_ID,
    appSecret: "secret-of-the-app",
    encryptKey: ENCRYPT_KEY,
    verificationToken: VERIFICATION_TOKEN,
    requestUrl: address,
  });
  return {
    platform,
    github,
    delivered,
    relay,
    address,
    dispatched: async (count) => {
      await expect.poll(() => github.dispatches.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count);
      // One too many would come soon.
      await sleep(100);
      expect(github.dispatches).toHaveLength(count);
      return github.dispatches;
    },
    send: async (...what) => (await fetch(requestOf(platform.sign(...what), address))).status,
  };
}

/** The ticket, as the action reads it from the event. */
function openedByTheAction(dispatch: unknown): string {
  const { payload } = dispatch as { readonly payload: { readonly feishu: unknown } };
  const masker = new Masker(() => undefined);
  const expected = {
    appId: APP_ID,
    encryptKey: masker.secret(ENCRYPT_KEY),
    verificationToken: masker.secret(VERIFICATION_TOKEN),
    maxAge: 300_000,
    now: Date.now(),
  };
  return openEnvelope(readEnvelope(payload.feishu), expected, masker).expose();
}

function bodies(world: World): readonly string[] {
  return world.platform.deliveries.map(({ push }) => Buffer.from(push.rawBody).toString("base64"));
}

test("a pushed ticket becomes a dispatch with the very envelope, which does not show it", async () => {
  const world = await createWorld();
  const { platform } = world;
  const { status, push } = await platform.push(APP_ID);
  expect(status).toBe(200);
  const [dispatch] = await world.dispatched(1);
  expect(dispatch).toMatchObject({
    event: "repository_dispatch",
    repository: "acme/rotation",
    eventType: "feishu-app-ticket",
    payload: {
      feishu: {
        v: 1,
        body_b64: Buffer.from(push.rawBody).toString("base64"),
        timestamp: push.timestamp,
        nonce: push.nonce,
        signature: push.signature,
      },
    },
  });
  expect(JSON.stringify(dispatch)).not.toContain(platform.app(APP_ID).latest);
  expect(world.delivered).toEqual([]);
  expect(openedByTheAction(dispatch)).toBe(platform.app(APP_ID).latest);
});

test("a resend becomes a dispatch of its own workflow, with a token for actions alone", async () => {
  const world = await createWorld({
    settings: { GITHUB_WORKFLOW: "feishu.yml" },
    rights: { actions: "write" },
  });
  const request = new Request("https://feishu.example/open-apis/auth/v3/app_ticket/resend", {
    method: "POST",
    headers: { "content-type": "application/json; charset=utf-8" },
    body: JSON.stringify({ app_id: APP_ID, app_secret: "secret-of-the-app" }),
  });
  expect(await (await world.platform.handle(request)).json()).toMatchObject({ code: 0 });
  const [dispatch] = (await world.dispatched(1)) as { inputs: { envelope: string } }[];
  expect(dispatch).toMatchObject({ event: "workflow_dispatch", workflow: "feishu.yml", ref: "main" });
  expect(JSON.parse(dispatch?.inputs.envelope ?? "")).toMatchObject({ v: 1, body_b64: bodies(world)[0] });
});

test("duplicates of a push, and repeats that are signed anew, make one dispatch", async () => {
  const world = await createWorld();
  world.platform.duplicates = 3;
  await world.platform.push(APP_ID);
  await world.platform.settled();
  expect(world.platform.deliveries.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const again = await Promise.all(
    Array.from({ length: 5 }, () => world.send(APP_ID, ticketEvent, { id: "the-same-event" })),
  );
  expect(again).toEqual([200, 200, 200, 200, 200]);
  await world.dispatched(2);
});

test("a push to a relay that is down arrives with a retry", async () => {
  const world = await createWorld({ timeScale: 10_000 });
  world.platform.setRequestUrl(APP_ID, "http://127.0.0.1:9/feishu/callback");
  const pushed = world.platform.push(APP_ID);
  await expect.poll(() => world.platform.deliveries.length).toBeGreaterThan(0);
  world.platform.setRequestUrl(APP_ID, world.address);
  expect(await pushed).toMatchObject({ status: 200 });
  await world.dispatched(1);
});

test("a push that comes hours late is acknowledged and dropped", async () => {
  const world = await createWorld();
  const now = Math.floor(Date.now() / 1_000);
  for (const late of [3_600, 21_600]) {
    expect(await world.send(APP_ID, ticketEvent, { timestamp: now - late })).toBe(200);
  }
  await world.dispatched(0);
  expect(world.relay.lines.filter((line) => line.includes("not sent within 15 minutes"))).toHaveLength(2);
});

test("other events go to the team's service in the platform's own bytes, before the ticket and beside it", async () => {
  const world = await createWorld({ service: [503, 200] });
  world.platform.otherEventsFirst = 2;
  world.platform.spacedJson = true;
  await world.platform.push(APP_ID);
  await world.platform.settled();
  await world.dispatched(1);
  // The service failed at first, so the platform has come again.
  expect(world.delivered).toHaveLength(3);
  for (const { method, path, headers, body } of world.delivered) {
    expect([method, path]).toEqual(["POST", "/events"]);
    const sent = world.platform.deliveries.find(
      ({ push }) => push.signature === headers.get("x-lark-signature"),
    );
    expect(body).toBe(Buffer.from(sent?.push.rawBody ?? []).toString());
    expect(headers.get("x-lark-request-timestamp")).toBe(sent?.push.timestamp);
    expect(headers.get("x-request-id")).not.toBeNull();
  }
  const taken = world.platform.deliveries.find(
    ({ status, answer }) => status === 200 && answer.includes("taken"),
  );
  expect(taken).toBeDefined();
});

test("other events without a service are refused each time, so that none is lost unseen", async () => {
  const world = await createWorld({ settings: { EVENT_SERVICE_URL: "" } });
  const { status, attempt } = await world.platform.push(APP_ID, { type: "app_open", app_id: APP_ID });
  expect([status, attempt]).toEqual([503, 5]);
  expect(world.relay.lines.join("\n")).toContain("Set EVENT_SERVICE_URL to your own service.");
});

test("a ticket in the newer shape is dispatched", async () => {
  const world = await createWorld();
  world.platform.shape = "2.0";
  expect(await world.platform.push(APP_ID)).toMatchObject({ status: 200 });
  await world.dispatched(1);
});

test("plain events, signatures with the empty key, other keys, apps and tokens reach nobody", async () => {
  const world = await createWorld();
  const { platform, send } = world;
  expect(await send(APP_ID, ticketEvent, { encrypted: false })).toBe(403);
  expect(await send(APP_ID, ticketEvent, { key: "" })).toBe(403);
  expect(await send(APP_ID, ticketEvent, { key: "another-encrypt-key-0123456789ab" })).toBe(403);
  expect(await send(APP_ID, ticketEvent, { token: "another token" })).toBe(403);
  expect(await send(APP_ID, { ...ticketEvent, app_id: "cli_another_app" })).toBe(403);
  expect(await send(APP_ID, `{"encrypt":"AAAA"}`)).toBe(403);
  platform.signWithEmptyKey = true;
  expect(await send(APP_ID, ticketEvent)).toBe(403);
  expect(await send(APP_ID, { type: "app_open" })).toBe(403);
  platform.encrypted = false;
  expect(await platform.push(APP_ID)).toMatchObject({ status: 403 });
  await world.dispatched(0);
  expect(world.delivered).toEqual([]);
});

test("the console can save the address, signed or not, and only with the right token", async () => {
  const world = await createWorld();
  expect(await world.platform.checkAddress(APP_ID, world.address)).toBe(true);
  world.platform.verificationIsSigned = true;
  expect(await world.platform.checkAddress(APP_ID, world.address)).toBe(true);
  const other = await createWorld({ settings: { FEISHU_VERIFICATION_TOKEN: "another token" } });
  expect(await other.platform.checkAddress(APP_ID, other.address)).toBe(false);
  const none = await createWorld({ settings: { FEISHU_VERIFICATION_TOKEN: "" } });
  expect(await none.platform.checkAddress(APP_ID, none.address)).toBe(false);
});

test("a dispatch that GitHub fails to take is made again", async () => {
  const world = await createWorld();
  world.github.faults.arm({ kind: "answer", changed: false, status: 502, body: "<html>" });
  await world.platform.push(APP_ID);
  await world.dispatched(1);
  expect(world.relay.lines.join("\n")).toContain("GitHub answered 502. Trying again in");
});

test.each<[string, Partial<TokenRights>, string]>([
  ["may not write contents", { contents: "read" }, `grant it "Contents: Read and write" on acme/rotation`],
  [
    "does not reach the repository",
    { repositories: ["acme/web"], contents: "write" },
    "shows the token no acme/rotation (404)",
  ],
])(
  "a token that %s is told in the log, and the platform is answered all the same",
  async (_, rights, advice) => {
    const world = await createWorld({ rights });
    expect(await world.platform.push(APP_ID)).toMatchObject({ status: 200 });
    await expect.poll(() => world.relay.lines.join("\n")).toContain(advice);
    await world.dispatched(0);
  },
);

test("the inbox gives the action what was pushed", async () => {
  const world = await createWorld({
    settings: { GITHUB_REPOSITORY: "", GITHUB_DISPATCH_TOKEN: "", GITHUB_API_URL: "" },
  });
  const since = Math.floor(Date.now() / 1_000);
  await world.platform.push(APP_ID);
  const response = await fetch(`${world.relay.url}/inbox?since=${since}`, {
    headers: { authorization: `Bearer ${INBOX_TOKEN}`, accept: "application/json" },
  });
  expect(await response.json()).toMatchObject([{ v: 1, body_b64: bodies(world)[0] }]);
  expect(world.github.requests).toEqual([]);
});

test("no line of the log holds a ticket, a key or a token", async () => {
  const world = await createWorld({ service: [500], settings: { EVENT_SERVICE_GETS_TICKETS: "true" } });
  world.platform.otherEventsFirst = 1;
  world.platform.duplicates = 1;
  await world.platform.push(APP_ID);
  await world.platform.checkAddress(APP_ID, world.address);
  await world.send(APP_ID, ticketEvent, { key: "" });
  await world.platform.settled();
  await world.dispatched(1);
  const printed = world.relay.lines.join("\n");
  const tickets = world.platform.app(APP_ID).tickets.map(({ value }) => value);
  const sent = world.platform.deliveries.flatMap(({ push }) => [
    push.signature,
    Buffer.from(push.rawBody).toString(),
  ]);
  for (const hidden of [
    ENCRYPT_KEY,
    VERIFICATION_TOKEN,
    DISPATCH_TOKEN,
    INBOX_TOKEN,
    ticketEvent.app_ticket,
    ...tickets,
    ...sent,
  ]) {
    if (hidden !== "") expect(printed).not.toContain(hidden);
  }
});
