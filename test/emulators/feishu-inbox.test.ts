import { beforeEach, describe, expect, test } from "vitest";
import { createFeishuInboxEmulator, type FeishuInboxEmulator } from "./feishu-inbox.ts";
import { createFeishuEmulator, envelopeOf, type FeishuEmulator, requestOf } from "./feishu.ts";

const APP = "cli_a1b2c3d4e5f60001";
const KEY = "example-encrypt-key-0123456789ab";
const TOKEN = "example-inbox-token";
const CALLBACK = "https://inbox.example.test/callback";

let now: number;
let inbox: FeishuInboxEmulator;

beforeEach(() => {
  now = 1_700_000_000_000;
  inbox = createFeishuInboxEmulator({ token: TOKEN, now: () => now });
});

/** The platform, with the inbox as the app's address. */
function feishu(to: FeishuInboxEmulator): FeishuEmulator {
  const emulator = createFeishuEmulator({ now: () => now, deliver: (request) => to.handle(request) });
  emulator.addApp({ appId: APP, appSecret: "example-app-secret", encryptKey: KEY, requestUrl: CALLBACK });
  return emulator;
}

async function read(
  query = "",
  headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` },
): Promise<{ status: number; json: unknown }> {
  const response = await inbox.handle(new Request(`https://inbox.example.test/inbox${query}`, { headers }));
  return { status: response.status, json: await response.json() };
}

describe("the inbox", () => {
  test("shows what the platform pushed, byte by byte, the newest first", async () => {
    using emulator = feishu(inbox);

    const first = await emulator.push(APP);
    now += 1000;
    const second = await emulator.push(APP);

    expect([first.status, second.status]).toEqual([200, 200]);
    const envelopes = [envelopeOf(second.push), envelopeOf(first.push)];
    expect(await read()).toEqual({ status: 200, json: envelopes });
    expect(inbox.envelopes()).toEqual(envelopes);
  });

  test("shows what was sent at a second or later", async () => {
    using emulator = feishu(inbox);
    await emulator.push(APP);
    now += 1999;
    const { push } = await emulator.push(APP);

    expect((await read("?since=1700000001")).json).toEqual([envelopeOf(push)]);
    expect((await read("?since=1700000002")).json).toEqual([]);
    expect((await read("?since=1700000000")).json).toHaveLength(2);
  });

  test("keeps what it got for an hour", async () => {
    using emulator = feishu(inbox);
    await emulator.push(APP);

    now += 3_600_000 - 1;
    expect((await read()).json).toHaveLength(1);
    now += 1;
    expect((await read()).json).toEqual([]);
  });

  test("judges nothing: it keeps what is forged, and what is unsigned", async () => {
    using emulator = feishu(inbox);
    const forged = emulator.sign(APP, "票据", { key: "" });
    await inbox.handle(requestOf(forged, CALLBACK));
    await inbox.handle(new Request(CALLBACK, { method: "POST", body: "{}" }));

    expect((await read()).json).toEqual([
      { v: 1, body_b64: "e30=", timestamp: "", nonce: "", signature: "" },
      envelopeOf(forged),
    ]);
  });

  test("shows what a test puts in, whatever it is, until it is cleared", async () => {
    for (const odd of [null, 7, "text", {}, { timestamp: "soon" }, { timestamp: "1" }]) inbox.put(odd);

    expect((await read("?since=5")).json).toEqual([{ timestamp: "soon" }, {}, "text", 7, null]);
    inbox.clear();
    expect((await read()).json).toEqual([]);
  });

  test.each([{}, { authorization: "Bearer wrong" }, { authorization: TOKEN }])(
    "is closed to who shows %j",
    async (headers) => {
      inbox.put({});

      expect(await read("", headers)).toEqual({ status: 401, json: { error: "wrong or missing token" } });
    },
  );

  test.each(["?since=", "?since=soon", "?since=-1", "?since=1&since=2", "?after=1"])(
    "refuses the query %s",
    async (query) => {
      expect((await read(query)).status).toBe(400);
    },
  );

  test.each([
    ["GET", "/callback"],
    ["POST", "/inbox"],
    ["GET", "/"],
  ])("fails loudly at %s %s", async (method, path) => {
    const request = new Request(`https://inbox.example.test${path}`, { method });
    expect((await inbox.handle(request)).status).toBe(501);
  });
});

describe("the check of its address", () => {
  test("is passed with the Encrypt Key, and keeps nothing", async () => {
    const knowing = createFeishuInboxEmulator({ token: TOKEN, encryptKey: KEY });
    using emulator = feishu(knowing);

    expect(await emulator.checkAddress(APP, CALLBACK)).toBe(true);
    expect(knowing.envelopes()).toEqual([]);
    await emulator.push(APP);
    expect(knowing.envelopes()).toHaveLength(1);
  });

  test("is failed without it", async () => {
    using emulator = feishu(inbox);

    expect(await emulator.checkAddress(APP, CALLBACK)).toBe(false);
  });

  test("is passed where there is no key", async () => {
    using emulator = feishu(inbox);
    emulator.addApp({ appId: "cli_plain", appSecret: "example-app-secret" });

    expect(await emulator.checkAddress("cli_plain", CALLBACK)).toBe(true);
  });
});
