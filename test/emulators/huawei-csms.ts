import { randomBytes, randomUUID } from "node:crypto";
import { createEmulator, type Emulator, type EmulatorRequest } from "./emulator.ts";
import type { HuaweiAccount } from "./huawei/account.ts";
import { Refusal } from "./huawei/refusal.ts";

export interface HuaweiCsmsEmulatorOptions {
  /** Whose keys and tokens are accepted; may be shared with other services. */
  readonly account: HuaweiAccount;
  /** The clock, in milliseconds since 1970, by which rotations advance. Default: the account's. */
  readonly now?: () => number;
}

export interface HuaweiCsmsSecret {
  readonly name: string;
  readonly projectId: string;
  /** Default `RDS-FG`. A `COMMON` secret cannot be rotated. */
  readonly type?: "COMMON" | "RDS-FG" | "GaussDB-FG";
  /** `MultiUser` goes over to the other account with each rotation. Default `SingleUser`. */
  readonly subType?: "SingleUser" | "MultiUser";
  readonly state?: "ENABLED" | "DISABLED" | "PENDING_DELETE" | "FROZEN";
  /**
   * What a version holds: `json` is `{"name","password"}` in `secret_string`, `plain` the password there, `binary`
   * the password as base64 in `secret_binary`. Default `json`; what real ones look like is not published.
   */
  readonly form?: "json" | "plain" | "binary";
  /** The text of version 1, 2 and so on (base64 with `binary`), in place of what `form` would make. */
  readonly value?: (version: number) => string;
  /** When it was created, with its first version, in milliseconds since 1970. Default now. */
  readonly createdAt?: number;
}

export interface HuaweiCsmsVersion {
  /** `v1`, `v2` and so on. */
  readonly version: string;
  /** The text of `secret_string` or `secret_binary`. */
  readonly value: string;
  readonly stages: readonly string[];
}

export interface HuaweiCsmsSecretState {
  /** The version that carries `SYSCURRENT`. */
  readonly current: HuaweiCsmsVersion;
  /** Oldest first. */
  readonly versions: readonly HuaweiCsmsVersion[];
  /** How many rotations were begun. */
  readonly rotations: number;
}

/** What is unpublished, or differs by installation, and may be set at any time. */
export interface HuaweiCsmsSwitches {
  /** How rotation tasks end, looked at when their time has come; with `never` they do not. Default `SUCCESS`. */
  taskOutcome: "SUCCESS" | "FAILED" | "never";
  /** Milliseconds from the start of a rotation to its end. Default 0: it has ended by the next request. */
  taskDuration: number;
  /** `task_status` of a task under way. Default `RUNNING`; only `SUCCESS` and `FAILED` are published. */
  runningStatus: string;
  /** What a failed task says of its failure. */
  taskError: { code: string; message: string };
  /** `true`: RotateSecret answers without `rotation_task_id`, as it was documented at first. Default `false`. */
  omitTaskId: boolean;
  /** HTTP status where something does not exist: that of the error table (default), or that of the calls' pages. */
  missingStatus: 400 | 404;
  /** `false`: values cannot be decrypted for want of a right to the KMS key. Default `true`. */
  readable: boolean;
}

/** Cloud Secret Management Service: the calls that rotating a secret takes. */
export interface HuaweiCsmsEmulator extends Emulator, HuaweiCsmsSwitches {
  addSecret(secret: HuaweiCsmsSecret): void;
  /** The state of a secret as it is now; throws for an unknown one. */
  secret(name: string): HuaweiCsmsSecretState;
}

/**
 * Errors: https://support.huaweicloud.com/intl/en-us/api-dew/ErrorCode.html, flat except those of RotateSecret. Which
 * code goes with which failure is a guess where the comments do not say otherwise.
 */
