import { beforeEach, describe, expect, test } from "vitest";
import { Disconnect } from "./emulator.ts";
import { createHuaweiAccount, type HuaweiAccount } from "./huawei/account.ts";
import { callOfficially, signOfficially } from "./huawei/official-client.ts";
import { huaweiGatewayThrottled } from "./huawei/refusal.ts";
import { createHuaweiApigEmulator } from "./huawei-apig.ts";
import { createHuaweiCsmsEmulator, type HuaweiCsmsEmulator } from "./huawei-csms.ts";
import { listen } from "./listen.ts";

const PROJECT = "0123456789abcdef0123456789abcdef";
const KEY = { accessKeyId: "AK", secretAccessKey: "SK", projectId: PROJECT };
const BASE = "https://kms.cn-north-4.myhuaweicloud.com";
const SECRET = `/v1/${PROJECT}/secrets/db`;
const ROTATE = `${SECRET}/rotate`;
const CURRENT = `${SECRET}/stages/SYSCURRENT`;
const TASKS = `/v1/${PROJECT}/csms/tasks`;
const START = Date.parse("2026-01-02T03:04:05Z");

let now: number;
let account: HuaweiAccount;
let emulator: HuaweiCsmsEmulator;

beforeEach(() => {
  now = START;
  account = createHuaweiAccount({ now: () => now });
  account.addKey(KEY);
  account.addToken("MIIToken", PROJECT);
  emulator = createHuaweiCsmsEmulator({ account });
  emulator.addSecret({ name: "db", projectId: PROJECT });
});

describe("a secret", () => {
  test("is shown without its value", async () => {
    const { status, body } = await call("GET", SECRET);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        secret: {
          name: "db",
          state: "ENABLED",
          secret_type: "RDS-FG",
          create_time: START,
          update_time: START,
          scheduled_delete_time: null,
        },
      },
    });
    const { secret } = body as { secret: { rotation_config: string; rotation_func_urn: string } };
    expect(JSON.parse(secret.rotation_config)).toMatchObject({ SecretSubType: "SingleUser" });
    expect(secret.rotation_func_urn).toMatch(/^urn:fss:/);
    expect(JSON.stringify(body)).not.toContain(emulator.secret("db").current.value);
  });

  test("has a first version in force, as old as it says", async () => {
    emulator.addSecret({ name: "old", projectId: PROJECT, createdAt: START - 1000 });
    expect((await call("GET", `/v1/${PROJECT}/secrets/old/stages/SYSCURRENT`)).body).toEqual({
      stage: { name: "SYSCURRENT", version_id: "v1", update_time: START - 1000, secret_name: "old" },
    });
    expect((await call("GET", `/v1/${PROJECT}/secrets/old/versions/v1`)).body).toEqual({
      version: {
        version_metadata: {
          id: "v1",
          create_time: START - 1000,
          expire_time: null,
          kms_key_id: expect.any(String) as string,
          secret_name: "old",
          version_stages: ["SYSCURRENT"],
        },
        secret_string: emulator.secret("old").current.value,
      },
    });
  });

  test("holds a name and a password, or what it is told to", async () => {
    const { value } = emulator.secret("db").current;
    expect(JSON.parse(value)).toEqual({
      name: "app_1",
      password: expect.stringMatching(/^[\w-]{24}$/) as string,
    });
    emulator.addSecret({ name: "plain", projectId: PROJECT, form: "plain" });
    emulator.addSecret({ name: "binary", projectId: PROJECT, form: "binary" });
    emulator.addSecret({ name: "told", projectId: PROJECT, value: (version) => `value ${String(version)}` });
    expect(await read("plain", "v1")).toEqual({
      secret_string: expect.stringMatching(/^[\w-]{24}$/) as string,
    });
    expect(await read("binary", "v1")).toEqual({
      secret_binary: expect.stringMatching(/^[A-Za-z0-9+/]{24}$/) as string,
    });
    expect(await read("told", "v1")).toEqual({ secret_string: "value 1" });
    await call("POST", `/v1/${PROJECT}/secrets/told/rotate`);
    expect(await read("told", "v2")).toEqual({ secret_string: "value 2" });
  });

  test.each([
    ["DISABLED", 403, "CSMS.0109"],
    ["FROZEN", 403, "CSMS.0109"],
    ["PENDING_DELETE", 400, "CSMS.0103"],
  ] as const)("that is %s gives no value and is not rotated", async (state, status, error_code) => {
    emulator.addSecret({ name: "db", projectId: PROJECT, state });
    expect((await call("GET", SECRET)).body).toMatchObject({ secret: { state } });
    expect((await call("GET", CURRENT)).status).toBe(200);
    expect(await call("GET", `${SECRET}/versions/v1`)).toMatchObject({ status, body: { error_code } });
    expect(await call("POST", ROTATE)).toMatchObject({ status, body: { error: { error_code } } });
    expect(emulator.secret("db").rotations).toBe(0);
  });

  test("may not be readable for want of the KMS key", async () => {
    emulator.readable = false;
    expect(await call("GET", `${SECRET}/versions/v1`)).toEqual({
      status: 400,
      body: {
        error_code: "CSMS.0401",
        error_msg: "Can not get the protected secret value using the provided KMS key.",
      },
    });
    expect((await call("POST", ROTATE)).status).toBe(200);
  });

  test("that does not exist is 400, or 404, nested only where rotated", async () => {
    const unknown = `/v1/${PROJECT}/secrets/unknown`;
    const missing = { error_code: "CSMS.0106", error_msg: "The secret name not found int the db." };
    for (const status of [400, 404] as const) {
      emulator.missingStatus = status;
      for (const path of ["", "/versions", "/versions/latest", "/stages/SYSCURRENT"]) {
        expect(await call("GET", unknown + path)).toEqual({ status, body: missing });
      }
      expect(await call("POST", `${unknown}/rotate`)).toEqual({ status, body: { error: missing } });
      for (const path of [`${SECRET}/versions/v2`, `${SECRET}/stages/SYSPREVIOUS`]) {
        expect(await call("GET", path)).toMatchObject({ status, body: { error_code: "CSMS.0005" } });
      }
    }
  });
});

