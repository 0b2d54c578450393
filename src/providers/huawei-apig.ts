import { randomInt } from "node:crypto";
import { RotationError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import { askAgain, invalidAnswer, unusable, usableSecret } from "./answer.ts";
import { createHuaweiClient, type HuaweiClient } from "./huawei/client.ts";
import { createProbe, type Probe } from "./huawei/probe.ts";
import type { NewSecret, Provider, ProviderContext, ProviderFactory, ProviderInputs } from "./provider.ts";

const title = "Huawei Cloud API Gateway";

/** Waits before the second and third try to set one and the same secret, in milliseconds. */
const SET_AGAIN = [2_000, 5_000] as const;

/**
 * Letters and digits only, though `_-!@#$%` are allowed too, and well within 8 to 64 characters: right for both
 * generations of the API, and harmless in every shell
 * (https://support.huaweicloud.com/api-apig/UpdateAppV2.html).
 */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH = 48;

/** Rotates the AppSecret of an API Gateway app: on a dedicated gateway with `instance-id`, else on the shared one. */
export const createHuaweiApig: ProviderFactory = (inputs, context) => {
  const client = createHuaweiClient(inputs, context, { title, service: "apig" });
  const instanceId = inputs.optional("instance-id");
  return instanceId === undefined
    ? createShared(inputs, context, client)
    : createDedicated(inputs, context, client, instanceId);
};

/**
 * The shared gateway (API v1.0): every answer hides the secret, so the value is ours, and only the probe tells
 * whether it was taken
 * (https://support.huaweicloud.com/api-apig/apig-zh-api-180713037.html).
 */
function createShared(inputs: ProviderInputs, context: ProviderContext, client: HuaweiClient): Provider {
  const probe = readProbe(inputs, context, { required: true });
  const current = inputs.optionalSecret("current-secret");
  const path = `/v1.0/apigw/apps/${encodeURIComponent(inputs.appId)}`;
  let app: App | undefined;
  /** Whether the probe has accepted the secret given as current. */
  let proved = false;

  const set = async (secret: Secret): Promise<void> => {
    const { name, remark } = known(app);
    // Whether an omitted remark is cleared is not documented, so both go back as they were.
    const body = { name, ...(remark === undefined ? {} : { remark }), app_secret: secret.expose() };
    await client.call({ method: "PUT", path, action: "modify the app", body });
  };
  const works = (secret: Secret, signal?: AbortSignal): ReturnType<Probe> =>
    probe === undefined
      ? Promise.resolve({ state: "inconclusive", why: "no probe-url is set" })
      : probe({ appKey: known(app).appKey, appSecret: secret.expose() }, signal);

  const putBack = async (former: Secret): Promise<boolean> => {
    await setPersistently(context, () => set(former));
    return (await works(former)).state === "valid";
  };

  return {
    title,
    apiUrl: client.apiUrl,
    confirms: "required",

    async preflight(signal) {
      app = await readApp(context, client, path, signal);
      if (probe === undefined) return undefined;
      await calibrate(probe, app.appKey, signal);
      if (current === undefined) return undefined;
      const verdict = await works(current, signal);
      if (verdict.state === "inconclusive") throw RotationError.of("PROBE_UNUSABLE", { found: verdict.why });
      proved = verdict.state === "valid";
      // After a run that was cut off it is outdated, and must not stop the next one from healing.
      if (!proved) {
        context.warn(
          `${title} refuses the value of "current-secret": it is not the secret in force, and could not be put back.`,
        );
      }
      return undefined;
    },

    async rotate() {
      const secret = context.masker.secret(generate());
      await setPersistently(context, () => set(secret));
      return { value: secret };
    },

    ...(probe === undefined ? {} : { verify: ({ value }: NewSecret) => works(value) }),

    // Only a secret that the probe has accepted in preflight is known to be the right one.
    get restore() {
      return proved && current !== undefined ? () => putBack(current) : undefined;
    },
  };
}

/**
 * A dedicated gateway (API v2): answers carry the secret in the clear, so it can be read, chosen and put back
 * (https://support.huaweicloud.com/api-apig/ResettingAppSecretV2.html).
 */
function createDedicated(
  inputs: ProviderInputs,
  context: ProviderContext,
  client: HuaweiClient,
  instanceId: string,
): Provider {
  const probe = readProbe(inputs, context, { required: false });
  const apps = `/v2/${client.projectId}/apigw/instances/${encodeURIComponent(instanceId)}/apps`;
  const path = `${apps}/${encodeURIComponent(inputs.appId)}`;
  const resetPath = `${apps}/secret/${encodeURIComponent(inputs.appId)}`;
  let app: App | undefined;
  let before: Secret | undefined;
  /** Whether the gateway takes secrets that we choose: then the former one can be put back. */
  let chosen = false;

  const read = async (signal?: AbortSignal): Promise<NewSecret> => {
    app = await readApp(context, client, path, signal);
    return { value: usableSecret(title, app.secret, context.masker) };
  };
  const reset = (secret?: Secret): Promise<Readonly<Record<string, unknown>>> => {
    const body = secret === undefined ? {} : { app_secret: secret.expose() };
    return client.call({ method: "PUT", path: resetPath, action: "reset the app's secret", body });
  };
  /** The secret in the answer to a reset, if it is one, and not the former one. */
  const shownBy = (answer: Readonly<Record<string, unknown>>): Secret | undefined => {
    const value = answer["app_secret"];
    if (typeof value !== "string" || unusable(value) !== undefined) return undefined;
    const secret = context.masker.secret(value);
    return before !== undefined && secret.equals(before) ? undefined : secret;
  };
  /** What is in force, if it is not the former secret. */
  const findNew = async (): Promise<NewSecret | undefined> => {
    const found = await read();
    return before !== undefined && found.value.equals(before) ? undefined : found;
  };

  /** A secret of ours; undefined if the gateway does not take one. */
  const choose = async (): Promise<NewSecret | undefined> => {
    const secret = context.masker.secret(generate());
    let lost: RotationError | undefined;
    let shown: Secret | undefined;
    try {
      await setPersistently(context, async () => {
        shown = shownBy(await reset(secret));
      });
    } catch (thrown) {
      const error = RotationError.from(thrown);
      if (error.changed === "no" && error.code === "PROVIDER_REFUSED") return undefined;
      if (error.changed === "no") throw error;
      lost = error;
    }
    // The answer shows the secret too, but what can be read is what is in force: a value may have been ignored.
    const found = await findNew().catch((cause: unknown) => {
      if (lost === undefined && shown !== undefined) return { value: shown };
      throw unknownAfter(lost, cause);
    });
    if (found === undefined && lost !== undefined) throw lost;
    chosen = found?.value.equals(secret) ?? false;
    return found;
  };

  /** A secret of the gateway's making, which its answer shows. */
  const generateThere = async (): Promise<NewSecret> => {
    let shown: Secret | undefined;
    try {
      shown = shownBy(await reset());
    } catch (thrown) {
      const error = RotationError.from(thrown);
      if (error.changed === "no") throw error;
    }
    try {
      const found = await findNew();
      if (found !== undefined) return found;
      // It was not in force after all.
      shown = undefined;
      shown = shownBy(await reset());
      const second = await findNew();
      if (second !== undefined) return second;
    } catch (cause) {
      if (shown !== undefined) return { value: shown };
      throw unknownAfter(undefined, cause);
    }
    throw RotationError.of("SECRET_UNCHANGED", { provider: title }, { changed: "unknown" });
  };

  const putBack = async (former: Secret): Promise<boolean> => {
    await setPersistently(context, () => reset(former));
    return (await read()).value.equals(former);
  };

  return {
    title,
    apiUrl: client.apiUrl,
    confirms: "before",

    async preflight(signal) {
      const inForce = await read(signal);
      before = inForce.value;
      if (probe !== undefined) {
        const { appKey } = known(app);
        await calibrate(probe, appKey, signal);
        const verdict = await probe({ appKey, appSecret: before.expose() }, signal);
        if (verdict.state !== "valid") {
          const found = verdict.state === "invalid" ? "it refuses the secret in force" : verdict.why;
          throw RotationError.of("PROBE_UNUSABLE", { found });
        }
      }
      return inForce;
    },

    rotate: async () => (await choose()) ?? (await generateThere()),

    read: () => read(),

    ...(probe === undefined
      ? {}
      : {
          verify: ({ value }: NewSecret) => probe({ appKey: known(app).appKey, appSecret: value.expose() }),
        }),

    get restore() {
      const former = before;
      return chosen && former !== undefined ? () => putBack(former) : undefined;
    },
  };
}

interface App {
  readonly name: string;
  readonly remark: string | undefined;
  readonly appKey: string;
  readonly secret: unknown;
}

async function readApp(
  context: ProviderContext,
  client: HuaweiClient,
  path: string,
  signal?: AbortSignal,
): Promise<App> {
  const action = "read the app";
  const call = { method: "GET", path, action, signal } as const;
  const app = await askAgain(context, () => client.call(call), signal);
  const { name, remark, app_key: appKey, app_secret: secret } = app;
  if (typeof name !== "string" || typeof appKey !== "string") {
    throw invalidAnswer(title, { action, found: `an app without "name" or "app_key"`, expected: "an app" });
  }
  return { name, appKey, secret, remark: typeof remark === "string" ? remark : undefined };
}

function known(app: App | undefined): App {
  if (app === undefined) throw new Error("Invariant violation: the app is used before it was read");
  return app;
}

/**
 * Sets one and the same secret, again after a lost answer: nothing is lost by that, as the value does not change.
 *
 * @throws {RotationError} a refusal, if no answer was lost before it; else ROTATION_UNKNOWN.
 */
async function setPersistently(context: ProviderContext, set: () => Promise<unknown>): Promise<void> {
  let lost: RotationError | undefined;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await set();
      return;
    } catch (thrown) {
      const error = RotationError.from(thrown);
      if (error.changed === "unknown") lost ??= error;
      const wait = SET_AGAIN[attempt];
      const again = error.changed === "unknown" || error.code === "PROVIDER_RATE_LIMITED";
      if (wait === undefined || !(again || (lost !== undefined && error.transient))) {
        if (lost === undefined) throw error;
        const options = { cause: error, detail: lost.message, changed: "unknown" } as const;
        throw RotationError.of("ROTATION_UNKNOWN", { provider: title }, options);
      }
      context.onWait(`${error.message} Setting the same secret again`, wait);
      await context.clock.sleep(wait);
    }
  }
}

