import { createDecipheriv, createHash } from "node:crypto";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createRelay } from "./relay.ts";
import { readSettings } from "./settings.ts";
import {
  addressCheck,
  type Bench,
  complete,
  createBench,
  DISPATCH_TOKEN,
  done,
  ENCRYPT_KEY,
  INBOX_TOKEN,
  makePush,
  messageEvent,
  newerTicketEvent,
  NOW,
  type Pushed,
  seal,
  silence,
  TICKET,
  ticketEvent,
  VERIFICATION_TOKEN,
} from "./testing.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const OLD_KEY = "another-encrypt-key-0123456789ab";

/** Lets every timeout of the relay come a hundred times sooner. */
function hurry(): void {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  vi.spyOn(AbortSignal, "timeout").mockImplementation((milliseconds) => timeout(milliseconds / 100));
}

/** A push out of fixed parts. */
function fixed(body: string, signature: string, nonce = "950646929"): Pushed {
  return {
    body: Buffer.from(body),
    headers: {
      "content-type": "application/json;charset=utf-8",
      "x-lark-request-timestamp": "1700000000",
      "x-lark-request-nonce": nonce,
      "x-lark-signature": signature,
    },
  };
}

async function shown(response: Response): Promise<string> {
  return JSON.stringify([response.status, response.statusText, [...response.headers], await response.text()]);
}

function payloads({ dispatches }: Bench): unknown[] {
  return dispatches.map(({ body }) => JSON.parse(body.toString()) as unknown);
}

describe("the test vectors", () => {
  const sealedTicket =
    "AAECAwQFBgcICQoLDA0ODxGlm2NG8tW6cV2N8eqqG9NG5G7gzXPYMY0e5lQN2K1ebMoQX+wZ72Tmg3SzMfkPHZY1DQnYqCB2cf+PZ6HtTr5bA9Lgj/Qe45W31tEmGqklcTkOPOBrzWDM93Is7rIar26h8SQMYWVCsViUiVjxfs6IIwWwzwjo1aQ1NtHAygB9MgBiTUpYKQepsJrNVM9pJkcRNdjpujHvZI27M63w2WsOGO+dKaWz4C1bMzAdWEqDQqiysXV69INrI6G0B9uMnd9O+qNdWC5+L6j5OduFnsq1mo8XUUJY+e/C6LLNrQl/46ODwdMXXaN8xlivAvQNjDOz2LYHVCKBGncrSvfTc2M=";
  const signature = "b70ad70cc404c3139a45256c3f75b467047eb9ea0423eef931265f083c48a752";
  const ticketBody = `{"encrypt":"${sealedTicket}"}`;

  test("V0, the platform's own sample, opens to a text, which is no event", async () => {
    const sealed = "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=";
    const bytes = Buffer.from(sealed, "base64");
    const key = createHash("sha256").update("test key").digest();
    const decipher = createDecipheriv("aes-256-cbc", key, bytes.subarray(0, 16));
    const opened = Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]).toString();
    expect(opened).toBe("hello world");
    const bench = createBench({ FEISHU_ENCRYPT_KEY: "test key" });
    const response = await bench.push({
      content: "hello world",
      key: "test key",
      wrap: () => `{"encrypt":"${sealed}"}`,
    });
    expect(response.status).toBe(403);
    expect(bench.lines.at(-1)).toContain("cannot be decrypted");
  });

  test("V1 is signed with its key, and holds nothing", async () => {
    const v1 = "bb056c1a92d13661bf689ea97c6b9b225e334d0aeb7b8f8456cfb83f8cbfc176";
    const bench = createBench({ FEISHU_ENCRYPT_KEY: "myEncryptKey" });
    for (let time = 0; time < 30; time += 1) {
      expect((await bench.send(fixed(`{"encrypt":"x"}`, v1, "abcNonce"))).status).toBe(403);
    }
    // Were it taken for unsigned, the limit on those would have been reached.
    expect(bench.lines.join("\n")).toContain("cannot be decrypted");
    expect(bench.lines.join("\n")).not.toContain("unsigned");
  });

  test("V2, a whole event, is dispatched as it came", async () => {
    const bench = createBench();
    const response = await bench.send(fixed(ticketBody, signature));
    expect(await shown(response)).toContain(String.raw`{\"msg\":\"success\"}`);
    expect(response.status).toBe(200);
    await bench.relay.idle();
    expect(payloads(bench)).toEqual([
      {
        event_type: "feishu-app-ticket",
        client_payload: {
          feishu: {
            v: 1,
            body_b64: Buffer.from(ticketBody).toString("base64"),
            timestamp: "1700000000",
            nonce: "950646929",
            signature,
          },
        },
      },
    ]);
  });

  test("V3, the same with a space in its body, is accepted byte for byte", async () => {
    const bench = createBench();
    const body = `{"encrypt": "${sealedTicket}"}`;
    const spaced = "e2d4243e22ebd917a1d922d1cf733449d7fc120abfb36c22cf395877fa91efc1";
    expect((await bench.send(fixed(body, spaced))).status).toBe(200);
    await bench.relay.idle();
    expect(payloads(bench)).toMatchObject([
      { client_payload: { feishu: { body_b64: Buffer.from(body).toString("base64"), signature: spaced } } },
    ]);
    // The signature of the one body is not that of the other.
    expect((await bench.send(fixed(body, signature))).status).toBe(403);
  });

  test.each([
    ["signed", "be1a99e6821ca2ebb4cf79b31b612d563f88c2e2534f1d8c4ff47a44d1c12a7e"],
    ["unsigned", ""],
  ])("V4, the address check, is answered when it comes %s", async (_, v4) => {
    const bench = createBench();
    const body = `{"encrypt":"Dw4NDAsKCQgHBgUEAwIBABUuxaO4mkTOwHAR96BxIiXOs3GHcbdtH1UfcbZ9rpluxxCTsiK4IR7MudfHJ4v12M5ggKHn5pafK4NQAudV+a1cCoV5x5vJGXPrr2vmB/gr/9tAudlxjjHu3Tgq/Qb8NFuj4zUyxeXfjiCTLzQA+0A="}`;
    const response = await bench.send(fixed(body, v4));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(await response.text()).toBe(`{"challenge":"ajls384kdjx98XX"}`);
    expect(bench.dispatches).toEqual([]);
    expect(bench.delivered).toEqual([]);
  });

  test("V2 is refused with its border between timestamp and nonce moved, with a byte flipped, and under another key", async () => {
    const moved = fixed(ticketBody, signature, "50646929");
    const flipped = Buffer.from(ticketBody);
    flipped[100] = (flipped[100] ?? 0) ^ 1;
    const push = fixed(ticketBody, signature);
    const bench = createBench();
    for (const bad of [
      { ...moved, headers: { ...moved.headers, "x-lark-request-timestamp": "17000000009" } },
      {
        ...push,
        headers: {
          ...push.headers,
          "x-lark-request-timestamp": "170000000",
          "x-lark-request-nonce": "0950646929",
        },
      },
      { ...push, body: flipped },
    ]) {
      expect((await bench.send(bad)).status).toBe(403);
    }
    const other = createBench({ FEISHU_ENCRYPT_KEY: OLD_KEY });
    expect((await other.send(push)).status).toBe(403);
    await bench.relay.idle();
    expect([...bench.dispatches, ...other.dispatches]).toEqual([]);
  });
});

