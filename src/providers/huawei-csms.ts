import { RotationError } from "../errors.ts";
import { askAgain, invalidAnswer, isObject, usableSecret } from "./answer.ts";
import { createHuaweiClient, type HuaweiCall } from "./huawei/client.ts";
import type { NewSecret, Provider, ProviderContext, ProviderInputs } from "./provider.ts";

const title = "Huawei Cloud CSMS";

/** As Huawei's own tools look: every 5 s, for 10 minutes. In milliseconds. */
const TASK_INTERVAL = 5_000;
const TASK_CEILING = 600_000;
/** What a task may take at the very most, in milliseconds. */
const LONGEST_TASK = 3_600_000;

/**
 * Rotates a database secret (`rotate`, https://support.huaweicloud.com/api-dew/RotateSecret.html), which happens in
 * a task of its own time. The version in force is the one that carries `SYSCURRENT`, never `latest`.
 */
export function createHuaweiCsms(inputs: ProviderInputs, context: ProviderContext): Provider {
  const { appId: name } = inputs;
  const client = createHuaweiClient(inputs, context, { title, service: "kms" });
  const { clock, masker } = context;
  const project = `/v1/${client.projectId}`;
  const path = `${project}/secrets/${encodeURIComponent(name)}`;
  checkName(inputs);
  let before: string | undefined;

  const get = (call: Omit<HuaweiCall, "method">): Promise<Readonly<Record<string, unknown>>> =>
    askAgain(context, () => client.call({ method: "GET", ...call }), call.signal);

  const currentVersion = async (signal?: AbortSignal): Promise<string> => {
    const action = "read the stage SYSCURRENT";
    const { stage } = await get({ path: `${path}/stages/SYSCURRENT`, action, signal });
    const version = isObject(stage) ? stage["version_id"] : undefined;
    // Shown in the output \`results\`, where no text of a provider may stand.
    if (typeof version === "string" && /^[\w.-]{1,64}$/.test(version)) return version;
    throw invalidAnswer(title, { action, found: `no "version_id"`, expected: "the version in force" });
  };

  /** The version read last: none ever changes. */
  let known: NewSecret | undefined;

  const readVersion = async (id: string, signal?: AbortSignal): Promise<NewSecret> => {
    if (known?.version === id) return known;
    const action = "read the secret's value";
    const { version } = await get({ path: `${path}/versions/${encodeURIComponent(id)}`, action, signal });
    const content = isObject(version) ? version : {};
    // Binary values come as base64 text, and go to GitHub as that.
    const value = content["secret_string"] ?? content["secret_binary"];
    const metadata = isObject(content["version_metadata"]) ? content["version_metadata"] : {};
    const madeAt = Number(metadata["create_time"]);
    known = {
      value: usableSecret(title, value, masker),
      version: id,
      ...(Number.isFinite(madeAt) && madeAt > 0 ? { madeAt } : {}),
    };
    return known;
  };

  const readInForce = async (signal?: AbortSignal): Promise<NewSecret> =>
    readVersion(await currentVersion(signal), signal);

  /** Undefined if the answer is no list. */
  const tasks = async (query: string, signal?: AbortSignal): Promise<readonly Task[] | undefined> => {
    const all: Task[] = [];
    const seen = new Set<string>();
    for (let marker = ""; ;) {
      const page = marker === "" ? query : `${query}&marker=${encodeURIComponent(marker)}`;
      const answer = await get({ path: `${project}/csms/tasks?${page}`, action: LIST_TASKS, signal });
      const found = answer["tasks"];
      if (!Array.isArray(found)) return undefined;
      all.push(...found.filter(isObject).map(toTask));
      const next = answer["next_marker"];
      // A page that was there before would begin a circle.
      if (typeof next !== "string" || next === "" || seen.has(next) || found.length === 0) return all;
      seen.add(next);
      marker = next;
    }
  };

  /** Follows a rotation to its end: its task where there is one, and in any case the stage. */
  const follow = async (taskId: string | undefined): Promise<NewSecret> => {
    const startedAt = clock.now();
    for (;;) {
      const known = taskId === undefined ? [] : await tasks(`task_id=${encodeURIComponent(taskId)}`);
      const task = known?.[0];
      if (task?.status === "FAILED") throw failed(`failed${task.error === "" ? "" : ` (${task.error})`}`);
      // A task that has succeeded says when to look; without one, only the stage can tell.
      if (task === undefined || task.status === "SUCCESS") {
        const version = await currentVersion();
        if (version !== before) return readVersion(version);
      }
      if (clock.now() - startedAt >= TASK_CEILING) throw failed("has not ended in 10 minutes");
      context.onWait("the rotation task is under way", TASK_INTERVAL);
      await clock.sleep(TASK_INTERVAL);
    }
  };

  /** After a lost answer: the order may have been taken, and each order makes another password. */
  const followLost = async (lost: RotationError): Promise<NewSecret> => {
    try {
      const known = await tasks(`secret_name=${encodeURIComponent(name)}`);
      return await follow(known?.find((task) => isRunning(task, clock.now()))?.id);
    } catch (cause) {
      const options = { cause, detail: lost.message, changed: "unknown" } as const;
      throw RotationError.of("ROTATION_UNKNOWN", { provider: title }, options);
    }
  };

  const refuseWhileRunning = (known: readonly Task[] | undefined): void => {
    if (known === undefined) {
      throw invalidAnswer(title, {
        action: LIST_TASKS,
        found: "no list",
        expected: "the tasks of the secret",
      });
    }
    if (known.some((task) => isRunning(task, clock.now()))) {
      throw notRotatable(
        "a rotation of it is running",
        "no rotation under way",
        "Wait for it to end, then run again.",
      );
    }
  };

  return {
    title,
    apiUrl: client.apiUrl,
    confirms: "before",
    tellsAge: true,

    async preflight(signal) {
      const { secret } = await get({ path, action: "read the secret", signal });
      checkRotatable(isObject(secret) ? secret : {}, inputs.mode);
      const [inForce, known] = await Promise.all([
        readInForce(signal),
        tasks(`secret_name=${encodeURIComponent(name)}`, signal),
      ]);
      if (inputs.mode !== "sync") refuseWhileRunning(known);
      before = inForce.version;
      return inForce;
    },

    async rotate() {
      let answer: Readonly<Record<string, unknown>>;
      try {
        answer = await client.call({ method: "POST", path: `${path}/rotate`, action: "rotate the secret" });
      } catch (thrown) {
        const error = RotationError.from(thrown);
        if (error.changed === "no") throw error;
        return asUnknown(followLost(error));
      }
      const taskId = answer["rotation_task_id"];
      return asUnknown(follow(typeof taskId === "string" && taskId !== "" ? taskId : undefined));
    },

    read: () => readInForce(),
  };
}

