import { describe, expect, test } from "vitest";
import { RotationErrors } from "../../src/errors.ts";
import { maskedForms } from "../../src/secret.ts";
import type { Fault } from "../emulators/emulator.ts";
import type { HuaweiCsmsSecret, HuaweiCsmsSwitches } from "../emulators/huawei-csms.ts";
import { accountAt, csmsService, type CsmsService, refusing } from "../support/huawei-services.ts";
import {
  type Call,
  connect as connectTo,
  type Connection,
  expectFailure,
  preflight,
  requestsOf,
} from "../support/provider-kit.ts";

const STAGE: Call = { method: "GET", path: /\/stages\/SYSCURRENT$/ };
const VERSION: Call = { method: "GET", path: /\/versions\/[^/]+$/ };
const TASKS: Call = { method: "GET", path: /\/csms\/tasks\?/ };
const TASK_BY_ID: Call = { method: "GET", path: /\/csms\/tasks\?task_id=/ };

type Csms = Connection & { readonly service: CsmsService };

const connect = (
  secret: Partial<HuaweiCsmsSecret> = {},
  inputs: Readonly<Record<string, string>> = {},
): Csms => connectTo("huawei-csms", (clock) => csmsService(clock, accountAt(clock), secret), { inputs });

/** A connection whose preflight has passed, and then the switches set. */
async function ready(switches: Partial<HuaweiCsmsSwitches> = {}): Promise<Csms> {
  const connection = connect();
  await preflight(connection);
  Object.assign(connection.service.emulator, switches);
  return connection;
}

const orders = ({ service }: Csms): number => requestsOf(service, service.rotateCall).length;
const state = ({ service }: Csms) => service.emulator.secret(service.appId);

describe("the version latest", () => {
  test("is never asked for, as it is a pending one for a while", async () => {
    const connection = await ready({ taskDuration: 60_000 });
    const { emulator } = connection.service;
    await connection.provider.rotate();
    // For a minute the newest one was not in force: who had asked for it would have had the wrong one.
    expect(state(connection).versions.map(({ version }) => version)).toEqual(["v1", "v2"]);
    expect(emulator.requests.map(({ path }) => path).filter((path) => path.includes("latest"))).toEqual([]);
    for (const { path } of requestsOf(connection.service, VERSION)) expect(path).toMatch(/\/versions\/v\d+$/);
  });
});