export function createHuaweiCsmsEmulator(options: HuaweiCsmsEmulatorOptions): HuaweiCsmsEmulator {
  const { account, now = account.now } = options;
  const secrets = new Map<string, Secret>();
  const tasks: Task[] = [];

  const routes: Readonly<Record<string, (secret: Secret, item: string, paging: Paging) => object>> = {
    // https://support.huaweicloud.com/intl/en-us/api-dew/ShowSecret.html
    "GET secret": (secret) => ({ secret: describeSecret(secret) }),

    // https://support.huaweicloud.com/intl/en-us/api-dew/ListSecretVersions.html
    "GET versions": (secret, _, paging) => {
      const all = secret.versions.map((version) => describeVersion(secret, version));
      const { page, next } = paginate(all, ({ id }) => id, paging);
      return {
        version_metadatas: page,
        page_info: { next_marker: next, previous_marker: page[0]?.id ?? null, current_count: page.length },
      };
    },

    // https://support.huaweicloud.com/intl/en-us/api-dew/ShowSecretVersion.html: "latest" is the newest version, and
    // only the values of enabled secrets are shown.
    "GET versions/*": (secret, item) => {
      refuseUnlessEnabled(secret);
      const version =
        item === "latest" ? secret.versions.at(-1) : secret.versions.find(({ id }) => id === item);
      if (version === undefined) throw missing("CSMS.0005", "The resource does not exist.");
      if (!switches.readable) {
        const message = "Can not get the protected secret value using the provided KMS key.";
        throw new Refusal(400, "CSMS.0401", message);
      }
      const field = secret.form === "binary" ? "secret_binary" : "secret_string";
      return { version: { version_metadata: describeVersion(secret, version), [field]: version.value } };
    },

    // https://support.huaweicloud.com/intl/en-us/api-dew/ShowSecretStage.html
    "GET stages/*": (secret, item) => {
      const stage = secret.stages.get(item);
      if (stage === undefined) throw missing("CSMS.0005", "The resource does not exist.");
      return {
        stage: {
          name: item,
          version_id: stage.versionId,
          update_time: stage.updatedAt,
          secret_name: secret.name,
        },
      };
    },

    // https://support.huaweicloud.com/intl/en-us/api-dew/RotateSecret.html. Its text has the new version marked
    // SYSCURRENT at once; it comes with a task since, and carries SYSPENDING until the password was really reset:
    // https://support.huaweicloud.com/intl/en-us/usermanual-dew/dew_01_2001.html
    "POST rotate": (secret) => {
      refuseUnlessEnabled(secret);
      const running = tasks.some((task) => task.secret === secret && task.status === "running");
      if (secret.type === "COMMON" || running) throw invalidRequest();
      const version = addVersion(secret, now());
      mark(secret, "SYSPENDING", version.id);
      const task: Task = {
        id: randomUUID(),
        secret,
        versionId: version.id,
        startedAt: now(),
        status: "running",
      };
      tasks.push(task);
      return {
        version_id: version.id,
        secret_name: secret.name,
        ...(switches.omitTaskId ? {} : { rotation_task_id: task.id }),
      };
    },
  };

  // https://support.huaweicloud.com/intl/en-us/api-dew/ListSecretTask.html
  const listTasks = (projectId: string, query: URLSearchParams): object => {
    const { task_id, ...filters } = readQuery(query, ["task_id", "secret_name", "status", ...PAGING]);
    // "If this parameter is specified, other search criteria cannot be specified."
    if (task_id !== undefined && Object.keys(filters).length > 0) throw invalidParameter();
    const { secret_name, status, ...paging } = filters;
    if (status !== undefined && status !== "SUCCESS" && status !== "FAILED") throw invalidParameter();
    const found = tasks.filter(
      (task) =>
        task.secret.projectId === projectId &&
        (task_id === undefined || task.id === task_id) &&
        (secret_name === undefined || task.secret.name === secret_name) &&
        (status === undefined || task.status === status),
    );
    const { page, next } = paginate(found, ({ id }) => id, paging);
    return { total: found.length, tasks: page.map(describeTask), next_marker: next };
  };

  const describeTask = ({ id, secret, startedAt, status }: Task): object => ({
    task_id: id,
    secret_name: secret.name,
    rotation_func_urn: functionOf(secret),
    task_status: status === "running" ? switches.runningStatus : status,
    // No value of this is published.
    operate_type: "manual",
    task_time: startedAt,
    attempt_nums: 1,
    task_error_code: status === "FAILED" ? switches.taskError.code : null,
    task_error_msg: status === "FAILED" ? switches.taskError.message : null,
  });

  /** Ends the tasks whose time has come. */
  const settle = (): void => {
    for (const task of tasks) {
      const endsAt = task.startedAt + switches.taskDuration;
      if (task.status !== "running" || switches.taskOutcome === "never" || now() < endsAt) continue;
      task.status = switches.taskOutcome;
      // What becomes of the pending version of a failed rotation is not published.
      if (task.status === "FAILED") continue;
      const { secret, versionId } = task;
      mark(secret, "SYSPREVIOUS", inForce(secret).id, endsAt);
      mark(secret, "SYSCURRENT", versionId, endsAt);
      secret.stages.delete("SYSPENDING");
    }
  };

  const mark = (secret: Secret, stage: string, versionId: string, updatedAt = now()): void => {
    secret.stages.set(stage, { versionId, updatedAt });
  };

  const serve = (request: EmulatorRequest, path: Path): object => {
    const { projectId } = account.authenticate(request);
    if (path.project !== projectId) {
      // https://github.com/huaweicloudDocs/dew/blob/be2a4bc/cn.zh-cn/API参考/错误码.md
      throw new Refusal(403, "KMS.0321", "The project IDs in the URL and X-Auth-Token do not match.");
    }
    settle();
    if (path.call === "GET tasks") return listTasks(projectId, request.url.searchParams);
    const route = routes[path.call];
    if (route === undefined || request.body !== "") throw noSuchRoute(request);
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(path.name)) throw invalidParameter();
    const secret = secrets.get(path.name);
    if (secret?.projectId !== projectId) {
      throw missing("CSMS.0106", "The secret name not found int the db.");
    }
    return route(
      secret,
      path.item,
      readQuery(request.url.searchParams, path.call === "GET versions" ? PAGING : []),
    );
  };

  const missing = (code: string, message: string): Refusal =>
    new Refusal(switches.missingStatus, code, message);

  const answer = (request: EmulatorRequest): Response => {
    const path = parsePath(request);
    if (path === undefined) throw noSuchRoute(request);
    try {
      return Response.json(serve(request, path));
    } catch (error) {
      if (error instanceof Refusal) return error.toResponse({ nested: path.call === "POST rotate" });
      throw error;
    }
  };

  const switches: HuaweiCsmsSwitches = {
    taskOutcome: "SUCCESS",
    taskDuration: 0,
    runningStatus: "RUNNING",
    taskError: { code: "FunctionFailed", message: "The rotation function failed." },
    omitTaskId: false,
    missingStatus: 400,
    readable: true,
  };
  return Object.assign(switches, createEmulator("huawei-csms", answer), {
    addSecret: (added: HuaweiCsmsSecret) => {
      const secret: Secret = {
        id: randomUUID(),
        name: added.name,
        projectId: added.projectId,
        type: added.type ?? "RDS-FG",
        subType: added.subType ?? "SingleUser",
        state: added.state ?? "ENABLED",
        form: added.form ?? "json",
        value: added.value,
        createdAt: added.createdAt ?? now(),
        versionsMade: 0,
        versions: [],
        stages: new Map(),
      };
      mark(secret, "SYSCURRENT", addVersion(secret, secret.createdAt).id, secret.createdAt);
      secrets.set(secret.name, secret);
    },
    secret: (name: string): HuaweiCsmsSecretState => {
      settle();
      const secret = secrets.get(name);
      if (secret === undefined) throw new Error(`no such secret: ${name}`);
      const state = (version: Version): HuaweiCsmsVersion => ({
        version: version.id,
        value: version.value,
        stages: stagesOf(secret, version),
      });
      return {
        current: state(inForce(secret)),
        versions: secret.versions.map(state),
        rotations: tasks.filter((task) => task.secret === secret).length,
      };
    },
  });
}

