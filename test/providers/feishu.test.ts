import { describe, expect, test } from "vitest";
import { RotationErrors } from "../../src/errors.ts";
import type { Fault } from "../emulators/emulator.ts";
import { envelopeOf, feishuThrottled } from "../emulators/feishu.ts";
import {
  connect as connectTo,
  expectFailure,
  type FeishuService,
  feishuInboxService,
  preflight,
  requestsOf,
} from "../support/provider-kit.ts";

type Change = Parameters<typeof connectTo<FeishuService>>[2];

const ACCESS_TOKEN = { method: "POST", path: /app_access_token$/ };
const RESEND = { method: "POST", path: /app_ticket\/resend$/ };
const INBOX = { method: "GET", path: /^\/inbox/ };
const MINUTE = 60_000;

const connect = (change: Change = {}) => connectTo("feishu", feishuInboxService, change);

/** Only what the dispatch delivery reads. */
const DISPATCH = {
  delivery: "",
  "inbox-url": "",
  "inbox-token": "",
  "ticket-timeout": "",
  "envelope-max-age": "",
};

function failing(code: number, msg = "no", status = 200): Fault {
  return { kind: "answer", changed: false, status, body: JSON.stringify({ code, msg }) };
}

/** A run that an event has started; `deliver` makes its payload of the service's push. */
function connectToEvent(
  deliver: (service: FeishuService) => unknown,
  { name = "repository_dispatch", inputs = {} } = {},
) {
  let payload: unknown;
  return connect({
    inputs: { ...DISPATCH, ...inputs },
    event: { name, payload: () => payload },
    // Called with the service before anything is read.
    through: (http, service) => {
      payload = deliver(service);
      return http;
    },
  });
}

/** Issues a ticket and gives the envelope that carries it, as a relay forwards it. */
function ticketEnvelope({ platform, appId }: FeishuService): object {
  void platform.push(appId);
  const ticket = platform.app(appId).latest ?? "";
  return envelopeOf(platform.sign(appId, { type: "app_ticket", app_id: appId, app_ticket: ticket }));
}

const dispatched = (service: FeishuService): unknown => ({
  action: "feishu-app-ticket",
  client_payload: { feishu: ticketEnvelope(service) },
});

describe("the inputs of feishu", () => {
  const problemsOf = (inputs: Readonly<Record<string, string>>): string => {
    try {
      connect({ inputs });
      return "";
    } catch (thrown) {
      return thrown instanceof RotationErrors ? thrown.message : String(thrown);
    }
  };

  test("must have an Encrypt Key, and say why and where it is set", () => {
    expect(problemsOf({ "encrypt-key": "" })).toMatch(
      /^INPUT_MISSING: Input "encrypt-key" is empty; without an Encrypt Key .* empty one, which anybody can\.$/,
    );
    const hint = `Set an Encrypt Key under Events & Callbacks in the developer console, and "encrypt-key" to it.`;
    expect(() => connect({ inputs: { "encrypt-key": "" } })).toThrow(
      expect.objectContaining({ errors: [expect.objectContaining({ hint })] }),
    );
  });

  test("warn of an Encrypt Key that could be guessed", () => {
    expect(connect({ inputs: { "encrypt-key": "nineteen-characters" } }).warnings.join()).toContain(
      "fewer than 20 characters",
    );
    expect(connect({ inputs: { "encrypt-key": "a-key-of-20-letters-" } }).warnings).toEqual([]);
    expect(connect().warnings).toEqual([]);
  });

  test.each([
    ["61m", `Input "envelope-max-age" is longer than an hour; expected at most 60m`],
    ["soon", `Input "envelope-max-age" is "soon"; expected a duration`],
  ])("refuse an envelope-max-age of %s", (maxAge, text) => {
    expect(problemsOf({ "envelope-max-age": maxAge })).toContain(text);
  });

  test("refuse another delivery", () => {
    expect(problemsOf({ delivery: "pigeon" })).toContain(
      `"delivery" is "pigeon"; expected "dispatch" or "inbox"`,
    );
  });

  test("must have an inbox and its token with delivery inbox, and nothing of it without", () => {
    expect(problemsOf({ "inbox-url": "", "inbox-token": "" })).toMatch(/"inbox-url".*\n.*"inbox-token"/);
    expect(problemsOf({ "inbox-url": "http://inbox.example.test" })).toContain("URL_INSECURE");
    const { warnings } = connect({ inputs: { delivery: "dispatch", "envelope-max-age": "" } });
    expect(warnings.map((warning) => warning.split('"')[1])).toEqual([
      "inbox-url",
      "inbox-token",
      "ticket-timeout",
    ]);
  });

  test("go to the other edition by api-url", () => {
    expect(connect({ inputs: { "api-url": "" } }).provider.apiUrl).toBe("https://open.feishu.cn");
    const lark = connect({ inputs: { "api-url": "https://open.larksuite.com/" } });
    expect(lark.provider.apiUrl).toBe("https://open.larksuite.com");
  });

  test("hold credentials that are masked", () => {
    const { announced, service } = connect();
    for (const name of ["app-secret", "encrypt-key", "verification-token", "inbox-token"]) {
      expect(announced).toContain(service.inputs[name]);
    }
  });
});

