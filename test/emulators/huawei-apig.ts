import { randomBytes } from "node:crypto";
import { createEmulator, type Emulator, type EmulatorRequest, type Fault } from "./emulator.ts";
import type { Caller, HuaweiAccount } from "./huawei/account.ts";
import { Refusal } from "./huawei/refusal.ts";
import { formatDate, parseAuthorization, verify } from "./huawei/signature.ts";

export interface HuaweiApigEmulatorOptions {
  /** Whose keys and tokens are accepted; may be shared with other services. */
  readonly account: HuaweiAccount;
  /** The clock, in milliseconds since 1970. Default: the account's. */
  readonly now?: () => number;
}

export interface HuaweiApigApp {
  readonly id: string;
  /** The dedicated gateway it is of, which exists from then on. Default: an app of the shared gateway. */
  readonly instanceId?: string;
  readonly name: string;
  /** Default empty. */
  readonly remark?: string;
  readonly appKey: string;
  readonly appSecret: string;
  readonly projectId: string;
}

export interface HuaweiApigAppState {
  readonly secret: string;
  /** The secrets it had before, oldest first. */
  readonly previous: readonly string[];
  /** How often its secret became another one. */
  readonly changes: number;
  readonly name: string;
  readonly remark: string;
  readonly appKey: string;
}

/** What is unpublished, or differs by region, and may be set at any time. */
export interface HuaweiApigSwitches {
  /**
   * Whether the tenant may choose AppKeys and AppSecrets, and how a chosen one is met where not. No call shows it.
   * Default `on`.
   */
  customSecrets: "on" | "rejects" | "ignores";
  /** With `ignores`: the secret after a change that brought one. Default `kept`, the secret in force. */
  ignoredBecomes: "kept" | "random";
  /** With `rejects`: the answer to a chosen value. Default 400 and the code of a value against the rules. */
  rejection: { status: number; code: string };
  /** What becomes of the remark when an app is modified without one. Default `clears`. */
  omittedRemark: "clears" | "stays";
  /** How the dedicated gateway shows a secret. Default `plain`, as in all examples of its calls. */
  dedicatedShows: "plain" | "masked";
  /** So many probes after a change still want the former secret. Default 0. */
  propagationDelay: number;
}

/** API Gateway: the apps of the shared gateway (v1.0) and of dedicated ones (v2), and published APIs to call as an app. */
export interface HuaweiApigEmulator extends Emulator, HuaweiApigSwitches {
  addApp(app: HuaweiApigApp): void;
  /** Publishes an API that every app may call with GET. `/probe` is published from the start. */
  addProbe(path: string): void;
  /** The state of an app as it is now; throws for an unknown one. */
  app(id: string): HuaweiApigAppState;
}

/** The service's own answer to too many calls: https://support.huaweicloud.com/en-us/api-apig/ErrorCode.html */
export const huaweiApigThrottled: Fault = {
  kind: "answer",
  changed: false,
  status: 500,
  body: JSON.stringify({ error_code: "APIG.9008", error_msg: "Too many requests" }),
};

/**
 * Errors: https://support.huaweicloud.com/en-us/api-apig/ErrorCode.html. The examples of the calls contradict that
 * table in places; which code goes with which failure is a guess where the comments name no page.
 */
