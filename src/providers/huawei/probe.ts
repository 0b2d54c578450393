import { RotationError } from "../../errors.ts";
import { ask, askAgain, parseObject } from "../answer.ts";
import type { ProviderContext, Verdict } from "../provider.ts";
import { sign } from "./signature.ts";

/** Calls a published API with an app's key pair: the only way to see from outside whether a secret is in force. */
export type Probe = (
  pair: { readonly appKey: string; readonly appSecret: string },
  signal?: AbortSignal,
) => Promise<Verdict>;

/** @param url of a published API with App authentication, which the app may call with GET. */
export function createProbe(url: string, context: ProviderContext, provider: string): Probe {
  const action = "answer the probe";
  return async ({ appKey, appSecret }, signal) => {
    const once = async (): Promise<Verdict> => {
      const request = { method: "GET", url, headers: {}, body: "" } as const;
      const headers = sign(request, { accessKey: appKey, secretKey: appSecret }, context.clock.now());
      const response = await ask(context, { provider, action, method: "GET", url, headers, signal });
      const { status } = response;
      if (status >= 200 && status < 300) return { state: "valid" };
      // Only the gateway's own refusal speaks of the signature: the API behind it may have 401s of its own.
      if (status === 401 && typeof parseObject(response.body)?.["error_code"] === "string") {
        return { state: "invalid" };
      }
      if (status === 429 || status >= 500) {
        throw RotationError.of("PROVIDER_UNAVAILABLE", { provider, action, status }, { transient: true });
      }
      return { state: "inconclusive", why: `the probe answered ${String(status)}` };
    };
    try {
      return await askAgain(context, once, signal);
    } catch (thrown) {
      const { code } = RotationError.from(thrown);
      return { state: "inconclusive", why: `the probe did not answer (${code})` };
    }
  };
}
