import { describe, expect, test } from "vitest";
import { RotationErrors } from "../../../src/errors.ts";
import { createCredentialGate } from "../../../src/providers/credential-gate.ts";
import { maskedForms } from "../../../src/secret.ts";
import type { Fault } from "../../emulators/emulator.ts";
import { huaweiApigThrottled } from "../../emulators/huawei-apig.ts";
import { huaweiGatewayThrottled } from "../../emulators/huawei/refusal.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import {
  accountAt,
  apigDedicatedService,
  apigSharedService,
  csmsService,
  type HuaweiService,
  PROJECT,
  refusing,
} from "../../support/huawei-services.ts";
import {
  connect as connectTo,
  type Connection,
  expectFailure,
  preflight,
  requestsOf,
} from "../../support/provider-kit.ts";

type Huawei = Connection & { readonly service: HuaweiService };
type Change = Parameters<typeof connectTo<HuaweiService>>[2];

const csms = (change?: Change): Huawei => connectTo<HuaweiService>("huawei-csms", csmsService, change);
const dedicated = (change?: Change): Huawei =>
  connectTo<HuaweiService>("huawei-apig", apigDedicatedService, change);
const shared = (change?: Change): Huawei =>
  connectTo<HuaweiService>("huawei-apig", apigSharedService, change);

const ALL = [
  ["the shared gateway", shared],
  ["a dedicated gateway", dedicated],
  ["CSMS", csms],
] as const;

const NO_KEY = { "access-key-id": "", "access-key-secret": "", "security-token": "" };

describe.each(ALL)("a call of %s", (_, connect) => {
  test("is signed with the temporary key, its token and the project", async () => {
    const connection = connect();
    await preflight(connection);
    await connection.provider.rotate();
    const { key, emulator } = connection.service;
    const own = emulator.requests.filter(({ path }) => path !== "/probe");
    expect(own.length).toBeGreaterThanOrEqual(2);
    for (const { method, headers } of own) {
      expect(headers).toMatchObject({
        "content-type": "application/json",
        "x-project-id": PROJECT,
        "x-security-token": key.securityToken,
        authorization: expect.stringContaining(
          `Access=${key.accessKeyId}, SignedHeaders=content-type;host;x-project-id;x-sdk-date;x-security-token,`,
        ) as unknown,
      });
      expect(headers, method).not.toHaveProperty("x-auth-token");
    }
  });

  test("is signed with a lasting key", async () => {
    const connection = connect({
      inputs: { "access-key-id": "LASTING", "access-key-secret": "LastingSkExample", "security-token": "" },
    });
    connection.service.account.addKey({
      accessKeyId: "LASTING",
      secretAccessKey: "LastingSkExample",
      projectId: PROJECT,
    });
    await preflight(connection);
    await connection.provider.rotate();
    for (const { headers } of connection.service.emulator.requests) {
      expect(headers).not.toHaveProperty("x-security-token");
    }
    expect(connection.service.changes()).toBe(1);
  });

  test("carries an IAM token in place of a signature", async () => {
    const connection = connect({ inputs: { ...NO_KEY, "iam-token": "MIIExampleTokenOfIam" } });
    connection.service.account.addToken("MIIExampleTokenOfIam", PROJECT);
    for (const form of maskedForms("MIIExampleTokenOfIam")) expect(connection.announced).toContain(form);
    await preflight(connection);
    await connection.provider.rotate();
    for (const { headers, path } of connection.service.emulator.requests) {
      if (path === "/probe") continue;
      expect(headers).toMatchObject({ "x-auth-token": "MIIExampleTokenOfIam", "x-project-id": PROJECT });
      expect(headers).not.toHaveProperty("authorization");
    }
    expect(connection.service.changes()).toBe(1);
  });

  test("with a wrong IAM token is made once, and the token stays hidden", async () => {
    const connection = connect({ inputs: { ...NO_KEY, "iam-token": "MIIAnotherTokenOfIam" } });
    await expectFailure(
      preflight(connection),
      { code: "PROVIDER_UNAUTHORIZED", changed: "no", detail: "APIGW.0301" },
      connection,
    );
    expect(connection.service.emulator.requests).toHaveLength(1);
  });

  test.each([
    ["secret", { "access-key-secret": "AnotherSkExample/Not+Real0123456789abcdefAB" }],
    ["token", { "security-token": "YW5vdGhlclRva2VuT2ZUaGlzQWNjb3VudA==" }],
  ] satisfies [string, Readonly<Record<string, string>>][])(
    "with a wrong %s is made once, and nothing that the gateway echoes is kept",
    async (_part, wrong: Readonly<Record<string, string>>) => {
      const connection = connect({ inputs: wrong });
      const { provider, service } = connection;
      const failing = preflight(connection);
      await expectFailure(
        failing,
        {
          code: "PROVIDER_UNAUTHORIZED",
          message: `${provider.title} refused the management credential; expected "access-key-id" and "access-key-secret" (with "security-token"), or "iam-token", to be valid.`,
          changed: "no",
          transient: false,
          detail: "APIGW.0301",
          cause: undefined,
        },
        connection,
      );
      const [request, ...others] = service.emulator.requests;
      expect(others).toEqual([]);
      const token = { ...service.inputs, ...wrong }["security-token"] ?? "";
      // The gateway does echo it, so that this test could fail.
      expect(request?.answer).toContain(token);
      await expect(failing).rejects.toHide([token, service.key.secretAccessKey]);
      expect(connection.waits).toEqual([]);
    },
  );

  test("whose credential ends before the order has changed nothing, and is not repeated", async () => {
    const connection = connect();
    await preflight(connection);
    const { service, provider } = connection;
    const token = "c29tZUxhdGVyVG9rZW5PZlRoaXNLZXk=";
    service.account.addKey({ ...service.key, securityToken: token });
    await expectFailure(provider.rotate(), { code: "PROVIDER_UNAUTHORIZED", changed: "no" }, connection);
    expect(requestsOf(service, service.rotateCall)).toHaveLength(1);
    expect(requestsOf(service, service.rotateCall)[0]?.answer).toContain(service.key.securityToken);
    // The gate is closed from then on.
    await expectFailure(provider.rotate(), { code: "PROVIDER_UNAUTHORIZED" }, connection);
    expect(requestsOf(service, service.rotateCall)).toHaveLength(1);
    expect(service.changes()).toBe(0);
  });
});