describe("preflight", () => {
  test("reads the secret in force with its version and age", async () => {
    const connection = connect({ createdAt: 1_790_000_000_000 });
    const inForce = await preflight(connection);
    expect(inForce).toMatchObject({ version: "v1", madeAt: 1_790_000_000_000 });
    expect(inForce?.value.expose()).toBe(connection.service.inForce());
    expect(connection.provider.tellsAge).toBe(true);
    for (const form of maskedForms(connection.service.inForce()))
      expect(connection.announced).toContain(form);
  });

  test.each(["plain", "binary", "json"] as const)("reads a value that is %s as it is", async (form) => {
    const connection = connect({ form });
    expect((await preflight(connection))?.value.expose()).toBe(connection.service.inForce());
  });

  test.each(["DISABLED", "PENDING_DELETE", "FROZEN"] as const)(
    "refuses a secret that is %s, in any mode",
    async (state) => {
      for (const mode of ["rotate", "sync", "plan"]) {
        const connection = connect({ state }, { mode });
        await expectFailure(
          preflight(connection),
          {
            code: "APP_NOT_ROTATABLE",
            message: `Huawei Cloud CSMS cannot rotate the app: it is ${state}; expected a secret that is ENABLED.`,
            hint: "Enable the secret in the console, then run again.",
          },
          connection,
        );
        expect(connection.service.emulator.requests).toHaveLength(1);
      }
    },
  );

  test.each(["rotate", "plan"])("refuses a COMMON secret in mode %s, and names the way out", async (mode) => {
    const connection = connect({ type: "COMMON" }, { mode });
    await expectFailure(
      preflight(connection),
      {
        code: "APP_NOT_ROTATABLE",
        changed: "no",
        message:
          "Huawei Cloud CSMS cannot rotate the app: it is of type COMMON; expected a database secret such as RDS-FG or GaussDB-FG.",
        hint: expect.stringContaining(`publish it with "mode" set to "sync"`) as unknown,
      },
      connection,
    );
    expect([orders(connection), connection.service.changes()]).toEqual([0, 0]);
  });

  test("accepts a COMMON secret in mode sync", async () => {
    const connection = connect({ type: "COMMON" }, { mode: "sync" });
    expect((await preflight(connection))?.value.expose()).toBe(connection.service.inForce());
    expect((await connection.provider.read?.())?.version).toBe("v1");
  });

  test.each(["RDS-FG", "GaussDB-FG"] as const)("accepts a secret of type %s", async (type) => {
    await expect(preflight(connect({ type }))).resolves.toBeDefined();
  });

  test("refuses a secret of unknown type", async () => {
    const connection = connect();
    connection.service.emulator.faults.arm(refusing(200, { secret: { state: "ENABLED" } }));
    await expectFailure(
      preflight(connection),
      {
        code: "APP_NOT_ROTATABLE",
        message:
          "Huawei Cloud CSMS cannot rotate the app: it is of type unknown; expected a database secret such as RDS-FG or GaussDB-FG.",
      },
      connection,
    );
  });

  test.each([[{ secret: { type: "RDS-FG" } }], [{ secret: { state: 1 } }], [{ secret: [] }], [{}]])(
    "refuses a secret whose state is unknown, as in %j",
    async (body) => {
      const connection = connect();
      connection.service.emulator.faults.arm(refusing(200, body));
      await expectFailure(
        preflight(connection),
        {
          code: "APP_NOT_ROTATABLE",
          message:
            "Huawei Cloud CSMS cannot rotate the app: it is unknown; expected a secret that is ENABLED.",
        },
        connection,
      );
    },
  );

  test.each([
    ["read the secret", { method: "GET", path: /\/secrets\/[^/]+$/ }],
    ["read the stage SYSCURRENT", STAGE],
    ["read the secret's value", VERSION],
    ["list the rotation tasks", TASKS],
  ])("says that it is the right to %s which is wanting", async (action, call) => {
    const connection = connect();
    connection.service.emulator.faults.arm(refusing(403, { error_code: "CSMS.0302" }), call);
    await expectFailure(
      preflight(connection),
      {
        code: "PROVIDER_FORBIDDEN",
        message: `Huawei Cloud CSMS does not let this management credential ${action}; expected the right to do so.`,
      },
      connection,
    );
  });

  test.each([[""], [7], ["x".repeat(65)], ["v1 <b>"], ["<b> v1"]])(
    "shows no version that is %j",
    async (version_id) => {
      const connection = connect();
      connection.service.emulator.faults.arm(refusing(200, { stage: { version_id } }), STAGE);
      await expectFailure(
        preflight(connection),
        {
          code: "PROVIDER_ANSWER_INVALID",
          message:
            'Huawei Cloud CSMS answered no "version_id" when asked to read the stage SYSCURRENT; expected the version in force.',
        },
        connection,
      );
      expect(requestsOf(connection.service, VERSION)).toEqual([]);
    },
  );

  test("refuses while a rotation is running, whatever its status is called", async () => {
    for (const runningStatus of ["RUNNING", "INIT", ""]) {
      const connection = await ready({ taskDuration: 60_000, runningStatus });
      const other = connection.provider.rotate();
      const again = connectTo("huawei-csms", () => connection.service);
      await expectFailure(
        preflight(again),
        {
          code: "APP_NOT_ROTATABLE",
          message:
            "Huawei Cloud CSMS cannot rotate the app: a rotation of it is running; expected no rotation under way.",
        },
        again,
      );
      await other;
    }
  });

  test("refuses an answer that is no list of tasks, as one may be running, but not for a sync", async () => {
    const noList = refusing(200, { total: 0 });
    const connection = connect();
    connection.service.emulator.faults.arm(noList, { path: /csms\/tasks/, times: Infinity });
    await expectFailure(preflight(connection), { code: "PROVIDER_ANSWER_INVALID" }, connection);
    const syncing = connect({}, { mode: "sync" });
    syncing.service.emulator.faults.arm(noList, { path: /csms\/tasks/, times: Infinity });
    await expect(preflight(syncing)).resolves.toBeDefined();
  });

  // A page has 50 tasks if nothing else is asked for; in which order is not published.
  test("sees a rotation that is running behind many that have ended", async () => {
    const connection = connect();
    for (let round = 0; round < 50; round += 1) {
      await preflight(connection);
      await connection.provider.rotate();
    }
    connection.service.emulator.taskOutcome = "never";
    void connection.provider.rotate().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(state(connection).rotations).toBe(51);
    await expect(preflight(connection)).rejects.toThrowWithCode("APP_NOT_ROTATABLE");
  });

  test.each([400, 404] as const)("finds that a secret is missing, told with %i", async (missingStatus) => {
    const connection = connect({}, { "app-id": "nobodys-db" });
    connection.service.emulator.missingStatus = missingStatus;
    await expectFailure(
      preflight(connection),
      {
        code: "APP_NOT_FOUND",
        message: 'Huawei Cloud CSMS does not know the app "nobodys-db"; expected an app of this account.',
      },
      connection,
    );
  });

  test("finds that the key to the value may not be used", async () => {
    const connection = connect();
    connection.service.emulator.readable = false;
    await expectFailure(
      preflight(connection),
      { code: "PROVIDER_REFUSED", detail: expect.stringMatching(/^CSMS\.0401: /) as unknown },
      connection,
    );
  });

  test.each([
    ["no stage", STAGE, {}, "PROVIDER_ANSWER_INVALID"],
    ["a stage without a version", STAGE, { stage: { version_id: "" } }, "PROVIDER_ANSWER_INVALID"],
    ["no version", VERSION, {}, "SECRET_UNUSABLE"],
    ["an empty value", VERSION, { version: { secret_string: "" } }, "SECRET_UNUSABLE"],
    ["a hidden value", VERSION, { version: { secret_string: "******" } }, "SECRET_UNUSABLE"],
    ["a value that is no text", VERSION, { version: { secret_string: {} } }, "SECRET_UNUSABLE"],
    [
      "a value of more than 48 KB",
      VERSION,
      { version: { secret_string: "x".repeat(49_153) } },
      "SECRET_UNUSABLE",
    ],
  ])("refuses an answer with %s", async (_, call, body, code) => {
    const connection = connect();
    connection.service.emulator.faults.arm(refusing(200, body), call);
    await expectFailure(preflight(connection), { code }, connection);
    expect(orders(connection)).toBe(0);
  });

  test.each([
    ["1790000000000", 1_790_000_000_000],
    [0, undefined],
    ["soon", undefined],
    [null, undefined],
  ])("takes the age of a version made at %j for %j", async (create_time, madeAt) => {
    const connection = connect();
    connection.service.emulator.faults.arm(
      refusing(200, { version: { secret_string: "some value", version_metadata: { create_time } } }),
      VERSION,
    );
    expect((await preflight(connection))?.madeAt).toBe(madeAt);
  });

  test.each(["a.b", "A-b_1.2", ".a", "a.", "..a", "x".repeat(64)])("takes the name %s", async (name) => {
    const connection = connect({ name });
    await expect(preflight(connection)).resolves.toBeDefined();
  });

  test.each([".", "..", "...", "a/b", "a b", "ä", "x".repeat(65), "a%2fb"])(
    "is not begun with the name %s",
    (name) => {
      expect(() => connect({}, { "app-id": name })).toThrow(RotationErrors);
      expect(() => connect({}, { "app-id": name })).toThrow(
        `INPUT_INVALID: Input "app-id" is "${name}"; expected the secret's name: up to 64 letters, digits, dots, dashes and underscores.`,
      );
    },
  );

  test("is not begun without a name, which is told once", () => {
    expect(() => connect({}, { "app-id": "" })).toThrow(/^INPUT_MISSING: Input "app-id"[^\n]*$/);
  });
});

