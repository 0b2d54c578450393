import { describe, expect, test } from "vitest";
import { type RotationError, RotationErrors } from "../../src/errors.ts";
import { HttpFailure } from "../../src/http.ts";
import { maskedForms } from "../../src/secret.ts";
import type { Fault } from "../emulators/emulator.ts";
import { huaweiApigThrottled, type HuaweiApigSwitches } from "../emulators/huawei-apig.ts";
import {
  apigDedicatedService,
  type ApigService,
  apigSharedService,
  FORMER_SECRET,
  PROBE,
  refusing,
} from "../support/huawei-services.ts";
import {
  connect as connectTo,
  type Connection,
  expectFailure,
  neverSending,
  preflight,
  requestsOf,
} from "../support/provider-kit.ts";

type Apig = Connection & { readonly service: ApigService };
type Inputs = Readonly<Record<string, string>>;

const UNKNOWN =
  "It is not known whether Huawei Cloud API Gateway has made a new secret; expected a whole answer or a readable secret.";
const PROBE_URL = "https://weather.example.test/probe";
const NO_CURRENT = { "current-secret": "" };

const connectShared = (inputs: Inputs = {}): Apig => connectTo("huawei-apig", apigSharedService, { inputs });
const connectDedicated = (inputs: Inputs = {}): Apig =>
  connectTo("huawei-apig", apigDedicatedService, { inputs });

/** A connection whose preflight has passed, and then the switches set. */
async function ready(connection: Apig, switches: Partial<HuaweiApigSwitches> = {}): Promise<Apig> {
  await preflight(connection);
  Object.assign(connection.service.emulator, switches);
  return connection;
}

/** The bodies of the calls that set a secret, oldest first. */
const bodies = ({ service }: Apig): readonly Readonly<Record<string, unknown>>[] =>
  requestsOf(service, service.rotateCall).map(({ body }) => JSON.parse(body) as Record<string, unknown>);

/** What is said to be wrong with the inputs. */
function problemsOf(act: () => unknown): readonly RotationError[] {
  try {
    act();
    return [];
  } catch (thrown) {
    if (!(thrown instanceof RotationErrors)) throw thrown;
    return thrown.errors;
  }
}

const probes = ({ service }: Apig) => requestsOf(service, PROBE);
const app = ({ service }: Apig) => service.emulator.app(service.appId);

/** What leaves open whether a call was carried out, before and after the work. */
const LOST = (["before", "after"] as const).flatMap((when) => {
  const changed = when === "after";
  const page = (status: number): Fault => ({
    kind: "answer",
    changed,
    status,
    headers: { "content-type": "text/html" },
    body: "<html>a gateway's page</html>",
  });
  return [
    [`reset ${when} the work`, { kind: "reset", changed }],
    [`stalled ${when} the work`, { kind: "stall", changed }],
    [`a gateway's page ${when} the work`, page(502)],
    [`a cheerful page ${when} the work`, page(200)],
    // Whether the new secret was stored is not documented.
    [
      `a failure to store ${when} the work`,
      { ...refusing(500, { error_code: "APIG.3500", error_msg: "Failed to sync to etcd" }), changed },
    ],
  ] as [string, Fault][];
});

describe("a generated secret", () => {
  test.each([
    ["shared", connectShared],
    ["dedicated", connectDedicated],
  ])("on the %s gateway is 48 letters and digits, another one each time, masked", async (_, connect) => {
    const made = new Set<string>();
    for (let round = 0; round < 40; round += 1) {
      const connection = await ready(connect());
      const { value } = await connection.provider.rotate();
      expect(value.expose()).toMatch(/^[A-Za-z0-9]{48}$/);
      for (const form of maskedForms(value.expose())) expect(connection.announced).toContain(form);
      made.add(value.expose());
    }
    expect(made.size).toBe(40);
    // 40 secrets of 48 characters miss one of the 62 by chance once in 10^12 runs.
    expect(new Set([...made].join("")).size).toBe(62);
  });
});