describe("a bad key", () => {
  /** Ten rotations of one run, of both services, with one account. */
  function run(inputs: Readonly<Record<string, string>>) {
    const account = accountAt(createFakeClock());
    const services: HuaweiService[] = [];
    const gate = createCredentialGate();
    const connections = Array.from({ length: 10 }, (_, index) => {
      const change = { inputs, gate };
      const kept = <Service extends HuaweiService>(service: Service): Service => {
        services.push(service);
        return service;
      };
      if (index % 3 === 0)
        return connectTo("huawei-csms", (clock) => kept(csmsService(clock, account)), change);
      const kit = index % 3 === 1 ? apigDedicatedService : apigSharedService;
      return connectTo("huawei-apig", (clock) => kept(kit(clock, account)), change);
    });
    return { account, services, connections };
  }

  test("is tried once per run, however many rotations of either service use it", async () => {
    const { account, services, connections } = run({ "access-key-secret": "AnotherSkExample/Not+Real" });
    const outcomes = await Promise.allSettled(connections.map(preflight));
    expect(outcomes).toHaveLength(10);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "PROVIDER_UNAUTHORIZED" } });
    }
    const key = services[0]?.key.accessKeyId ?? "";
    expect([account.failures(key), account.locked(key)]).toEqual([1, false]);
    expect(services.flatMap(({ emulator }) => emulator.requests)).toHaveLength(1);
  });

  test("is not tried by many at once after a call that never arrived", async () => {
    const { account, services, connections } = run({ "access-key-secret": "AnotherSkExample/Not+Real" });
    services[0]?.emulator.faults.arm({ kind: "reset", changed: false });
    const outcomes = await Promise.allSettled(connections.map(preflight));
    expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
    const key = services[0]?.key.accessKeyId ?? "";
    expect([account.failures(key), account.locked(key)]).toEqual([1, false]);
  });

  test.each([
    ["another", { "access-key-secret": "AnotherSkExample/Not+Real" }],
    ["the same with another token", { "security-token": "YW5vdGhlclRva2VuT2ZUaGlzQWNjb3VudA==" }],
  ] satisfies [string, Readonly<Record<string, string>>][])(
    "does not stop rotations that use %s",
    async (_, inputs) => {
      const gate = createCredentialGate();
      const bad = csms({ gate, inputs });
      const good = csms({ gate });
      await expectFailure(preflight(bad), { code: "PROVIDER_UNAUTHORIZED" }, bad);
      await expect(preflight(good)).resolves.toBeDefined();
    },
  );

  test("is left alone while the reads of a rotation wait for the first", async () => {
    const connection = csms();
    const { emulator } = connection.service;
    const handle = emulator.handle.bind(emulator);
    let under = 0;
    let most = 0;
    Object.assign(emulator, {
      handle: async (request: Request) => {
        under += 1;
        if (emulator.requests.length === 0) most = Math.max(most, under);
        await new Promise((resolve) => setTimeout(resolve, 1));
        const response = await handle(request);
        under -= 1;
        return response;
      },
    });
    await preflight(connection);
    expect(most).toBe(1);
    expect(emulator.requests).toHaveLength(4);
  });
});