const LIST_TASKS = "list the rotation tasks";

interface Task {
  readonly id: string;
  readonly status: string;
  readonly error: string;
  /** When it began, in milliseconds since 1970; NaN if that is not said. */
  readonly startedAt: number;
}

function toTask(task: Readonly<Record<string, unknown>>): Task {
  const text = (field: string): string => (typeof task[field] === "string" ? task[field] : "");
  return {
    id: text("task_id"),
    status: text("task_status"),
    error: text("task_error_code"),
    startedAt: Number(task["task_time"]),
  };
}

/** Only the two final states are documented; one of another kind that is hours old is not waited for. */
function isRunning({ status, startedAt }: Task, now: number): boolean {
  return status !== "SUCCESS" && status !== "FAILED" && !(now - startedAt > LONGEST_TASK);
}

function checkName(inputs: ProviderInputs): void {
  const { appId } = inputs;
  // "." and ".." would climb in the API's path.
  if (appId !== "" && (!/^[A-Za-z0-9._-]{1,64}$/.test(appId) || /^\.+$/.test(appId))) {
    const expected = "the secret's name: up to 64 letters, digits, dots, dashes and underscores";
    inputs.problem(RotationError.of("INPUT_INVALID", { input: "app-id", found: `"${appId}"`, expected }));
  }
}

function checkRotatable(secret: Readonly<Record<string, unknown>>, mode: ProviderInputs["mode"]): void {
  const { state, secret_type: type } = secret;
  if (state !== "ENABLED") {
    const hint = "Enable the secret in the console, then run again.";
    throw notRotatable(`it is ${say(state)}`, "a secret that is ENABLED", hint);
  }
  // What is only published may be of any type.
  if (mode !== "sync" && (type === "COMMON" || type === undefined)) {
    throw notRotatable(
      `it is of type ${say(type)}`,
      "a database secret such as RDS-FG or GaussDB-FG",
      `CSMS rotates database secrets only: change the value of a COMMON secret where it is made, store it in CSMS, and publish it with "mode" set to "sync".`,
    );
  }
}

function notRotatable(found: string, expected: string, hint: string): RotationError {
  return RotationError.of("APP_NOT_ROTATABLE", { provider: title, found, expected, hint });
}

function say(value: unknown): string {
  return typeof value === "string" ? value : "unknown";
}

function failed(found: string): RotationError {
  return RotationError.of("ROTATION_FAILED", { provider: title, found }, { changed: "unknown" });
}

/** Whatever goes wrong once the order was given, the secret in force may have ended. */
async function asUnknown(following: Promise<NewSecret>): Promise<NewSecret> {
  try {
    return await following;
  } catch (thrown) {
    const error = RotationError.from(thrown);
    if (error.code === "ROTATION_FAILED" || error.code === "ROTATION_UNKNOWN") throw error;
    throw RotationError.of(
      "ROTATION_UNKNOWN",
      { provider: title },
      { cause: error, detail: error.message, changed: "unknown" },
    );
  }
}
