import { RotationError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import type { HttpClient } from "./http/client.ts";
import { readDeclaration } from "./http/declaration.ts";
import type { NewSecret, Provider, ProviderContext, ProviderInputs } from "./provider.ts";
import { readPastStale, settleLost } from "./read-back.ts";

const title = "HTTP service";

/**
 * Rotates a secret at any service, by requests that the map `http` of a rotations file describes. What it does not
 * describe is not known: without `read` a lost answer stays one.
 */
export function createHttp(inputs: ProviderInputs, context: ProviderContext): Provider {
  const { appId } = inputs;
  const declaration = readDeclaration(inputs, context.masker);
  const { apiUrl, read } = declaration;
  /** The secret in force before this run, if it can be read. */
  let before: Secret | undefined;
  /** Whether this run has asked for a new one, so that a read may still show the former. */
  let ordered = false;

  let loading: Promise<HttpClient> | undefined;
  // Few services are described so.
  const client = (): Promise<HttpClient> =>
    (loading ??= import("./http/client.ts").then(({ createHttpClient }) =>
      createHttpClient(declaration, { title, appId }, context),
    ));

  const isFormer = ({ value }: NewSecret): boolean => before !== undefined && value.equals(before);
  const order = async (): Promise<NewSecret> => {
    const service = await client();
    ordered = true;
    const made = { value: await service.rotate() };
    if (isFormer(made))
      throw RotationError.of("SECRET_UNCHANGED", { provider: title }, { changed: "unknown" });
    return made;
  };

  /** @param settle says what came of a call of which it is not known that it has changed nothing. */
  const orderOnce = async (settle: (lost: RotationError) => Promise<NewSecret>): Promise<NewSecret> => {
    try {
      return await order();
    } catch (thrown) {
      const error = RotationError.from(thrown);
      if (error.changed === "no") throw error;
      return settle(error);
    }
  };

  const unreadable = {
    title,
    apiUrl,
    confirms: "beside",

    async preflight(signal) {
      signal.throwIfAborted();
      await (await client()).logIn(signal);
      return undefined;
    },

    rotate: () =>
      orderOnce((lost) => {
        const options = { cause: lost, detail: lost.message, changed: "unknown" } as const;
        return Promise.reject(RotationError.of("ROTATION_UNKNOWN", { provider: title }, options));
      }),
  } satisfies Provider;
  if (read === undefined) return unreadable;

  const readSecret = async (signal?: AbortSignal): Promise<NewSecret> => ({
    value: await (await client()).read(read, signal),
  });
  const findNew = async (): Promise<NewSecret | undefined> => {
    const found = await readSecret();
    return before === undefined || isFormer(found) ? undefined : found;
  };
  return {
    ...unreadable,

    async preflight(signal) {
      await unreadable.preflight(signal);
      const inForce = await readSecret(signal);
      before = inForce.value;
      return inForce;
    },

    rotate: () =>
      orderOnce((lost) =>
        // A whole answer that is no success: nothing is under way any more, so what can be read is what came of it.
        lost.code === "PROVIDER_REFUSED"
          ? refused(lost)
          : settleLost(lost, { provider: title, context, findNew, again: order }),
      ),

    read: () =>
      readPastStale(
        context,
        () => readSecret(),
        (found) => ordered && isFormer(found),
      ),
  };

  async function refused(error: RotationError): Promise<NewSecret> {
    const found = await findNew().catch(() => {
      throw error;
    });
    if (found !== undefined) return found;
    throw error.harmless();
  }
}
