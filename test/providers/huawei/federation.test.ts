import { describe, expect, test } from "vitest";
import { RotationError, RotationErrors } from "../../../src/errors.ts";
import { createCredentialGate } from "../../../src/providers/credential-gate.ts";
import { maskedForms } from "../../../src/secret.ts";
import type { Fault } from "../../emulators/emulator.ts";
import { GITHUB_ISSUER } from "../../emulators/github-id-tokens.ts";
import type { FakeClock } from "../../support/fake-clock.ts";
import {
  apigDedicatedService,
  apigSharedService,
  csmsService,
  type HuaweiService,
  refusing,
} from "../../support/huawei-services.ts";
import { AGENCY, AUDIENCE, type Keyless, keyless, OIDC_PROVIDER } from "../../support/keyless.ts";
import {
  connect as connectTo,
  type Connection,
  expectFailure,
  preflight,
} from "../../support/provider-kit.ts";

type Service = Keyless<HuaweiService>;
type Change = Parameters<typeof connectTo<Service>>[2];

const csms = (change?: Change): Connection & { readonly service: Service } =>
  connectTo<Service>("huawei-csms", keyless(csmsService), change);

const ALL = [
  ["the shared gateway", "huawei-apig", keyless(apigSharedService)],
  ["a dedicated gateway", "huawei-apig", keyless(apigDedicatedService)],
  ["CSMS", "huawei-csms", keyless(csmsService)],
] as const;

const TRADE = { method: "POST", path: "/v5/agencies/assume-with-oidc" };
const REQUEST = { method: "GET", path: /^\/_apis\/token/ };

/** The problems of inputs, a line each. */
function problemsOf(
  change: { readonly inputs: Readonly<Record<string, string>> },
  hasPermission = true,
): readonly string[] {
  const kit = (clock: FakeClock): HuaweiService => {
    const { idTokens, ...service } = keyless(csmsService)(clock);
    return hasPermission && idTokens !== undefined ? { ...service, idTokens } : service;
  };
  try {
    connectTo<HuaweiService>("huawei-csms", kit, change);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof RotationErrors)) throw thrown;
    return thrown.message.split("\n");
  }
}

describe.each(ALL)("without keys, %s", (_, id, kit) => {
  test("is called with temporary keys for the workflow's OIDC token, and all of them are masked", async () => {
    const connection = connectTo<Service>(id, kit);
    const { service, provider, announced } = connection;
    await preflight(connection);
    const secret = await provider.rotate();
    expect(secret.value.expose()).toBe(service.inForce());
    expect(service.sts.requests).toHaveLength(1);
    const [session] = service.sts.sessions;
    const [token = ""] = service.issuer.issued;
    const own = service.emulator.requests.filter(({ path }) => path !== "/probe");
    for (const { headers } of own) {
      expect(headers["x-security-token"]).toBe(session?.securityToken);
      expect(headers["authorization"]).toContain(`Access=${session?.accessKeyId ?? ""}, `);
      expect(headers["authorization"]).toContain("x-security-token");
      expect(headers).not.toHaveProperty("x-auth-token");
    }
    const secrets = [service.requestToken, token, session?.accessKeyId, session?.secretAccessKey];
    for (const each of [...secrets, session?.securityToken]) {
      for (const form of maskedForms(each ?? "?")) expect(announced).toContain(form);
    }
  });
});