describe("a ticket", () => {
  test("is dispatched to GitHub with the documented headers, and with no part of it opened", async () => {
    const bench = createBench();
    await bench.push({ content: ticketEvent() });
    await bench.relay.idle();
    const [call] = bench.dispatches;
    expect(call).toMatchObject({
      method: "POST",
      url: "https://api.github.com/repos/acme/rotation/dispatches",
      headers: {
        authorization: `Bearer ${DISPATCH_TOKEN}`,
        accept: "application/vnd.github+json",
        "content-type": "application/json",
        "x-github-api-version": "2022-11-28",
        "user-agent": "rotate-app-secret-feishu-relay",
      },
    });
    expect(call?.body.toString()).not.toContain(TICKET);
  });

  test("starts a workflow by its file where the settings name one", async () => {
    const bench = createBench({ GITHUB_WORKFLOW: "feishu.yml", GITHUB_REF: "trunk" });
    const push = makePush({ content: ticketEvent() });
    await bench.send(push);
    await bench.relay.idle();
    expect(bench.dispatches[0]?.url).toBe(
      "https://api.github.com/repos/acme/rotation/actions/workflows/feishu.yml/dispatches",
    );
    const [payload] = payloads(bench) as { ref: string; inputs: { envelope: string } }[];
    expect(payload?.ref).toBe("trunk");
    expect(Object.keys(payload ?? {})).toEqual(["ref", "inputs"]);
    expect(JSON.parse(payload?.inputs.envelope ?? "")).toEqual({
      v: 1,
      body_b64: push.body.toString("base64"),
      timestamp: String(NOW),
      nonce: "950646929",
      signature: push.headers["x-lark-signature"],
    });
  });

  test("is answered before GitHub answers, and idle waits for GitHub", async () => {
    const bench = createBench();
    let release: (response: Response) => void = () => undefined;
    bench.github(() => new Promise((resolve) => (release = resolve)));
    expect((await bench.push({ content: ticketEvent() })).status).toBe(200);
    let idle = false;
    const waiting = bench.relay.idle().then(() => (idle = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(idle).toBe(false);
    release(new Response(null, { status: 204 }));
    await waiting;
    expect(bench.lines.at(-1)).toBe(
      "info: Dispatched the ticket sent at 2023-11-14T22:13:20.000Z to acme/rotation.",
    );
  });

  test("hands what is left to do to waitUntil", async () => {
    const bench = createBench();
    const { body, headers } = makePush({ content: ticketEvent() });
    const left: Promise<unknown>[] = [];
    const context = {
      left,
      waitUntil(promise: Promise<unknown>) {
        this.left.push(promise);
      },
    };
    await bench.relay.handle(
      new Request("https://relay.example/feishu/callback", { method: "POST", headers, body }),
      context,
    );
    expect(left).toHaveLength(1);
    await Promise.all(left);
    expect(bench.lines.at(-1)).toContain("Dispatched");
  });

  test("is taken in the newer shape too", async () => {
    const bench = createBench();
    expect((await bench.push({ content: newerTicketEvent() })).status).toBe(200);
    await bench.relay.idle();
    expect(bench.dispatches).toHaveLength(1);
  });

  test("is acknowledged and dropped when it was sent more than 15 minutes ago, or ahead", async () => {
    const bench = createBench();
    for (const timestamp of [NOW - 901, NOW + 902]) {
      const response = await bench.push({ content: ticketEvent(), timestamp });
      expect(response.status).toBe(200);
      expect(bench.lines.at(-1)).toContain("it was not sent within 15 minutes of now");
    }
    await bench.push({ content: ticketEvent(), timestamp: NOW - 899 });
    await bench.push({ content: ticketEvent(), timestamp: NOW + 899 });
    await bench.relay.idle();
    expect(bench.dispatches).toHaveLength(2);
  });

  test("that was dropped for its age is taken when it comes again, signed anew", async () => {
    const bench = createBench();
    await bench.push({ content: ticketEvent({ id: "one" }), timestamp: NOW - 3_600 });
    await bench.push({ content: ticketEvent({ id: "one" }) });
    await bench.relay.idle();
    expect(bench.dispatches).toHaveLength(1);
  });

  test("without a token in the settings is taken whatever its token", async () => {
    const bench = createBench({ FEISHU_VERIFICATION_TOKEN: "" });
    expect((await bench.push({ content: ticketEvent({ token: "any" }) })).status).toBe(200);
    await bench.relay.idle();
    expect(bench.dispatches).toHaveLength(1);
  });

  test("does not go to the service, unless the settings say so", async () => {
    const without = createBench();
    await without.push({ content: ticketEvent() });
    expect(without.delivered).toEqual([]);

    const bench = createBench({ EVENT_SERVICE_GETS_TICKETS: "true" });
    const push = makePush({ content: ticketEvent() });
    bench.service(() => new Response("no", { status: 500 }), done);
    expect((await bench.send(push)).status).toBe(500);
    expect((await bench.send(push)).status).toBe(204);
    await bench.relay.idle();
    expect(bench.delivered.map(({ body }) => body.equals(push.body))).toEqual([true, true]);
    expect(bench.dispatches).toHaveLength(1);
  });
});

describe("a repeat", () => {
  test("is answered with 200 and dispatched once, signed anew or not", async () => {
    const bench = createBench();
    const push = makePush({ content: ticketEvent({ id: "one" }) });
    await bench.send(push);
    await bench.relay.idle();
    bench.clock.advance(300_000);
    expect((await bench.send(push)).status).toBe(200);
    expect((await bench.push({ content: ticketEvent({ id: "one" }), timestamp: NOW + 300 })).status).toBe(
      200,
    );
    await bench.relay.idle();
    expect(bench.dispatches).toHaveLength(1);
    expect(
      bench.lines.filter((line) => line === "info: Dropped app_ticket one: it came before."),
    ).toHaveLength(2);
  });

  test("that comes at the same moment makes one dispatch", async () => {
    const bench = createBench();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => bench.push({ content: ticketEvent({ id: "one" }) })),
    );
    await bench.relay.idle();
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(bench.dispatches).toHaveLength(1);
  });

  test("is known for eight hours", async () => {
    const bench = createBench();
    const again = async (): Promise<number> => {
      const timestamp = Math.floor(bench.clock.now() / 1_000);
      await bench.push({ content: ticketEvent({ id: "one" }), timestamp });
      await bench.relay.idle();
      return bench.dispatches.length;
    };
    expect(await again()).toBe(1);
    bench.clock.advance(8 * 3_600_000 - 1_000);
    expect(await again()).toBe(1);
    bench.clock.advance(2_000);
    expect(await again()).toBe(2);
    expect(await again()).toBe(2);
  });

  test("is known among a thousand others, and not among more", async () => {
    const bench = createBench({ GITHUB_REPOSITORY: "", GITHUB_DISPATCH_TOKEN: "" });
    const others = async (count: number): Promise<void> => {
      for (let at = 0; at < count; at += 1) await bench.push({ content: ticketEvent() });
    };
    const dropped = (): number => bench.lines.filter((line) => line.includes("one: it came before")).length;
    await bench.push({ content: ticketEvent({ id: "one" }) });
    await others(999);
    await bench.push({ content: ticketEvent({ id: "one" }) });
    expect(dropped()).toBe(1);
    await others(1);
    await bench.push({ content: ticketEvent({ id: "one" }) });
    expect(dropped()).toBe(1);
  });

  test("of an event without an id is told by its signature", async () => {
    const bench = createBench();
    const push = makePush({ content: ticketEvent({ id: "" }) });
    await bench.send(push);
    await bench.send(push);
    await bench.push({ content: ticketEvent({ id: "" }) });
    await bench.relay.idle();
    expect(bench.dispatches).toHaveLength(2);
  });
});

