import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { createEmulator, type Emulator, type EmulatorRequest, type Fault } from "./emulator.ts";

export interface AuthingEmulatorOptions {
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

export interface AuthingKey {
  /** A root key has the id of its user pool, the key of a collaborating administrator another one. */
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly userPoolId: string;
  /** The only apps this key may touch. Default: every app of the pool. */
  readonly apps?: readonly string[];
  /** The only APIs this key may call, such as `get-application`. Default: every one. */
  readonly apis?: readonly string[];
}

export interface AuthingApp {
  readonly appId: string;
  readonly name?: string;
  readonly userPoolId: string;
  /** Default: 32 random lower-case hex characters. */
  readonly secret?: string;
  /** How the app proves itself when it introspects a token. Default `client_secret_post`. */
  readonly introspectionAuthMethod?: "client_secret_post" | "client_secret_basic" | "none";
}

export interface AuthingAppState {
  readonly secret: string;
  /** The secrets it had before, oldest first. */
  readonly previous: readonly string[];
  readonly refreshes: number;
}

/** An Authing service: the management API, and the introspection endpoint of every app's own domain. */
export interface AuthingEmulator extends Emulator {
  addKey(key: AuthingKey): void;
  addApp(app: AuthingApp): void;
  /** The state of an app as it is now; throws for an unknown one. */
  app(appId: string): AuthingAppState;
  /** `false`: get-application-secret answers 403. Default `true`. */
  readable: boolean;
  /** So many reads after a refresh still show the former secret. Default 0; the provider promises nothing. */
  readLag: number;
  /** So many introspections after a refresh still want the former secret. Default 0; likewise unpromised. */
  introspectionLag: number;
  /**
   * What get-management-token says to a wrong key: HTTP status, and the codes in the body. Unpublished. The
   * default takes the code of a wrong password, 2333, with the status of a caller not logged in, 401; the error
   * guide has one sample of 2333, with 403. https://docs.authing.cn/v3/reference/error-code.html
   */
  wrongKeyAnswer: { status: number; statusCode: number; apiCode?: number };
}

/**
 * The answer of a throttled call, the only documented one with an HTTP status other than 200: "接口限流" in
 * https://github.com/Authing/authing-docs-factory/blob/2ec5356/management-openapi.json
 */
export const authingThrottled: Fault = {
  kind: "answer",
  changed: false,
  status: 429,
  body: JSON.stringify({ statusCode: 429, message: "您的请求已超过最大数量限制，请稍后重试" }),
};

/**
 * Paths, fields and the token's lifetime are those of `management-openapi.json` and `authentication-openapi.json` in
 * https://github.com/Authing/authing-docs-factory/tree/2ec5356; the codes are those of
 * https://docs.authing.cn/v3/reference/error-code.html. A failure is HTTP 200 with its code in the body. Which code
 * goes with which failure is published for few: the others are a guess, and so are the English messages.
 */
export function createAuthingEmulator(options: AuthingEmulatorOptions = {}): AuthingEmulator {
  const now = options.now ?? Date.now;
  const tokenKey = randomBytes(32);
  const keys = new Map<string, AuthingKey>();
  const apps = new Map<string, App>();
  const spentNonces = new Set<string>();

  const routes: Readonly<Record<string, (request: EmulatorRequest) => Response>> = {
    // Tag "鉴权机制/获取 Access Token" of management-openapi.json. SDKs send no authorization here.
    "POST /api/v3/get-management-token": (request) => {
      const { accessKeyId, accessKeySecret } = exactly(readFields(request), [
        "accessKeyId",
        "accessKeySecret",
      ]);
      const key = keys.get(accessKeyId);
      if (key?.accessKeySecret !== accessKeySecret) {
        const { status, statusCode, apiCode } = emulator.wrongKeyAnswer;
        throw new Refusal(statusCode, apiCode, undefined, status);
      }
      return success(request, { access_token: issueToken(key), expires_in: TOKEN_SECONDS });
    },

    // https://docs.authing.cn/v3/reference/sdk/node/management/管理应用/get-application.html
    "GET /api/v3/get-application": (request) => success(request, toDto(appOfCall(request))),

    // https://docs.authing.cn/v3/reference/sdk/node/management/管理应用/get-application-secret.html
    "GET /api/v3/get-application-secret": (request) => {
      const app = appOfCall(request);
      if (!emulator.readable) throw new Refusal(403);
      const stale = app.staleReads > 0;
      if (stale) app.staleReads -= 1;
      return success(request, { secret: stale ? app.previous.at(-1) : app.secret });
    },

    // https://docs.authing.cn/v3/reference/sdk/node/management/管理应用/refresh-application-secret.html
    // A grace period for the former secret is documented nowhere.
    "POST /api/v3/refresh-application-secret": (request) => {
      const app = appOfCall(request);
      app.previous.push(app.secret);
      app.secret = makeSecret();
      app.staleReads = emulator.readLag;
      app.staleIntrospections = emulator.introspectionLag;
      return success(request, { secret: app.secret });
    },

    // "验证 Token" of authentication-openapi.json, at the app's own domain. No app here ever had a token, so none
    // is active. What a wrong secret gets is not documented: this is the answer of RFC 6749, section 5.2.
    "POST /oidc/token/introspection": (request) => {
      const form = readForm(request);
      if (form === undefined) return Response.json({ error: "invalid_request" }, { status: 400 });
      const client = credentials(request, form);
      const app = apps.get(client.id);
      if (app === undefined) return Response.json({ error: "invalid_client" }, { status: 401 });
      const stale = app.staleIntrospections > 0;
      if (stale) app.staleIntrospections -= 1;
      const proved =
        client.method === app.method && client.secret === (stale ? app.previous.at(-1) : app.secret);
      return app.method === "none" || proved
        ? Response.json({ active: false })
        : Response.json({ error: "invalid_client" }, { status: 401 });
    },
  };

  const appOfCall = (request: EmulatorRequest): App => {
    const data = readFields(request);
    const key = authenticate(request, data);
    const { appId } = exactly(data, ["appId"]);
    const api = request.url.pathname.replace("/api/v3/", "");
    if (key.apis?.includes(api) === false) throw new Refusal(403);
    const app = apps.get(appId);
    if (app?.userPoolId !== key.userPoolId) throw new Refusal(404, 2011);
    if (key.apps?.includes(appId) === false) throw new Refusal(403);
    return app;
  };

  const authenticate = (request: EmulatorRequest, data: Fields): AuthingKey => {
    const authorization = request.headers.get("authorization") ?? "";
    const pool = request.headers.get("x-authing-userpool-id");
    const [, accessKeyId, signature] = /^authing ([^:]+):(.+)$/.exec(authorization) ?? [];
    if (accessKeyId !== undefined && signature !== undefined) {
      const key = keyOfSignature(accessKeyId, signature, request, data);
      if (pool !== null && pool !== key.userPoolId) throw new Refusal(403);
      return key;
    }
    // The OpenAPI description declares the scheme Bearer, the guide beside it shows the bare token.
    const key = keyOfToken(authorization.replace(/^Bearer /, ""));
    if (pool === null) throw new Refusal(400, undefined, "x-authing-userpool-id");
    if (pool !== key.userPoolId) throw new Refusal(403);
    return key;
  };

  const keyOfToken = (token: string): AuthingKey => {
    const [head = "", payload = ""] = token.split(".");
    const text = `${head}.${payload}`;
    if (token !== `${text}.${hmac("sha256", tokenKey, text, "base64url")}`) throw new Refusal(401, 2020);
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Claims;
    const key = keys.get(claims.sub);
    if (key === undefined || now() >= claims.exp * 1000) throw new Refusal(401, 2020);
    return key;
  };

  // The signature as the official Node.js SDK makes it; the published guide to it contradicts this and error 1303,
  // which asks for milliseconds. https://github.com/Authing/authing-node-sdk/blob/cc9f6ed/src/utils/buildSignature.ts
  const keyOfSignature = (
    accessKeyId: string,
    signature: string,
    request: EmulatorRequest,
    data: Fields,
  ): AuthingKey => {
    const { headers } = request;
    if (headers.get("x-authing-signature-method") !== "HMAC-SHA1") throw new Refusal(401, 1301);
    if (headers.get("x-authing-signature-version") !== "1.0") throw new Refusal(401, 1302);
    const date = headers.get("date");
    if (date === null) throw new Refusal(401, 1304);
    const time = Date.parse(date);
    if (Number.isNaN(time) || new Date(time).toUTCString() !== date) throw new Refusal(401, 1303);
    if (Math.abs(now() - time) > MAX_CLOCK_SKEW) throw new Refusal(401, 1305);
    const nonce = headers.get("x-authing-signature-nonce");
    const key = keys.get(accessKeyId);
    if (
      key === undefined ||
      nonce === null ||
      signature !== hmac("sha1", key.accessKeySecret, stringToSign(request, data), "base64")
    ) {
      throw new Refusal(401, 1300);
    }
    if (spentNonces.has(`${accessKeyId}:${nonce}`)) throw new Refusal(401, 1306);
    spentNonces.add(`${accessKeyId}:${nonce}`);
    return key;
  };

  const issueToken = (key: AuthingKey): string => {
    const iat = Math.floor(now() / 1000);
    // Clients rely on `scoped_userpool_id` and `exp`; what else the provider's token claims is not published.
    const claims: Claims = {
      sub: key.accessKeyId,
      scoped_userpool_id: key.userPoolId,
      jti: randomUUID(),
      iat,
      exp: iat + TOKEN_SECONDS,
    };
    const text = [{ alg: "HS256", typ: "JWT" }, claims].map(encodeJson).join(".");
    return `${text}.${hmac("sha256", tokenKey, text, "base64url")}`;
  };

  const answer = (request: EmulatorRequest): Response => {
    const call = `${request.method} ${request.url.pathname}`;
    const route = routes[call];
    if (route === undefined) throw new Error(`no such route: ${call}`);
    try {
      return route(request);
    } catch (error) {
      if (error instanceof Refusal) return failure(request, error);
      throw error;
    }
  };

  const emulator: AuthingEmulator = Object.assign(createEmulator("authing", answer), {
    readable: true,
    readLag: 0,
    introspectionLag: 0,
    wrongKeyAnswer: { status: 200, statusCode: 401, apiCode: 2333 },
    addKey(key: AuthingKey) {
      keys.set(key.accessKeyId, key);
    },
    addApp(app: AuthingApp) {
      apps.set(app.appId, {
        appId: app.appId,
        name: app.name ?? "示例应用",
        userPoolId: app.userPoolId,
        method: app.introspectionAuthMethod ?? "client_secret_post",
        secret: app.secret ?? makeSecret(),
        previous: [],
        staleReads: 0,
        staleIntrospections: 0,
      });
    },
    app(appId: string): AuthingAppState {
      const app = apps.get(appId);
      if (app === undefined) throw new Error(`no such app: ${appId}`);
      return { secret: app.secret, previous: [...app.previous], refreshes: app.previous.length };
    },
  });
  return emulator;
}

const TOKEN_SECONDS = 7200;
/** Error 1305 says "too far off", not how far: milliseconds. */
const MAX_CLOCK_SKEW = 15 * 60 * 1000;

/** Chinese as in the error table; by apiCode, else by statusCode. */
const MESSAGES: Readonly<Record<number, { zh: string; en: string }>> = {
  200: { zh: "操作成功", en: "Success" },
  400: { zh: "请求参数格式错误", en: "Invalid argument" },
  401: { zh: "用户未登录", en: "Unauthorized" },
  403: { zh: "没有权限执行此操作", en: "Forbidden" },
  404: { zh: "找不到资源", en: "Not found" },
  1300: { zh: "AK/SK 签名不合法", en: "Invalid AK/SK signature" },
  1301: { zh: "AK/SK 签名方式和服务端不匹配", en: "AK/SK signature method does not match" },
  1302: { zh: "AK/SK 签名版本和服务端不匹配", en: "AK/SK signature version does not match" },
  1303: {
    zh: "AK/SK 签名时间戳格式不正确，应该是单位为毫秒的 Unix 时间戳",
    en: "Malformed AK/SK signature timestamp",
  },
  1304: {
    zh: "使用 AK/SK 签名机制时，请求头中没有 date 请求头",
    en: "AK/SK signature without a date header",
  },
  1305: {
    zh: "AK/SK 签名时间戳和服务器时间戳相差较大，此次请求不被允许",
    en: "AK/SK signature timestamp too far from the server's",
  },
  1306: { zh: "AK/SK 签名已经被消费过，此次请求不被允许", en: "AK/SK signature already used" },
  2011: { zh: "应用不存在", en: "Application does not exist" },
  2020: { zh: "尚未登录，无权限访问此请求", en: "Not logged in, no permission for this request" },
  2333: { zh: "用户名或密码错误", en: "Account not exists or password is incorrect." },
};

type Fields = Readonly<Record<string, unknown>>;

interface App {
  readonly appId: string;
  readonly name: string;
  readonly userPoolId: string;
  readonly method: "client_secret_post" | "client_secret_basic" | "none";
  secret: string;
  readonly previous: string[];
  staleReads: number;
  staleIntrospections: number;
}

interface Claims {
  readonly sub: string;
  readonly scoped_userpool_id: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
}

/** A failure as the management API tells it. */
class Refusal extends Error {
  readonly statusCode: number;
  readonly apiCode: number | undefined;
  readonly detail: string | undefined;
  readonly status: number;

