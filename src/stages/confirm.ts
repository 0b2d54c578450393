import { RotationError } from "../errors.ts";
import type { NewSecret, Provider, Verdict } from "../providers/provider.ts";
import type { Clock } from "../clock.ts";

/** What asking the provider about a published secret came to. */
export type Confirmation =
  | { readonly state: "valid" }
  /** It cannot be told; `why` ends a sentence. */
  | { readonly state: "inconclusive"; readonly why: string }
  /** The provider shows another secret. */
  | { readonly state: "differs"; readonly shown: NewSecret }
  | { readonly state: "invalid"; readonly error: RotationError };

/**
 * Waits between tries to use a secret that is refused, in milliseconds: it may take a minute to get around. Few, as
 * gateways lock a key after more than five bad tries, and preflight may have made two.
 */
const WAITS = [15_000, 45_000] as const;

/** Asks the provider whether a secret is the one in force, and works, as far as it can tell. Never throws. */
export async function confirm(secret: NewSecret, provider: Provider, clock: Clock): Promise<Confirmation> {
  if (provider.read === undefined && provider.verify === undefined) {
    return { state: "inconclusive", why: `${provider.title} offers no way to ask` };
  }
  // Beside publishing nothing waits for anything. Before it, a secret that is not in force is not tried: keys lock.
  const early = provider.confirms === "beside" ? askOnce(secret, provider) : undefined;
  if (provider.read !== undefined) {
    try {
      const shown = await provider.read();
      if (!shown.value.equals(secret.value)) return { state: "differs", shown };
    } catch (thrown) {
      return { state: "inconclusive", why: `reading it back failed: ${RotationError.from(thrown).message}` };
    }
  }
  if (provider.verify === undefined) return { state: "valid" };
  return verify(secret, { provider, clock, early });
}

async function verify(
  secret: NewSecret,
  {
    provider,
    clock,
    early,
  }: { readonly provider: Provider; readonly clock: Clock; readonly early: Promise<Verdict> | undefined },
): Promise<Confirmation> {
  const startedAt = clock.now();
  for (let attempt = 0; ; attempt += 1) {
    const verdict = await ((attempt === 0 ? early : undefined) ?? askOnce(secret, provider));
    if (verdict.state === "valid") return { state: "valid" };
    if (verdict.state === "inconclusive") return verdict;
    const wait = WAITS[attempt];
    if (wait === undefined) {
      const seconds = Math.round((clock.now() - startedAt) / 1_000);
      return {
        state: "invalid",
        error: RotationError.of("CONFIRM_INVALID", { provider: provider.title, seconds }),
      };
    }
    await clock.sleep(wait);
  }
}

async function askOnce(secret: NewSecret, provider: Provider): Promise<Verdict> {
  try {
    return (await provider.verify?.(secret)) ?? { state: "valid" };
  } catch (thrown) {
    return { state: "inconclusive", why: `asking failed: ${RotationError.from(thrown).message}` };
  }
}