describe("the address check", () => {
  test("is answered with the challenge if the token matches", async () => {
    const bench = createBench();
    const response = await bench.push({ content: addressCheck(), signedWith: undefined });
    expect(await response.text()).toBe(`{"challenge":"ajls384kdjx98XX"}`);
    // The platform's signature with an empty key is as good as none.
    expect((await bench.push({ content: addressCheck(), signedWith: "" })).status).toBe(200);
    expect((await bench.push({ content: addressCheck("another token") })).status).toBe(403);
  });

  test("is not answered without a Verification Token in the settings, whatever its own token", async () => {
    const bench = createBench({ FEISHU_VERIFICATION_TOKEN: undefined });
    for (const token of ["", VERIFICATION_TOKEN, "undefined"]) {
      expect((await bench.push({ content: addressCheck(token) })).status).toBe(403);
      expect((await bench.push({ content: addressCheck(token), signedWith: undefined })).status).toBe(403);
    }
    expect(bench.lines.at(-1)).toContain("which is answered only with FEISHU_VERIFICATION_TOKEN set");
  });

  test("is not answered in plaintext", async () => {
    const bench = createBench();
    expect((await bench.push({ content: addressCheck(), key: undefined })).status).toBe(403);
  });

  test("is made no more than ten times a minute without a signature, and any number of times with it", async () => {
    const bench = createBench();
    const statuses: number[] = [];
    for (let time = 0; time < 12; time += 1) {
      statuses.push((await bench.push({ content: addressCheck(), signedWith: undefined })).status);
    }
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 200), 403, 403]);
    expect(bench.lines.at(-1)).toContain("more than 10 unsigned ones came in a minute");
    expect((await bench.push({ content: addressCheck() })).status).toBe(200);
    await bench.push({ content: ticketEvent() });
    await bench.relay.idle();
    expect(bench.dispatches).toHaveLength(1);
    bench.clock.advance(60_000);
    expect((await bench.push({ content: addressCheck(), signedWith: undefined })).status).toBe(200);
  });

  test("counts every attempt without a signature, whatever becomes of it", async () => {
    const bench = createBench();
    for (let time = 0; time < 10; time += 1) {
      await bench.push({ content: "no JSON", signedWith: undefined });
    }
    expect((await bench.push({ content: addressCheck(), signedWith: undefined })).status).toBe(403);
  });
});