  constructor(statusCode: number, apiCode?: number, detail?: string, status = 200) {
    super(`refused: ${String(statusCode)}`);
    this.statusCode = statusCode;
    this.apiCode = apiCode;
    this.detail = detail;
    this.status = status;
  }
}

function success(request: EmulatorRequest, data: unknown): Response {
  return Response.json({ statusCode: 200, message: message(request, 200), requestId: randomUUID(), data });
}

function failure(request: EmulatorRequest, { statusCode, apiCode, detail, status }: Refusal): Response {
  const text = message(request, apiCode ?? statusCode);
  return Response.json(
    {
      statusCode,
      ...(apiCode === undefined ? {} : { apiCode }),
      message: detail === undefined ? text : `${text}: ${detail}`,
      requestId: randomUUID(),
    },
    { status },
  );
}

function message(request: EmulatorRequest, code: number): string {
  const texts = MESSAGES[code] ?? { zh: "通用客户端异常", en: "Client error" };
  return request.headers.get("x-authing-lang") === "en-US" ? texts.en : texts.zh;
}

/** The query of a GET, the JSON object of a POST. */
function readFields(request: EmulatorRequest): Fields {
  if (request.method === "GET") {
    const names = [...request.url.searchParams.keys()];
    if (new Set(names).size < names.length) throw new Refusal(400, undefined, "repeated parameter");
    return Object.fromEntries(request.url.searchParams);
  }
  if (request.url.search !== "") throw new Refusal(400, undefined, "query");
  if (mediaType(request) !== "application/json") throw new Refusal(400, undefined, "content-type");
  let body: unknown;
  try {
    body = JSON.parse(request.body);
  } catch {
    throw new Refusal(400, undefined, "not JSON");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new Refusal(400, undefined, "not an object");
  return { ...body };
}

/** Demands these fields, as non-empty strings, and no others. */
function exactly<Name extends string>(data: Fields, names: readonly Name[]): Record<Name, string> {
  const known: readonly string[] = names;
  const odd = Object.keys(data).find((name) => !known.includes(name));
  if (odd !== undefined) throw new Refusal(400, undefined, odd);
  const missing = names.find((name) => typeof data[name] !== "string" || data[name] === "");
  if (missing !== undefined) throw new Refusal(400, undefined, missing);
  return data as Record<Name, string>;
}

function stringToSign({ method, headers, url }: EmulatorRequest, data: Fields): string {
  // `Headers` come in lower case, trimmed and sorted.
  const lines = [...headers]
    .filter(([name]) => name === "date" || name.startsWith("x-authing-"))
    .map(([name, value]) => `${name}:${value.replaceAll("\t", " ")}\n`);
  const pairs = Object.keys(data)
    .sort()
    .map((name) => {
      const value = data[name];
      return `${name}=${typeof value === "object" && value !== null ? JSON.stringify(value) : String(value)}`;
    });
  const resource = pairs.length === 0 ? url.pathname : `${url.pathname}?${pairs.join("&")}`;
  return `${method}\n${lines.join("")}${resource}`;
}

function readForm(request: EmulatorRequest): ReadonlyMap<string, string> | undefined {
  if (mediaType(request) !== "application/x-www-form-urlencoded") return undefined;
  const pairs = [...new URLSearchParams(request.body)];
  const form = new Map(pairs);
  // `token_type_hint` is RFC 7662's; Authing's own description has the other three.
  const known = ["client_id", "client_secret", "token", "token_type_hint"];
  const odd = form.size < pairs.length || [...form.keys()].some((name) => !known.includes(name));
  const twice = request.headers.has("authorization") && form.has("client_secret");
  return odd || twice || (form.get("token") ?? "") === "" ? undefined : form;
}

/** Who introspects, and how it proves that. */
function credentials(
  request: EmulatorRequest,
  form: ReadonlyMap<string, string>,
): { id: string; secret: string | undefined; method: App["method"] } {
  const [, basic] = /^Basic (.+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  if (basic !== undefined) {
    const [id = "", secret] = Buffer.from(basic, "base64").toString().split(":");
    return { id, secret, method: "client_secret_basic" };
  }
  const secret = form.get("client_secret");
  return {
    id: form.get("client_id") ?? "",
    secret,
    method: secret === undefined ? "none" : "client_secret_post",
  };
}

/**
 * The required fields of `ApplicationDto` in management-openapi.json; it has none for the secret. The shape of
 * `oidcConfig` is that of the default value in `CreateApplicationDto`, the only place that tells it.
 */
function toDto(app: App): object {
  return {
    appId: app.appId,
    appIdentifier: app.appId,
    appName: app.name,
    appLogo: "",
    appType: "web",
    userPoolId: app.userPoolId,
    isIntegrateApp: false,
    defaultProtocol: "oidc",
    redirectUris: ["https://example.com/callback"],
    logoutRedirectUris: [],
    initLoginUri: "",
    ssoEnabled: false,
    loginConfig: {
      mergeLoginAndRegisterPage: false,
      enabledBasicLoginMethods: ["EMAIL_PASSWORD"],
      defaultLoginMethod: {
        connectionType: "PASSWORD",
        qrcodeType: "SELF_BUILT_APP",
        qrcodeExtIdpConnId: "",
        adExtIdpConnId: "",
        ldapExtIdpConnId: "",
      },
      enabledExtIdpConns: [],
      showAuthorizationPage: false,
    },
    registerConfig: { enabledBasicRegisterMethods: ["EMAIL_PASSWORD"], defaultRegisterMethod: "PASSWORD" },
    brandingConfig: {
      customCSSEnabled: false,
      guardVersion: "Advanced",
      showChangeLanguageButton: false,
      defaultLanguage: "zh-CN",
      showForgetPasswordButton: true,
      showEnterpriseConnections: true,
      showSocialConnections: true,
      showAgreement: false,
      agreements: [],
    },
    oidcConfig: {
      grant_types: ["authorization_code", "password", "refresh_token"],
      response_types: ["code"],
      id_token_signed_response_alg: "HS256",
      token_endpoint_auth_method: "client_secret_post",
      introspection_endpoint_auth_method: app.method,
      revocation_endpoint_auth_method: "client_secret_post",
      id_token_expire: 1209600,
      access_token_expire: 1209600,
      refresh_token_expire: 2592000,
    },
    samlProviderEnabled: false,
    oauthProviderEnabled: false,
    casProviderEnabled: false,
    customBrandingEnabled: false,
    customSecurityEnabled: false,
  };
}

/** 32 lower-case hex characters, as in every published sample; the provider does not promise that form. */
function makeSecret(): string {
  return randomBytes(16).toString("hex");
}

function mediaType(request: EmulatorRequest): string | undefined {
  return request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
}

function encodeJson(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function hmac(
  hash: "sha1" | "sha256",
  key: string | Buffer,
  text: string,
  form: "base64" | "base64url",
): string {
  return createHmac(hash, key).update(text, "utf8").digest(form);
}