describe("a rotation", () => {
  test("ends at once unless told otherwise", async () => {
    const before = emulator.secret("db").current.value;
    const { status, body } = await call("POST", ROTATE);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        version_id: "v2",
        secret_name: "db",
        rotation_task_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      },
    });
    expect((await call("GET", CURRENT)).body).toMatchObject({ stage: { version_id: "v2" } });
    const { current, versions, rotations } = emulator.secret("db");
    expect(current).toMatchObject({ version: "v2", stages: ["SYSCURRENT"] });
    expect(current.value).not.toBe(before);
    expect(versions[0]).toEqual({ version: "v1", value: before, stages: ["SYSPREVIOUS"] });
    expect(rotations).toBe(1);
  });

  test("takes its time: the new version is pending, and latest misleads", async () => {
    emulator.taskDuration = 60_000;
    const before = emulator.secret("db").current.value;
    const { rotation_task_id } = (await call("POST", ROTATE)).body;
    now += 59_999;
    expect((await call("GET", CURRENT)).body).toMatchObject({
      stage: { version_id: "v1", update_time: START },
    });
    expect((await call("GET", `${SECRET}/stages/SYSPENDING`)).body).toMatchObject({
      stage: { version_id: "v2" },
    });
    const pending = await read("db", "latest");
    expect(pending).not.toEqual({ secret_string: before });
    expect((await call("GET", `${SECRET}/versions/latest`)).body).toMatchObject({
      version: { version_metadata: { id: "v2", version_stages: ["SYSPENDING"] } },
    });
    expect(emulator.secret("db").current.value).toBe(before);
    expect((await task(rotation_task_id)).body).toMatchObject({
      total: 1,
      tasks: [{ task_id: rotation_task_id, task_status: "RUNNING", task_time: START, secret_name: "db" }],
    });

    now += 1;
    expect((await task(rotation_task_id)).body).toMatchObject({
      tasks: [{ task_status: "SUCCESS", task_error_code: null, task_error_msg: null }],
    });
    expect((await call("GET", CURRENT)).body).toEqual({
      stage: {
        name: "SYSCURRENT",
        version_id: "v2",
        update_time: START + 60_000,
        secret_name: "db",
      },
    });
    expect((await call("GET", `${SECRET}/stages/SYSPENDING`)).status).toBe(400);
    expect(await read("db", "v2")).toEqual(pending);
    expect(await read("db", "v1")).toEqual({ secret_string: before });
  });

  test("goes by the real clock if none is given", async () => {
    const real = createHuaweiAccount();
    real.addToken("MIIToken", PROJECT);
    emulator = createHuaweiCsmsEmulator({ account: real });
    emulator.addSecret({ name: "db", projectId: PROJECT });
    emulator.taskDuration = 50;
    await send("POST", ROTATE, { "x-auth-token": "MIIToken" });
    expect(emulator.secret("db").current.version).toBe("v1");
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(emulator.secret("db").current.version).toBe("v2");
  });

  test("that fails leaves the stage, and a pending version", async () => {
    emulator.taskOutcome = "FAILED";
    emulator.taskError = { code: "Db.1", message: "no route" };
    const { rotation_task_id } = (await call("POST", ROTATE)).body;
    expect((await task(rotation_task_id)).body).toMatchObject({
      tasks: [{ task_status: "FAILED", task_error_code: "Db.1", task_error_msg: "no route" }],
    });
    expect(emulator.secret("db")).toMatchObject({
      current: { version: "v1" },
      versions: [{ stages: ["SYSCURRENT"] }, { version: "v2", stages: ["SYSPENDING"] }],
    });
    expect((await call("GET", `${SECRET}/versions/latest`)).body).toMatchObject({
      version: { version_metadata: { id: "v2" } },
    });

    emulator.taskOutcome = "SUCCESS";
    expect((await call("POST", ROTATE)).body).toMatchObject({ version_id: "v3" });
    expect(emulator.secret("db")).toMatchObject({
      current: { version: "v3" },
      versions: [{ stages: ["SYSPREVIOUS"] }, { stages: [] }, { stages: ["SYSCURRENT"] }],
      rotations: 2,
    });
  });

  test("that never ends refuses another beside it, until it ends", async () => {
    emulator.taskOutcome = "never";
    emulator.runningStatus = "PROCESSING";
    const { rotation_task_id } = (await call("POST", ROTATE)).body;
    now += 24 * 3_600_000;
    // The clock of the signature moves on with it.
    expect((await task(rotation_task_id)).body).toMatchObject({ tasks: [{ task_status: "PROCESSING" }] });
    expect(await call("POST", ROTATE)).toEqual({
      status: 400,
      body: { error: { error_code: "CSMS.0003", error_msg: "the request is invalid." } },
    });
    expect(emulator.secret("db")).toMatchObject({ current: { version: "v1" }, rotations: 1 });
    emulator.taskOutcome = "SUCCESS";
    expect((await call("POST", ROTATE)).status).toBe(200);
    expect(emulator.secret("db").rotations).toBe(2);
  });

  test("of one secret does not keep another from rotating", async () => {
    emulator.taskOutcome = "never";
    emulator.addSecret({ name: "other", projectId: PROJECT, type: "GaussDB-FG" });
    await call("POST", ROTATE);
    expect((await call("POST", `/v1/${PROJECT}/secrets/other/rotate`)).status).toBe(200);
  });

  test("may not tell its task, which is listed all the same", async () => {
    emulator.omitTaskId = true;
    expect((await call("POST", ROTATE)).body).toEqual({ version_id: "v2", secret_name: "db" });
    expect((await call("GET", TASKS, { secret_name: "db" })).body).toMatchObject({
      total: 1,
      tasks: [{ task_status: "SUCCESS" }],
    });
  });

  test("keeps the account of SingleUser and changes over with MultiUser", async () => {
    emulator.addSecret({ name: "both", projectId: PROJECT, subType: "MultiUser", type: "GaussDB-FG" });
    const names = async (secret: string): Promise<string[]> => {
      for (let time = 0; time < 3; time += 1) await call("POST", `/v1/${PROJECT}/secrets/${secret}/rotate`);
      return emulator
        .secret(secret)
        .versions.map(({ value }) => (JSON.parse(value) as { name: string }).name);
    };
    expect(await names("db")).toEqual(["app_1", "app_1", "app_1", "app_1"]);
    expect(await names("both")).toEqual(["app_1", "app_2", "app_1", "app_2"]);
    expect((await call("GET", `/v1/${PROJECT}/secrets/both`)).body).toMatchObject({
      secret: { rotation_config: expect.stringContaining('"SecretSubType":"MultiUser"') as string },
    });
  });

  test("of MultiUser goes over to the same account again after a failure", async () => {
    emulator.addSecret({ name: "both", projectId: PROJECT, subType: "MultiUser" });
    emulator.taskOutcome = "FAILED";
    await call("POST", `/v1/${PROJECT}/secrets/both/rotate`);
    expect(emulator.secret("both").current.version).toBe("v1");
    emulator.taskOutcome = "SUCCESS";
    await call("POST", `/v1/${PROJECT}/secrets/both/rotate`);
    const { version, value } = emulator.secret("both").current;
    expect(version).toBe("v3");
    expect(JSON.parse(value)).toMatchObject({ name: "app_2" });
  });

  test("is refused for a COMMON secret", async () => {
    emulator.addSecret({ name: "common", projectId: PROJECT, type: "COMMON" });
    const { body } = await call("GET", `/v1/${PROJECT}/secrets/common`);
    expect(body).toMatchObject({ secret: { secret_type: "COMMON" } });
    expect(body["secret"]).not.toHaveProperty("rotation_config");
    expect(await call("POST", `/v1/${PROJECT}/secrets/common/rotate`)).toMatchObject({
      status: 400,
      body: { error: { error_code: "CSMS.0003" } },
    });
    expect(emulator.secret("common").versions).toHaveLength(1);
  });
});