describe("with delivery dispatch, any event but one that brings a ticket", () => {
  test.each([
    ["schedule", undefined],
    ["workflow_dispatch", { inputs: { force: "true" } }],
    ["workflow_dispatch", { inputs: { envelope: "  " } }],
    ["workflow_dispatch", undefined],
    ["push", { client_payload: { feishu: {} } }],
    ["push", { inputs: { envelope: "{}" } }],
  ])("asks for one (%s %j)", async (name, payload) => {
    const connection = connect({ inputs: DISPATCH, event: { name, payload: () => payload } });
    const { provider, service } = connection;
    expect(provider.arrived).not.toBe(true);
    await preflight(connection);
    expect(service.emulator.requests).toEqual([]);
    await provider.request?.();
    expect(service.platform.app(service.appId).resends).toBe(1);
    expect(requestsOf(service, RESEND)[0]).toMatchObject({
      headers: { "content-type": "application/json; charset=utf-8" },
      body: JSON.stringify({ app_id: service.appId, app_secret: service.inputs["app-secret"] }),
    });
    expect(service.emulator.requests).toHaveLength(1);
  });

  const ask = (fault: Fault, times = Infinity) => {
    const connection = connect({ inputs: DISPATCH });
    connection.service.emulator.faults.arm(fault, { ...RESEND, times });
    return {
      connection,
      request: () => connection.provider.request?.() ?? Promise.reject(new Error("none")),
    };
  };

  test.each([
    [10003, "PROVIDER_REFUSED", "code 10003"],
    [10005, "PROVIDER_REFUSED", "code 10005"],
    [10014, "PROVIDER_UNAUTHORIZED", `"app-id" and "app-secret"`],
    [10015, "PROVIDER_UNAUTHORIZED", `"app-id" and "app-secret"`],
    [10016, "APP_NOT_ROTATABLE", "no store app"],
    [20002, "PROVIDER_UNAUTHORIZED", `"app-id" and "app-secret"`],
    [99991401, "PROVIDER_REFUSED", "code 99991401"],
    [99991543, "PROVIDER_UNAUTHORIZED", `"app-id" and "app-secret"`],
    [99991662, "APP_NOT_ROTATABLE", "not in use"],
    [99991673, "APP_NOT_ROTATABLE", "not in use"],
    [1195, "PROVIDER_REFUSED", "code 1195"],
  ])("fails at once with code %i, whether with HTTP 200 or 400", async (code, expected, text) => {
    for (const status of [200, 400]) {
      const { connection, request } = ask(failing(code, "说不行", status));
      await expectFailure(
        request(),
        {
          code: expected,
          changed: "no",
          transient: false,
          detail: "说不行",
          message: expect.stringContaining(text) as unknown,
        },
        connection,
      );
      expect(connection.service.emulator.requests).toHaveLength(1);
    }
  });

  test("names all three reasons that a refused pair may have", async () => {
    const { connection, request } = ask(failing(10014));
    await expectFailure(
      request(),
      { hint: expect.stringMatching(/"app-id" and "app-secret".*not stopped/) as unknown },
      connection,
    );
  });

  test("does not try a refused pair again in the same run", async () => {
    const { connection, request } = ask(failing(10014));
    await expectFailure(request(), { code: "PROVIDER_UNAUTHORIZED" }, connection);
    await expectFailure(request(), { code: "PROVIDER_UNAUTHORIZED" }, connection);
    expect(connection.service.emulator.requests).toHaveLength(1);
  });

  test.each([
    ["code 2200", failing(2200)],
    ["code 10101", failing(10101)],
    ["code 10500 with HTTP 500", failing(10500, "no", 500)],
    ["a gateway's fault", { kind: "answer", changed: false, status: 502 }],
    ["a web page", { kind: "answer", changed: true, status: 200, body: "<html></html>" }],
    ["JSON without a code", { kind: "answer", changed: true, status: 200, body: "{}" }],
    ["a code of 0 with HTTP 500", failing(0, "success", 500)],
    ["no answer", { kind: "stall", changed: true }],
    ["a reset", { kind: "reset", changed: false }],
    ["a broken answer", { kind: "cut-off" }],
  ] as readonly (readonly [string, Fault])[])(
    "asks again after %s, and gives up after three",
    async (_, fault) => {
      const once = ask(fault, 1);
      await once.request();
      expect(requestsOf(once.connection.service, RESEND)).toHaveLength(2);
      const always = ask(fault);
      await expectFailure(always.request(), { name: "RotationError" }, always.connection);
      expect(requestsOf(always.connection.service, RESEND)).toHaveLength(3);
    },
  );

  test("fails at once with the code for a ticket, as none was sent", async () => {
    const { connection, request } = ask(failing(10012));
    await expectFailure(
      request(),
      {
        code: "PROVIDER_ANSWER_INVALID",
        changed: "unknown",
        transient: false,
        message:
          "Feishu answered code 10012 when asked to push a new ticket; expected code 0, or one that it documents.",
      },
      connection,
    );
    expect(connection.service.emulator.requests).toHaveLength(1);
  });

  test.each([429, 400] as const)("waits as long as the platform asks (HTTP %i)", async (status) => {
    const { connection, request } = ask(feishuThrottled(status, 7), 1);
    await request();
    expect(connection.clock.waits).toEqual([7_000]);
    expect(connection.waits[0]?.why).toContain("too many requests");
  });

  test("does not wait for longer than a minute", async () => {
    const { connection, request } = ask(feishuThrottled(429, 3_600), 1);
    await request();
    expect(connection.clock.waits).toEqual([60_000]);
  });

  test("gives the id by which support finds the request", async () => {
    const fault = failing(10003) as Extract<Fault, { kind: "answer" }>;
    const { connection, request } = ask({ ...fault, headers: { "x-tt-logid": "20261122030000ABC" } });
    await expectFailure(request(), { detail: "no; request 20261122030000ABC" }, connection);
  });
});