describe("the shared gateway", () => {
  describe("in preflight", () => {
    test("reads the app, calibrates the probe and proves the current secret, and nothing else", async () => {
      const connection = connectShared();
      expect(await preflight(connection)).toBeUndefined();
      const { emulator } = connection.service;
      expect(emulator.requests.map(({ method, path, status }) => [method, path, status])).toEqual([
        ["GET", `/v1.0/apigw/apps/${connection.service.appId}`, 200],
        ["GET", "/probe", 401],
        ["GET", "/probe", 200],
      ]);
    });

    test("asks the probe as the app, without the management credential", async () => {
      const connection = await ready(connectShared());
      for (const { headers } of probes(connection)) {
        expect(headers["authorization"]).toContain(
          `Access=${connection.service.appKey}, SignedHeaders=host;x-sdk-date,`,
        );
        expect(headers).not.toHaveProperty("x-security-token");
        expect(headers).not.toHaveProperty("x-project-id");
      }
    });

    test("makes no use of the hidden secret that it is shown", async () => {
      const connection = await ready(connectShared());
      expect(connection.service.emulator.requests[0]?.answer).toContain(`"******"`);
      expect(connection.provider).not.toHaveProperty("read");
    });

    test.each([
      [200, "it accepts a wrong secret"],
      [204, "it accepts a wrong secret"],
      [404, "the probe answered 404"],
      [400, "the probe answered 400"],
      [403, "the probe answered 403"],
      [302, "the probe did not answer (PROVIDER_REDIRECT)"],
      [500, "the probe did not answer (PROVIDER_UNAVAILABLE)"],
      [429, "the probe did not answer (PROVIDER_UNAVAILABLE)"],
    ])("refuses a probe that answers a wrong secret with %i", async (status, found) => {
      const connection = connectShared();
      connection.service.emulator.faults.arm(
        { kind: "answer", changed: false, status, body: "{}" },
        { ...PROBE, times: Infinity },
      );
      await expectFailure(
        preflight(connection),
        {
          code: "PROBE_UNUSABLE",
          message: `Input "probe-url" cannot prove anything: ${found}; expected 401 for a wrong secret and 2xx for the right one.`,
        },
        connection,
      );
      expect(connection.service.changes()).toBe(0);
    });

    test("does not take an API's own 401 for the gateway's", async () => {
      const connection = connectShared();
      connection.service.emulator.faults.arm(
        { kind: "answer", changed: false, status: 401, body: "log in first" },
        { ...PROBE, times: Infinity },
      );
      await expectFailure(preflight(connection), { code: "PROBE_UNUSABLE" }, connection);
    });

    test("refuses a probe that does not know the app's key pair", async () => {
      const connection = connectShared();
      connection.service.emulator.faults.arm(
        { kind: "answer", changed: false, status: 403, body: "{}" },
        { ...PROBE, after: 1 },
      );
      await expectFailure(
        preflight(connection),
        {
          code: "PROBE_UNUSABLE",
          message: `Input "probe-url" cannot prove anything: the probe answered 403; expected 401 for a wrong secret and 2xx for the right one.`,
        },
        connection,
      );
    });

    test("warns of a current secret that is refused, and goes on", async () => {
      const connection = connectShared({ "current-secret": "an-outdated-secret" });
      await expect(preflight(connection)).resolves.toBeUndefined();
      expect(connection.warnings).toEqual([
        `Huawei Cloud API Gateway refuses the value of "current-secret": it is not the secret in force, and could not be put back.`,
      ]);
      expect(connection.provider.restore).toBeUndefined();
      expect((await connection.provider.rotate()).value.expose()).toBe(connection.service.inForce());
    });

    test("warns of nothing where the current secret is accepted", async () => {
      expect((await ready(connectShared())).warnings).toEqual([]);
    });

    test("waits for a probe that has a passing fault", async () => {
      const connection = connectShared();
      connection.service.emulator.faults.arm({ kind: "answer", changed: false, status: 503 }, PROBE);
      connection.service.emulator.faults.arm({ kind: "reset", changed: false }, { ...PROBE, after: 1 });
      await preflight(connection);
      expect(connection.waits).toHaveLength(2);
    });

    test("says where a probe is that cannot be reached", async () => {
      const connection = connectTo("huawei-apig", apigSharedService, {
        through: (http) => neverSending(PROBE, http),
      });
      await expectFailure(
        preflight(connection),
        { code: "PROBE_UNUSABLE", message: expect.stringContaining("PROVIDER_UNREACHABLE") as unknown },
        connection,
      );
    });

    test("keeps the query of the probe, and signs it", async () => {
      const connection = connectShared({ "probe-url": `${PROBE_URL}?city=Z%C3%BCrich&b=1` });
      // What is signed otherwise would be refused with the right secret too.
      await preflight(connection).catch(() => undefined);
      const asked = connection.service.emulator.requests.filter(({ path }) => path.startsWith("/probe"));
      expect(asked.map(({ path, status }) => [path, status])).toEqual([
        ["/probe?city=Z%C3%BCrich&b=1", 401],
        ["/probe?city=Z%C3%BCrich&b=1", 200],
      ]);
    });

    test.each([
      ["without a name", { app_key: "k" }],
      ["without a key", { name: "n" }],
      ["of another kind", { apps: [] }],
    ])("refuses an app %s", async (_, body) => {
      const connection = connectShared();
      connection.service.emulator.faults.arm(refusing(200, body));
      await expectFailure(
        preflight(connection),
        {
          code: "PROVIDER_ANSWER_INVALID",
          message: `Huawei Cloud API Gateway answered an app without "name" or "app_key" when asked to read the app; expected an app.`,
        },
        connection,
      );
    });
  });

  describe("its change", () => {
    test("keeps name and remark as they were", async () => {
      const connection = await ready(connectShared(), { omittedRemark: "clears" });
      const { name, remark, appKey } = app(connection);
      const { value } = await connection.provider.rotate();
      expect(bodies(connection)).toEqual([{ name, remark, app_secret: value.expose() }]);
      expect(app(connection)).toMatchObject({ name, remark, appKey, secret: value.expose(), changes: 1 });
      expect([name, remark]).toEqual(["订单_app", `nightly <rotated> "app" ✓`]);
    });

    test.each([
      ["did not show", {}],
      ["showed as null", { remark: null }],
      ["showed as no text", { remark: 7 }],
    ])("leaves out a remark that the gateway %s", async (_, remark) => {
      const connection = connectShared(NO_CURRENT);
      const { appKey, emulator, rotateCall } = connection.service;
      emulator.faults.arm(refusing(200, { name: "订单_app", app_key: appKey, ...remark }), { method: "GET" });
      await preflight(connection);
      await connection.provider.rotate();
      expect(Object.keys(bodies(connection)[0] ?? {})).toEqual(["name", "app_secret"]);
      expect(requestsOf(connection.service, rotateCall)[0]?.path).toBe(
        `/v1.0/apigw/apps/${connection.service.appId}`,
      );
    });

    test("never gives back the asterisks of the answer", async () => {
      const connection = await ready(connectShared());
      const { value } = await connection.provider.rotate();
      const [call] = requestsOf(connection.service, connection.service.rotateCall);
      expect(call?.answer).toContain(`"******"`);
      expect(value.expose()).toBe(app(connection).secret);
    });

    test.each(LOST)("lost (%s) is made again with the same value", async (_, fault) => {
      const connection = await ready(connectShared());
      const { service, provider, clock } = connection;
      service.emulator.faults.arm(fault, { ...service.rotateCall, times: 2 });
      const { value } = await provider.rotate();
      const sent = bodies(connection);
      expect(sent).toEqual([sent[0], sent[0], sent[0]]);
      expect([value.expose(), service.changes()]).toEqual([service.inForce(), 1]);
      expect(clock.waits).toEqual([2_000, 5_000]);
      expect(connection.waits).toEqual(
        [2_000, 5_000].map((milliseconds) => ({
          why: expect.stringMatching(
            / modify the app.*; expected .*\. Setting the same secret again$/,
          ) as unknown,
          milliseconds,
        })),
      );
    });

    test.each(LOST)("lost (%s) each time is unknown after three tries", async (_, fault) => {
      const connection = await ready(connectShared());
      const { service, provider } = connection;
      service.emulator.faults.arm(fault, { ...service.rotateCall, times: Infinity });
      await expectFailure(
        provider.rotate(),
        {
          code: "ROTATION_UNKNOWN",
          changed: "unknown",
          message: UNKNOWN,
          detail: expect.stringContaining(" modify the app") as unknown,
        },
        connection,
      );
      expect(bodies(connection)).toHaveLength(3);
      expect(new Set(bodies(connection).map((body) => body["app_secret"])).size).toBe(1);
    });

    test("lost, and then refused, is unknown at once", async () => {
      const connection = await ready(connectShared());
      const { service, provider } = connection;
      service.emulator.faults.arm({ kind: "reset", changed: true }, service.rotateCall);
      service.emulator.faults.arm(service.refusal, service.rotateCall);
      await expectFailure(
        provider.rotate(),
        {
          code: "ROTATION_UNKNOWN",
          changed: "unknown",
          cause: expect.objectContaining({ code: "PROVIDER_FORBIDDEN" }) as unknown,
        },
        connection,
      );
      expect(bodies(connection)).toHaveLength(2);
    });

    test("lost, and then not sent, is made again", async () => {
      let unsent = 0;
      const connection = connectTo("huawei-apig", apigSharedService, {
        through: (http, service) => (request) => {
          const second = request.method === "PUT" && requestsOf(service, service.rotateCall).length === 1;
          if (!second || unsent > 0) return http(request);
          unsent += 1;
          return Promise.reject(new HttpFailure("ECONNREFUSED", false));
        },
      });
      await preflight(connection);
      const { service, provider, clock } = connection;
      service.emulator.faults.arm({ kind: "reset", changed: true }, service.rotateCall);
      const { value } = await provider.rotate();
      expect(value.expose()).toBe(service.inForce());
      expect(bodies(connection).map((body) => body["app_secret"])).toEqual([value.expose(), value.expose()]);
      expect([unsent, clock.waits]).toEqual([1, [2_000, 5_000]]);
    });

    test("that is throttled is made again", async () => {
      const connection = await ready(connectShared());
      const { service, provider } = connection;
      service.emulator.faults.arm(huaweiApigThrottled, service.rotateCall);
      expect((await provider.rotate()).value.expose()).toBe(service.inForce());
      expect(bodies(connection)).toHaveLength(2);
    });

    test("that is throttled each time has changed nothing", async () => {
      const connection = await ready(connectShared());
      const { service, provider } = connection;
      service.emulator.faults.arm(huaweiApigThrottled, { ...service.rotateCall, times: Infinity });
      await expectFailure(provider.rotate(), { code: "PROVIDER_RATE_LIMITED", changed: "no" }, connection);
      expect([bodies(connection).length, service.changes()]).toEqual([3, 0]);
    });

    test("that was never sent is not made again, and has changed nothing", async () => {
      let tried = 0;
      const connection = connectTo("huawei-apig", apigSharedService, {
        through: (http, { rotateCall }) => {
          const refused = neverSending(rotateCall, http);
          return (request) => {
            if (request.method === "PUT") tried += 1;
            return refused(request);
          };
        },
      });
      await preflight(connection);
      await expectFailure(
        connection.provider.rotate(),
        { code: "PROVIDER_UNREACHABLE", changed: "no" },
        connection,
      );
      expect(tried).toBe(1);
    });

    test.each([
      [400, "APIG.2011"],
      [400, "APIG.2012"],
      [412, "APIG.3458"],
    ])(
      "that is refused with %i %s, where no secret may be chosen, has changed nothing",
      async (status, code) => {
        const connection = await ready(connectShared(), {
          customSecrets: "rejects",
          rejection: { status, code },
        });
        await expectFailure(
          connection.provider.rotate(),
          {
            code: "PROVIDER_REFUSED",
            changed: "no",
            message: `Huawei Cloud API Gateway refused to modify the app (${code}); expected it to be done.`,
            detail: expect.stringContaining("parameterName:app_secret") as unknown,
          },
          connection,
        );
        expect([bodies(connection).length, connection.service.changes()]).toEqual([1, 0]);
      },
    );
  });

  describe("the probe", () => {
    test("tells the new secret from any other", async () => {
      const { provider, masker } = await ready(connectShared());
      const secret = await provider.rotate();
      expect(await provider.verify?.(secret)).toEqual({ state: "valid" });
      for (const other of [FORMER_SECRET, "******", "another"]) {
        expect(await provider.verify?.({ value: masker.secret(other) })).toEqual({ state: "invalid" });
      }
    });

    test.each(["kept", "random"] as const)(
      "refuses a value that was ignored (%s)",
      async (ignoredBecomes) => {
        const connection = await ready(connectShared(), { customSecrets: "ignores", ignoredBecomes });
        const secret = await connection.provider.rotate();
        expect(await connection.provider.verify?.(secret)).toEqual({ state: "invalid" });
      },
    );

    test("cannot tell where it does not answer, and says why", async () => {
      const { provider, service } = await ready(connectShared());
      const secret = await provider.rotate();
      service.emulator.faults.arm({ kind: "reset", changed: false }, { ...PROBE, times: Infinity });
      expect(await provider.verify?.(secret)).toEqual({
        state: "inconclusive",
        why: "the probe did not answer (PROVIDER_ANSWER_LOST)",
      });
    });

    test("is required, or not wanted", () => {
      expect(() => connectShared({ "probe-url": "" })).toThrow(RotationErrors);
      const [error, ...others] = problemsOf(() => connectShared({ "probe-url": "" }));
      expect(others).toEqual([]);
      expect(error).toMatchObject({
        code: "INPUT_MISSING",
        message: `Input "probe-url" is empty; the shared gateway never shows a secret, and only a probe can prove the new one.`,
        hint: `Set "probe-url" to a published API that this app may call with GET, or "verify" to "off".`,
      });
    });

    test("is not asked with verify off, and may be missing then", async () => {
      for (const url of [PROBE_URL, ""]) {
        const connection = connectShared({ verify: "off", "probe-url": url, "current-secret": "" });
        await preflight(connection);
        await connection.provider.rotate();
        expect(probes(connection)).toEqual([]);
        expect(connection.provider).not.toHaveProperty("verify");
        expect(connection.provider.restore).toBeUndefined();
        expect(connection.warnings).toEqual([]);
      }
    });

    test.each(["http://weather.example.test/probe", "weather/probe", "https://u:p@weather.example.test/"])(
      "is not asked at %s",
      (url) => {
        expect(() => connectShared({ "probe-url": url })).toThrow(/"probe-url"/);
      },
    );
  });

  describe("putting back", () => {
    test("sets the former secret again, and the probe confirms it", async () => {
      const connection = await ready(connectShared());
      const { name, remark } = app(connection);
      await connection.provider.rotate();
      expect(await connection.provider.restore?.()).toBe(true);
      expect(app(connection)).toMatchObject({ secret: FORMER_SECRET, name, remark });
      expect(bodies(connection).at(-1)).toEqual({ name, remark, app_secret: FORMER_SECRET });
    });

    test("is done again with the same value after a lost answer", async () => {
      const connection = await ready(connectShared());
      const { service, provider } = connection;
      await provider.rotate();
      service.emulator.faults.arm({ kind: "reset", changed: false }, service.rotateCall);
      expect(await provider.restore?.()).toBe(true);
      expect([service.inForce(), bodies(connection).length]).toEqual([FORMER_SECRET, 3]);
    });

    test("is not confirmed where the probe refuses the former secret", async () => {
      const connection = await ready(connectShared(), { customSecrets: "ignores", ignoredBecomes: "random" });
      await connection.provider.rotate();
      expect(await connection.provider.restore?.()).toBe(false);
    });

    test("is not confirmed where the probe does not answer", async () => {
      const connection = await ready(connectShared());
      await connection.provider.rotate();
      connection.service.emulator.faults.arm(
        { kind: "reset", changed: false },
        { ...PROBE, times: Infinity },
      );
      expect(await connection.provider.restore?.()).toBe(false);
    });

    test("is not offered before the probe has accepted the current secret", async () => {
      const connection = connectShared();
      expect(connection.provider.restore).toBeUndefined();
      await preflight(connection);
      expect(connection.provider.restore).toBeDefined();
    });

    test("is not offered without a current secret", () => {
      expect(connectShared(NO_CURRENT).provider.restore).toBeUndefined();
    });
  });
});