describe("the versions", () => {
  test("are listed by the page, without values", async () => {
    for (let time = 0; time < 4; time += 1) await call("POST", ROTATE);
    const whole = await call("GET", `${SECRET}/versions`);
    expect(ids(whole)).toEqual(["v1", "v2", "v3", "v4", "v5"]);
    expect(whole.body["page_info"]).toEqual({ next_marker: null, previous_marker: "v1", current_count: 5 });
    for (const { value } of emulator.secret("db").versions) {
      expect(JSON.stringify(whole.body)).not.toContain((JSON.parse(value) as { password: string }).password);
    }
    const first = await call("GET", `${SECRET}/versions`, { limit: "3" });
    expect(ids(first)).toEqual(["v1", "v2", "v3"]);
    expect(first.body["page_info"]).toMatchObject({ next_marker: "v3" });
    const second = await call("GET", `${SECRET}/versions`, { limit: "3", marker: "v3" });
    expect(ids(second)).toEqual(["v4", "v5"]);
    expect(second.body["page_info"]).toMatchObject({ next_marker: null });
  });

  test("are twenty at most: one without a stage goes first", async () => {
    for (let time = 0; time < 25; time += 1) await call("POST", ROTATE);
    const { current, versions } = emulator.secret("db");
    expect(versions).toHaveLength(20);
    expect(versions[0]?.version).toBe("v7");
    expect(current.version).toBe("v26");
    expect((await call("GET", `${SECRET}/versions/v1`)).status).toBe(400);
  });

  test("are not listed by an odd page", async () => {
    for (const query of [{ limit: "0" }, { limit: "1001" }, { limit: "x" }, { marker: "v9" }]) {
      expect(await call("GET", `${SECRET}/versions`, query)).toMatchObject({
        status: 400,
        body: { error_code: "CSMS.0002" },
      });
    }
  });
});