describe("the trade of the workflow's OIDC token", () => {
  test("asks GitHub for the audience, and STS for the agency, by the documented fields", async () => {
    const connection = csms();
    await preflight(connection);
    const { issuer, sts, requestToken } = connection.service;
    const [asked] = issuer.requests;
    expect(asked?.path).toBe(
      `/_apis/token?api-version=2.0&audience=https%3A%2F%2Fiam.example.test%2Frotate%20app%26secret`,
    );
    expect(asked?.headers["authorization"]).toBe(`Bearer ${requestToken}`);
    expect(JSON.parse(sts.requests[0]?.body ?? "")).toEqual({
      agency_urn: AGENCY,
      provider_urn: OIDC_PROVIDER,
      agency_session_name: "rotate-app-secret",
      id_token: issuer.issued[0],
    });
  });

  test.each([200, 201])("is content with a success of status %i, as none is published", async (status) => {
    const connection = csms();
    connection.service.sts.successStatus = status;
    await expect(preflight(connection)).resolves.toBeDefined();
  });

  test("goes to another address with sts-url", async () => {
    const connection = connectTo<Service>("huawei-csms", (clock) => {
      const service = keyless(csmsService)(clock);
      return {
        ...service,
        beside: { ...service.beside, "sts.example.test": service.sts },
        inputs: { ...service.inputs, region: "eu-west-0", "sts-url": "https://sts.example.test/" },
      };
    });
    await expect(preflight(connection)).resolves.toBeDefined();
  });

  test("is made once for two rotations at once", async () => {
    const gate = createCredentialGate();
    const one = csms({ gate });
    const two = connectTo<Service>("huawei-csms", () => one.service, { gate });
    await Promise.all([preflight(one), preflight(two)]);
    expect([one.service.issuer.issued.length, one.service.sts.sessions.length]).toEqual([1, 1]);
  });

  test("is made again before the keys expire, in a run that takes longer", async () => {
    const connection = csms();
    const { service, clock } = connection;
    await preflight(connection);
    clock.advance(54 * 60_000);
    await preflight(connection);
    expect(service.sts.sessions).toHaveLength(1);
    clock.advance(2 * 60_000);
    await preflight(connection);
    expect(service.sts.sessions).toHaveLength(2);
  });

  test("is made again with five minutes left", async () => {
    const connection = csms();
    await preflight(connection);
    connection.clock.advance(55 * 60_000 - 1);
    await preflight(connection);
    expect(connection.service.sts.sessions).toHaveLength(1);
    connection.clock.advance(1);
    await preflight(connection);
    expect(connection.service.sts.sessions).toHaveLength(2);
  });

  test("takes keys that do not say when they expire for 15 minutes", async () => {
    const connection = csms();
    const { service, clock } = connection;
    const [agreed] = [{ accessKeyId: "HSTX", secretAccessKey: "SomeSecretKey", securityToken: "SomeToken" }];
    service.account.addKey({ ...agreed, projectId: service.key.projectId });
    const credentials = {
      access_key_id: agreed.accessKeyId,
      secret_access_key: agreed.secretAccessKey,
      security_token: agreed.securityToken,
    };
    service.sts.faults.arm(refusing(200, { credentials }), { ...TRADE, times: Infinity });
    await preflight(connection);
    clock.advance(9 * 60_000);
    await preflight(connection);
    expect(service.sts.requests).toHaveLength(1);
    clock.advance(2 * 60_000);
    await preflight(connection);
    expect(service.sts.requests).toHaveLength(2);
  });

  test.each([
    ["another agency", { "oidc-agency-urn": `${AGENCY}-of-others` }],
    ["another provider", { "oidc-provider-urn": `${OIDC_PROVIDER}-of-others` }],
    ["another audience", { "oidc-audience": "https://elsewhere.example.test" }],
  ])("that is refused for %s is made once per run, and says whom the token names", async (__, inputs) => {
    const gate = createCredentialGate();
    const connection = csms({ inputs, gate });
    const audience = (inputs as { "oidc-audience"?: string })["oidc-audience"] ?? AUDIENCE;
    const expected = {
      code: "PROVIDER_UNAUTHORIZED",
      changed: "no",
      hint: `The token has iss "${GITHUB_ISSUER}", aud "${audience}" and sub "repo:acme/web:environment:rotation": let the OIDC provider and the agency's trust policy in IAM accept just these, check the two URNs, then run again.`,
    };
    await expectFailure(preflight(connection), expected, connection);
    await expectFailure(preflight(connection), expected, connection);
    expect(connection.service.sts.requests).toHaveLength(1);
    expect(connection.service.emulator.requests).toEqual([]);
  });

  const page = (status: number): Fault => ({ ...refusing(status, {}), body: "<html></html>" }) as Fault;
  const faults: readonly (readonly [string, Fault, string])[] = [
    ["500", page(500), "PROVIDER_UNAVAILABLE"],
    ["a reset", { kind: "reset", changed: false }, "PROVIDER_ANSWER_LOST"],
    ["a stall", { kind: "stall", changed: false }, "PROVIDER_ANSWER_LOST"],
    ["a broken answer", { kind: "cut-off" }, "PROVIDER_ANSWER_LOST"],
  ];

  describe.each([
    ["GitHub", "issuer", REQUEST],
    ["STS", "sts", TRADE],
  ] as const)("at %s", (__, who, call) => {
    test.each(faults)(
      "is tried again after %s, and in the end leaves nothing changed",
      async (___, fault, code) => {
        const passing = csms();
        passing.service[who].faults.arm(fault, call);
        await expect(preflight(passing)).resolves.toBeDefined();
        expect(passing.waits).toHaveLength(1);

        const lasting = csms();
        await preflight(lasting);
        lasting.clock.advance(3_600_000);
        lasting.service[who].faults.arm(fault, { ...call, times: Infinity });
        await expectFailure(lasting.provider.rotate(), { code, changed: "no" }, lasting);
        expect(lasting.service.changes()).toBe(0);
      },
    );

    test("does not follow a redirect", async () => {
      const connection = csms();
      const headers = { location: "https://elsewhere.test/" };
      connection.service[who].faults.arm({ kind: "answer", changed: false, status: 307, headers }, call);
      await expectFailure(preflight(connection), { code: "PROVIDER_REDIRECT", changed: "no" }, connection);
    });

    test.each([
      ["a web page", page(200)],
      ["nothing", refusing(200, {})],
    ])("is not content with %s", async (___, fault) => {
      const connection = csms();
      connection.service[who].faults.arm(fault, call);
      await expectFailure(
        preflight(connection),
        { code: "PROVIDER_ANSWER_INVALID", changed: "no" },
        connection,
      );
    });
  });

  test.each([
    ["a web page", page(200), "a web page (HTTP 200)"],
    ["a list", refusing(200, []), "no JSON object (HTTP 200)"],
  ])("says that STS answered %s", async (__, fault, found) => {
    const connection = csms();
    connection.service.sts.faults.arm(fault, TRADE);
    await expectFailure(
      preflight(connection),
      {
        message: `Huawei Cloud STS answered ${found} when asked to trade the workflow's OIDC token for temporary keys; expected "credentials" with a key pair and its token.`,
      },
      connection,
    );
  });

  test.each([
    [429, "PROVIDER_RATE_LIMITED", 'answered "too many requests"'],
    [500, "PROVIDER_UNAVAILABLE", "answered with server error 500"],
    [503, "PROVIDER_UNAVAILABLE", "answered with server error 503"],
  ])("that STS answers with %i each time has an end, and the reason", async (status, code, what) => {
    const connection = csms();
    await preflight(connection);
    connection.clock.advance(3_600_000);
    const body = { error_code: "STS5.9", error_msg: "not now" };
    connection.service.sts.faults.arm(refusing(status, body), { ...TRADE, times: Infinity });
    await expectFailure(
      connection.provider.rotate(),
      {
        code,
        changed: "no",
        message: `Huawei Cloud STS ${what} when asked to trade the workflow's OIDC token for temporary keys; expected it to be done.`,
        detail: "STS5.9: not now",
      },
      connection,
    );
    expect(connection.service.sts.requests).toHaveLength(1 + 4);
  });

  test("is not tried anew by each try of a read that needs it", async () => {
    const connection = csms();
    connection.service.sts.faults.arm(refusing(503, {}), { ...TRADE, times: Infinity });
    await expectFailure(preflight(connection), { code: "PROVIDER_UNAVAILABLE", transient: true }, connection);
    expect(connection.service.sts.requests).toHaveLength(4);
  });

  const PAIR = { access_key_id: "an-id", secret_access_key: "a-secret-key", security_token: "a-token" };

  test.each([
    ["no id", { ...PAIR, access_key_id: undefined }],
    ["an empty key", { ...PAIR, secret_access_key: "" }],
    ["a number for a token", { ...PAIR, security_token: 17 }],
  ])("is not content with keys that have %s", async (__, credentials) => {
    const connection = csms();
    connection.service.sts.faults.arm(refusing(200, { credentials }), TRADE);
    await expectFailure(
      preflight(connection),
      {
        code: "PROVIDER_ANSWER_INVALID",
        message: `Huawei Cloud STS answered no temporary keys when asked to trade the workflow's OIDC token for temporary keys; expected "credentials" with a key pair and its token.`,
      },
      connection,
    );
  });

  test.each([
    [{ error_code: "STS5.1", error_msg: "not trusted" }, "STS5.1: not trusted"],
    [{ error_code: "STS5.1" }, "STS5.1"],
    [{ error_msg: "not trusted" }, "not trusted"],
    [{}, undefined],
  ])("that is refused with %j has the detail %j", async (body, detail) => {
    const connection = csms();
    connection.service.sts.faults.arm(refusing(403, body), TRADE);
    await expectFailure(preflight(connection), { code: "PROVIDER_UNAUTHORIZED", detail }, connection);
  });

  test("is throttled, and waits", async () => {
    const connection = csms();
    connection.service.sts.faults.arm(
      { ...refusing(429, { error_code: "APIGW.0308" }), headers: { "retry-after": "7" } } as Fault,
      TRADE,
    );
    await preflight(connection);
    expect(connection.clock.waits).toEqual([7_000]);
  });

  test("that GitHub refuses speaks of the permission", async () => {
    const connection = csms();
    connection.service.issuer.faults.arm(refusing(403, {}), REQUEST);
    await expectFailure(
      preflight(connection),
      {
        code: "ID_TOKEN_UNAVAILABLE",
        message: `The workflow's OIDC token cannot be had: GitHub's OIDC token service answered 403; expected a job with the permission "id-token: write".`,
      },
      connection,
    );
  });

  test("ends when it is cancelled", async () => {
    const { provider, service } = csms();
    const reason = RotationError.of("CANCELLED", { signal: "SIGTERM" });
    await expect(provider.preflight(AbortSignal.abort(reason))).rejects.toBe(reason);
    expect([...service.issuer.requests, ...service.sts.requests]).toEqual([]);
  });
});

