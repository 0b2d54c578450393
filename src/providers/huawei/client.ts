import { RotationError } from "../../errors.ts";
import type { HttpRequest, HttpResponse } from "../../http.ts";
import { parseRetryAfter } from "../../retry.ts";
import { ask, describeBody, invalidAnswer, parseObject } from "../answer.ts";
import type { ProviderContext, ProviderInputs } from "../provider.ts";
import { readCredential } from "./credential.ts";
import { readError } from "./error-body.ts";

/** One call of a Huawei Cloud API. */
export interface HuaweiCall {
  readonly method: HttpRequest["method"];
  /** Below the host, with the query; every name in it percent-encoded. */
  readonly path: string;
  /** What is being asked, in words for a message: "read the app". */
  readonly action: string;
  readonly body?: object;
  readonly signal?: AbortSignal | undefined;
}

export interface HuaweiClient {
  /** Base URL in effect, without a trailing slash. */
  readonly apiUrl: string;
  readonly projectId: string;
  /**
   * The JSON object answered, to a call signed with the management credential.
   *
   * @throws {RotationError} PROVIDER_…, APP_NOT_FOUND; its `changed` is "no" only for refusals in the documented form.
   */
  call(call: HuaweiCall): Promise<Readonly<Record<string, unknown>>>;
}

/**
 * A client of one service, by the inputs that all Huawei Cloud providers share: `region`, `project-id` and a
 * credential.
 *
 * @param service first part of the service's host.
 */
export function createHuaweiClient(
  inputs: ProviderInputs,
  context: ProviderContext,
  { title, service }: { readonly title: string; readonly service: "apig" | "kms" },
): HuaweiClient {
  const region = readName(inputs, "region", "a region such as cn-north-4");
  const projectId = readName(inputs, "project-id", "a project id of letters and digits");
  const apiUrl = inputs.url("api-url", `https://${service}.${region}.${domainOf(region)}`);
  const credential = readCredential(inputs, context, `https://sts.${region}.${domainOf(region)}`);

  return {
    apiUrl,
    projectId,
    async call({ method, path, action, body, signal }) {
      const authorize = await credential.open(signal);
      return context.gate.pass(credential.digest, async () => {
        const url = `${apiUrl}${path}`;
        const text = body === undefined ? "" : JSON.stringify(body);
        const headers = authorize(
          {
            method,
            url,
            headers: { "content-type": "application/json", "x-project-id": projectId },
            body: text,
          },
          context.clock.now(),
        );
        const response = await ask(context, {
          provider: title,
          action,
          method,
          url,
          headers,
          ...(body === undefined ? {} : { body: text }),
          signal,
        });
        const { inputs: used } = credential;
        const now = context.clock.now();
        return readAnswer(response, { title, action, appId: inputs.appId, used, now });
      });
    },
  };
}

function readName(inputs: ProviderInputs, name: string, expected: string): string {
  const value = inputs.required(name);
  // Becomes part of a host or a path.
  if (value !== "" && !/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(value)) {
    inputs.problem(RotationError.of("INPUT_INVALID", { input: name, found: `"${value}"`, expected }));
  }
  return value;
}

/** https://github.com/huaweicloud/huaweicloud-sdk-nodejs-v3, `ApigRegion.ts` and `CsmsRegion.ts`. */
function domainOf(region: string): string {
  return region === "eu-west-101" ? "myhuaweicloud.eu" : "myhuaweicloud.com";
}

/** Codes that say "no such thing"; CSMS says it with HTTP 400. */
const MISSING = ["CSMS.0005", "CSMS.0106", "APIG.3002", "APIG.3004", "APIG.3030"];
/** Codes that refuse the credential with another status than 401. */
const UNAUTHORIZED = ["CSMS.0301", "KMS.0303"];
/** Throttling; `APIG.9008` comes with HTTP 500. */
const THROTTLED = ["APIG.9008", "APIG.0308", "APIGW.0308"];

function readAnswer(
  response: HttpResponse,
  {
    title: provider,
    action,
    appId,
    used,
    now,
  }: {
    readonly title: string;
    readonly action: string;
    readonly appId: string;
    /** The inputs of the credential, in words. */
    readonly used: string;
    readonly now: number;
  },
): Readonly<Record<string, unknown>> {
  const { status } = response;
  const answer = parseObject(response.body);
  const { code, message } = readError(answer);
  if (status >= 200 && status < 300 && code === undefined) {
    if (answer !== undefined) return answer;
    throw invalidAnswer(provider, { action, found: describeBody(response), expected: "a JSON object" });
  }
  // Only a refusal in the documented form says that nothing was done.
  const changed = code !== undefined && status >= 400 && status < 500 ? "no" : "unknown";
  if (status === 401 || UNAUTHORIZED.includes(code ?? "")) {
    // Its message can echo every signed header, so it is not even kept.
    throw RotationError.of("PROVIDER_UNAUTHORIZED", { provider, inputs: used }, { detail: code, changed });
  }
  const options = {
    detail: [code, message].filter((part) => part !== undefined).join(": ") || undefined,
    changed,
  } as const;
  if (status === 429 || THROTTLED.includes(code ?? "")) {
    const retryAfter = parseRetryAfter(response.headers["retry-after"], now);
    throw RotationError.of(
      "PROVIDER_RATE_LIMITED",
      { provider, action },
      { ...options, changed: code === undefined ? "unknown" : "no", transient: true, retryAfter },
    );
  }
  if (MISSING.includes(code ?? "") || (status === 404 && code !== undefined)) {
    throw RotationError.of("APP_NOT_FOUND", { provider, appId }, options);
  }
  if (status === 403) throw RotationError.of("PROVIDER_FORBIDDEN", { provider, action }, options);
  if (status >= 500) {
    throw RotationError.of(
      "PROVIDER_UNAVAILABLE",
      { provider, action, status },
      { ...options, transient: true },
    );
  }
  if (code !== undefined) throw RotationError.of("PROVIDER_REFUSED", { provider, action, code }, options);
  throw invalidAnswer(provider, { action, found: describeBody(response), expected: "a JSON object" });
}