describe("the tasks", () => {
  test("are found by id, by secret and by status, but not by id and more", async () => {
    emulator.addSecret({ name: "other", projectId: PROJECT });
    emulator.addSecret({ name: "elsewhere", projectId: "another" });
    const { rotation_task_id: id } = (await call("POST", ROTATE)).body;
    await call("POST", `/v1/${PROJECT}/secrets/other/rotate`);
    await call("GET", SECRET);
    emulator.taskOutcome = "FAILED";
    await call("POST", ROTATE);

    const total = async (query: Record<string, string>): Promise<unknown> =>
      (await call("GET", TASKS, query)).body["total"];
    expect(await total({})).toBe(3);
    expect(await total({ task_id: String(id) })).toBe(1);
    expect(await total({ task_id: "unknown" })).toBe(0);
    expect(await total({ secret_name: "db" })).toBe(2);
    expect(await total({ secret_name: "db", status: "FAILED" })).toBe(1);
    expect(await total({ status: "SUCCESS" })).toBe(2);
    for (const query of [
      { task_id: String(id), secret_name: "db" },
      { task_id: String(id), status: "SUCCESS" },
      { task_id: String(id), limit: "1" },
      { status: "RUNNING" },
    ]) {
      expect(await call("GET", TASKS, query)).toEqual({
        status: 400,
        body: { error_code: "CSMS.0002", error_msg: "The value of parameter is invalid." },
      });
    }
  });

  test("come by the page", async () => {
    for (let time = 0; time < 3; time += 1) await call("POST", ROTATE);
    const { body } = await call("GET", TASKS, { secret_name: "db", limit: "2" });
    const { tasks, next_marker } = body as { tasks: { task_id: string }[]; next_marker: string };
    expect(tasks).toHaveLength(2);
    expect(next_marker).toBe(tasks[1]?.task_id);
    const rest = await call("GET", TASKS, { secret_name: "db", limit: "2", marker: next_marker });
    expect(rest.body).toMatchObject({ total: 3, tasks: [{ secret_name: "db" }], next_marker: null });
  });

  test("of another project are not shown", async () => {
    account.addToken("MIIOther", "another");
    await call("POST", ROTATE);
    const { body } = await send("GET", "/v1/another/csms/tasks", { "x-auth-token": "MIIOther" });
    expect(body).toEqual({ total: 0, tasks: [], next_marker: null });
  });
});

