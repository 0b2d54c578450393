import { VERIFY } from "../../src/inputs/rotation.ts";
import { STEP_INPUTS } from "../../src/inputs/rotations-file.ts";
import { type RedOutcome, type Status, worstStatus } from "../../src/outcome.ts";
import { providers } from "../../src/providers/index.ts";
import { inputsOfProviders, type ProviderInput } from "./provider-inputs.ts";

/** What the providers read. */
export const ofProviders: ReadonlyMap<string, ProviderInput> = inputsOfProviders();

/** The words that an input takes, if it takes only some. */
export function choicesOf(name: string): readonly string[] | undefined {
  return CHOICES[name] ?? ofProviders.get(name)?.choices;
}

/** Whether an input is a duration such as `30d`. */
export function isDuration(name: string): boolean {
  return ["rotate-after", "write-timeout"].includes(name) || ofProviders.get(name)?.isDuration === true;
}

/** Whether an input belongs to the step, and cannot stand in a rotations file. */
export function isOfStep(name: string): boolean {
  return STEP_INPUTS.includes(name);
}

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  provider: Object.keys(providers),
  mode: ["rotate", "sync", "plan"],
  verify: VERIFY,
};

const RED: Readonly<Record<RedOutcome["status"], true>> = { failed: true, incomplete: true, unknown: true };
const GREEN: Readonly<Record<Exclude<Status, RedOutcome["status"]>, true>> = {
  rotated: true,
  synced: true,
  requested: true,
  unchanged: true,
  planned: true,
};

/** In the order in which people read them: those of a good run first. */
export const statuses = [...Object.keys(GREEN), ...Object.keys(RED)] as readonly Status[];

export function isRedStatus(status: Status): boolean {
  return Object.hasOwn(RED, status);
}

/** The worst first, as the output `status` ranks them. */
export function bySeverity(): readonly Status[] {
  const rest = [...statuses];
  return statuses.map(() => {
    const worst = worstStatus(rest);
    rest.splice(rest.indexOf(worst), 1);
    return worst;
  });
}