describe("the inputs", () => {
  test("are all wanted, and all that are missing are said at once", () => {
    expect(problemsOf({ inputs: { "oidc-provider-urn": "", "oidc-audience": "" } }, false)).toEqual([
      expect.stringMatching(/^INPUT_MISSING: Input "oidc-provider-urn" is empty/),
      expect.stringMatching(/^INPUT_MISSING: Input "oidc-audience" is empty/),
      `ID_TOKEN_UNAVAILABLE: The workflow's OIDC token cannot be had: the runner names no service that gives it out; expected a job with the permission "id-token: write".`,
    ]);
  });

  test.each([
    ["access-key-id", { "access-key-id": "AK" }, ["access-key-id", "oidc-agency-urn"]],
    ["security-token", { "security-token": "token" }, ["security-token", "oidc-agency-urn"]],
    ["iam-token", { "iam-token": "token" }, ["iam-token", "oidc-agency-urn"]],
  ] as const)("exclude %s", (__, inputs, [first, second]) => {
    expect(problemsOf({ inputs })).toContain(
      `INPUT_CONFLICT: Inputs "${first}" and "${second}" are both set; expected one of them.`,
    );
  });

  test("hold an address of STS that is https", () => {
    expect(problemsOf({ inputs: { "sts-url": "http://sts.example.test" } })).toEqual([
      expect.stringMatching(/^URL_INSECURE: Input "sts-url"/),
    ]);
  });

  test("hold an address of STS that nobody uses with keys", () => {
    const inputs = { "oidc-agency-urn": "", "oidc-provider-urn": "", "oidc-audience": "" };
    const keys = { "access-key-id": "AK", "access-key-secret": "SecretKey" };
    const { warnings } = csms({ inputs: { ...inputs, ...keys, "sts-url": "https://sts.example.test" } });
    expect(warnings).toEqual([expect.stringMatching(/^Input "sts-url" is set/)]);
  });
});