describe("with delivery dispatch, an event that brings a ticket", () => {
  test("hands it over, masked, having tried it, and asks for none", async () => {
    const connection = connectToEvent(dispatched);
    const { provider, service, announced } = connection;
    expect(provider).toMatchObject({ arrived: true, confirms: "before", lifetime: 180 * MINUTE });
    expect(provider).not.toHaveProperty("request");
    await preflight(connection);
    const secret = await provider.rotate();
    expect(secret.value.expose()).toBe(service.inForce());
    expect(announced).toContain(service.inForce());
    expect(await provider.verify?.(secret)).toEqual({ state: "valid" });
    expect(service.emulator.requests.map(({ path }) => path)).toEqual([
      "/open-apis/auth/v3/app_access_token",
    ]);
  });

  test("may bring it as the input of a workflow", async () => {
    const payload = (service: FeishuService): unknown => ({
      inputs: { envelope: JSON.stringify(ticketEnvelope(service)) },
    });
    const connection = connectToEvent(payload, { name: "workflow_dispatch" });
    await preflight(connection);
    expect((await connection.provider.rotate()).value.expose()).toBe(connection.service.inForce());
  });

  test("is taken with delivery inbox too, as asking would start a loop", () => {
    const connection = connectToEvent(dispatched, {
      inputs: {
        delivery: "inbox",
        "inbox-url": "https://feishu.example.test/inbox",
        "inbox-token": "inbox-token",
      },
    });
    expect(connection.provider.arrived).toBe(true);
  });

  test.each([
    undefined,
    {},
    { client_payload: null },
    { client_payload: {} },
    { client_payload: { other: 1 } },
  ])("fails, and asks for nothing, if it brings none: %j", async (payload) => {
    const connection = connectToEvent(() => payload);
    await expectFailure(
      preflight(connection),
      {
        code: "ENVELOPE_MISSING",
        changed: "no",
        message: `The event "repository_dispatch" has no envelope in "client_payload.feishu"; expected the platform's push, as the relay forwards it.`,
      },
      connection,
    );
    expect(connection.service.emulator.requests).toEqual([]);
  });

  test.each([null, "garbage", 7, [], {}])("fails, and asks for nothing, if it brings %j", async (feishu) => {
    const connection = connectToEvent(() => ({ client_payload: { feishu } }));
    await expectFailure(preflight(connection), { code: "ENVELOPE_REFUSED" }, connection);
    expect(connection.service.emulator.requests).toEqual([]);
  });

  test("fails, and asks for nothing, if it is forged", async () => {
    const connection = connectToEvent((service) => ({
      client_payload: { feishu: { ...ticketEnvelope(service), signature: "0".repeat(64) } },
    }));
    await expectFailure(preflight(connection), { code: "ENVELOPE_REFUSED" }, connection);
    expect(connection.service.emulator.requests).toEqual([]);
  });

  test.each([
    ["15 minutes by default", {}, 15],
    ["as long as envelope-max-age says", { "envelope-max-age": "60m" }, 60],
  ])("is accepted for %s", async (_, inputs, minutes) => {
    const young = connectToEvent(dispatched, { inputs });
    young.clock.advance(minutes * MINUTE - 1_000);
    await preflight(young);
    const old = connectToEvent(dispatched, { inputs });
    old.clock.advance(minutes * MINUTE + 1_000);
    await expectFailure(preflight(old), { code: "ENVELOPE_REFUSED" }, old);
  });

  test("fails in preflight if the app's secret is wrong", async () => {
    const connection = connectToEvent(dispatched, {
      inputs: { "app-secret": "not-the-secret-of-this-app" },
    });
    await expectFailure(preflight(connection), { code: "PROVIDER_UNAUTHORIZED", changed: "no" }, connection);
    expect(connection.service.emulator.requests).toHaveLength(1);
  });

  test("is invalid if the platform does not take the ticket", async () => {
    const connection = connectToEvent(({ platform, appId }) => ({
      client_payload: {
        feishu: envelopeOf(
          platform.sign(appId, { type: "app_ticket", app_id: appId, app_ticket: "no-such-ticket" }),
        ),
      },
    }));
    await preflight(connection);
    const secret = await connection.provider.rotate();
    expect(await connection.provider.verify?.(secret)).toEqual({ state: "invalid" });
  });

  test("is left to the confirmation if the platform does not answer in preflight", async () => {
    const connection = connectToEvent(dispatched);
    connection.service.emulator.faults.arm({ kind: "reset", changed: false }, { ...ACCESS_TOKEN, times: 2 });
    await preflight(connection);
    const secret = await connection.provider.rotate();
    expect(await connection.provider.verify?.(secret)).toEqual({ state: "valid" });
    expect(requestsOf(connection.service, ACCESS_TOKEN)).toHaveLength(3);
  });

  test.each([
    ["throttles", feishuThrottled()],
    ["redirects", { kind: "answer", changed: false, status: 302, headers: { location: "/elsewhere" } }],
    ["does not take the ticket", failing(10012)],
  ] as readonly (readonly [string, Fault])[])(
    "is asked about again if the platform %s in preflight",
    async (_, fault) => {
      const connection = connectToEvent(dispatched);
      connection.service.emulator.faults.arm(fault, ACCESS_TOKEN);
      await preflight(connection);
      expect(connection.clock.waits).toEqual([]);
      const secret = await connection.provider.rotate();
      expect(await connection.provider.verify?.(secret)).toEqual({ state: "valid" });
      expect(requestsOf(connection.service, ACCESS_TOKEN)).toHaveLength(2);
    },
  );

  test("fails in preflight with what the platform was asked for, if it refuses that", async () => {
    const connection = connectToEvent(dispatched);
    connection.service.emulator.faults.arm(failing(10003), ACCESS_TOKEN);
    await expectFailure(
      preflight(connection),
      {
        code: "PROVIDER_REFUSED",
        message: "Feishu refused to accept the ticket (code 10003); expected it to be done.",
      },
      connection,
    );
  });

  test("is not tried with verify off", async () => {
    const connection = connectToEvent(dispatched, { inputs: { verify: "off" } });
    await preflight(connection);
    expect(connection.service.emulator.requests).toEqual([]);
  });

  test("has the access token masked that the trial gives", async () => {
    const connection = connectToEvent(dispatched);
    await preflight(connection);
    const { answer } = requestsOf(connection.service, ACCESS_TOKEN)[0] ?? { answer: "{}" };
    const token = (JSON.parse(answer) as { app_access_token: string }).app_access_token;
    expect(token.length).toBeGreaterThan(10);
    expect(connection.announced).toContain(token);
  });
});