describe("whatever is not accepted", () => {
  const padded = Buffer.from(seal(JSON.stringify(addressCheck()), ENCRYPT_KEY), "base64");
  padded[padded.length - 17] = (padded[padded.length - 17] ?? 0) ^ 0xff;
  const wrapped = (sealed: string) => () => `{"encrypt":"${sealed}"}`;

  const failures: readonly (readonly [string, Parameters<Bench["push"]>[0]])[] = [
    ["a wrong signature", { content: ticketEvent(), signedWith: OLD_KEY }],
    ["a signature with the empty key", { content: ticketEvent(), signedWith: "" }],
    ["no signature", { content: ticketEvent(), signedWith: undefined }],
    ["an unsigned event of another kind", { content: messageEvent(), signedWith: undefined }],
    ["another key", { content: ticketEvent(), key: OLD_KEY }],
    ["plaintext with the signature of the empty key", { content: ticketEvent(), key: undefined }],
    ["plaintext that is signed", { content: ticketEvent(), key: undefined, signedWith: ENCRYPT_KEY }],
    ["no base64", { content: "", wrap: wrapped("%%%%"), signedWith: undefined }],
    ["no base64, signed", { content: "", wrap: wrapped("%%%%") }],
    ["half a block", { content: "", wrap: wrapped("AAECAwQFBgcICQoLDA0ODxGl"), signedWith: undefined }],
    ["bad padding", { content: "", wrap: wrapped(padded.toString("base64")), signedWith: undefined }],
    ["bad padding, signed", { content: "", wrap: wrapped(padded.toString("base64")) }],
    ["no JSON inside", { content: "{", signedWith: undefined }],
    ["no JSON inside, signed", { content: "{" }],
    ["no object inside", { content: "[]", signedWith: undefined }],
    ["no JSON outside", { content: "", wrap: () => `{"encrypt":` }],
    ["an empty body", { content: "", key: undefined, signedWith: ENCRYPT_KEY }],
    ["an address check with a wrong token", { content: addressCheck("wrong"), signedWith: undefined }],
    ["a signed address check with a wrong token", { content: addressCheck("wrong") }],
    [
      "an address check without a challenge",
      { content: { token: VERIFICATION_TOKEN, type: "url_verification" } },
    ],
    ["a challenge without an end", { content: { ...addressCheck(), challenge: "x".repeat(1_025) } }],
    [
      "a challenge that is no text",
      { content: { ...addressCheck(), challenge: { a: 1 } }, signedWith: undefined },
    ],
    ["a ticket of another app", { content: ticketEvent({ appId: "cli_of_another_app" }) }],
    ["a ticket of no app", { content: ticketEvent({ appId: "" }) }],
    ["a ticket with a wrong token", { content: ticketEvent({ token: "wrong" }) }],
    ["a ticket that is too large for GitHub", { content: ticketEvent({ ticket: "x".repeat(40_000) }) }],
    ["a body that is too large", { content: "x".repeat(2 ** 20), key: undefined }],
  ];

  test.each(failures)("is not answered otherwise than anything else: %s", async (_, pushing) => {
    const bench = createBench();
    const response = await bench.push(pushing);
    expect(await shown(response)).toBe(
      JSON.stringify([
        403,
        "",
        [
          ["cache-control", "no-store"],
          ["content-type", "text/plain; charset=utf-8"],
        ],
        "refused",
      ]),
    );
    await bench.relay.idle();
    expect([...bench.dispatches, ...bench.delivered]).toEqual([]);
    expect(bench.lines).toHaveLength(1);
    expect(bench.lines[0]).toMatch(/^warning: Refused a request: /);
  });

  test("is answered the same, byte for byte, through every kind of failure and after the limit", async () => {
    const bench = createBench();
    const answers = new Set<string>();
    for (const [, pushing] of [...failures, ...failures]) answers.add(await shown(await bench.push(pushing)));
    const callback = "https://relay.example/feishu/callback";
    for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]) {
      answers.add(await shown(await bench.relay.handle(new Request(callback, { method }))));
    }
    const broken = new ReadableStream({
      pull: (controller) => {
        controller.error(new Error("hung up"));
      },
    });
    answers.add(
      await shown(
        await bench.relay.handle(new Request(callback, { method: "POST", body: broken, duplex: "half" })),
      ),
    );
    expect([...answers]).toHaveLength(1);
  });

  test("is any method but POST, even with a push that is in order", async () => {
    const bench = createBench();
    const { body, headers } = makePush({ content: ticketEvent() });
    for (const method of ["PUT", "PATCH", "DELETE"]) {
      const request = new Request("https://relay.example/feishu/callback", { method, headers, body });
      expect((await bench.relay.handle(request)).status).toBe(403);
    }
    await bench.relay.idle();
    expect(bench.dispatches).toEqual([]);
  });

  test("is answered the same when its body does not arrive, and in time", async () => {
    hurry();
    const bench = createBench();
    const startedAt = performance.now();
    const never = new ReadableStream();
    const request = new Request("https://relay.example/feishu/callback", {
      method: "POST",
      body: never,
      duplex: "half",
    });
    const response = await bench.relay.handle(request);
    expect([response.status, await response.text()]).toEqual([403, "refused"]);
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    expect(bench.lines.at(-1)).toContain("did not arrive in time");
  });

  test("is logged some twenty times a minute, and then no more", async () => {
    const bench = createBench();
    for (let time = 0; time < 50; time += 1) await bench.push({ content: "", key: undefined });
    expect(bench.lines).toHaveLength(20);
    expect(bench.lines.at(-1)).toContain("Further refusals are not logged for a minute.");
    bench.clock.advance(60_000);
    await bench.push({ content: "", key: undefined });
    expect(bench.lines).toHaveLength(21);
  });
});