export function createHuaweiApigEmulator(options: HuaweiApigEmulatorOptions): HuaweiApigEmulator {
  const { account, now = account.now } = options;
  const apps = new Map<string, App>();
  const instances = new Set<string>();
  const probes = new Set(["/probe"]);

  const routes: Readonly<Record<string, (app: App, request: EmulatorRequest) => Response>> = {
    // https://support.huaweicloud.com/intl/en-us/api-apig/apig-api-180713041.html
    "GET shared app": (app) => Response.json(show(app)),

    // https://support.huaweicloud.com/intl/en-us/api-apig/apig-api-180713037.html
    "PUT shared app": (app, request) => {
      modify(app, request, SHARED_RULES);
      return Response.json(show(app));
    },

    // https://support.huaweicloud.com/intl/en-us/api-apig/apig-api-180713038.html
    "PUT shared secret": (app, request) => {
      reset(app, request, SHARED_RULES);
      return Response.json({ ...show(app), app_type: undefined });
    },

    // https://support.huaweicloud.com/api-apig/ShowDetailsOfAppV2.html
    "GET dedicated app": (app) => Response.json(show(app)),

    // https://support.huaweicloud.com/api-apig/UpdateAppV2.html has no other success than 201.
    "PUT dedicated app": (app, request) => {
      modify(app, request, DEDICATED_RULES);
      return Response.json(show(app), { status: 201 });
    },

    // https://support.huaweicloud.com/api-apig/ResettingAppSecretV2.html
    "PUT dedicated secret": (app, request) => {
      reset(app, request, DEDICATED_RULES);
      return Response.json(show(app));
    },
  };

  const modify = (app: App, request: EmulatorRequest, rules: Rules): void => {
    const { name, remark, app_key, app_secret } = readFields(request, [
      "name",
      "remark",
      "app_key",
      "app_secret",
    ]);
    if (name === undefined) throw new Refusal(400, "APIG.2001", "The request parameters must be specified");
    follow({ name, remark, app_key, app_secret }, rules);
    const customSecret = choose("app_secret", app_secret);
    const customKey = choose("app_key", app_key);
    if (customSecret !== undefined) setSecret(app, customSecret);
    else if (app_secret !== undefined && switches.ignoredBecomes === "random") setSecret(app, makeSecret());
    app.appKey = customKey ?? app.appKey;
    app.name = name;
    app.remark = remark ?? (switches.omittedRemark === "clears" ? "" : app.remark);
    app.updatedAt = now();
  };

  const reset = (app: App, request: EmulatorRequest, rules: Rules): void => {
    const { app_secret } = readFields(request, ["app_secret"]);
    follow({ app_secret }, rules);
    const custom = choose("app_secret", app_secret);
    const kept = app_secret !== undefined && switches.ignoredBecomes === "kept";
    setSecret(app, custom ?? (kept ? app.secret : makeSecret()));
    app.updatedAt = now();
  };

  /** The chosen value, if it counts. */
  const choose = (name: string, value: string | undefined): string | undefined => {
    if (value === undefined || switches.customSecrets === "ignores") return undefined;
    if (switches.customSecrets === "on") return value;
    const { status, code } = switches.rejection;
    throw new Refusal(status, code, invalid(name));
  };

  const setSecret = (app: App, secret: string): void => {
    if (secret === app.secret) return;
    app.previous.push(app.secret);
    app.secret = secret;
    app.staleProbes = switches.propagationDelay;
  };

  const show = (app: App): Readonly<Record<string, unknown>> => ({
    id: app.id,
    name: app.name,
    status: 1,
    app_key: app.appKey,
    app_secret: app.instanceId === undefined || switches.dedicatedShows === "masked" ? "******" : app.secret,
    creator: "USER",
    remark: app.remark,
    register_time: `${new Date(app.registeredAt).toISOString().slice(0, 19)}Z`,
    // The examples have none, three and seven digits of a second.
    update_time: new Date(app.updatedAt).toISOString().replace("Z", "6182Z"),
    app_type: "apig",
  });

  const serve = (request: EmulatorRequest, target: Target): Response => {
    const caller = account.authenticate(request);
    const route = routes[`${request.method} ${target.gateway} ${target.resource}`];
    if (route === undefined || request.url.search !== "") throw noSuchRoute(request);
    return route(find(target, caller), request);
  };

  const find = ({ id, project, instanceId }: Target, { projectId }: Caller): App => {
    if (project !== undefined && project !== projectId) {
      throw new Refusal(403, "APIG.1005", "No permissions to request this method");
    }
    if (instanceId !== undefined && !instances.has(`${String(project)}/${instanceId}`)) {
      throw new Refusal(404, "APIG.3030", `The instance does not exist;id:${instanceId}`);
    }
    const app = apps.get(id);
    if (app !== undefined && app.projectId === projectId && app.instanceId === instanceId) return app;
    throw new Refusal(404, "APIG.3004", `App ${id} does not exist`);
  };

  // https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-0003.html; the gateway's own FAQ has the same words
  // with the code APIG.0303: https://support.huaweicloud.com/apig_faq/apig-faq-0009.html
  const probe = (request: EmulatorRequest): Response => {
    const authorization = parseAuthorization(request.headers.get("authorization"));
    const appKey = authorization?.accessKeyId;
    const app = [...apps.values()].find((each) => each.appKey === appKey);
    if (authorization === undefined || app === undefined) {
      throw incorrect(`app not found${appKey === undefined ? "" : `, appkey ${appKey}`}`);
    }
    const stale = app.staleProbes > 0;
    if (stale) app.staleProbes -= 1;
    const secret = stale ? (app.previous.at(-1) ?? app.secret) : app.secret;
    const { state, date, canonicalRequest } = verify(request, authorization, secret, now());
    switch (state) {
      case "valid":
        return Response.json({ result: "ok" });
      case "expired":
        throw incorrect(`signature expired, signature time:${date},server time:${formatDate(now())}`);
      case "invalid":
        throw incorrect(`verify signature fail, canonicalRequest:${canonicalRequest.replaceAll("\n", "|")}`);
    }
  };

  const answer = (request: EmulatorRequest): Response => {
    const { method, url } = request;
    const target = targetOf(url);
    try {
      if (target !== undefined) return serve(request, target);
      if (method === "GET" && probes.has(url.pathname)) return probe(request);
    } catch (error) {
      if (error instanceof Refusal) return error.toResponse();
      throw error;
    }
    throw noSuchRoute(request);
  };

  const switches: HuaweiApigSwitches = {
    customSecrets: "on",
    ignoredBecomes: "kept",
    rejection: { status: 400, code: "APIG.2011" },
    omittedRemark: "clears",
    dedicatedShows: "plain",
    propagationDelay: 0,
  };
  return Object.assign(switches, createEmulator("huawei-apig", answer), {
    addApp: ({ appSecret, remark = "", ...app }: HuaweiApigApp) => {
      if (app.instanceId !== undefined) instances.add(`${app.projectId}/${app.instanceId}`);
      apps.set(app.id, {
        instanceId: undefined,
        ...app,
        remark,
        secret: appSecret,
        previous: [],
        staleProbes: 0,
        registeredAt: now(),
        updatedAt: now(),
      });
    },
    addProbe: (path: string) => {
      probes.add(path);
    },
    app: (id: string): HuaweiApigAppState => {
      const app = apps.get(id);
      if (app === undefined) throw new Error(`no such app: ${id}`);
      const { secret, previous, name, remark, appKey } = app;
      return { secret, previous: [...previous], changes: previous.length, name, remark, appKey };
    },
  });
}

