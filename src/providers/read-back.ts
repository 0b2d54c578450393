import { RotationError } from "../errors.ts";
import type { NewSecret, ProviderContext } from "./provider.ts";

/** How the two reads after a lost answer are spaced, in milliseconds: a slow rotation may still be under way. */
const SECOND_LOOK = 3_000;

/** How often a read-back that still shows the former secret is repeated; few services promise read-after-write. */
const STALE_READS = 3;

/**
 * Settles a rotate call whose answer was lost, where the secret in force can be read: another one than before is the
 * new one. Twice the same: the call was not carried out, so one more is one rotation.
 *
 * @param findNew the secret in force, if it is not the former one.
 * @param again makes the rotate call once more.
 * @throws {RotationError} ROTATION_UNKNOWN
 */
export async function settleLost(
  lost: RotationError,
  {
    provider,
    context,
    findNew,
    again,
  }: {
    readonly provider: string;
    readonly context: ProviderContext;
    readonly findNew: () => Promise<NewSecret | undefined>;
    readonly again: () => Promise<NewSecret>;
  },
): Promise<NewSecret> {
  try {
    const found = await findNew();
    if (found !== undefined) return found;
    context.onWait(`${lost.message} Looking once more which secret is in force`, SECOND_LOOK);
    await context.clock.sleep(SECOND_LOOK);
    return (await findNew()) ?? (await again());
  } catch (cause) {
    const late = await findNew().catch(() => undefined);
    if (late !== undefined) return late;
    const options = { cause, detail: lost.message, changed: "unknown" } as const;
    throw RotationError.of("ROTATION_UNKNOWN", { provider }, options);
  }
}

/** Reads the secret in force, again for a few seconds while it is still the former one after a rotation. */
export async function readPastStale(
  { clock }: ProviderContext,
  read: () => Promise<NewSecret>,
  isStale: (found: NewSecret) => boolean,
): Promise<NewSecret> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await read();
    if (!isStale(found) || attempt > STALE_READS) return found;
    await clock.sleep(1_000 * attempt);
  }
}