describe("GitHub", () => {
  const said =
    (status: number, message: string, headers: Record<string, string> = {}) =>
    () =>
      Response.json({ message }, { status, headers });

  async function dispatched(bench: Bench): Promise<readonly string[]> {
    await bench.push({ content: ticketEvent({ id: "one" }) });
    await bench.relay.idle();
    return bench.lines.slice(1);
  }

  test.each([
    ["a 500", said(500, "Server Error")],
    ["a 502 page", () => new Response("<html>", { status: 502 })],
    [
      "a broken connection",
      () =>
        Promise.reject(
          new TypeError("fetch failed", { cause: Object.assign(new Error(), { code: "ECONNRESET" }) }),
        ),
    ],
    ["a 429", said(429, "Too many requests")],
    ["a 403 of the secondary limit", said(403, "You have exceeded a secondary rate limit.")],
    ["a 403 with Retry-After", said(403, "Forbidden", { "retry-after": "3" })],
    ["a 403 with no calls left", said(403, "Forbidden", { "x-ratelimit-remaining": "0" })],
  ])("is asked again after %s", async (_, answer) => {
    const bench = createBench();
    bench.github(answer, answer, done);
    const lines = await dispatched(bench);
    expect(bench.dispatches).toHaveLength(3);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^warning: Could not dispatch the ticket sent at .* Trying again in \d+ s\.$/);
    expect(lines[2]).toContain("Dispatched");
    expect(new Set(bench.dispatches.map(({ body }) => body.toString())).size).toBe(1);
  });

  test("is asked again when it does not answer", async () => {
    hurry();
    const bench = createBench();
    bench.github(silence, done);
    const lines = await dispatched(bench);
    expect(bench.dispatches).toHaveLength(2);
    expect(lines[0]).toContain("GitHub cannot be reached (no answer in time).");
  });

  test("is waited for as long as it asks", async () => {
    const bench = createBench();
    const reset = String(NOW + 200);
    bench.github(
      said(429, "Slow down", { "retry-after": "90" }),
      said(403, "API rate limit exceeded", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset }),
      said(403, "You have exceeded a secondary rate limit"),
      said(503, "Unavailable", { "retry-after": "45" }),
      done,
    );
    await dispatched(bench);
    const [first = 0, second = 0, third = 0, fourth = 0] = bench.clock.waits;
    expect(first).toBe(90_000);
    expect(second).toBe(NOW * 1_000 + 200_000 - (NOW * 1_000 + 400 + 90_000));
    expect(third).toBe(60_000);
    expect(fourth).toBe(45_000);
  });

  test("is asked with growing pauses, and not for longer than ten minutes", async () => {
    const bench = createBench();
    bench.github(said(500, "Server Error"));
    const lines = await dispatched(bench);
    const total = bench.clock.waits.reduce((sum, wait) => sum + wait, 0);
    expect(total).toBeLessThanOrEqual(600_000);
    expect(total).toBeGreaterThan(500_000);
    expect(Math.max(...bench.clock.waits)).toBeLessThanOrEqual(75_000);
    expect(bench.dispatches.length).toBeLessThan(25);
    expect(lines.at(-1)).toMatch(/^error: Gave up dispatching the ticket sent at .* after \d+ tries: /);
  });

  test("is not asked beyond the age at which the action refuses a ticket", async () => {
    const bench = createBench();
    bench.github(said(500, "Server Error"));
    await bench.push({ content: ticketEvent(), timestamp: NOW - 840 });
    await bench.relay.idle();
    expect(bench.clock.waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThanOrEqual(60_000);
    expect(bench.dispatches.length).toBeGreaterThan(1);
  });

  test("is not waited for if it asks for too long", async () => {
    const bench = createBench();
    bench.github(said(429, "Slow down", { "retry-after": "3600" }));
    const lines = await dispatched(bench);
    expect(bench.dispatches).toHaveLength(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^error: Gave up/);
  });

  test("is not asked again for a ticket once a newer one has been dispatched", async () => {
    const bench = createBench();
    let fail: (response: Response) => void = () => undefined;
    bench.github(() => new Promise((resolve) => (fail = resolve)), done);
    await bench.push({ content: ticketEvent({ id: "older" }), timestamp: NOW - 10 });
    await bench.push({ content: ticketEvent({ id: "newer" }), timestamp: NOW });
    await vi.waitFor(() => {
      expect(bench.lines.at(-1)).toContain("Dispatched the ticket sent at 2023-11-14T22:13:20.000Z");
    });
    fail(new Response(null, { status: 500 }));
    await bench.relay.idle();
    expect(bench.dispatches).toHaveLength(2);
    expect(bench.lines.at(-1)).toBe(
      "info: Did not dispatch the ticket sent at 2023-11-14T22:13:10.000Z: a newer one has been dispatched.",
    );
  });

  test.each([
    [401, {}, "make a new one, set it, and restart the relay"],
    [403, {}, `grant it "Contents: Read and write" on acme/rotation`],
    [404, {}, "check GITHUB_REPOSITORY, and that the token reaches the repository"],
    [422, {}, "check GITHUB_EVENT_TYPE"],
    [403, { GITHUB_WORKFLOW: "feishu.yml" }, `grant it "Actions: Read and write" on acme/rotation`],
    [404, { GITHUB_WORKFLOW: "feishu.yml" }, "that the file is on the default branch"],
    [422, { GITHUB_WORKFLOW: "feishu.yml" }, `has "on: workflow_dispatch" with an input "envelope"`],
    [301, {}, "set GITHUB_REPOSITORY to its new name"],
    [410, {}, "check GITHUB_API_URL"],
  ])(
    "is asked once if it answers %d with %o, and the log says what to do",
    async (status, settings, advice) => {
      const bench = createBench(settings);
      bench.github(() =>
        Response.json(
          { message: `No\u001b[31m\r\n::error::${DISPATCH_TOKEN}\u202e ${"x".repeat(999)}` },
          { status, headers: { location: "https://elsewhere.example/" } },
        ),
      );
      const lines = await dispatched(bench);
      expect(bench.dispatches).toHaveLength(1);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^error: Gave up dispatching the ticket/);
      expect(lines[0]).toContain(`(${status})`.replace("(410)", "410"));
      expect(lines[0]).toContain(advice);
      expect(lines[0]).toContain(`GitHub says: "No [31m ::error::***`);
      expect(lines[0]).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(lines[0]?.length).toBeLessThan(800);
    },
  );
});