describe("an answer", () => {
  const page = (status: number, changed = false): Fault => ({
    kind: "answer",
    changed,
    status,
    headers: { "content-type": "text/html" },
    body: "<html>a proxy's page</html>",
  });
  const flat = (error_code: string, status: number): Fault =>
    refusing(status, { error_code, error_msg: "in words" });
  const nested = (error_code: string, status: number): Fault =>
    refusing(status, { error: { error_code, error_msg: "in words" } });

  test.each([
    ["flat", flat("CSMS.0003", 400), "PROVIDER_REFUSED", "CSMS.0003: in words"],
    ["nested", nested("CSMS.0003", 400), "PROVIDER_REFUSED", "CSMS.0003: in words"],
    ["of older services", refusing(400, { code: "X.1", message: "old" }), "PROVIDER_REFUSED", "X.1: old"],
    [
      "older and nested",
      refusing(400, { error: { code: "X.1", message: "old" } }),
      "PROVIDER_REFUSED",
      "X.1: old",
    ],
    [
      "without texts where others have some",
      refusing(400, { error_code: 17, code: "X.1", error_msg: {}, message: "old" }),
      "PROVIDER_REFUSED",
      "X.1: old",
    ],
    ["only a code", refusing(400, { error_code: "CSMS.0003" }), "PROVIDER_REFUSED", "CSMS.0003"],
    ["a missing app", flat("APIG.3004", 404), "APP_NOT_FOUND", "APIG.3004: in words"],
    ["a missing app of the examples", flat("APIG.3002", 404), "APP_NOT_FOUND", "APIG.3002: in words"],
    ["a missing gateway", flat("APIG.3030", 404), "APP_NOT_FOUND", "APIG.3030: in words"],
    ["a missing secret as 400", flat("CSMS.0106", 400), "APP_NOT_FOUND", "CSMS.0106: in words"],
    ["a missing secret as 404", nested("CSMS.0005", 404), "APP_NOT_FOUND", "CSMS.0005: in words"],
    ["a missing thing of another code", nested("X.404", 404), "APP_NOT_FOUND", "X.404: in words"],
    ["a want of rights", flat("APIG.1104", 403), "PROVIDER_FORBIDDEN", "APIG.1104: in words"],
    ["the gateway's want of rights", flat("APIGW.0302", 403), "PROVIDER_FORBIDDEN", "APIGW.0302: in words"],
    ["a bad token of CSMS", flat("CSMS.0301", 400), "PROVIDER_UNAUTHORIZED", "CSMS.0301"],
    ["an expired token of KMS", nested("KMS.0303", 403), "PROVIDER_UNAUTHORIZED", "KMS.0303"],
    ["a missing token", flat("APIG.1000", 401), "PROVIDER_UNAUTHORIZED", "APIG.1000"],
    ["an unwanted feature", flat("APIG.3458", 412), "PROVIDER_REFUSED", "APIG.3458: in words"],
    ["throttling by the service", huaweiApigThrottled, "PROVIDER_RATE_LIMITED", undefined],
    ["throttling by the gateway", huaweiGatewayThrottled, "PROVIDER_RATE_LIMITED", undefined],
    ["a fault", flat("APIG.9999", 500), "PROVIDER_UNAVAILABLE", "APIG.9999: in words"],
    ["a fault without words", page(502), "PROVIDER_UNAVAILABLE", undefined],
    ["an error in a cheerful answer", flat("APIG.9999", 200), "PROVIDER_REFUSED", "APIG.9999: in words"],
    ["a page not found", page(404), "PROVIDER_ANSWER_INVALID", undefined],
    ["a page", page(200), "PROVIDER_ANSWER_INVALID", undefined],
    ["a list", refusing(200, []), "PROVIDER_ANSWER_INVALID", undefined],
  ])("that is %s is told apart", async (_, fault, code, detail) => {
    const connection = dedicated();
    connection.service.emulator.faults.arm(fault, { times: Infinity });
    await expectFailure(
      preflight(connection),
      { code, ...(detail === undefined ? {} : { detail }) },
      connection,
    );
    const transient = ["PROVIDER_RATE_LIMITED", "PROVIDER_UNAVAILABLE"].includes(code);
    expect(connection.service.emulator.requests).toHaveLength(transient ? 4 : 1);
  });

  test.each<[string, Fault, string]>([
    ["a page", page(200), "a web page (HTTP 200)"],
    ["a list", refusing(200, []), "no JSON object (HTTP 200)"],
    ["a page not found", page(404), "a web page (HTTP 404)"],
    ["nothing", { kind: "answer", changed: false, status: 400 }, "nothing (HTTP 400)"],
  ])("that is %s says so", async (_, fault, found) => {
    const connection = dedicated();
    connection.service.emulator.faults.arm(fault);
    await expectFailure(
      preflight(connection),
      {
        code: "PROVIDER_ANSWER_INVALID",
        message: `Huawei Cloud API Gateway answered ${found} when asked to read the app; expected a JSON object.`,
      },
      connection,
    );
  });

  test("that throttles is waited for as long as it says", async () => {
    const connection = dedicated();
    connection.service.emulator.faults.arm({
      ...huaweiGatewayThrottled,
      headers: { "retry-after": "9" },
    } as Fault);
    await preflight(connection);
    expect(connection.clock.waits).toEqual([9_000]);
  });

  test.each([
    ["a refusal", flat("CSMS.0003", 400), "PROVIDER_REFUSED"],
    ["a nested refusal", nested("CSMS.0003", 400), "PROVIDER_REFUSED"],
    ["a want of rights", nested("CSMS.0302", 403), "PROVIDER_FORBIDDEN"],
    ["throttling", huaweiGatewayThrottled, "PROVIDER_RATE_LIMITED"],
  ])("to the order to rotate that is %s says that nothing was done", async (_, fault, code) => {
    const connection = csms();
    await preflight(connection);
    connection.service.emulator.faults.arm(fault, connection.service.rotateCall);
    await expectFailure(connection.provider.rotate(), { code, changed: "no" }, connection);
    expect(requestsOf(connection.service, connection.service.rotateCall)).toHaveLength(1);
  });

  test.each([
    [
      "PROVIDER_REFUSED",
      flat("CSMS.0003", 400),
      "refused to rotate the secret (CSMS.0003); expected it to be done.",
    ],
    [
      "PROVIDER_FORBIDDEN",
      flat("CSMS.0302", 403),
      "does not let this management credential rotate the secret; expected the right to do so.",
    ],
  ])("to the order to rotate that is %s says what was ordered", async (code, fault, message) => {
    const connection = csms();
    await preflight(connection);
    connection.service.emulator.faults.arm(fault, connection.service.rotateCall);
    await expectFailure(
      connection.provider.rotate(),
      { code, message: `Huawei Cloud CSMS ${message}` },
      connection,
    );
  });

  test("to the order to rotate that is an error in a cheerful answer leaves open what was done", async () => {
    const connection = csms();
    await preflight(connection);
    const { service, provider } = connection;
    service.emulator.faults.arm({ ...flat("CSMS.9999", 200), changed: true } as Fault, service.rotateCall);
    expect((await provider.rotate()).value.expose()).toBe(service.inForce());
    expect(requestsOf(service, service.rotateCall)).toHaveLength(1);
  });

  test("to the change of an app that is a page with status 429 each time leaves open what was done", async () => {
    const connection = shared();
    await preflight(connection);
    const { service, provider } = connection;
    service.emulator.faults.arm(page(429, true), { ...service.rotateCall, times: Infinity });
    await expectFailure(
      provider.rotate(),
      {
        code: "ROTATION_UNKNOWN",
        changed: "unknown",
        detail:
          'Huawei Cloud API Gateway answered "too many requests" when asked to modify the app; expected it to be done.',
      },
      connection,
    );
    expect(requestsOf(service, service.rotateCall)).toHaveLength(3);
  });

  // Only a refusal in the documented form says that nothing was done.
  test.each([
    ["403", page(403, true)],
    ["404", page(404, true)],
    ["429", page(429, true)],
    ["500", page(500, true)],
  ])("to the order to rotate that is a page with status %s leaves open what was done", async (_, fault) => {
    const connection = csms();
    await preflight(connection);
    connection.service.emulator.faults.arm(fault, connection.service.rotateCall);
    const { value } = await connection.provider.rotate();
    expect(value.expose()).toBe(connection.service.inForce());
    expect(requestsOf(connection.service, connection.service.rotateCall)).toHaveLength(1);
  });
});

