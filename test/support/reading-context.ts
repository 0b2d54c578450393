import { systemClock } from "../../src/clock.ts";
import { createCredentialGate } from "../../src/providers/credential-gate.ts";
import type { ProviderContext } from "../../src/providers/provider.ts";
import type { Masker } from "../../src/secret.ts";

/** What providers work with where only their inputs are read. */
export function readingContext(
  masker: Masker,
  warn: (text: string) => void = () => undefined,
): ProviderContext {
  return {
    http: () => Promise.reject(new Error("Reading inputs sends nothing.")),
    gate: createCredentialGate(),
    masker,
    clock: systemClock,
    onWait: () => undefined,
    warn,
  };
}