describe("every other event", () => {
  test("goes to the service as it came, and the service's answer back", async () => {
    const bench = createBench();
    const push = makePush({
      content: messageEvent(),
      wrap: (sealed) => `{ "encrypt" : "${sealed}" }\n`,
      headers: { "x-lark-something-new": "kept", "x-forwarded-for": "203.0.113.7", cookie: "not kept" },
    });
    bench.service(
      () =>
        new Response(`{"toast":"done"}`, {
          status: 202,
          headers: { "content-type": "application/json", "set-cookie": "a=b" },
        }),
    );
    const response = await bench.send(push);
    expect(await shown(response)).toBe(
      JSON.stringify([202, "", [["content-type", "application/json"]], `{"toast":"done"}`]),
    );
    const [call] = bench.delivered;
    expect(call?.url).toBe("https://service.example/events?from=relay");
    expect(call?.method).toBe("POST");
    expect(call?.body.equals(push.body)).toBe(true);
    const { "user-agent": userAgent, ...headers } = call?.headers ?? {};
    expect(userAgent).toBe("rotate-app-secret-feishu-relay");
    expect(headers).toEqual({
      "content-type": "application/json;charset=utf-8",
      "x-request-id": "3b1f2a52-0000-4000-8000-000000000001",
      "x-lark-request-timestamp": String(NOW),
      "x-lark-request-nonce": "950646929",
      "x-lark-signature": push.headers["x-lark-signature"],
      "x-lark-something-new": "kept",
    });
    expect(bench.dispatches).toEqual([]);
  });

  test("goes to the service each time it comes, however old, and without a type too", async () => {
    const bench = createBench();
    await bench.push({ content: messageEvent(), timestamp: NOW - 7 * 3_600 });
    await bench.push({ content: messageEvent() });
    await bench.push({ content: { open_id: "ou_1", action: {} } });
    expect(bench.delivered).toHaveLength(3);
  });

  test("gets the service's failure as it is", async () => {
    const bench = createBench();
    bench.service(() => new Response("broken", { status: 500 }));
    const response = await bench.push({ content: messageEvent() });
    expect([response.status, await response.text()]).toEqual([500, "broken"]);
    expect(bench.lines).toEqual([
      "warning: Your service answered 500 to im.message.receive_v1 5e3702a84e847582be8db7fb73283c02.",
    ]);
  });

  test("gets an answer without a body too", async () => {
    const bench = createBench();
    bench.service(done);
    expect((await bench.push({ content: messageEvent() })).status).toBe(204);
  });

  test.each([
    [
      "cannot be reached",
      () =>
        Promise.reject(
          new TypeError("secret https://url", {
            cause: Object.assign(new Error("secret"), { code: "ECONNREFUSED" }),
          }),
        ),
      "ECONNREFUSED",
    ],
    ["fails in a way of its own", () => Promise.reject(new Error("secret")), "connection failed"],
    [
      "redirects",
      () => new Response(null, { status: 307, headers: { location: "https://elsewhere.example/" } }),
      "set EVENT_SERVICE_URL to where it leads",
    ],
    ["answers without end", () => new Response("x".repeat(2 ** 20 + 1)), "its answer is larger than 1 MiB"],
  ])("is answered with 503 if the service %s", async (_, answer, why) => {
    const bench = createBench();
    bench.service(answer);
    const response = await bench.push({ content: messageEvent() });
    expect([response.status, await response.text()]).toEqual([503, "unavailable"]);
    expect(bench.delivered).toHaveLength(1);
    expect(bench.lines).toHaveLength(1);
    expect(bench.lines[0]).toContain(why);
    expect(bench.lines[0]).not.toContain("secret");
  });

  test.each([
    ["does not begin", silence],
    [
      "does not end",
      () =>
        new Response(
          new ReadableStream({
            start: (controller) => {
              controller.enqueue(Buffer.from("{"));
            },
          }),
        ),
    ],
  ])("is answered with 503 in time if the service's answer %s", async (_, answer) => {
    hurry();
    const bench = createBench();
    bench.service(answer);
    expect((await bench.push({ content: messageEvent() })).status).toBe(503);
    expect(bench.lines.at(-1)).toContain("no answer in time");
  });

  test("has the whole of the platform's time, less half a second", async () => {
    const timeout = vi.spyOn(AbortSignal, "timeout");
    const bench = createBench();
    await bench.push({ content: messageEvent() });
    expect(timeout.mock.calls).toEqual([[2_500]]);
    expect(bench.delivered[0]?.signal).toBe(timeout.mock.results[0]?.value);
  });

  test("is answered with 503 if there is no service, and the log says what to set", async () => {
    const bench = createBench({ EVENT_SERVICE_URL: undefined });
    expect((await bench.push({ content: messageEvent() })).status).toBe(503);
    expect(bench.lines.at(-1)).toContain("Set EVENT_SERVICE_URL to your own service.");
  });
});

