import { describe, expect, test } from "vitest";
import type { RotationError } from "../../../src/errors.ts";
import type { Fault } from "../../emulators/emulator.ts";
import { csmsService, type CsmsService, refusing } from "../../support/huawei-services.ts";
import {
  connect,
  type Connection,
  expectFailure,
  preflight,
  requestsOf,
} from "../../support/provider-kit.ts";

type Csms = Connection & { readonly service: CsmsService };

const HOUR = 3_600_000;
const BY_NAME = "?secret_name=orders-db";
const STAGE = { method: "GET", path: /\/stages\/SYSCURRENT$/ };
const UNKNOWN =
  "It is not known whether Huawei Cloud CSMS has made a new secret; expected a whole answer or a readable secret.";

const task = (task_status: unknown, more: object = {}): object => ({
  task_id: "a/task",
  task_status,
  ...more,
});

/** A service that lists tasks so, once each; what was asked for is told by its query. */
function listing(
  ...lists: (object | ((now: number) => object))[]
): Csms & { readonly asked: readonly string[] } {
  const asked: string[] = [];
  const rest = [...lists];
  const connection: Csms = connect("huawei-csms", csmsService, {
    through: (http) => (request) => {
      const { pathname, search } = new URL(request.url);
      if (!pathname.endsWith("/csms/tasks")) return http(request);
      asked.push(search);
      const next = rest.shift();
      // Whoever pages in a circle would never end.
      if (next === undefined) return Promise.reject(new Error("No list more is expected."));
      const list =
        typeof next === "function" ? (next as (now: number) => object)(connection.clock.now()) : next;
      return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(list) });
    },
  });
  return { ...connection, asked };
}

describe("the tasks of a secret", () => {
  test("are looked through to the last page", async () => {
    const connection = listing(
      { tasks: [task("SUCCESS")], next_marker: "a&b" },
      { tasks: [task("RUNNING")], next_marker: "" },
    );
    await expectFailure(
      preflight(connection),
      { code: "APP_NOT_ROTATABLE", hint: "Wait for it to end, then run again." },
      connection,
    );
    expect(connection.asked).toEqual([BY_NAME, `${BY_NAME}&marker=a%26b`]);
  });

  test.each([
    ["names none", [{ tasks: [task("SUCCESS")] }]],
    ["names one that is no text", [{ tasks: [task("SUCCESS")], next_marker: 7 }]],
    ["is empty", [{ tasks: [], next_marker: "a" }]],
    [
      "names itself",
      [
        { tasks: [task("SUCCESS")], next_marker: "a" },
        { tasks: [task("SUCCESS")], next_marker: "a" },
      ],
    ],
    [
      "begins a circle",
      [
        { tasks: [task("SUCCESS")], next_marker: "a" },
        { tasks: [task("SUCCESS")], next_marker: "b" },
        { tasks: [task("SUCCESS")], next_marker: "a" },
      ],
    ],
  ])("end with a page that %s for the next", async (_, pages) => {
    const connection = listing(...pages);
    await expect(preflight(connection)).resolves.toBeDefined();
    expect(connection.asked).toHaveLength(pages.length);
  });

  test("are passed over where they are none", async () => {
    await expect(preflight(listing({ tasks: [null, "x", [], 7] }))).resolves.toBeDefined();
  });

  test.each([
    ["SUCCESS", 0],
    ["FAILED", 0],
    ["RUNNING", HOUR + 1],
    [undefined, HOUR + 1],
  ])("let a rotation begin where one is %s, begun %i ms ago", async (status, age) => {
    const connection = listing((now) => ({ tasks: [task(status, { task_time: now - age })] }));
    await expect(preflight(connection)).resolves.toBeDefined();
  });

  test.each([
    ["RUNNING", 0],
    ["RUNNING", HOUR],
    [undefined, HOUR],
  ])("let none begin where one is %s, begun %i ms ago", async (status, age) => {
    const connection = listing((now) => ({ tasks: [task(status, { task_time: now - age })] }));
    await expectFailure(preflight(connection), { code: "APP_NOT_ROTATABLE" }, connection);
  });

  test("let none begin where it is not said when one began", async () => {
    const connection = listing({ tasks: [task("RUNNING")] });
    await expectFailure(preflight(connection), { code: "APP_NOT_ROTATABLE" }, connection);
  });

  test("are wanted as a list", async () => {
    const connection = listing({ tasks: {} });
    await expectFailure(
      preflight(connection),
      {
        code: "PROVIDER_ANSWER_INVALID",
        message:
          "Huawei Cloud CSMS answered no list when asked to list the rotation tasks; expected the tasks of the secret.",
      },
      connection,
    );
  });
});

