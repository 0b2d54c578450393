import { randomBytes } from "node:crypto";
import { RotationError } from "../errors.ts";
import type { HttpResponse } from "../http.ts";
import { parseRetryAfter } from "../retry.ts";
import type { Secret } from "../secret.ts";
import { ask, askAgain, describeBody, invalidAnswer, isObject, parseObject, usableSecret } from "./answer.ts";
import { digestOf } from "./credential-gate.ts";
import type { NewSecret, Provider, ProviderContext, ProviderInputs, Verdict } from "./provider.ts";
import { readPastStale, settleLost } from "./read-back.ts";

const title = "Authing";

/** https://docs.authing.cn/v3/reference/ ; private deployments have a host of their own. */
const API_URL = "https://api.authing.cn";

/**
 * Rotates an application's secret (`refresh-application-secret`,
 * https://docs.authing.cn/v3/reference/sdk/node/management/application/refresh-application-secret).
 * The former secret ends at once; the new one stays readable.
 */
export function createAuthing(inputs: ProviderInputs, context: ProviderContext): Provider {
  const { appId } = inputs;
  const apiUrl = inputs.url("api-url", API_URL);
  const appUrl = inputs.url("app-url");
  const accessKeyId = inputs.credential("access-key-id") ?? inputs.required("access-key-id");
  const accessKeySecret = inputs.secret("access-key-secret");
  const userPoolId = inputs.optional("user-pool-id");
  const { clock } = context;

  let session: Readonly<Record<string, string>> = {};
  /** The secret in force before this run. */
  let before: Secret | undefined;
  /** Whether this run has asked for a new one, so that a read may still show the former. */
  let refreshed = false;
  let authMethod = "client_secret_post";

  /** One call of the management API, its envelope opened. */
  const call = async (
    request: { method: "GET" | "POST"; endpoint: string; action: string; body?: object },
    signal?: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const { method, endpoint, action, body } = request;
    const response = await ask(context, {
      provider: title,
      action,
      method,
      url: `${apiUrl}/api/v3/${endpoint}`,
      headers: body === undefined ? session : { ...session, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
    });
    return openEnvelope(response, action, appId, clock.now());
  };

  const logIn = async (signal: AbortSignal): Promise<void> => {
    const action = "issue a management token";
    const body = { accessKeyId, accessKeySecret: accessKeySecret.expose() };
    const request = { method: "POST", endpoint: "get-management-token", action, body } as const;
    const once = (): ReturnType<typeof call> =>
      call(request, signal).catch((error: unknown) => {
        throw asRefusedKey(error);
      });
    const key = digestOf(apiUrl, accessKeyId, accessKeySecret.expose());
    const data = await context.gate.session(key, () =>
      askAgain(context, () => context.gate.pass(key, once), signal),
    );
    const token = data["access_token"];
    if (typeof token !== "string" || token === "") {
      throw invalidAnswer(title, { action, found: "no access_token", expected: "a management token" });
    }
    context.masker.mask(token);
    session = {
      authorization: `Bearer ${token}`,
      "x-authing-userpool-id": userPoolId ?? poolOf(token) ?? accessKeyId,
    };
  };

  const readSecret = async (signal?: AbortSignal): Promise<NewSecret> => {
    const action = "read the app's secret";
    const endpoint = `get-application-secret?appId=${encodeURIComponent(appId)}`;
    const data = await askAgain(context, () => call({ method: "GET", endpoint, action }, signal), signal);
    return secretOf(data);
  };

  const secretOf = ({ secret }: Readonly<Record<string, unknown>>): NewSecret => ({
    value: usableSecret(title, secret, context.masker),
  });

  const refresh = async (): Promise<NewSecret> => {
    const action = "refresh the app's secret";
    refreshed = true;
    const fresh = secretOf(
      await call({ method: "POST", endpoint: "refresh-application-secret", action, body: { appId } }),
    );
    if (before !== undefined && fresh.value.equals(before)) {
      throw RotationError.of("SECRET_UNCHANGED", { provider: title }, { changed: "unknown" });
    }
    return fresh;
  };

  /** After a lost answer: what can be read decides; undefined if the former secret is still in force. */
  const findNewSecret = async (): Promise<NewSecret | undefined> => {
    const found = await readSecret();
    return before === undefined || found.value.equals(before) ? undefined : found;
  };

  return {
    title,
    apiUrl,
    confirms: "beside",

    async preflight(signal) {
      await logIn(signal);
      const action = "read the app";
      const endpoint = `get-application?appId=${encodeURIComponent(appId)}`;
      const [app, secret] = await Promise.all([
        askAgain(context, () => call({ method: "GET", endpoint, action }, signal), signal),
        readSecret(signal),
      ]);
      before = secret.value;
      const { oidcConfig } = app;
      const method = isObject(oidcConfig) ? oidcConfig["introspection_endpoint_auth_method"] : undefined;
      if (typeof method === "string") authMethod = method;
      return secret;
    },

    async rotate() {
      try {
        return await refresh();
      } catch (thrown) {
        const error = RotationError.from(thrown);
        if (error.changed === "no") throw error;
        return settleLost(error, { provider: title, context, findNew: findNewSecret, again: refresh });
      }
    },

    read: () =>
      readPastStale(
        context,
        () => readSecret(),
        ({ value }) => refreshed && before !== undefined && value.equals(before),
      ),

    ...(appUrl === undefined ? {} : { verify: (secret: NewSecret) => introspect(secret, appUrl) }),
  };

  /**
   * Asks about a token that cannot exist: an app that proves itself learns `active: false`, any other is refused
   * (https://www.rfc-editor.org/rfc/rfc7662#section-2.2).
   */
  async function introspect(secret: NewSecret, base: string): Promise<Verdict> {
    if (authMethod === "none") {
      return { state: "inconclusive", why: "the app's introspection endpoint asks for no secret" };
    }
    const accepts = (candidate: string): Promise<boolean | undefined> =>
      askAgain(context, () => introspectWith(candidate, base));
    try {
      const [right, wrong] = await Promise.all([
        accepts(secret.value.expose()),
        // An endpoint that accepts anything proves nothing.
        accepts(randomBytes(16).toString("hex")),
      ]);
      if (right === false) return { state: "invalid" };
      if (right === true && wrong === false) return { state: "valid" };
      return { state: "inconclusive", why: "the app's introspection endpoint does not tell secrets apart" };
    } catch {
      return { state: "inconclusive", why: "the app's introspection endpoint did not answer" };
    }
  }

  async function introspectWith(candidate: string, base: string): Promise<boolean | undefined> {
    const fields = { token: randomBytes(16).toString("hex"), token_type_hint: "access_token" };
    const basic = authMethod === "client_secret_basic";
    const pair = `${encodeURIComponent(appId)}:${encodeURIComponent(candidate)}`;
    const form = basic ? fields : { client_id: appId, client_secret: candidate, ...fields };
    const response = await ask(context, {
      provider: title,
      action: "introspect a token",
      method: "POST",
      url: `${base}/oidc/token/introspection`,
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        ...(basic ? { authorization: `Basic ${Buffer.from(pair).toString("base64")}` } : {}),
      },
      body: new URLSearchParams(form).toString(),
    });
    const answer = parseObject(response.body);
    if (response.status === 200 && answer?.["active"] === false) return true;
    // The refusal's form is OAuth's; Authing documents none of its own.
    if (response.status < 500 && answer?.["error"] === "invalid_client") return false;
    return undefined;
  }
}