function unknownAfter(lost: RotationError | undefined, cause: unknown): RotationError {
  const detail = (lost ?? RotationError.from(cause)).message;
  return RotationError.of("ROTATION_UNKNOWN", { provider: title }, { cause, detail, changed: "unknown" });
}

function readProbe(
  inputs: ProviderInputs,
  context: ProviderContext,
  { required }: { readonly required: boolean },
): Probe | undefined {
  const url = inputs.address("probe-url");
  if (url === undefined && required && inputs.verifies) {
    inputs.problem(
      RotationError.of("INPUT_MISSING", {
        input: "probe-url",
        because: "the shared gateway never shows a secret, and only a probe can prove the new one",
        hint: `Set "probe-url" to a published API that this app may call with GET, or "verify" to "off".`,
      }),
    );
  }
  return url === undefined || !inputs.verifies ? undefined : createProbe(url, context, title);
}

/** A probe that accepts any secret, or refuses none, would prove nothing later, when it counts. */
async function calibrate(probe: Probe, appKey: string, signal: AbortSignal): Promise<void> {
  const verdict = await probe({ appKey, appSecret: generate() }, signal);
  if (verdict.state === "invalid") return;
  const found = verdict.state === "valid" ? "it accepts a wrong secret" : verdict.why;
  throw RotationError.of("PROBE_UNUSABLE", { found });
}

function generate(): string {
  return Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}
