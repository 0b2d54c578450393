import { createHash, randomUUID } from "node:crypto";
import { RotationError } from "../errors.ts";
import type { HttpResponse } from "../http.ts";
import { parseRetryAfter } from "../retry.ts";
import { ask, askAgain, describeBody, invalidAnswer, isObject, parseObject, usableSecret } from "./answer.ts";
import { digestOf } from "./credential-gate.ts";
import type { NewSecret, Provider, ProviderContext, ProviderInputs } from "./provider.ts";

const title = "CloudRoom";

/** https://github.com/cloudroomSDK/Documents, `webapi/docs`; self-hosted servers have a host of their own. */
const API_URL = "https://www.cloudroom.com";
const API_PREFIX = "CLOUDROOM-API";

/** Waits before the second and third call after a lost answer, in milliseconds. */
const CALL_AGAIN = [2_000, 5_000] as const;

/** However long CloudRoom asks to wait, the former secret may be dead by now. In milliseconds. */
const LONGEST_WAIT = 60_000;

/**
 * Rotates a project's AppSecret (`project/update/secret`,
 * https://github.com/cloudroomSDK/Documents/blob/master/webapi/docs/project_secret.md).
 * The former secret ends at once, and the answer may be the only copy of the new one.
 */
export function createCloudRoom(inputs: ProviderInputs, context: ProviderContext): Provider {
  const { appId } = inputs;
  const { clock, masker } = context;
  const apiUrl = inputs.url("api-url", API_URL);
  const prefix = readPrefix(inputs);
  const compId = readCompId(inputs);
  const compSecret = inputs.secret("comp-secret");
  // Constant for a company, and all that a request needs: as good as the password.
  const secretKey = masker.secret(md5(`${compId}&${compSecret.expose()}`));
  const company = digestOf(apiUrl, compId, compSecret.expose());

  const call = (
    endpoint: string,
    action: string,
    fields: Readonly<Record<string, string>> = {},
    signal?: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>> =>
    context.gate.pass(company, () => send(endpoint, action, fields, signal));

  const send = async (
    endpoint: string,
    action: string,
    fields: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const response = await ask(context, {
      provider: title,
      action,
      method: "POST",
      url: `${apiUrl}/${prefix}/${endpoint}`,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: JSON.stringify({
        CompID: Number(compId),
        SecretKey: secretKey.expose(),
        RequestId: randomUUID(),
        ...fields,
      }),
      signal,
    });
    const answer = parseObject(response.body);
    // Documented as a string; a sibling endpoint is shown answering with a number.
    const rspCode = answer?.["RspCode"];
    const code = typeof rspCode === "number" || typeof rspCode === "string" ? String(rspCode) : undefined;
    if (answer !== undefined && code === "0") {
      const { Data } = answer;
      return isObject(Data) ? Data : {};
    }
    if (code === undefined) throw undocumented(response, action, prefix, clock.now());
    const description = answer?.["RspDesc"];
    throw refusal(code, action, appId, typeof description === "string" ? description : undefined);
  };

  const listedSecret = async (signal?: AbortSignal): Promise<string | undefined> => {
    const action = "list the projects";
    const data = await askAgain(context, () => call("project/query/list", action, {}, signal), signal);
    const projects: unknown = data["ProjectList"];
    if (!Array.isArray(projects)) {
      throw invalidAnswer(title, { action, found: `no "ProjectList"`, expected: "a list of projects" });
    }
    const project = projects.find((entry) => isObject(entry) && entry["AppId"] === appId) as unknown;
    if (!isObject(project)) throw RotationError.of("APP_NOT_FOUND", { provider: title, appId });
    const secret = project["AppSecret"];
    return typeof secret === "string" ? secret : undefined;
  };

  const update = async (): Promise<NewSecret> => {
    const action = "update the project's secret";
    const { AppSecret } = await call("project/update/secret", action, { OperateAppId: appId });
    const value = usableSecret(title, AppSecret, masker);
    // Clients log in with this form of it.
    masker.mask(md5(value.expose()));
    return { value };
  };

  return {
    title,
    apiUrl,
    confirms: "beside",

    async preflight(signal) {
      await listedSecret(signal);
      return undefined;
    },

    async rotate() {
      let lost: RotationError | undefined;
      for (let attempt = 0; ; attempt += 1) {
        try {
          return await update();
        } catch (thrown) {
          const error = RotationError.from(thrown);
          if (lost === undefined && error.changed === "no") throw error;
          lost ??= error;
          const wait = CALL_AGAIN[attempt];
          // A refusal after a lost answer settles nothing: the lost call may have ended the former secret.
          if (wait === undefined || (error.changed === "no" && !error.transient)) {
            throw RotationError.of(
              "ROTATION_UNKNOWN",
              { provider: title },
              { cause: error, detail: lost.message, changed: "unknown" },
            );
          }
          // The former secret was to die anyway, and the last answer wins: calling again is safe.
          const patience = Math.max(wait, Math.min(error.retryAfter ?? 0, LONGEST_WAIT));
          context.onWait(`${error.message} Calling again`, patience);
          await clock.sleep(patience);
        }
      }
    },

    async verify({ value }) {
      const shown = await listedSecret().catch(() => undefined);
      if (shown !== undefined && [value.expose(), md5(value.expose())].includes(shown)) {
        return { state: "valid" };
      }
      return { state: "inconclusive", why: "its project list does not show the secret" };
    },
  };
}

function readPrefix(inputs: ProviderInputs): string {
  const prefix = inputs.optional("api-prefix") ?? API_PREFIX;
  if (!/^[A-Za-z0-9_-]+$/.test(prefix)) {
    const expected = "one path segment such as CLOUDROOM-API";
    inputs.problem(
      RotationError.of("INPUT_INVALID", { input: "api-prefix", found: `"${prefix}"`, expected }),
    );
  }
  return prefix;
}

function readCompId(inputs: ProviderInputs): string {
  const compId = inputs.credential("comp-id") ?? inputs.required("comp-id");
  // Sent as a JSON number, and hashed as its decimal text.
  if (compId !== "" && !/^[1-9]\d{0,14}$/.test(compId)) {
    const expected = "the company id, a number without leading zeros";
    inputs.problem(
      RotationError.of("INPUT_INVALID", { input: "comp-id", found: "not such a number", expected }),
    );
  }
  return compId;
}

/** A documented refusal (`RspCode`): nothing was done, but for code 5, "unknown error". */
function refusal(code: string, action: string, appId: string, detail: string | undefined): RotationError {
  const provider = title;
  const inputs = `"comp-id" and "comp-secret"`;
  switch (code) {
    case "1":
      return RotationError.of("PROVIDER_FORBIDDEN", { provider, action }, { detail });
    case "2":
    case "3":
      return RotationError.of("PROVIDER_UNAUTHORIZED", { provider, inputs }, { detail });
    case "20":
    case "21":
      return RotationError.of("APP_NOT_FOUND", { provider, appId }, { detail });
    case "5":
      return RotationError.of(
        "PROVIDER_UNAVAILABLE",
        { provider, action, status: `RspCode 5` },
        { detail, transient: true, changed: "unknown" },
      );
    default:
      return RotationError.of("PROVIDER_REFUSED", { provider, action, code: `RspCode ${code}` }, { detail });
  }
}

/** An answer without `RspCode`: CloudRoom documents none such, so it says nothing about what was done. */
function undocumented(response: HttpResponse, action: string, prefix: string, now: number): RotationError {
  const provider = title;
  const { status, headers } = response;
  const retryAfter = parseRetryAfter(headers["retry-after"], now);
  const options = { transient: true, changed: "unknown", retryAfter } as const;
  if (status === 429) return RotationError.of("PROVIDER_RATE_LIMITED", { provider, action }, options);
  if (status >= 500) return RotationError.of("PROVIDER_UNAVAILABLE", { provider, action, status }, options);
  // The product is being renamed, and its paths with it.
  const other = prefix === API_PREFIX ? "CLOUDMEETING-API" : API_PREFIX;
  return invalidAnswer(title, {
    action,
    found: describeBody(response),
    expected: `JSON with an "RspCode" (perhaps at "api-prefix" ${other})`,
  });
}

function md5(text: string): string {
  return createHash("md5").update(text, "utf8").digest("hex");
}