/**
 * The `data` of Authing's envelope `{statusCode, apiCode?, message, data?}`: HTTP 200 with a failing `statusCode` is
 * normal (https://docs.authing.cn/v3/reference/error-code.html).
 */
function openEnvelope(
  response: HttpResponse,
  action: string,
  appId: string,
  now: number,
): Readonly<Record<string, unknown>> {
  const envelope = parseObject(response.body);
  const documented = envelope !== undefined && "statusCode" in envelope;
  const status = documented ? Number(envelope["statusCode"]) : response.status;
  const apiCode = Number(envelope?.["apiCode"] ?? 0);
  if (documented && status === 200 && response.status === 200) {
    const { data } = envelope;
    return isObject(data) ? data : {};
  }
  const message = envelope?.["message"];
  const options = {
    detail: typeof message === "string" ? message : undefined,
    // Only a refusal in the documented form says that nothing was done.
    changed: documented && status >= 400 && status < 500 ? ("no" as const) : ("unknown" as const),
  };
  const provider = title;
  if (status === 401 || apiCode === 2020) {
    return fail(RotationError.of("PROVIDER_UNAUTHORIZED", { provider, inputs: KEY_INPUTS }, options));
  }
  if (status === 403) return fail(RotationError.of("PROVIDER_FORBIDDEN", { provider, action }, options));
  if (documented && (status === 404 || apiCode === 2011)) {
    return fail(RotationError.of("APP_NOT_FOUND", { provider, appId }, options));
  }
  if (status === 429) {
    const retryAfter = parseRetryAfter(response.headers["retry-after"], now);
    return fail(
      RotationError.of(
        "PROVIDER_RATE_LIMITED",
        { provider, action },
        { ...options, transient: true, retryAfter },
      ),
    );
  }
  if (status >= 500) {
    return fail(
      RotationError.of("PROVIDER_UNAVAILABLE", { provider, action, status }, { ...options, transient: true }),
    );
  }
  if (documented && status >= 400) {
    const code = `statusCode ${String(status)}${apiCode === 0 ? "" : `, apiCode ${String(apiCode)}`}`;
    return fail(RotationError.of("PROVIDER_REFUSED", { provider, action, code }, options));
  }
  return fail(
    invalidAnswer(title, { action, found: describeBody(response), expected: `JSON with a "statusCode"` }),
  );
}

const KEY_INPUTS = `"access-key-id" and "access-key-secret"`;

function fail(error: RotationError): never {
  throw error;
}

/** Which code a wrong key gives is not documented: every documented refusal of a token is one. */
function asRefusedKey(thrown: unknown): RotationError {
  const error = RotationError.from(thrown);
  if (!["PROVIDER_REFUSED", "APP_NOT_FOUND", "PROVIDER_FORBIDDEN"].includes(error.code)) return error;
  return RotationError.of(
    "PROVIDER_UNAUTHORIZED",
    { provider: title, inputs: KEY_INPUTS },
    { cause: error, detail: error.detail },
  );
}

/** The user pool that a management token is for: its claim `scoped_userpool_id`, as Authing's own SDKs read it. */
function poolOf(token: string): string | undefined {
  const claims = parseObject(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  const pool = claims?.["scoped_userpool_id"];
  return typeof pool === "string" && pool !== "" ? pool : undefined;
}