describe("the inbox", () => {
  const opened = { authorization: `Bearer ${INBOX_TOKEN}` };

  async function listed(bench: Bench, query = ""): Promise<{ timestamp: string }[]> {
    const response = await bench.get(`/inbox${query}`, opened);
    expect(response.status).toBe(200);
    return (await response.json()) as { timestamp: string }[];
  }

  test("gives the envelopes, still encrypted, the newest first", async () => {
    const bench = createBench();
    const middle = makePush({ content: ticketEvent(), timestamp: NOW - 60 });
    await bench.send(middle);
    await bench.push({ content: ticketEvent(), timestamp: NOW });
    await bench.push({ content: ticketEvent(), timestamp: NOW - 120 });
    const response = await bench.get("/inbox", opened);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("content-type")).toContain("application/json");
    const text = await response.text();
    expect(text).not.toContain(TICKET);
    const list = JSON.parse(text) as { timestamp: string }[];
    expect(list.map(({ timestamp }) => Number(timestamp) - NOW)).toEqual([0, -60, -120]);
    expect(list[1]).toEqual({
      v: 1,
      body_b64: middle.body.toString("base64"),
      timestamp: String(NOW - 60),
      nonce: "950646929",
      signature: middle.headers["x-lark-signature"],
    });
  });

  test("gives those sent in that second or since", async () => {
    const bench = createBench();
    for (const age of [120, 60, 0]) await bench.push({ content: ticketEvent(), timestamp: NOW - age });
    expect(await listed(bench, `?since=${NOW - 60}`)).toHaveLength(2);
    expect(await listed(bench, `?since=${NOW - 60}.9`)).toHaveLength(2);
    expect(await listed(bench, `?since=${NOW - 59}`)).toHaveLength(1);
    expect(await listed(bench, `?since=${NOW + 1}`)).toEqual([]);
    for (const since of ["yesterday", "-1", "1e3", "", "1".repeat(13)]) {
      expect((await bench.get(`/inbox?since=${since}`, opened)).status).toBe(400);
    }
  });

  test("keeps them for an hour", async () => {
    const bench = createBench();
    await bench.push({ content: ticketEvent() });
    bench.clock.advance(3_599_000);
    expect(await listed(bench)).toHaveLength(1);
    bench.clock.advance(1_000);
    expect(await listed(bench)).toEqual([]);
  });

  test("keeps no more than a hundred", async () => {
    const bench = createBench();
    for (let at = 0; at < 101; at += 1)
      await bench.push({ content: ticketEvent(), timestamp: NOW - 200 + at });
    const list = await listed(bench);
    expect(list).toHaveLength(100);
    expect(list.at(-1)?.timestamp).toBe(String(NOW - 199));
  });

  test("keeps neither repeats, nor old tickets, nor other events", async () => {
    const bench = createBench();
    const push = makePush({ content: ticketEvent() });
    await bench.send(push);
    await bench.send(push);
    await bench.push({ content: ticketEvent(), timestamp: NOW - 1_000 });
    await bench.push({ content: messageEvent() });
    expect(await listed(bench)).toHaveLength(1);
  });

  test("opens to its token alone", async () => {
    const bench = createBench();
    await bench.push({ content: ticketEvent() });
    for (const authorization of [
      "",
      "Bearer",
      "Bearer wrong",
      `Basic ${INBOX_TOKEN}`,
      `Bearer ${INBOX_TOKEN}x`,
      INBOX_TOKEN,
    ]) {
      const response = await bench.get("/inbox", authorization === "" ? {} : { authorization });
      expect([response.status, await response.text()]).toEqual([401, "unauthorized"]);
    }
    expect((await bench.get(`/inbox?token=${INBOX_TOKEN}`)).status).toBe(401);
    expect((await bench.get("/inbox", { authorization: `bearer ${INBOX_TOKEN}` })).status).toBe(200);
    const posted = new Request("https://relay.example/inbox", { method: "POST", headers: opened });
    expect((await bench.relay.handle(posted)).status).toBe(405);
  });

  test("is not there without its setting", async () => {
    const bench = createBench({ INBOX_TOKEN: "" });
    expect((await bench.get("/inbox", { authorization: "Bearer " })).status).toBe(404);
    expect((await bench.get("/inbox", opened)).status).toBe(404);
  });

  test("is enough by itself: nothing is dispatched then", async () => {
    const bench = createBench({ GITHUB_REPOSITORY: undefined, GITHUB_DISPATCH_TOKEN: undefined });
    expect((await bench.push({ content: ticketEvent() })).status).toBe(200);
    await bench.relay.idle();
    expect(await listed(bench)).toHaveLength(1);
    expect(bench.dispatches).toEqual([]);
  });
});