describe("a dedicated gateway", () => {
  const reads = ({ service }: Apig) => service.reads.flatMap((read) => requestsOf(service, read));

  describe("in preflight", () => {
    test("reads the secret in force", async () => {
      const connection = connectDedicated();
      expect((await preflight(connection))?.value.expose()).toBe(FORMER_SECRET);
    });

    test("refuses a gateway that hides secrets", async () => {
      const connection = connectDedicated();
      connection.service.emulator.dedicatedShows = "masked";
      await expectFailure(
        preflight(connection),
        {
          code: "SECRET_UNUSABLE",
          message:
            "The secret that Huawei Cloud API Gateway gave is hidden behind asterisks; expected plain text of 1 to 49152 bytes.",
        },
        connection,
      );
    });

    test.each([[""], [null], [7]])("refuses a secret that is %j", async (app_secret) => {
      const connection = connectDedicated();
      connection.service.emulator.faults.arm(refusing(200, { name: "n", app_key: "k", app_secret }));
      await expectFailure(preflight(connection), { code: "SECRET_UNUSABLE" }, connection);
    });

    test("calibrates a probe, if there is one, with a wrong secret and the right one", async () => {
      const connection = await ready(connectDedicated({ "probe-url": PROBE_URL }));
      expect(probes(connection).map(({ status }) => status)).toEqual([401, 200]);
    });

    test.each([
      ["accepts a wrong secret", 200, 0, "it accepts a wrong secret"],
      ["refuses the secret in force", 401, 1, "it refuses the secret in force"],
      ["does not know the app", 403, 1, "the probe answered 403"],
    ])("refuses a probe that %s", async (_, status, after, found) => {
      const connection = connectDedicated({ "probe-url": PROBE_URL });
      const body = JSON.stringify({ error_code: "APIGW.0303" });
      connection.service.emulator.faults.arm(
        { kind: "answer", changed: false, status, body },
        { ...PROBE, after, times: Infinity },
      );
      await expectFailure(
        preflight(connection),
        { code: "PROBE_UNUSABLE", message: expect.stringContaining(`: ${found}; `) as unknown },
        connection,
      );
    });

    test("does not find an app of another gateway", async () => {
      const connection = connectDedicated({ "instance-id": "00000000" });
      await expectFailure(
        preflight(connection),
        { code: "APP_NOT_FOUND", detail: "APIG.3030: The instance does not exist;id:00000000" },
        connection,
      );
    });

    test("encodes every name in its paths", async () => {
      const connection = connectDedicated({ "instance-id": "a/b c", "app-id": "x/../y" });
      await preflight(connection).catch(() => undefined);
      expect(connection.service.emulator.requests[0]?.path).toMatch(
        /^\/v2\/[^/]+\/apigw\/instances\/a%2Fb%20c\/apps\/x%2F\.\.%2Fy$/,
      );
    });
  });

  describe("its reset", () => {
    test("sets a chosen value, and reads it back", async () => {
      const connection = await ready(connectDedicated());
      const { value } = await connection.provider.rotate();
      expect(bodies(connection)).toEqual([{ app_secret: value.expose() }]);
      expect([connection.service.inForce(), reads(connection).length]).toEqual([value.expose(), 2]);
    });

    test("leaves name, remark and key alone", async () => {
      const connection = await ready(connectDedicated());
      const { name, remark, appKey } = app(connection);
      await connection.provider.rotate();
      expect(app(connection)).toMatchObject({ name, remark, appKey });
    });

    test.each([
      ["refused", { customSecrets: "rejects" }],
      ["ignored and kept", { customSecrets: "ignores", ignoredBecomes: "kept" }],
    ] as const)("takes a value of the gateway's making where a chosen one is %s", async (_, switches) => {
      const connection = await ready(connectDedicated(), switches);
      const { value } = await connection.provider.rotate();
      expect(bodies(connection)).toEqual([{ app_secret: expect.any(String) as unknown }, {}]);
      expect([value.expose(), connection.service.changes()]).toEqual([connection.service.inForce(), 1]);
      for (const form of maskedForms(value.expose())) expect(connection.announced).toContain(form);
    });

    test("takes what the gateway made of an ignored value", async () => {
      const connection = await ready(connectDedicated(), {
        customSecrets: "ignores",
        ignoredBecomes: "random",
      });
      const { value } = await connection.provider.rotate();
      expect(bodies(connection)).toHaveLength(1);
      expect(value.expose()).toBe(connection.service.inForce());
      expect(value.expose()).not.toBe(bodies(connection)[0]?.["app_secret"]);
    });

    test.each(LOST)("lost (%s) is made again with the same value", async (_, fault) => {
      const connection = await ready(connectDedicated());
      const { service, provider } = connection;
      service.emulator.faults.arm(fault, { ...service.rotateCall, times: 2 });
      const { value } = await provider.rotate();
      const sent = bodies(connection);
      expect(sent).toEqual([sent[0], sent[0], sent[0]]);
      expect([value.expose(), service.changes()]).toEqual([service.inForce(), 1]);
    });

    test.each(LOST)("lost (%s) each time is settled by reading", async (name, fault) => {
      const connection = await ready(connectDedicated());
      const { service, provider } = connection;
      service.emulator.faults.arm(fault, { ...service.rotateCall, times: Infinity });
      const rotation = provider.rotate();
      if (name.includes("after")) {
        expect((await rotation).value.expose()).toBe(service.inForce());
        expect(service.changes()).toBe(1);
      } else {
        await expectFailure(rotation, { changed: "unknown" }, connection);
        expect(service.changes()).toBe(0);
      }
      expect(new Set(bodies(connection).map((body) => body["app_secret"])).size).toBe(1);
    });

    test("lost each time, and then unreadable, is unknown", async () => {
      const connection = await ready(connectDedicated());
      const { service, provider } = connection;
      service.emulator.faults.arm(
        { kind: "reset", changed: true },
        { ...service.rotateCall, times: Infinity },
      );
      service.emulator.faults.arm({ kind: "stall", changed: false }, { method: "GET", times: Infinity });
      await expectFailure(provider.rotate(), { code: "ROTATION_UNKNOWN", changed: "unknown" }, connection);
    });

    test("done, and then unreadable or hidden, is what the answer shows", async () => {
      for (const fault of [
        { kind: "reset", changed: false } as const,
        refusing(200, { name: "n", app_key: "k", app_secret: "******" }),
      ]) {
        const connection = await ready(connectDedicated());
        const { service, provider } = connection;
        service.emulator.faults.arm(fault, { method: "GET", times: Infinity });
        const { value } = await provider.rotate();
        expect(value.expose()).toBe(service.inForce());
        expect(bodies(connection)).toEqual([{ app_secret: value.expose() }]);
      }
    });

    test.each([
      ["the former secret", FORMER_SECRET],
      ["asterisks", "******"],
      ["nothing", undefined],
      ["no text", 7],
    ])("done, with %s in its answer, and then unreadable is unknown", async (_, app_secret) => {
      const connection = await ready(connectDedicated());
      const { service, provider } = connection;
      service.emulator.faults.arm(refusing(200, { app_secret }), service.rotateCall);
      service.emulator.faults.arm({ kind: "reset", changed: false }, { method: "GET", times: Infinity });
      await expectFailure(
        provider.rotate(),
        {
          code: "ROTATION_UNKNOWN",
          changed: "unknown",
          message: UNKNOWN,
          detail: expect.stringContaining(" read the app ") as unknown,
        },
        connection,
      );
      expect(bodies(connection)).toHaveLength(1);
    });

    describe("of the gateway's making", () => {
      const refusingGateway = () => ready(connectDedicated(), { customSecrets: "rejects" });

      test.each(LOST.filter(([name]) => name.includes("after")))(
        "lost (%s) is read, and not made again",
        async (_, fault) => {
          const connection = await refusingGateway();
          const { service, provider } = connection;
          service.emulator.faults.arm(fault, { ...service.rotateCall, after: 1 });
          expect((await provider.rotate()).value.expose()).toBe(service.inForce());
          expect([bodies(connection).length, service.changes()]).toEqual([2, 1]);
        },
      );

      test.each(LOST.filter(([name]) => name.includes("before")))(
        "lost (%s) is made once more, as nothing has changed",
        async (_, fault) => {
          const connection = await refusingGateway();
          const { service, provider } = connection;
          service.emulator.faults.arm(fault, { ...service.rotateCall, after: 1 });
          expect((await provider.rotate()).value.expose()).toBe(service.inForce());
          expect([bodies(connection).slice(1), service.changes()]).toEqual([[{}, {}], 1]);
        },
      );

      test.each(LOST)(
        "lost (%s) each time ends known, or unknown, but not with a guess",
        async (_, fault) => {
          const connection = await refusingGateway();
          const { service, provider } = connection;
          service.emulator.faults.arm(fault, { ...service.rotateCall, after: 1, times: Infinity });
          const rotation = provider.rotate();
          const secret = await rotation.catch(() => undefined);
          if (secret === undefined) await expectFailure(rotation, { changed: "unknown" }, connection);
          else expect(secret.value.expose()).toBe(service.inForce());
          expect(bodies(connection).length).toBeLessThanOrEqual(3);
        },
      );

      test("and unreadable then, is what the answer shows", async () => {
        const { service, provider } = await refusingGateway();
        service.emulator.faults.arm({ kind: "reset", changed: false }, { method: "GET", times: Infinity });
        expect((await provider.rotate()).value.expose()).toBe(service.inForce());
      });

      test("lost, and unreadable then, is unknown", async () => {
        const connection = await refusingGateway();
        const { service, provider } = connection;
        service.emulator.faults.arm({ kind: "reset", changed: true }, { ...service.rotateCall, after: 1 });
        service.emulator.faults.arm({ kind: "reset", changed: false }, { method: "GET", times: Infinity });
        await expectFailure(provider.rotate(), { code: "ROTATION_UNKNOWN", changed: "unknown" }, connection);
      });

      test("refused too has changed nothing", async () => {
        const connection = await refusingGateway();
        const { service, provider } = connection;
        service.emulator.faults.arm(service.refusal, { ...service.rotateCall, after: 1 });
        await expectFailure(
          provider.rotate(),
          {
            code: "PROVIDER_FORBIDDEN",
            changed: "no",
            message:
              "Huawei Cloud API Gateway does not let this management credential reset the app's secret; expected the right to do so.",
          },
          connection,
        );
      });

      test("is an error if the former secret stays in force", async () => {
        const connection = await refusingGateway();
        const { service, provider } = connection;
        service.emulator.faults.arm(refusing(200, { app_secret: "x" }), {
          ...service.rotateCall,
          after: 1,
          times: Infinity,
        });
        await expectFailure(
          provider.rotate(),
          {
            code: "SECRET_UNCHANGED",
            changed: "unknown",
            message: "Huawei Cloud API Gateway answered with the former secret; expected a new one.",
          },
          connection,
        );
      });
    });
  });

  describe("reading and probing", () => {
    test("comes before publishing, as the gateway holds a copy", () => {
      expect(connectDedicated().provider.confirms).toBe("before");
    });

    test("gives the secret in force at any time", async () => {
      const connection = await ready(connectDedicated());
      expect((await connection.provider.read?.())?.value.expose()).toBe(FORMER_SECRET);
      await connection.provider.rotate();
      expect((await connection.provider.read?.())?.value.expose()).toBe(connection.service.inForce());
    });

    test("never gives asterisks", async () => {
      const connection = await ready(connectDedicated(), { dedicatedShows: "masked" });
      await expectFailure(
        connection.provider.read?.() ?? Promise.resolve(),
        { code: "SECRET_UNUSABLE", changed: "unknown" },
        connection,
      );
    });

    test("offers the probe only if there is one, and not with verify off", async () => {
      expect(connectDedicated().provider).not.toHaveProperty("verify");
      const off = connectDedicated({ "probe-url": PROBE_URL, verify: "off" });
      expect(off.provider).not.toHaveProperty("verify");
      expect(off.warnings).toEqual([]);
      const { provider } = await ready(connectDedicated({ "probe-url": PROBE_URL }));
      expect(await provider.verify?.(await provider.rotate())).toEqual({ state: "valid" });
    });

    test("warns of a current-secret, which it reads for itself", () => {
      expect(connectDedicated({ "current-secret": FORMER_SECRET }).warnings).toEqual([
        expect.stringContaining(`"current-secret"`) as unknown,
      ]);
    });
  });

  describe("putting back", () => {
    test("sets the former secret again, and reads it", async () => {
      const connection = await ready(connectDedicated());
      await connection.provider.rotate();
      expect(await connection.provider.restore?.()).toBe(true);
      expect(connection.service.inForce()).toBe(FORMER_SECRET);
      expect(bodies(connection).at(-1)).toEqual({ app_secret: FORMER_SECRET });
    });

    test("is done again with the same value after a lost answer", async () => {
      const connection = await ready(connectDedicated());
      const { service, provider } = connection;
      await provider.rotate();
      service.emulator.faults.arm({ kind: "stall", changed: true }, service.rotateCall);
      expect(await provider.restore?.()).toBe(true);
      expect(bodies(connection).slice(1)).toEqual([
        { app_secret: FORMER_SECRET },
        { app_secret: FORMER_SECRET },
      ]);
    });

    test.each([
      ["refuses", { customSecrets: "rejects" }],
      ["ignores", { customSecrets: "ignores", ignoredBecomes: "random" }],
      ["ignores and keeps", { customSecrets: "ignores" }],
    ] as const)("is not tried where the gateway %s chosen values", async (_, switches) => {
      const connection = await ready(connectDedicated(), switches);
      await connection.provider.rotate();
      expect(connection.provider.restore).toBeUndefined();
    });

    test("is not confirmed where another secret is in force then", async () => {
      const connection = await ready(connectDedicated());
      const { service, provider } = connection;
      await provider.rotate();
      service.emulator.faults.arm(refusing(200, { app_secret: "x" }), service.rotateCall);
      expect(await provider.restore?.()).toBe(false);
    });
  });
});
