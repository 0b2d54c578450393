import { RotationError } from "../errors.ts";
import { accessOf } from "../github/access.ts";
import type { Seal, SecretBody } from "../github/seal.ts";
import type { OpenPlace } from "../github/secret-store.ts";
import { formatTarget, placeKey, type Target } from "../github/target.ts";
import type { TargetOutcome } from "../outcome.ts";
import type { NewSecret } from "../providers/provider.ts";
import { backoff } from "../retry.ts";
import { valueFor } from "../value.ts";
import type { Rotation, Tools } from "./stage.ts";

/** Between two tries to write one target, in milliseconds. */
const WAITS = { firstWait: 500, longestWait: 30_000 };

/** A target on its way. */
interface Parcel {
  readonly target: Target;
  readonly open: OpenPlace;
  value: SecretBody;
  attempts: number;
  /** Not to be tried before this time, in milliseconds since 1970. */
  notBefore: number;
  /** Whether GitHub refused the key it was sealed with, so that it must be sealed anew: that is done once. */
  key: "first" | "stale" | "fresh";
  /** Whether an answer was lost, so that the write may have happened. */
  lost: boolean;
}

/**
 * Seals a secret and writes it to every target, in the order listed. Never throws: what goes wrong with a target
 * is in its outcome, and none stops the next.
 *
 * @param problems why a place cannot be written, by {@link placeKey}; its targets are not tried.
 */
export async function publish(
  secret: NewSecret,
  {
    rotation,
    tools,
    seal,
    places,
    problems,
  }: {
    readonly rotation: Rotation;
    readonly tools: Tools;
    readonly seal: Seal;
    readonly places: ReadonlyMap<string, OpenPlace>;
    readonly problems: ReadonlyMap<string, RotationError>;
  },
): Promise<readonly TargetOutcome[]> {
  const { store, journal, clock, log, masker } = tools;
  const outcomes = new Map<Target, TargetOutcome>();
  const queue: Parcel[] = [];
  const sealFor = (target: Target, open: OpenPlace, publicKey = open.publicKey): SecretBody => {
    const sealed = seal(publicKey, valueFor(target, secret.value, masker).expose());
    const value = { ...sealed, ...accessOf(open, target) };
    // On disk before the first write. A full disk must not cost the secret, so it only takes away the second chance.
    attempt(() => {
      journal.sealed(rotation.name, target, value);
    });
    return value;
  };

  for (const target of rotation.targets) {
    const open = places.get(placeKey(target.place));
    const problem = problems.get(placeKey(target.place));
    if (open === undefined || problem !== undefined) {
      outcomes.set(target, {
        target,
        status: "failed",
        ...(problem === undefined ? {} : { error: problem }),
      });
      continue;
    }
    try {
      const value = sealFor(target, open);
      queue.push({ target, open, value, attempts: 0, notBefore: 0, key: "first", lost: false });
    } catch (thrown) {
      outcomes.set(target, { target, status: "failed", error: RotationError.from(thrown) });
    }
  }

  const total = rotation.targets.length;
  const startedAt = clock.now();
  const pacedBefore = tools.lane.waited;
  // Time spent keeping to GitHub's pace is not time spent failing.
  const deadline = (): number => startedAt + rotation.writeTimeout + (tools.lane.waited - pacedBefore);
  let written = 0;

  while (queue.length > 0) {
    const parcel = await next(queue);
    const { target } = parcel;
    parcel.attempts += 1;
    try {
      await send(parcel);
      attempt(() => {
        journal.written(rotation.name, target);
      });
      written += 1;
      outcomes.set(target, { target, status: "written" });
      log.line(`publish: ${String(written)}/${String(total)} targets written, now ${formatTarget(target)}`);
    } catch (thrown) {
      const error = RotationError.from(thrown);
      const retryAt = planRetry(parcel, error);
      if (retryAt === undefined) {
        outcomes.set(target, { target, status: parcel.lost ? "unknown" : "failed", error });
        log.problem(error);
      } else {
        parcel.notBefore = retryAt;
        queue.push(parcel);
      }
    }
  }
  return rotation.targets.map((target) => outcomes.get(target) ?? { target, status: "skipped" });

  /** The first parcel in the queue whose time has come, or the one whose time comes first. */
  async function next(waiting: Parcel[]): Promise<Parcel> {
    const now = clock.now();
    const ready = waiting.find(({ notBefore }) => notBefore <= now);
    if (ready !== undefined) {
      waiting.splice(waiting.indexOf(ready), 1);
      return ready;
    }
    const soonest = Math.min(...waiting.map(({ notBefore }) => notBefore));
    await clock.sleep(soonest - now);
    return next(waiting);
  }

  async function send(parcel: Parcel): Promise<void> {
    const { target } = parcel;
    if (parcel.key === "stale") {
      parcel.value = sealFor(target, parcel.open, await store.publicKey(target.place));
      parcel.key = "fresh";
    }
    try {
      await store.write(target.place, target.secretName, parcel.value);
    } catch (thrown) {
      const error = RotationError.from(thrown);
      // A refusal says that nothing was written; a lost answer does not.
      parcel.lost = error.code === "GITHUB_REJECTED" ? false : parcel.lost || error.changed === "unknown";
      throw error;
    }
  }

  /** When to try again; undefined if it is no use. */
  function planRetry(parcel: Parcel, error: RotationError): number | undefined {
    const { target } = parcel;
    if (error.code === "GITHUB_REJECTED") {
      const aboutTheKey = /key|encrypt/i.test(error.detail ?? "");
      if (parcel.key !== "first" || !aboutTheKey) return undefined;
      parcel.key = "stale";
      return clock.now();
    }
    // A place that took its marker has proved the permission, so every other answer is a passing one.
    if (rotation.provider.arrived === true && !error.transient) return undefined;
    const wait = backoff(WAITS, parcel.attempts, error.retryAfter);
    if (clock.now() + wait > deadline()) return undefined;
    log.wait(`${formatTarget(target)}: ${error.message}`, wait);
    return clock.now() + wait;
  }
}

function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // See the callers for why this may not stop anything.
  }
}
