import { RotationError } from "../../errors.ts";
import type { HttpResponse } from "../../http.ts";
import { resolvePointer } from "../../pointer.ts";
import { parseRetryAfter } from "../../retry.ts";
import type { Secret } from "../../secret.ts";
import {
  ask,
  askAgain,
  describeBody,
  invalidAnswer,
  parseObject,
  type ProviderRequest,
  usableSecret,
} from "../answer.ts";
import type { ProviderContext } from "../provider.ts";
import type { Auth, Declaration } from "./declaration.ts";

/** The requests that a declaration describes. */
export interface HttpClient {
  /** Gets a token, where requests take one. */
  logIn(signal?: AbortSignal): Promise<void>;
  /**
   * Sends the rotation request, once.
   *
   * @throws {RotationError} PROVIDER_…, APP_NOT_FOUND, SECRET_UNUSABLE. PROVIDER_REFUSED with `changed` "unknown": the
   *   answer is whole, and says by `success` that it is none.
   */
  rotate(): Promise<Secret>;
  /** The secret in force. Repeated while that may help. */
  read(request: NonNullable<Declaration["read"]>, signal?: AbortSignal): Promise<Secret>;
}

/** A token, and when it ends, in milliseconds since 1970. */
interface Session {
  readonly token: string;
  readonly freshUntil: number;
}

/** A token is not used in the last half minute of its life, or in its last half if it lives less. In milliseconds. */
const MARGIN = 30_000;

const AUTH_INPUTS = `what stands under "http.auth"`;

export function createHttpClient(
  { rotation, pointer, success, auth }: Declaration,
  { title, appId }: { readonly title: string; readonly appId: string },
  context: ProviderContext,
): HttpClient {
  const { gate, clock, masker } = context;

  /** The headers that authorize a request. Getting them ends no secret. */
  const authorize = async (signal?: AbortSignal): Promise<Readonly<Record<string, string>>> => {
    if (auth.kind === "headers") {
      return Object.fromEntries(Object.entries(auth.headers).map(([name, value]) => [name, value.expose()]));
    }
    const open = (): Promise<Session> =>
      askAgain(
        context,
        () => gate.pass(auth.digest, () => requestToken(title, auth, context, signal)),
        signal,
      );
    try {
      const { token } = await gate.session(auth.digest, open, ({ freshUntil }) => clock.now() < freshUntil);
      return { authorization: `Bearer ${token}` };
    } catch (thrown) {
      throw thrown instanceof RotationError ? thrown.harmless() : thrown;
    }
  };

  /** The secret that an answer to a request shows. */
  const send = async (
    request: Omit<ProviderRequest, "provider">,
    secretAt: string,
    check?: (answer: unknown) => void,
  ): Promise<Secret> => {
    const authorization = await authorize(request.signal);
    return gate.pass(auth.digest, async () => {
      const headers = { ...request.headers, ...authorization };
      const response = await ask(context, { ...request, provider: title, headers });
      const answer = parseJson(response.body);
      const value = resolvePointer(answer, secretAt);
      if (typeof value === "string") masker.mask(value);
      const { action } = request;
      refuseUnlessOk(response, { title, action, appId, now: clock.now() });
      if (answer === undefined) {
        throw invalidAnswer(title, { action, found: describeBody(response), expected: "JSON" });
      }
      check?.(answer);
      return usableSecret(title, value, masker);
    });
  };

  return {
    async logIn(signal) {
      await authorize(signal);
    },

    rotate: () => {
      const action = "rotate the secret";
      return send({ ...rotation, action }, pointer, (answer) => {
        if (success === undefined) return;
        const found = resolvePointer(answer, success.pointer);
        if (asText(found) === success.value) return;
        const code = `"${success.pointer}" is not "${success.value}"`;
        const hint = `Look in the log what the service said; if it has done it, correct "http.success".`;
        const detail = saidIn(answer);
        throw RotationError.of(
          "PROVIDER_REFUSED",
          { provider: title, action, code, hint },
          { detail, changed: "unknown" },
        );
      });
    },

    read: ({ url, headers, pointer: secretAt }, signal) =>
      askAgain(
        context,
        () => send({ method: "GET", url, headers, action: "read the secret in force", signal }, secretAt),
        signal,
      ),
  };
}

