import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { RotationErrors } from "../../src/errors.ts";
import { HttpFailure } from "../../src/http.ts";
import { maskedForms } from "../../src/secret.ts";
import { createCloudRoomEmulator } from "../emulators/cloudroom.ts";
import type { Fault } from "../emulators/emulator.ts";
import {
  type Call,
  cloudRoomService,
  type CloudRoomService,
  connect as connectTo,
  type Connection,
  expectFailure,
  preflight,
  requestsOf,
} from "../support/provider-kit.ts";

const LIST: Call = { method: "POST", path: /\/project\/query\/list$/ };
const UPDATE: Call = { method: "POST", path: /\/project\/update\/secret$/ };

type CloudRoom = Connection & { readonly service: CloudRoomService };

const connect = (inputs: Readonly<Record<string, string>> = {}): CloudRoom =>
  connectTo("cloudroom", cloudRoomService, { inputs });

/** A connection whose preflight has passed. */
async function ready(): Promise<CloudRoom> {
  const connection = connect();
  await preflight(connection);
  return connection;
}

const updates = ({ service }: CloudRoom): number => requestsOf(service, UPDATE).length;
const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

const says = (body: object, changed = false): Fault => ({
  kind: "answer",
  changed,
  status: 200,
  body: JSON.stringify({ RspDesc: "x", ...body }),
});

const page = (status: number, changed: boolean, headers = {}): Fault => ({
  kind: "answer",
  changed,
  status,
  headers: { "content-type": "text/html", ...headers },
  body: "<html>a web server's page</html>",
});