describe("a call", () => {
  test("by an IAM token is served, within its project", async () => {
    expect((await send("GET", SECRET, { "x-auth-token": "MIIToken" })).status).toBe(200);
    account.addToken("MIIOther", "another");
    expect(await send("GET", SECRET, { "x-auth-token": "MIIOther" })).toMatchObject({
      status: 403,
      body: { error_code: "KMS.0321" },
    });
    expect((await send("GET", "/v1/another/secrets/db", { "x-auth-token": "MIIOther" })).status).toBe(400);
  });

  test("without X-Project-Id does not reach a sub-project", async () => {
    const headers = signOfficially(
      { method: "GET", url: BASE + SECRET },
      { accessKeyId: "AK", secretAccessKey: "SK" },
      now,
    );
    expect((await send("GET", SECRET, headers)).status).toBe(403);
  });

  test("with a bad key is told so by the gateway, flat, also where it rotates", async () => {
    const url = BASE + ROTATE;
    const headers = signOfficially({ method: "POST", url }, { ...KEY, secretAccessKey: "wrong" }, now);
    const { status, body } = await send("POST", ROTATE, headers);
    expect({ status, code: body["error_code"] }).toEqual({ status: 401, code: "APIGW.0301" });
    expect(emulator.secret("db").rotations).toBe(0);
  });

  test("of an unknown route, with a body or an unknown parameter, fails loudly", async () => {
    const headers = { "x-auth-token": "MIIToken" };
    for (const [method, path] of [
      ["GET", `/v1/${PROJECT}/secrets`],
      ["POST", `${SECRET}/versions`],
      ["GET", ROTATE],
      ["GET", `${SECRET}/stages`],
      ["GET", `${SECRET}/versions/v1/more`],
      ["GET", `${SECRET}?limit=1`],
      ["GET", `${TASKS}?page=1`],
      ["POST", TASKS],
      ["GET", "/v2/p/secrets/db"],
    ] as const) {
      expect((await send(method, path, headers)).status).toBe(501);
    }
    expect((await send("POST", ROTATE, headers, "{}")).status).toBe(501);
    expect(emulator.secret("db").rotations).toBe(0);
  });

  test("for an impossible name is refused", async () => {
    for (const name of ["a%2Fb", "a%20b", "a".repeat(65)]) {
      expect(
        await send("GET", `/v1/${PROJECT}/secrets/${name}`, { "x-auth-token": "MIIToken" }),
      ).toMatchObject({
        status: 400,
        body: { error_code: "CSMS.0002" },
      });
    }
  });

  test("can be throttled, and is not executed then", async () => {
    emulator.faults.arm(huaweiGatewayThrottled, { method: "POST" });
    expect(await call("POST", ROTATE)).toMatchObject({ status: 429, body: { error_code: "APIGW.0308" } });
    expect(emulator.secret("db").rotations).toBe(0);
  });

  test.each([false, true])(
    "whose connection breaks (changed: %s) leaves the state it says",
    async (changed) => {
      emulator.faults.arm({ kind: "reset", changed }, { method: "POST" });
      await expect(call("POST", ROTATE)).rejects.toThrow(Disconnect);
      expect(emulator.secret("db")).toMatchObject({
        current: { version: changed ? "v2" : "v1" },
        rotations: changed ? 1 : 0,
      });
    },
  );
});