describe("the order to rotate", () => {
  test("has no body, and is given once", async () => {
    const connection = await ready();
    await connection.provider.rotate();
    const [order, ...others] = requestsOf(connection.service, connection.service.rotateCall);
    expect([order?.body, others]).toEqual(["", []]);
  });

  test("followed to a task that has ended at once gives the new version", async () => {
    const connection = await ready();
    const secret = await connection.provider.rotate();
    expect(secret).toMatchObject({ version: "v2", madeAt: connection.clock.now() });
    expect(secret.value.expose()).toBe(connection.service.inForce());
    expect([connection.clock.waits, requestsOf(connection.service, TASK_BY_ID).length]).toEqual([[], 1]);
    for (const form of maskedForms(connection.service.inForce()))
      expect(connection.announced).toContain(form);
  });

  test("followed to a slow task is waited for, every five seconds, and says so", async () => {
    const connection = await ready({ taskDuration: 59_000 });
    const startedAt = connection.clock.now();
    const { value, version } = await connection.provider.rotate();
    expect([value.expose(), version]).toEqual([connection.service.inForce(), "v2"]);
    expect(connection.clock.now() - startedAt).toBe(60_000);
    expect(connection.waits).toEqual(
      Array.from({ length: 12 }, () => ({ why: "the rotation task is under way", milliseconds: 5_000 })),
    );
    // While the new version is pending nobody looks at a value.
    expect(requestsOf(connection.service, VERSION)).toHaveLength(2);
    expect(orders(connection)).toBe(1);
  });

  test("followed to a task that fails is unknown, with the reason", async () => {
    const connection = await ready({ taskOutcome: "FAILED", taskDuration: 7_000 });
    await expectFailure(
      connection.provider.rotate(),
      {
        code: "ROTATION_FAILED",
        changed: "unknown",
        message: "The rotation task of Huawei Cloud CSMS failed (FunctionFailed); expected it to succeed.",
        hint: expect.stringContaining("mode: sync") as unknown,
      },
      connection,
    );
    expect([orders(connection), state(connection).current.version]).toEqual([1, "v1"]);
  });

  test("followed to a task that never ends is unknown after ten minutes", async () => {
    const connection = await ready({ taskOutcome: "never" });
    const startedAt = connection.clock.now();
    await expectFailure(
      connection.provider.rotate(),
      {
        code: "ROTATION_FAILED",
        changed: "unknown",
        message:
          "The rotation task of Huawei Cloud CSMS has not ended in 10 minutes; expected it to succeed.",
      },
      connection,
    );
    expect(connection.clock.now() - startedAt).toBe(600_000);
    expect([orders(connection), requestsOf(connection.service, TASK_BY_ID).length]).toEqual([1, 121]);
  });

  test("whose task has succeeded is not done before the stage has moved", async () => {
    const connection = await ready();
    const stale = refusing(200, { stage: { name: "SYSCURRENT", version_id: "v1" } });
    connection.service.emulator.faults.arm(stale, { ...STAGE, times: 3 });
    const { version } = await connection.provider.rotate();
    expect([version, connection.clock.waits]).toEqual(["v2", [5_000, 5_000, 5_000]]);
  });

  test("without a task's id is followed by the stage", async () => {
    const connection = await ready({ omitTaskId: true, taskDuration: 12_000 });
    const { value, version } = await connection.provider.rotate();
    expect([value.expose(), version]).toEqual([connection.service.inForce(), "v2"]);
    expect(connection.clock.waits).toEqual([5_000, 5_000, 5_000]);
    expect([orders(connection), requestsOf(connection.service, TASK_BY_ID)]).toEqual([1, []]);
  });

  test.each(["FAILED", "never"] as const)(
    "without a task's id and with a task that is %s is unknown",
    async (taskOutcome) => {
      const connection = await ready({ omitTaskId: true, taskOutcome });
      await expectFailure(connection.provider.rotate(), { changed: "unknown" }, connection);
      expect(orders(connection)).toBe(1);
    },
  );

  test("followed over passing faults of every read still ends well", async () => {
    const connection = await ready({ taskDuration: 8_000 });
    for (const call of [TASK_BY_ID, STAGE, VERSION]) {
      connection.service.emulator.faults.arm({ kind: "reset", changed: false }, { ...call, times: 2 });
    }
    expect((await connection.provider.rotate()).value.expose()).toBe(connection.service.inForce());
    expect(orders(connection)).toBe(1);
  });

  test.each([
    ["task", TASK_BY_ID],
    ["stage", STAGE],
    ["value", VERSION],
  ])("whose %s cannot be read any more is unknown", async (_, call) => {
    const connection = await ready();
    connection.service.emulator.faults.arm({ kind: "stall", changed: false }, { ...call, times: Infinity });
    await expectFailure(
      connection.provider.rotate(),
      { code: "ROTATION_UNKNOWN", changed: "unknown" },
      connection,
    );
    expect([orders(connection), state(connection).current.version]).toEqual([1, "v2"]);
  });

  test.each([
    ["a refused read", refusing(403, { error_code: "CSMS.0302", error_msg: "no" })],
    ["a refused credential", refusing(401, { error_code: "APIGW.0301", error_msg: "no" })],
    ["a hidden value", refusing(200, { version: { secret_string: "******" } })],
  ])("that meets %s at the value is unknown", async (_, fault) => {
    const connection = await ready();
    connection.service.emulator.faults.arm(fault, VERSION);
    await expectFailure(connection.provider.rotate(), { changed: "unknown" }, connection);
    expect(orders(connection)).toBe(1);
  });

  test("for a secret that is disabled meanwhile is refused, in the nested form", async () => {
    const connection = await ready();
    const { emulator, appId, inputs } = connection.service;
    emulator.addSecret({ name: appId, projectId: inputs["project-id"] ?? "", state: "DISABLED" });
    await expectFailure(
      connection.provider.rotate(),
      { code: "PROVIDER_FORBIDDEN", changed: "no", detail: "CSMS.0109: The secret state is not enabled." },
      connection,
    );
    const [order] = requestsOf(connection.service, connection.service.rotateCall);
    expect(order?.answer).toContain(`{"error":{`);
  });

  test("while another is running is refused, and has changed nothing", async () => {
    const connection = await ready({ taskDuration: 60_000 });
    const other = connection.provider.rotate();
    const second = connection.provider.rotate();
    await expectFailure(second, { code: "PROVIDER_REFUSED", changed: "no" }, connection);
    await other;
    expect(state(connection).rotations).toBe(1);
  });
});