describe("a call", () => {
  test("is one JSON object with the number of the company, its hashed secret and an id of its own", async () => {
    const connection = await ready();
    await connection.provider.rotate();
    const [list, update] = connection.service.emulator.requests;
    const uuid = expect.stringMatching(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as unknown;
    // The hash is the worked vector of the documented formula.
    const common = { CompID: 100001, SecretKey: "c1e3d21d0fd974524c65ac0f530d8b9e", RequestId: uuid };
    expect(JSON.parse(list?.body ?? "")).toEqual(common);
    expect(JSON.parse(update?.body ?? "")).toEqual({ ...common, OperateAppId: "a1b2c3d4e5" });
    expect([list?.path, update?.path]).toEqual([
      "/CLOUDROOM-API/project/query/list",
      "/CLOUDROOM-API/project/update/secret",
    ]);
    expect(list?.headers["content-type"]).toBe("application/json; charset=utf-8");
  });

  test("has another id each time, also when it is called again", async () => {
    const connection = await ready();
    const { service, provider } = connection;
    service.emulator.faults.arm({ kind: "reset", changed: true }, { ...UPDATE, times: 2 });
    await provider.rotate();
    const ids = service.emulator.requests.map(
      ({ body }) => (JSON.parse(body) as { RequestId: string }).RequestId,
    );
    expect(new Set(ids).size).toBe(4);
  });

  test("hides the hashed secret, which is as good as the secret, before any request", () => {
    const { announced, service } = connect();
    expect(service.emulator.requests).toEqual([]);
    for (const form of maskedForms("c1e3d21d0fd974524c65ac0f530d8b9e")) expect(announced).toContain(form);
  });
});

describe.each(["string", "number"] as const)("with codes that are a %s", (rspCode) => {
  const start = (inputs: Readonly<Record<string, string>> = {}): CloudRoom => {
    const connection = connect(inputs);
    connection.service.emulator.rspCode = rspCode;
    return connection;
  };

  test("success is seen", async () => {
    const connection = start();
    await preflight(connection);
    expect((await connection.provider.rotate()).value.expose()).toBe(connection.service.inForce());
  });

  test("a wrong secret is a wrong credential", async () => {
    const connection = start({ "comp-secret": "wrong secret" });
    await expectFailure(
      preflight(connection),
      {
        code: "PROVIDER_UNAUTHORIZED",
        message:
          'CloudRoom refused the management credential; expected "comp-id" and "comp-secret" to be valid.',
        detail: "密码错误",
      },
      connection,
    );
  });

  test("an unknown company is a wrong credential", async () => {
    const connection = start({ "comp-id": "7" });
    await expectFailure(
      preflight(connection),
      { code: "PROVIDER_UNAUTHORIZED", detail: "账号不存在" },
      connection,
    );
  });
});

describe("preflight", () => {
  test("reads no secret, even where the list shows one", async () => {
    const connection = connect();
    connection.service.emulator.listShows = "plain";
    expect(await preflight(connection)).toBeUndefined();
  });

  test("does not find a project of another company", async () => {
    const connection = connect({ "app-id": "foreign" });
    connection.service.emulator.addCompany({ compId: 2, compSecret: "x" });
    connection.service.emulator.addProject({ compId: 2, appId: "foreign" });
    await expectFailure(
      preflight(connection),
      {
        code: "APP_NOT_FOUND",
        message: 'CloudRoom does not know the app "foreign"; expected an app of this account.',
      },
      connection,
    );
  });

  test("finds that the account has no right to the API", async () => {
    const connection = connect();
    const compSecret = connection.service.inputs["comp-secret"] ?? "";
    connection.service.emulator.addCompany({ compId: 100001, compSecret, apiPermission: false });
    await expectFailure(
      preflight(connection),
      { code: "PROVIDER_FORBIDDEN", detail: "用户所属企业没有接口API权限" },
      connection,
    );
  });

  test.each([
    ["4", "PROVIDER_REFUSED", 1],
    ["5", "PROVIDER_UNAVAILABLE", 4],
    ["20", "APP_NOT_FOUND", 1],
    ["99", "PROVIDER_REFUSED", 1],
  ])("takes code %s for %s, and asks %i times", async (RspCode, code, times) => {
    const connection = connect();
    connection.service.emulator.faults.arm(says({ RspCode }), { ...LIST, times: Infinity });
    await expectFailure(preflight(connection), { code, detail: "x" }, connection);
    expect(requestsOf(connection.service, LIST)).toHaveLength(times);
  });

  test.each([
    ["1", "does not let this management credential list the projects; expected the right to do so."],
    ["5", "answered with server error RspCode 5 when asked to list the projects; expected it to be done."],
    ["20", 'does not know the app "a1b2c3d4e5"; expected an app of this account.'],
    ["99", "refused to list the projects (RspCode 99); expected it to be done."],
  ])("says what was refused with code %s", async (RspCode, message) => {
    const connection = connect();
    connection.service.emulator.faults.arm(says({ RspCode }), { ...LIST, times: Infinity });
    await expectFailure(preflight(connection), { message: `CloudRoom ${message}` }, connection);
  });

  test.each([[17], [null], [{}]])("passes on no description that is %j", async (RspDesc) => {
    const connection = connect();
    connection.service.emulator.faults.arm(says({ RspCode: "4", RspDesc }), LIST);
    await expectFailure(preflight(connection), { code: "PROVIDER_REFUSED", detail: undefined }, connection);
  });

  test.each([
    ["no list", {}],
    ["no list", { ProjectList: {} }],
    ["no list", null],
  ])("finds %s where the code says success (%#)", async (_, Data) => {
    const connection = connect();
    connection.service.emulator.faults.arm(says({ RspCode: "0", Data }), LIST);
    await expectFailure(
      preflight(connection),
      {
        code: "PROVIDER_ANSWER_INVALID",
        message:
          'CloudRoom answered no "ProjectList" when asked to list the projects; expected a list of projects.',
      },
      connection,
    );
  });

  test.each([null, 7, "x", [], [null], { AppId: 7 }])(
    "does not find its app in a list of %j",
    async (entry) => {
      const connection = connect();
      connection.service.emulator.faults.arm(says({ RspCode: "0", Data: { ProjectList: [entry] } }), LIST);
      await expectFailure(preflight(connection), { code: "APP_NOT_FOUND" }, connection);
    },
  );

  test.each([
    ["CLOUDROOM-API", "CLOUDMEETING-API"],
    ["CLOUDMEETING-API", "CLOUDROOM-API"],
    ["OTHER-API", "CLOUDROOM-API"],
  ])("at the prefix %s, where nothing is, names %s", async (prefix, other) => {
    const kit = (): CloudRoomService => {
      const service = cloudRoomService();
      const emulator = createCloudRoomEmulator({ prefix: other });
      emulator.addCompany({ compId: 100001, compSecret: service.inputs["comp-secret"] ?? "" });
      emulator.addProject({ compId: 100001, appId: service.appId });
      return { ...service, emulator };
    };
    const connection = connectTo("cloudroom", kit, { inputs: { "api-prefix": prefix } });
    connection.service.emulator.faults.arm(page(404, false), { path: new RegExp(`^/${prefix}/`) });
    await expectFailure(
      preflight(connection),
      {
        code: "PROVIDER_ANSWER_INVALID",
        message: `CloudRoom answered a web page (HTTP 404) when asked to list the projects; expected JSON with an "RspCode" (perhaps at "api-prefix" ${other}).`,
      },
      connection,
    );
    expect(connection.service.emulator.requests).toHaveLength(1);

    const right = connectTo("cloudroom", kit, { inputs: { "api-prefix": other } });
    await expect(preflight(right)).resolves.toBeUndefined();
  });

  test("waits as long as a throttled call is told to", async () => {
    const connection = connect();
    connection.service.emulator.faults.arm(page(429, false, { "retry-after": "9" }), LIST);
    await preflight(connection);
    expect(connection.clock.waits).toEqual([9_000]);
  });
});

describe("the update", () => {
  test("masks the new secret, and the hash of it that clients log in with", async () => {
    const { provider, service, announced } = await ready();
    await provider.rotate();
    for (const secret of [service.inForce(), md5(service.inForce())]) {
      for (const form of maskedForms(secret)) expect(announced).toContain(form);
    }
  });

  test.each([4, 8, 32])("takes a secret of %i characters, as no length is documented", async (length) => {
    const { provider, service } = await ready();
    service.emulator.secretLength = length;
    const { value } = await provider.rotate();
    expect(value.expose()).toBe(service.inForce());
    expect(value.maskable).toBe(length >= 6);
  });

  test.each([
    ["1", "PROVIDER_FORBIDDEN"],
    ["2", "PROVIDER_UNAUTHORIZED"],
    ["3", "PROVIDER_UNAUTHORIZED"],
    ["4", "PROVIDER_REFUSED"],
    ["20", "APP_NOT_FOUND"],
    ["21", "APP_NOT_FOUND"],
    ["77", "PROVIDER_REFUSED"],
  ])("refused with code %s is over: nothing has changed", async (RspCode, code) => {
    const connection = await ready();
    connection.service.emulator.faults.arm(says({ RspCode }), { ...UPDATE, times: Infinity });
    await expectFailure(connection.provider.rotate(), { code, changed: "no" }, connection);
    expect([updates(connection), connection.waits]).toEqual([1, []]);
  });

  test("refused says so", async () => {
    const connection = await ready();
    connection.service.emulator.faults.arm(says({ RspCode: "4" }), UPDATE);
    await expectFailure(
      connection.provider.rotate(),
      { message: "CloudRoom refused to update the project's secret (RspCode 4); expected it to be done." },
      connection,
    );
  });

  /** What leaves open whether the secret has changed; each after the change. */
  const lost: readonly (readonly [string, Fault])[] = [
    ["reset", { kind: "reset", changed: true }],
    ["broken off", { kind: "cut-off" }],
    ["not there in time", { kind: "stall", changed: true }],
    ["an unknown error", says({ RspCode: "5" }, true)],
    ["an unknown error as a number", says({ RspCode: 5 }, true)],
    ["a gateway's fault", page(502, true)],
    ["a gateway's throttling", page(429, true)],
    ["a gateway's cheerful page", page(200, true)],
    ["empty", { kind: "answer", changed: true, status: 200 }],
    ["without a code", says({}, true)],
    ["success without data", says({ RspCode: "0" }, true)],
    ["success without a secret", says({ RspCode: "0", Data: {} }, true)],
    ["an empty secret", says({ RspCode: "0", Data: { AppSecret: "" } }, true)],
    ["a hidden secret", says({ RspCode: "0", Data: { AppSecret: "********" } }, true)],
    ["a secret that is no text", says({ RspCode: "0", Data: { AppSecret: 12345678 } }, true)],
    ["a redirect", { kind: "answer", changed: true, status: 302, headers: { location: "/elsewhere" } }],
  ];

  test.each(lost)("whose answer is %s is made again: the last answer is in force", async (_, fault) => {
    const connection = await ready();
    const { provider, service, clock } = connection;
    service.emulator.faults.arm(fault, UPDATE);
    expect((await provider.rotate()).value.expose()).toBe(service.inForce());
    expect([updates(connection), service.changes(), clock.waits]).toEqual([2, 2, [2_000]]);
    expect(connection.waits).toEqual([
      { why: expect.stringMatching(/; expected .*\. Calling again$/) as unknown, milliseconds: 2_000 },
    ]);
  });

  test.each(lost)(
    "whose answer is %s three times ends as unknown, and is not made a fourth time",
    async (_, fault) => {
      const connection = await ready();
      const { provider, service, clock } = connection;
      service.emulator.faults.arm(fault, { ...UPDATE, times: Infinity });
      await expectFailure(
        provider.rotate(),
        {
          code: "ROTATION_UNKNOWN",
          changed: "unknown",
          message:
            "It is not known whether CloudRoom has made a new secret; expected a whole answer or a readable secret.",
          detail: expect.stringContaining("; expected") as unknown,
        },
        connection,
      );
      expect([updates(connection), clock.waits]).toEqual([3, [2_000, 5_000]]);
      expect(service.changes()).toBe(3);
    },
  );

  test("lost twice is settled by the third call", async () => {
    const connection = await ready();
    const { provider, service } = connection;
    service.emulator.faults.arm({ kind: "stall", changed: false }, UPDATE);
    service.emulator.faults.arm({ kind: "reset", changed: true }, UPDATE);
    expect((await provider.rotate()).value.expose()).toBe(service.inForce());
    expect([updates(connection), service.changes()]).toEqual([3, 2]);
  });

  test("lost, and then refused, ends as unknown at once", async () => {
    const connection = await ready();
    const { provider, service } = connection;
    service.emulator.faults.arm({ kind: "reset", changed: true }, UPDATE);
    service.emulator.faults.arm(service.refusal, UPDATE);
    await expectFailure(
      provider.rotate(),
      {
        code: "ROTATION_UNKNOWN",
        changed: "unknown",
        cause: expect.objectContaining({ code: "PROVIDER_FORBIDDEN" }) as unknown,
      },
      connection,
    );
    expect(updates(connection)).toBe(2);
  });

  test("lost, and then not sent, is made again", async () => {
    let unsent = 0;
    const connection = connectTo("cloudroom", cloudRoomService, {
      through: (http, service) => (request) => {
        const second = request.url.endsWith("/update/secret") && requestsOf(service, UPDATE).length === 1;
        if (!second || unsent > 0) return http(request);
        unsent += 1;
        return Promise.reject(new HttpFailure("ECONNREFUSED", false));
      },
    });
    await preflight(connection);
    const { provider, service } = connection;
    service.emulator.faults.arm({ kind: "reset", changed: true }, UPDATE);
    expect((await provider.rotate()).value.expose()).toBe(service.inForce());
    expect([unsent, updates(connection)]).toEqual([1, 2]);
  });

  test("waits before the next call as long as it is told to, but no more than a minute", async () => {
    for (const [asked, waited] of [
      ["1", 2_000],
      ["30", 30_000],
      ["3600", 60_000],
    ] as const) {
      const { provider, service, clock } = await ready();
      service.emulator.faults.arm(page(503, true, { "retry-after": asked }), UPDATE);
      await provider.rotate();
      expect(clock.waits).toEqual([waited]);
    }
  });
});

describe("verify", () => {
  test.each(["plain", "md5"] as const)(
    "says valid where the list shows the secret as %s",
    async (listShows) => {
      const { provider, service, masker } = await ready();
      service.emulator.listShows = listShows;
      const secret = await provider.rotate();
      expect(await provider.verify?.(secret)).toEqual({ state: "valid" });
      expect(await provider.verify?.({ value: masker.secret("another one") })).toMatchObject({
        state: "inconclusive",
      });
    },
  );

  test.each(["masked", "nothing"] as const)(
    "cannot tell where the list shows %s of it",
    async (listShows) => {
      const { provider, service } = await ready();
      service.emulator.listShows = listShows;
      expect(await provider.verify?.(await provider.rotate())).toEqual({
        state: "inconclusive",
        why: "its project list does not show the secret",
      });
    },
  );

  test("cannot tell where the list cannot be read", async () => {
    const { provider, service } = await ready();
    service.emulator.faults.arm({ kind: "reset", changed: false }, { ...LIST, times: Infinity });
    expect(await provider.verify?.(await provider.rotate())).toMatchObject({ state: "inconclusive" });
  });

  test("is all there is: the secret in force is never read for publishing", () => {
    expect(connect().provider).not.toHaveProperty("read");
  });

  test("comes beside publishing, as the answer may be the only copy", () => {
    expect(connect().provider.confirms).toBe("beside");
  });
});

describe("an input", () => {
  const problem = (inputs: Readonly<Record<string, string>>): string => {
    try {
      connect(inputs);
      return "";
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(RotationErrors);
      return (thrown as Error).message;
    }
  };

  test.each(["0", "007", "-1", "1e3", "1.5", "0x10", "abc", "1234567890123456", "١٢"])(
    "comp-id that is %s is refused, without being shown",
    (compId) => {
      const message = problem({ "comp-id": compId });
      expect(message).toBe(
        'INPUT_INVALID: Input "comp-id" is not such a number; expected the company id, a number without leading zeros.',
      );
    },
  );

  test.each(["a/b", "..", "A B", "A?b", "%41"])("api-prefix that is %s is refused", (prefix) => {
    expect(problem({ "api-prefix": prefix })).toBe(
      `INPUT_INVALID: Input "api-prefix" is "${prefix}"; expected one path segment such as CLOUDROOM-API.`,
    );
  });

  test("that is missing is told with the others", () => {
    const told = problem({ "comp-id": "", "comp-secret": "", "api-prefix": "a/b" }).split("\n");
    expect(told.map((line) => line.split(/;| is /)[0])).toEqual([
      'INPUT_INVALID: Input "api-prefix"',
      'INPUT_MISSING: Input "comp-id"',
      'INPUT_MISSING: Input "comp-secret"',
    ]);
  });

  test("has its documented default", () => {
    const { provider } = connect({ "api-url": "", "api-prefix": "" });
    expect(provider.apiUrl).toBe("https://www.cloudroom.com");
  });
});