describe("an ordered rotation", () => {
  const orderedAs = (rotation_task_id: unknown): Fault =>
    ({ ...refusing(200, { rotation_task_id }), changed: true }) as Fault;

  test("is followed by its own task, and not by the stage before that has ended", async () => {
    const connection = listing(
      { tasks: [] },
      { tasks: [task("RUNNING")] },
      { tasks: [task("RUNNING")] },
      { tasks: [task("SUCCESS")] },
    );
    await preflight(connection);
    const { service, provider, asked } = connection;
    service.emulator.faults.arm(orderedAs("a/task"), service.rotateCall);
    expect(await provider.rotate()).toMatchObject({ version: "v2" });
    expect(asked).toEqual([BY_NAME, "?task_id=a%2Ftask", "?task_id=a%2Ftask", "?task_id=a%2Ftask"]);
    expect(requestsOf(service, STAGE)).toHaveLength(2);
  });

  test.each([[""], [17], [null]])("with the task %j is followed by the stage", async (id) => {
    const connection = listing({ tasks: [] });
    await preflight(connection);
    const { service, provider, asked } = connection;
    service.emulator.faults.arm(orderedAs(id), service.rotateCall);
    expect(await provider.rotate()).toMatchObject({ version: "v2" });
    expect(asked).toEqual([BY_NAME]);
  });

  test.each([
    ["no list", {}],
    ["an empty list", { tasks: [] }],
  ])("whose task is answered with %s is followed by the stage", async (_, list) => {
    const connection = listing({ tasks: [] }, list);
    await preflight(connection);
    expect(await connection.provider.rotate()).toMatchObject({ version: "v2" });
  });

  test.each([[undefined], [null], [17], [""]])("that failed with the reason %j says none", async (reason) => {
    const connection = listing({ tasks: [] }, { tasks: [task("FAILED", { task_error_code: reason })] });
    await preflight(connection);
    await expectFailure(
      connection.provider.rotate(),
      {
        code: "ROTATION_FAILED",
        message: "The rotation task of Huawei Cloud CSMS failed; expected it to succeed.",
      },
      connection,
    );
  });

  test("that cannot be followed says why", async () => {
    const connection = connect("huawei-csms", csmsService);
    await preflight(connection);
    connection.service.emulator.faults.arm(
      refusing(403, { error_code: "CSMS.0302", error_msg: "no" }),
      STAGE,
    );
    await expectFailure(
      connection.provider.rotate(),
      {
        code: "ROTATION_UNKNOWN",
        changed: "unknown",
        message: UNKNOWN,
        detail:
          "Huawei Cloud CSMS does not let this management credential read the stage SYSCURRENT; expected the right to do so.",
      },
      connection,
    );
  });
});

describe("an order whose answer is lost", () => {
  const LOST =
    "The answer of Huawei Cloud CSMS to the request to rotate the secret was lost (ECONNRESET); expected a whole answer.";

  test("is followed by the task that is running, to the reason of its failure", async () => {
    const connection = connect("huawei-csms", csmsService);
    await preflight(connection);
    const { service, provider, clock } = connection;
    Object.assign(service.emulator, { taskOutcome: "FAILED", taskDuration: 10_000 });
    service.emulator.faults.arm({ kind: "reset", changed: true }, service.rotateCall);
    const rotation = provider.rotate();
    await expectFailure(rotation, { code: "ROTATION_UNKNOWN", message: UNKNOWN, detail: LOST }, connection);
    const { cause } = (await rotation.catch((error: unknown) => error)) as RotationError;
    expect(cause).toMatchObject({
      code: "ROTATION_FAILED",
      message: "The rotation task of Huawei Cloud CSMS failed (FunctionFailed); expected it to succeed.",
    });
    expect(clock.waits).toEqual([5_000, 5_000]);
  });

  test("is followed by the task that is running, among those that have ended", async () => {
    const connection = listing(
      { tasks: [] },
      { tasks: [{ task_id: "ended", task_status: "SUCCESS" }, task("RUNNING")] },
      { tasks: [task("SUCCESS")] },
    );
    await preflight(connection);
    const { service, provider, asked } = connection;
    service.emulator.faults.arm({ kind: "reset", changed: true }, service.rotateCall);
    expect(await provider.rotate()).toMatchObject({ version: "v2" });
    expect(asked).toEqual([BY_NAME, BY_NAME, "?task_id=a%2Ftask"]);
  });

  test("is followed by the stage where the tasks are no list", async () => {
    const connection = listing({ tasks: [] }, {});
    await preflight(connection);
    const { service, provider } = connection;
    service.emulator.faults.arm({ kind: "reset", changed: true }, service.rotateCall);
    expect(await provider.rotate()).toMatchObject({ version: "v2" });
  });
});