test("a key locked at one service is locked at the other", async () => {
  const gateway = createHuaweiApigEmulator({ account });
  gateway.addApp({ id: "app", name: "app", appKey: "app-key-1", appSecret: "secret-1", projectId: PROJECT });
  const url = "https://apig.cn-north-4.myhuaweicloud.com/v1.0/apigw/apps/app";
  const wrong = { ...KEY, secretAccessKey: "wrong" };
  for (let time = 0; time < 6; time += 1) {
    const headers = signOfficially({ method: "GET", url }, wrong, now);
    expect((await gateway.handle(new Request(url, { headers }))).status).toBe(401);
  }
  const { status, body } = await call("GET", SECRET);
  expect(status).toBe(401);
  expect(body["error_msg"]).toContain("AK access failed to reach the limit");
  expect(account.failures("AK")).toBe(7);
});

test("an unknown secret has no state", () => {
  expect(() => emulator.secret("unknown")).toThrow("no such secret: unknown");
});

describe("the official SDK as a client", () => {
  beforeEach(() => {
    // It signs by the real clock.
    now = Date.now();
  });

  test("rotates a secret and reads it, with a temporary key", async () => {
    const temporary = { ...KEY, accessKeyId: "TEMP", securityToken: "gQpTESTtoken==" };
    account.addKey(temporary);
    await using server = await listen(emulator);
    const url = (path: string): string => server.url + path;
    const rotated = await callOfficially({ method: "POST", url: url(ROTATE) }, temporary);
    expect(rotated).toMatchObject({ httpStatusCode: 200, version_id: "v2", secret_name: "db" });
    const { rotation_task_id } = rotated as { rotation_task_id: string };
    const query = { task_id: rotation_task_id };
    expect(await callOfficially({ method: "GET", url: url(TASKS), query }, temporary)).toMatchObject({
      tasks: [{ task_status: "SUCCESS" }],
    });
    expect(await callOfficially({ method: "GET", url: url(CURRENT) }, temporary)).toMatchObject({
      stage: { version_id: "v2" },
    });
    expect(
      await callOfficially({ method: "GET", url: url(`${SECRET}/versions/v2`) }, temporary),
    ).toMatchObject({ version: { secret_string: emulator.secret("db").current.value } });
    const paging = { limit: "1", marker: "v1" };
    expect(
      await callOfficially({ method: "GET", url: url(`${SECRET}/versions`), query: paging }, temporary),
    ).toMatchObject({ version_metadatas: [{ id: "v2" }] });
    expect(account.failures("TEMP")).toBe(0);
  });

  test("reads flat errors, and loses the nested ones", async () => {
    await using server = await listen(emulator);
    const unknown = `${server.url}/v1/${PROJECT}/secrets/unknown`;
    await expect(callOfficially({ method: "GET", url: unknown }, KEY)).rejects.toMatchObject({
      httpStatusCode: 400,
      errorCode: "CSMS.0106",
    });
    await expect(callOfficially({ method: "POST", url: `${unknown}/rotate` }, KEY)).rejects.toMatchObject({
      httpStatusCode: 400,
      errorCode: undefined,
    });
  });
});

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function send(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<Answer> {
  const init = { method, headers, ...(body === undefined ? {} : { body }) };
  const response = await emulator.handle(new Request(BASE + path, init));
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}

/** With a signature of the official SDK. */
async function call(method: string, path: string, query: Record<string, string> = {}): Promise<Answer> {
  const headers = signOfficially({ method, url: BASE + path, query }, KEY, now);
  const search = new URLSearchParams(query).toString();
  return send(method, search === "" ? path : `${path}?${search}`, headers);
}

async function task(id: unknown): Promise<Answer> {
  return call("GET", TASKS, { task_id: String(id) });
}

/** The fields that hold a version's value. */
async function read(name: string, version: string): Promise<unknown> {
  const { body } = await call("GET", `/v1/${PROJECT}/secrets/${name}/versions/${version}`);
  return { ...(body["version"] as object), version_metadata: undefined };
}

function ids({ body }: Answer): unknown {
  return (body["version_metadatas"] as { id: string }[]).map(({ id }) => id);
}