describe("the order to rotate whose answer is lost", () => {
  const page = (status: number, changed: boolean): Fault => ({
    kind: "answer",
    changed,
    status,
    headers: { "content-type": "text/html" },
    body: "<html>a gateway's page</html>",
  });
  const lost = (changed: boolean): readonly (readonly [string, Fault])[] => [
    ["by a reset", { kind: "reset", changed }],
    ["by a stall", { kind: "stall", changed }],
    ["to a gateway's fault", page(502, changed)],
    ["to a cheerful page", page(200, changed)],
    [
      "to a fault of the service",
      { ...refusing(500, { error: { error_code: "CSMS.9999" } }), changed } as Fault,
    ],
    ["to a redirect", { kind: "answer", changed, status: 302, headers: { location: "/elsewhere" } }],
  ];

  test.each([...lost(true), ["in its middle", { kind: "cut-off" }] as const])(
    "%s after it was taken is followed, and never given again",
    async (_, fault) => {
      for (const taskDuration of [0, 30_000]) {
        for (const omitTaskId of [false, true]) {
          const connection = await ready({ taskDuration, omitTaskId });
          const { service, provider } = connection;
          service.emulator.faults.arm(fault, { ...service.rotateCall, times: Infinity });
          const { value, version } = await provider.rotate();
          expect([value.expose(), version]).toEqual([service.inForce(), "v2"]);
          expect([orders(connection), service.changes()]).toEqual([1, 1]);
        }
      }
    },
  );

  test.each(lost(false))("%s before it was taken is unknown, and never given again", async (_, fault) => {
    const connection = await ready();
    const { service, provider } = connection;
    service.emulator.faults.arm(fault, { ...service.rotateCall, times: Infinity });
    await expectFailure(
      provider.rotate(),
      {
        code: "ROTATION_UNKNOWN",
        changed: "unknown",
        detail: expect.stringMatching(
          /^(?!It is not known).*Huawei Cloud CSMS .*; expected [^;]*\.$/,
        ) as unknown,
      },
      connection,
    );
    expect([orders(connection), service.changes()]).toEqual([1, 0]);
  });

  test.each(["FAILED", "never"] as const)("and whose task is %s is unknown", async (taskOutcome) => {
    const connection = await ready({ taskOutcome, taskDuration: 10_000 });
    const { service, provider } = connection;
    service.emulator.faults.arm({ kind: "reset", changed: true }, service.rotateCall);
    await expectFailure(provider.rotate(), { code: "ROTATION_UNKNOWN", changed: "unknown" }, connection);
    expect(orders(connection)).toBe(1);
  });

  test("and whose task cannot be found any more is unknown", async () => {
    const connection = await ready();
    const { service, provider } = connection;
    service.emulator.faults.arm({ kind: "reset", changed: true }, service.rotateCall);
    service.emulator.faults.arm({ kind: "stall", changed: false }, { ...TASKS, times: Infinity });
    await expectFailure(provider.rotate(), { code: "ROTATION_UNKNOWN", changed: "unknown" }, connection);
    expect(orders(connection)).toBe(1);
  });
});

describe("read", () => {
  test("gives the version that carries SYSCURRENT, not a pending one", async () => {
    const connection = await ready({ taskOutcome: "never" });
    await connection.provider.rotate().catch(() => undefined);
    expect(state(connection).versions.map(({ stages }) => stages)).toEqual([["SYSCURRENT"], ["SYSPENDING"]]);
    const shown = await connection.provider.read?.();
    expect([shown?.version, shown?.value.expose()]).toEqual(["v1", state(connection).versions[0]?.value]);
  });

  test("asks for the value of a version once, as none ever changes", async () => {
    const connection = await ready();
    await connection.provider.read?.();
    expect(requestsOf(connection.service, VERSION)).toHaveLength(1);
    await connection.provider.rotate();
    expect((await connection.provider.read?.())?.value.expose()).toBe(connection.service.inForce());
    expect(requestsOf(connection.service, VERSION)).toHaveLength(2);
  });

  test("is all there is: nothing probes a database, and nothing is put back", () => {
    const { provider } = connect();
    expect(provider).not.toHaveProperty("verify");
    expect(provider).not.toHaveProperty("restore");
    expect(provider.confirms).toBe("before");
  });
});