interface App {
  readonly id: string;
  readonly instanceId: string | undefined;
  readonly projectId: string;
  name: string;
  remark: string;
  appKey: string;
  secret: string;
  readonly previous: string[];
  staleProbes: number;
  readonly registeredAt: number;
  updatedAt: number;
}

/** What a path names. */
interface Target {
  readonly gateway: "shared" | "dedicated";
  readonly resource: "app" | "secret";
  readonly id: string;
  readonly project: string | undefined;
  readonly instanceId: string | undefined;
}

type Rules = Readonly<Record<string, RegExp>>;

/** https://support.huaweicloud.com/intl/en-us/api-apig/apig-api-180713037.html */
const SHARED_RULES: Rules = {
  name: /^[一-龥A-Za-z][一-龥A-Za-z0-9_]{2,63}$/,
  remark: /^.{0,255}$/su,
  app_key: /^[A-Za-z0-9][A-Za-z0-9_-]{7,63}$/,
  app_secret: /^[A-Za-z0-9][A-Za-z0-9_\-!@#$%]{7,63}$/,
};

/** https://support.huaweicloud.com/api-apig/UpdateAppV2.html; longer keys and secrets than of old. */
const DEDICATED_RULES: Rules = {
  ...SHARED_RULES,
  app_key: /^[A-Za-z0-9][A-Za-z0-9_-]{7,199}$/,
  app_secret: /^[A-Za-z0-9][A-Za-z0-9_\-!@#$%]{7,127}$/,
};

function targetOf({ pathname }: URL): Target | undefined {
  const found =
    /^\/(?:v1\.0\/apigw|v2\/(?<project>[^/]+)\/apigw\/instances\/(?<instance>[^/]+))\/apps\/(?<secret>secret\/)?(?<id>[^/]+)$/.exec(
      pathname,
    )?.groups;
  const id = found?.["id"];
  if (found === undefined || id === undefined) return undefined;
  return {
    gateway: found["instance"] === undefined ? "shared" : "dedicated",
    resource: found["secret"] === undefined ? "app" : "secret",
    id,
    project: found["project"],
    instanceId: found["instance"],
  };
}

/** The JSON object of the body: known fields only, and all of them strings. */
function readFields<Name extends string>(
  { headers, body }: EmulatorRequest,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const malformed = new Refusal(400, "APIG.2000", "Parameter error");
  const mediaType = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") throw malformed;
  let fields: unknown;
  try {
    fields = JSON.parse(body);
  } catch {
    throw malformed;
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) throw malformed;
  const known: readonly string[] = names;
  const odd = Object.keys(fields).find((name) => !known.includes(name));
  if (odd !== undefined) throw new Error(`no such field: ${odd}`);
  if (Object.values(fields).some((value) => typeof value !== "string")) throw malformed;
  return fields;
}

function follow(fields: Readonly<Record<string, string | undefined>>, rules: Rules): void {
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && rules[name]?.test(value) === false) {
      throw new Refusal(400, "APIG.2011", invalid(name));
    }
  }
}

/** The words are those of examples such as in https://support.huaweicloud.com/api-apig/UpdateAppV2.html */
function invalid(name: string): string {
  return `Invalid parameter value,parameterName:${name}. Please refer to the support documentation`;
}

function incorrect(message: string): Refusal {
  return new Refusal(401, "APIGW.0303", `Incorrect app authentication information: ${message}`);
}

function noSuchRoute({ method, path }: EmulatorRequest): Error {
  return new Error(`no such route: ${method} ${path}`);
}

/** No form of a generated AppSecret is documented. */
function makeSecret(): string {
  return randomBytes(16).toString("hex");
}