test("the relay says that it is well, and knows no other path", async () => {
  const bench = createBench();
  const health = await bench.get("/healthz");
  expect([health.status, await health.text()]).toEqual([200, "ok"]);
  for (const path of ["/", "/feishu/callback/", "/feishu", "/inbox/", "//feishu/callback"]) {
    expect((await bench.get(path)).status).toBe(404);
  }
});

test("the callback is where the settings put it", async () => {
  const bench = createBench({ CALLBACK_PATH: "/hooks/feishu" });
  expect((await bench.push({ content: ticketEvent() })).status).toBe(404);
  const { body, headers } = makePush({ content: ticketEvent() });
  const moved = new Request("https://relay.example/hooks/feishu", { method: "POST", headers, body });
  expect((await bench.relay.handle(moved)).status).toBe(200);
});

test("a relay without an Encrypt Key cannot be made", () => {
  const settings = { ...readSettings(complete).relay, encryptKey: "" };
  expect(() =>
    createRelay(settings, {
      fetch,
      clock: { now: () => 0, sleep: () => Promise.resolve() },
      log: () => undefined,
    }),
  ).toThrow("The relay needs the Encrypt Key.");
});

test("a secret that is too short to be told from a word is starred in the log too", async () => {
  const bench = createBench({ FEISHU_ENCRYPT_KEY: "short one" });
  bench.github(() => Response.json({ message: "What is short one doing here?" }, { status: 404 }));
  await bench.push({ content: ticketEvent(), key: "short one" });
  await bench.relay.idle();
  expect(bench.lines.at(-1)).toContain(`GitHub says: "What is *** doing here?".`);
});

test("names and ids of events are shown only if they are plain words", async () => {
  const bench = createBench({ EVENT_SERVICE_URL: "" });
  await bench.push({ content: { uuid: "an id", event: { type: "a type\n" }, type: "event_callback" } });
  await bench.push({ content: messageEvent("i".repeat(65)) });
  expect(bench.lines[0]).toContain("Answered 503 to an event without a proper type, so that");
  expect(bench.lines[1]).toContain("Answered 503 to im.message.receive_v1, so that");
});

test("no secret, body or ticket is in any line of the log, whatever goes wrong", async () => {
  const bench = createBench({ EVENT_SERVICE_GETS_TICKETS: "true" });
  const bodies: string[] = [];
  const echo = (status: number) => (call: { body: Buffer; headers: object }) =>
    Response.json(
      { message: `${call.body.toString()} ${JSON.stringify(call.headers)} ${DISPATCH_TOKEN}` },
      { status },
    );
  for (const answer of [echo(500), echo(401), echo(403), echo(404), echo(422), echo(302), done]) {
    bench.github(answer, echo(404));
    bench.service(echo(500), silence);
    for (const pushing of [
      { content: ticketEvent() },
      { content: ticketEvent({ token: "wrong" }) },
      { content: ticketEvent({ id: `${ENCRYPT_KEY}\n${VERIFICATION_TOKEN}` }), timestamp: NOW - 5_000 },
      { content: messageEvent(`${DISPATCH_TOKEN}\u0000${INBOX_TOKEN}`) },
      { content: addressCheck(), signedWith: undefined },
      { content: ticketEvent(), key: undefined },
    ]) {
      hurry();
      const push = makePush(pushing);
      bodies.push(push.body.toString("base64").slice(0, 60), push.body.toString().slice(0, 60));
      bodies.push(push.headers["x-lark-signature"] ?? TICKET);
      await bench.send(push);
      vi.restoreAllMocks();
    }
    await bench.get("/inbox", { authorization: "Bearer wrong-token-of-somebody" });
    await bench.relay.idle();
  }
  const log = bench.lines.join("\n");
  expect(bench.lines.length).toBeGreaterThan(30);
  for (const hidden of [
    ENCRYPT_KEY,
    VERIFICATION_TOKEN,
    DISPATCH_TOKEN,
    INBOX_TOKEN,
    TICKET,
    "wrong-token-of-somebody",
    "service.example",
    "ajls384kdjx98XX",
    ...bodies,
  ]) {
    expect(log).not.toContain(hidden);
  }
  for (const line of bench.lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(log).toContain("app_ticket");
});