interface Secret extends Required<Omit<HuaweiCsmsSecret, "value">> {
  readonly id: string;
  readonly value: HuaweiCsmsSecret["value"];
  versionsMade: number;
  readonly versions: Version[];
  readonly stages: Map<string, Stage>;
}

interface Version {
  readonly id: string;
  readonly user: string;
  readonly value: string;
  readonly createdAt: number;
}

interface Stage {
  readonly versionId: string;
  readonly updatedAt: number;
}

interface Task {
  readonly id: string;
  readonly secret: Secret;
  readonly versionId: string;
  readonly startedAt: number;
  status: "running" | "SUCCESS" | "FAILED";
}

/** What a request asks for. */
interface Path {
  readonly call: string;
  readonly project: string;
  /** Of the secret; empty for `GET tasks`. */
  readonly name: string;
  /** A version id or a stage; else empty. */
  readonly item: string;
}

interface Paging {
  readonly marker?: string;
  readonly limit?: string;
}

const PAGING = ["marker", "limit"] as const;

/** The accounts of every database; `SingleUser` uses the first one only. */
const USERS = ["app_1", "app_2"] as const;

/** "Up to 20 versions", and one without a stage may be deleted. When that is, and what else happens, is not known. */
const VERSIONS_PER_SECRET = 20;