/** https://www.rfc-editor.org/rfc/rfc6749#section-4.4 */
async function requestToken(
  title: string,
  { tokenUrl, clientId, clientSecret, scope, clientAuth }: Extract<Auth, { kind: "client-credentials" }>,
  context: ProviderContext,
  signal: AbortSignal | undefined,
): Promise<Session> {
  const action = "issue a token";
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    ...(scope === undefined ? {} : { scope }),
  });
  const headers: Record<string, string> = {
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded",
  };
  if (clientAuth === "basic") {
    // https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1: encoded before they are joined.
    const pair = `${encodeForm(clientId)}:${encodeForm(clientSecret.expose())}`;
    context.masker.mask(pair);
    headers["authorization"] = `Basic ${Buffer.from(pair).toString("base64")}`;
  } else {
    form.set("client_id", clientId);
    form.set("client_secret", clientSecret.expose());
  }
  const response = await ask(context, {
    provider: title,
    action,
    method: "POST",
    url: tokenUrl,
    headers,
    body: form.toString(),
    signal,
  });
  const answer = parseObject(response.body);
  const token = answer?.["access_token"];
  if (typeof token === "string") context.masker.mask(token);
  const { status } = response;
  const now = context.clock.now();
  // https://www.rfc-editor.org/rfc/rfc6749#section-5.2 has 400 and 401; any other refusal of a client is one too.
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
    const detail = saidIn(answer);
    throw RotationError.of("PROVIDER_UNAUTHORIZED", { provider: title, inputs: AUTH_INPUTS }, { detail });
  }
  refuseUnlessOk(response, { title, action, appId: "", now });
  if (typeof token !== "string" || token === "") {
    const found = answer === undefined ? describeBody(response) : "no access_token";
    throw invalidAnswer(title, { action, found, expected: "an access token" });
  }
  const seconds = Number(answer?.["expires_in"]);
  const life = seconds > 0 ? seconds * 1_000 : Infinity;
  return { token, freshUntil: now + life - Math.min(MARGIN, life / 2) };
}

/** By its status. HTTP has 4xx say that the request was not fulfilled (https://www.rfc-editor.org/rfc/rfc9110#section-15.5). */
function refuseUnlessOk(
  response: HttpResponse,
  {
    title: provider,
    action,
    appId,
    now,
  }: { readonly title: string; readonly action: string; readonly appId: string; readonly now: number },
): void {
  const { status } = response;
  if (status >= 200 && status < 300) return;
  const detail = saidIn(parseJson(response.body));
  switch (status) {
    case 401:
      throw RotationError.of("PROVIDER_UNAUTHORIZED", { provider, inputs: AUTH_INPUTS }, { detail });
    case 403:
      throw RotationError.of("PROVIDER_FORBIDDEN", { provider, action }, { detail });
    case 404:
    case 410:
      throw RotationError.of("APP_NOT_FOUND", { provider, appId }, { detail });
    case 429: {
      const retryAfter = parseRetryAfter(response.headers["retry-after"], now);
      throw RotationError.of(
        "PROVIDER_RATE_LIMITED",
        { provider, action },
        { detail, transient: true, retryAfter },
      );
    }
  }
  // 408: the request did not arrive in time, whatever became of it.
  if (status === 408 || status >= 500) {
    const options = { detail, transient: true, changed: "unknown" } as const;
    throw RotationError.of("PROVIDER_UNAVAILABLE", { provider, action, status }, options);
  }
  throw RotationError.of(
    "PROVIDER_REFUSED",
    { provider, action, code: `HTTP ${String(status)}` },
    { detail },
  );
}

/** What OAuth, problem details and common services call their messages; anything else could be a secret. */
const MESSAGES = ["error", "error_description", "errorMessage", "code", "message", "msg", "title", "detail"];

function saidIn(answer: unknown): string | undefined {
  const texts = MESSAGES.map((name) => resolvePointer(answer, `/${name}`)).filter(
    (text) => typeof text === "string" || typeof text === "number",
  );
  return texts.length === 0 ? undefined : texts.join(": ");
}

/** As it is written in a rotations file; undefined for what is no single value. */
function asText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null ? undefined : JSON.stringify(value);
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function encodeForm(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}