describe("with delivery inbox", () => {
  const ready = async (change: Change = {}) => {
    const connection = connect(change);
    await preflight(connection);
    return connection;
  };

  test("asks, waits for the push, and takes the ticket from the inbox", async () => {
    const { provider, service, waits, announced } = await ready();
    const { value } = await provider.rotate();
    expect(value.expose()).toBe(service.inForce());
    expect(announced).toContain(service.inForce());
    expect(service.platform.app(service.appId).resends).toBe(1);
    expect(waits).toEqual([
      {
        why: "the platform pushes the ticket to the inbox, which may take two minutes",
        milliseconds: 180_000,
      },
    ]);
    expect(requestsOf(service, INBOX).map(({ headers }) => headers["authorization"])).toEqual([
      "Bearer token-of-the-inbox-in-a-test",
      "Bearer token-of-the-inbox-in-a-test",
    ]);
  });

  test("takes no envelope that was there before it asked", async () => {
    const connection = connect();
    const { service, provider } = connection;
    await service.platform.push(service.appId);
    const before = service.inForce();
    expect(service.inbox.envelopes()).toHaveLength(1);
    await preflight(connection);
    const { value } = await provider.rotate();
    expect(value.expose()).not.toBe(before);
    expect(value.expose()).toBe(service.inForce());
  });

  test("takes none of those again, however new, if the platform pushes no other", async () => {
    const connection = connect();
    const { service, provider, clock } = connection;
    for (let pushed = 0; pushed < 3; pushed += 1) {
      await service.platform.push(service.appId);
      clock.advance(1_000);
    }
    await preflight(connection);
    service.platform.setRequestUrl(service.appId, undefined);
    await expectFailure(
      provider.rotate(),
      {
        code: "TICKET_NOT_DELIVERED",
        message:
          "No new ticket was in the inbox within 180 s (it held none that is newer than the request); expected an envelope with one.",
      },
      connection,
    );
  });

  test.each([
    ["5 minutes by default", "", 300],
    ["as long as envelope-max-age says", "7m", 420],
  ])("looks beforehand for what may still be accepted: %s", async (_, maxAge, seconds) => {
    const { service, clock } = await ready({ inputs: { "envelope-max-age": maxAge } });
    const since = Math.floor(clock.now() / 1_000) - seconds;
    expect(service.emulator.requests.map(({ path }) => path)).toEqual([`/inbox?since=${String(since)}`]);
  });

  test("looks afterwards for what was sent since it asked, give or take a minute", async () => {
    const { service, provider, clock } = await ready();
    const since = Math.floor(clock.now() / 1_000) - 60;
    await provider.rotate();
    expect(requestsOf(service, INBOX)[1]?.path).toBe(`/inbox?since=${String(since)}`);
  });

  test.each([
    [60, true],
    [61, false],
  ])(
    "judges by itself what is too old, whatever an inbox shows: %i s before it asked, taken: %j",
    async (seconds, taken) => {
      const connection = await ready({
        inputs: { "ticket-timeout": "10s" },
        through: (http) => (request) =>
          http({ ...request, url: request.url.replace(/\?since=\d+$/, "?since=0") }),
      });
      const { service, provider, clock } = connection;
      // To a whole second, as timestamps are.
      clock.advance(1_000 - (clock.now() % 1_000));
      service.platform.setRequestUrl(service.appId, undefined);
      const ticket = "a-ticket-with-a-time";
      const event = { type: "app_ticket", app_id: service.appId, app_ticket: ticket };
      const timestamp = clock.now() / 1_000 - seconds;
      service.inbox.put(envelopeOf(service.platform.sign(service.appId, event, { timestamp })));
      const rotated = provider.rotate();
      if (taken) expect((await rotated).value.expose()).toBe(ticket);
      else await expectFailure(rotated, { code: "TICKET_NOT_DELIVERED" }, connection);
    },
  );

  test("takes the newest of several, in whatever order they are shown", async () => {
    const { service, provider, clock } = await ready();
    const { platform, inbox, appId } = service;
    platform.setRequestUrl(appId, undefined);
    for (const age of [2, 0, 1]) {
      const event = { type: "app_ticket", app_id: appId, app_ticket: `ticket-${String(age)}-s-old` };
      const timestamp = Math.floor(clock.now() / 1_000) - age;
      inbox.put(envelopeOf(platform.sign(appId, event, { timestamp })));
    }
    expect((await provider.rotate()).value.expose()).toBe("ticket-0-s-old");
  });

  test("waits for three minutes where ticket-timeout is not set", async () => {
    const connection = await ready({ inputs: { "ticket-timeout": "" } });
    const { service, provider, waits } = connection;
    service.platform.setRequestUrl(service.appId, undefined);
    await expectFailure(
      provider.rotate(),
      { message: expect.stringContaining("within 180 s") as unknown },
      connection,
    );
    expect(waits.map(({ milliseconds }) => milliseconds)).toEqual([180_000]);
  });

  test("takes no envelope that was sent before it asked and arrives afterwards", async () => {
    const connection = await ready({ inputs: { "ticket-timeout": "30s" } });
    const { service, provider, clock } = connection;
    service.platform.setRequestUrl(service.appId, undefined);
    const old = service.platform.sign(
      service.appId,
      { type: "app_ticket", app_id: service.appId, app_ticket: "a-ticket-of-yesterday" },
      { timestamp: Math.floor(clock.now() / 1_000) - 120 },
    );
    service.inbox.put(envelopeOf(old));
    await expectFailure(provider.rotate(), { code: "TICKET_NOT_DELIVERED" }, connection);
  });

  test("is not confused by what else is in the inbox", async () => {
    const connection = await ready();
    const { service, provider } = connection;
    const { platform, inbox, appId } = service;
    platform.otherEventsFirst = 2;
    platform.duplicates = 2;
    const good = envelopeOf(
      platform.sign(appId, { type: "app_ticket", app_id: appId, app_ticket: "forged-ticket" }),
    );
    for (const other of [null, 7, "text", {}, { v: 1 }, { ...good, signature: "0".repeat(64) }])
      inbox.put(other);
    const { value } = await provider.rotate();
    expect(value.expose()).toBe(service.inForce());
  });

  test("waits until ticket-timeout, and says what was wrong with what it found", async () => {
    const connection = await ready({ inputs: { "ticket-timeout": "60s" } });
    const { service, provider, clock } = connection;
    service.platform.signWithEmptyKey = true;
    const startedAt = clock.now();
    await expectFailure(
      provider.rotate(),
      {
        code: "TICKET_NOT_DELIVERED",
        message: expect.stringMatching(/within 60 s .*check of its signature/) as unknown,
      },
      connection,
    );
    expect(clock.now() - startedAt).toBe(60_000);
    expect(service.platform.app(service.appId).resends).toBe(1);
  });

  test("says so when nothing came at all", async () => {
    const connection = await ready();
    connection.service.platform.setRequestUrl(connection.service.appId, undefined);
    await expectFailure(
      connection.provider.rotate(),
      {
        code: "TICKET_NOT_DELIVERED",
        message: expect.stringContaining("held none that is newer") as unknown,
      },
      connection,
    );
  });

  test.each([
    ["a fault", { kind: "answer", changed: false, status: 503 }],
    ["a throttle", { kind: "answer", changed: false, status: 429 }],
    ["a reset", { kind: "reset", changed: false }],
  ] as readonly (readonly [string, Fault])[])("goes on waiting through %s of the inbox", async (_, fault) => {
    const { service, provider } = await ready();
    service.emulator.faults.arm(fault, { ...INBOX, times: 3 });
    expect((await provider.rotate()).value.expose()).toBe(service.inForce());
  });

  test.each([
    ["30", [5_000, 30_000]],
    ["1", [5_000, 5_000]],
    ["3600", [5_000, 175_000]],
  ])(
    "waits as long as a throttling inbox asks, %s s, but not beyond ticket-timeout",
    async (seconds, waits) => {
      const { service, provider, clock } = await ready({ inputs: { "ticket-timeout": "180s" } });
      const headers = { "retry-after": seconds };
      service.emulator.faults.arm({ kind: "answer", changed: false, status: 429, headers }, INBOX);
      const before = clock.waits.length;
      expect((await provider.rotate()).value.expose()).toBe(service.inForce());
      expect(clock.waits.slice(before)).toEqual(waits);
    },
  );

  test("gives up when the inbox refuses its token while it waits", async () => {
    const connection = await ready();
    connection.service.emulator.faults.arm({ kind: "answer", changed: false, status: 401 }, INBOX);
    await expectFailure(connection.provider.rotate(), { code: "PROVIDER_UNAUTHORIZED" }, connection);
  });

  test.each([
    [200, "{}"],
    [200, "no JSON"],
    [404, "[]"],
    [201, "[]"],
  ])("takes an inbox that answers %i with %s for none", async (status, body) => {
    const connection = connect();
    connection.service.emulator.faults.arm({ kind: "answer", changed: false, status, body }, INBOX);
    await expectFailure(
      preflight(connection),
      {
        code: "PROVIDER_ANSWER_INVALID",
        message: expect.stringContaining("a JSON list of envelopes") as unknown,
      },
      connection,
    );
  });

  test("follows a redirect of the inbox on its own origin", async () => {
    const connection = connect({ inputs: { "inbox-url": "https://feishu.example.test/old?x=1" } });
    const location = "/inbox?since=0";
    connection.service.emulator.faults.arm(
      { kind: "answer", changed: false, status: 308, headers: { location } },
      { method: "GET", path: /^\/old\?x=1&since=\d+$/ },
    );
    await preflight(connection);
    expect(connection.service.emulator.requests.map(({ path }) => path)).toContain(location);
  });

  test("stops waiting when it is cancelled", async () => {
    const { provider, service } = await ready();
    service.platform.setRequestUrl(service.appId, undefined);
    const reason = new Error("cancelled by the test");
    await expect(provider.rotate(AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  test("confirms by the trial of the ticket", async () => {
    const { provider, masker } = await ready();
    const secret = await provider.rotate();
    expect(await provider.verify?.(secret)).toEqual({ state: "valid" });
    expect(await provider.verify?.({ value: masker.secret("no-such-ticket") })).toEqual({ state: "invalid" });
  });
});

describe("an envelope is addressed", () => {
  const addressed = (deliver: (service: FeishuService) => unknown, change = {}): boolean | undefined =>
    connectToEvent(deliver, change).provider.addressed;
  const spoilt = (change: object) => (service: FeishuService) => ({
    client_payload: { feishu: { ...ticketEnvelope(service), ...change } },
  });

  test("to the app whose key it is signed with, whatever else is wrong with it", () => {
    expect(addressed(dispatched)).toBe(true);
    const other = ({ platform, appId }: FeishuService): unknown => {
      const event = { type: "im.message", app_id: appId };
      return { client_payload: { feishu: envelopeOf(platform.sign(appId, event)) } };
    };
    expect(addressed(other)).toBe(true);
  });

  test.each([
    ["forged", spoilt({ signature: "0".repeat(64) })],
    ["changed", spoilt({ body_b64: Buffer.from("{}").toString("base64") })],
    ["of no known form", spoilt({ v: 2 })],
    ["missing", () => ({ client_payload: {} })],
  ])("to nobody if it is %s, which is no reason to throw", (_, deliver) => {
    expect(addressed(deliver)).toBe(false);
  });

  test("to nobody with another key", () => {
    const inputs = { "encrypt-key": "another-key-of-32-characters-abc" };
    expect(addressed(dispatched, { inputs })).toBe(false);
  });

  test("to nobody in a run that an event without one has started, which is said by nothing", () => {
    expect(connect({ inputs: DISPATCH }).provider.addressed).toBeUndefined();
    expect(connect().provider.addressed).toBeUndefined();
  });
});