const KMS_KEY_ID = "b168fe00-ff56-4924-95a7-d22974df2d0b";

/** Makes the next version; it has no stage yet. */
function addVersion(secret: Secret, createdAt: number): Version {
  const { versions } = secret;
  secret.versionsMade += 1;
  const number = secret.versionsMade;
  const user = number === 1 ? USERS[0] : nextUser(secret);
  const value = secret.value?.(number) ?? makeValue(secret.form, user);
  const version: Version = { id: `v${String(number)}`, user, value, createdAt };
  if (versions.length >= VERSIONS_PER_SECRET) {
    const spare = versions.findIndex((each) => stagesOf(secret, each).length === 0);
    if (spare >= 0) versions.splice(spare, 1);
  }
  versions.push(version);
  return version;
}

/** `MultiUser` changes the password of the other account, not of the one in force. */
function nextUser(secret: Secret): string {
  const { user } = inForce(secret);
  return secret.subType === "SingleUser" ? user : USERS[user === USERS[0] ? 1 : 0];
}

function inForce({ name, versions, stages }: Secret): Version {
  const found = versions.find(({ id }) => id === stages.get("SYSCURRENT")?.versionId);
  if (found === undefined) throw new Error(`no version of ${name} is in force`);
  return found;
}

function makeValue(form: Secret["form"], name: string): string {
  const password = randomBytes(18);
  switch (form) {
    case "json":
      return JSON.stringify({ name, password: password.toString("base64url") });
    case "plain":
      return password.toString("base64url");
    case "binary":
      return password.toString("base64");
  }
}

function stagesOf({ stages }: Secret, version: Version): string[] {
  return [...stages].filter(([, { versionId }]) => versionId === version.id).map(([stage]) => stage);
}

/** Without its value. Times are milliseconds as in every example; the pages' texts say seconds. */
function describeVersion(
  secret: Secret,
  version: Version,
): { readonly id: string; readonly [field: string]: unknown } {
  return {
    id: version.id,
    create_time: version.createdAt,
    expire_time: null,
    kms_key_id: KMS_KEY_ID,
    secret_name: secret.name,
    version_stages: stagesOf(secret, version),
  };
}