describe("an input", () => {
  const problems = (connect: () => unknown): readonly string[] => {
    try {
      connect();
      return [];
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(RotationErrors);
      return (thrown as Error).message.split("\n");
    }
  };
  const hostOf = (connection: Connection): string => connection.provider.apiUrl;

  test("region makes the host, the address stands over it", () => {
    expect(hostOf(shared({ inputs: { "api-url": "" } }))).toBe("https://apig.cn-north-4.myhuaweicloud.com");
    expect(hostOf(dedicated({ inputs: { "api-url": "", region: "ap-southeast-3" } }))).toBe(
      "https://apig.ap-southeast-3.myhuaweicloud.com",
    );
    expect(hostOf(csms({ inputs: { "api-url": "" } }))).toBe("https://kms.cn-north-4.myhuaweicloud.com");
    expect(hostOf(csms({ inputs: { "api-url": "", region: "eu-west-101" } }))).toBe(
      "https://kms.eu-west-101.myhuaweicloud.eu",
    );
    expect(hostOf(csms({ inputs: { "api-url": "https://kms.private.test/" } }))).toBe(
      "https://kms.private.test",
    );
  });

  test.each(ALL)("that is missing for %s is told with the others", (_, connect) => {
    const inputs = { ...NO_KEY, region: "", "project-id": "" };
    expect(problems(() => connect({ inputs })).map((line) => line.split(";")[0])).toEqual([
      'INPUT_MISSING: Input "region" is empty',
      'INPUT_MISSING: Input "project-id" is empty',
      'INPUT_MISSING: Input "access-key-id" is empty',
      'INPUT_MISSING: Input "access-key-secret" is empty',
    ]);
  });

  test.each(["a.b", "a/b", "..", "x@evil.test", "a b", "é"])("region that is %j is refused", (region) => {
    expect(problems(() => csms({ inputs: { region } }))).toEqual([
      `INPUT_INVALID: Input "region" is "${region}"; expected a region such as cn-north-4.`,
    ]);
  });

  test("project-id that climbs is refused", () => {
    expect(problems(() => csms({ inputs: { "project-id": "../x" } }))).toEqual([
      `INPUT_INVALID: Input "project-id" is "../x"; expected a project id of letters and digits.`,
    ]);
  });

  test.each(["access-key-id", "access-key-secret", "security-token"])(
    "iam-token beside %s is refused",
    (key) => {
      const inputs = { ...NO_KEY, [key]: "part of a key", "iam-token": "MIIToken" };
      expect(problems(() => csms({ inputs }))).toEqual([
        `INPUT_CONFLICT: Inputs "iam-token" and "${key}" are both set; expected one of them.`,
      ]);
    },
  );

  test("security-token without its key is refused", () => {
    const inputs = { "access-key-id": "", "access-key-secret": "" };
    expect(problems(() => csms({ inputs }))).toHaveLength(2);
  });
});