function describeSecret(secret: Secret): object {
  const updatedAt = Math.max(...[...secret.stages.values()].map((stage) => stage.updatedAt));
  const rotated = secret.type !== "COMMON";
  return {
    id: secret.id,
    name: secret.name,
    state: secret.state,
    kms_key_id: KMS_KEY_ID,
    description: "",
    create_time: secret.createdAt,
    update_time: updatedAt,
    scheduled_delete_time: secret.state === "PENDING_DELETE" ? updatedAt + WEEK : null,
    secret_type: secret.type,
    auto_rotation: false,
    ...(rotated ? { rotation_config: rotationConfig(secret), rotation_func_urn: functionOf(secret) } : {}),
    event_subscriptions: [],
    enterprise_project_id: "0",
  };
}

const WEEK = 7 * 24 * 60 * 60_000;

/** JSON in a string. */
function rotationConfig({ subType }: Secret): string {
  return JSON.stringify({ InstanceId: "00000000000000000000000000000000in01", SecretSubType: subType });
}

function functionOf({ name, projectId }: Secret): string {
  return `urn:fss:cn-north-4:${projectId}:function:default:rotate-${name}:latest`;
}

function refuseUnlessEnabled({ state }: Secret): void {
  switch (state) {
    case "ENABLED":
      return;
    case "PENDING_DELETE":
      throw new Refusal(400, "CSMS.0103", "The secret is in the scheduled deletion state.");
    case "DISABLED":
    case "FROZEN":
      throw new Refusal(403, "CSMS.0109", "The secret state is not enabled.");
  }
}

function parsePath({ method, url }: EmulatorRequest): Path | undefined {
  const [, project = "", rest = ""] = /^\/v1\/([^/]+)\/(.+)$/.exec(url.pathname) ?? [];
  if (rest === "csms/tasks") return { call: `${method} tasks`, project, name: "", item: "" };
  const [, name, kind = "secret", item] = /^secrets\/([^/]+)(?:\/([^/]+)(?:\/([^/]+))?)?$/.exec(rest) ?? [];
  if (name === undefined) return undefined;
  return {
    call: `${method} ${kind}${item === undefined ? "" : "/*"}`,
    project,
    name: decodeURIComponent(name),
    item: decodeURIComponent(item ?? ""),
  };
}

function readQuery<Name extends string>(
  query: URLSearchParams,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const known: readonly string[] = names;
  const odd = [...query.keys()].find((name) => !known.includes(name));
  if (odd !== undefined) throw new Error(`no such parameter: ${odd}`);
  const fields = Object.fromEntries(query);
  if (Object.keys(fields).length < query.size) throw invalidParameter();
  return fields as Partial<Record<Name, string>>;
}

/** One page: `marker` is the id of the last entry of the page before; `next` of this one, null if it is the last. */
function paginate<Entry>(
  entries: readonly Entry[],
  idOf: (entry: Entry) => string,
  { marker, limit = "50" }: Paging,
): { readonly page: readonly Entry[]; readonly next: string | null } {
  const size = Number(limit);
  if (!Number.isInteger(size) || size < 1 || size > 1000) throw invalidParameter();
  const start = marker === undefined ? 0 : entries.findIndex((entry) => idOf(entry) === marker) + 1;
  if (marker !== undefined && start === 0) throw invalidParameter();
  const page = entries.slice(start, start + size);
  const last = page.at(-1);
  return { page, next: last === undefined || start + size >= entries.length ? null : idOf(last) };
}

function invalidParameter(): Refusal {
  return new Refusal(400, "CSMS.0002", "The value of parameter is invalid.");
}

/** That `COMMON` secrets are refused is published; that a second rotation is, and either code, is not. */
function invalidRequest(): Refusal {
  return new Refusal(400, "CSMS.0003", "the request is invalid.");
}

function noSuchRoute({ method, path }: EmulatorRequest): Error {
  return new Error(`no such route: ${method} ${path}`);
}
