import { decide, type Decision, wasCutOff } from "../due.ts";
import { RotationError } from "../errors.ts";
import { createMarkers, markerName, type Markers } from "../github/marker.ts";
import type { Seal } from "../github/seal.ts";
import type { OpenPlace } from "../github/secret-store.ts";
import { formatPlace, type Place, placeKey, placesOf } from "../github/target.ts";
import type { RotationOutcome, TargetOutcome } from "../outcome.ts";
import type { NewSecret } from "../providers/provider.ts";
import type { RetryContext } from "../retry.ts";
import type { Rotation, Tools } from "../rotation.ts";
import { valueFor } from "../value.ts";

/** Everything has passed: what is to be done, and with what. */
export interface Prepared {
  readonly action: "rotate" | "publish";
  readonly seal: Seal;
  /** The secret in force, where the provider can show it. */
  readonly inForce: NewSecret | undefined;
  /** The places that took their marker, by {@link placeKey}. */
  readonly places: ReadonlyMap<string, OpenPlace>;
  /** Why a place cannot be written, by {@link placeKey}. Empty, unless a former run is being healed. */
  readonly problems: ReadonlyMap<string, RotationError>;
  /** Whether a former run left a target that may differ from the secret in force. */
  readonly healing: boolean;
  readonly markers: Markers;
}

/** Writes beyond this many minutes would outlive a GitHub App token, which lives one hour. */
const LONGEST_RUN = 45;

/** Reads everything, decides what is due, and proves every place writable. Ends here if nothing is to be done. */
export async function preflight(
  rotation: Rotation,
  tools: Tools,
): Promise<{ readonly prepared: Prepared } | { readonly outcome: RotationOutcome }> {
  const { store, clock, cancel, log } = tools;
  const name = markerName({
    provider: rotation.providerId,
    apiUrl: rotation.provider.apiUrl,
    appId: rotation.appId,
  });

  let providerProblem: RotationError | undefined;
  const provider = settle(rotation.provider.preflight(cancel)).then((settled) => {
    if ("error" in settled) providerProblem = settled.error;
    return settled;
  });
  let sealing: Promise<Settled<Seal>> | undefined;
  const startSealing = (): Promise<Settled<Seal>> => (sealing ??= settle(tools.seal()));
  // Certainly due: libsodium can load while the public keys are on their way.
  if (rotation.mode !== "plan" && (rotation.force || rotation.rotateAfter === undefined)) void startSealing();

  const places = placesOf(rotation.targets);
  const opened = await Promise.all(
    places.map(async (place) => ({ place, ...(await settle(store.open(place, cancel))) })),
  );
  const problems = new Map<string, RotationError>();
  const usable = new Map<string, OpenPlace>();
  const found = new Map<Place, number>();
  for (const entry of opened) {
    const key = placeKey(entry.place);
    if ("error" in entry) {
      problems.set(key, entry.error);
      continue;
    }
    usable.set(key, entry.value);
    const marker = entry.value.secrets.get(name);
    if (marker !== undefined) found.set(entry.place, marker);
  }
  for (const open of usable.values()) {
    const full = checkRoom(rotation, open, name);
    if (full !== undefined) problems.set(placeKey(open.place), full);
  }

  const state = {
    targets: rotation.targets.map(({ place, secretName }) =>
      usable.get(placeKey(place))?.secrets.get(secretName.toUpperCase()),
    ),
    markers: [...found.values()],
  };
  const healing = wasCutOff(state);
  const readable = rotation.provider.read !== undefined;
  const decision = decide(state, { ...rotation, readable }, clock.now());
  const markers = createMarkers({ store, name, again: againWith(tools) }, found);

  const goes = (decision.action === "rotate" || decision.action === "publish") && rotation.mode !== "plan";
  // Only a former run's wreck is worth writing to the places that are left.
  const open = (): OpenPlace[] => [...usable].flatMap(([key, at]) => (problems.has(key) ? [] : [at]));
  const hopeless = (): boolean => (healing ? open().length === 0 : problems.size > 0);

  let seal: Seal | undefined;
  let sealingProblem: RotationError | undefined;
  let wrote = false;
  if (goes && !hopeless() && !cancel.aborted) {
    const settled = await startSealing();
    if ("error" in settled) sealingProblem = settled.error;
    else seal = settled.value;
    const before = providerProblem ?? sealingProblem ?? checkPace(rotation, tools, open().length);
    if (before === undefined && seal !== undefined) {
      wrote = true;
      await writeMarkers(rotation, tools, { name, markers, found: found.size > 0, open: open(), seal, problems });
    } else sealingProblem = before;
  }

  const settledProvider = await provider;
  const inForce = "error" in settledProvider ? undefined : settledProvider.value;
  const problem =
    cancelled(cancel) ??
    providerProblem ??
    (hopeless() ? [...problems.values()][0] : undefined) ??
    sealingProblem ??
    (inForce === undefined ? undefined : checkPointers(rotation, tools, inForce));

  if (problem !== undefined) {
    for (const error of problems.values()) if (error !== problem) log.problem(error);
    return { outcome: await giveUp(problem) };
  }
  log.line(`preflight: passed; ${describeDecision(rotation, decision)}`);
  switch (decision.action) {
    case "leave":
    case "tidy":
      return { outcome: await leaveAlone(decision) };
    case "rotate":
    case "publish":
      if (!goes || seal === undefined) return { outcome: planned(decision) };
      return {
        prepared: { action: decision.action, seal, inForce, places: usable, problems, healing, markers },
      };
  }

  async function giveUp(error: RotationError): Promise<RotationOutcome> {
    const targets = rotation.targets.map((target): TargetOutcome => {
      const own = problems.get(placeKey(target.place));
      return own === undefined ? { target, status: "skipped" } : { target, status: "failed", error: own };
    });
    const red = { targets, provider: "unchanged", warnings: [] } as const;
    if (healing) return { ...red, status: "incomplete", error };
    if (!wrote) return { ...red, status: "failed", error };
    const removal = await markers.remove({ keepFound: true });
    if (removal.overlap === undefined) return { ...red, ...removal, status: "failed", error };
    const place = formatPlace(removal.overlap);
    return { ...red, status: "unknown", error: RotationError.of("CONCURRENT_RUN", { place }, { cause: error }) };
  }

  function planned({ reason }: Decision): RotationOutcome {
    const targets = rotation.targets.map((target) => ({ target, status: "due" as const }));
    return { status: "planned", due: true, reason, targets, warnings: [] };
  }

  async function leaveAlone({ action, reason }: Decision): Promise<RotationOutcome> {
    if (rotation.mode === "plan") {
      const targets = rotation.targets.map((target) => ({ target, status: "current" as const }));
      return { status: "planned", due: false, reason, targets, warnings: [] };
    }
    const warnings = action === "tidy" ? await markers.tidy() : [];
    const targets = rotation.targets.map((target) => ({ target, status: "skipped" as const }));
    return { status: "unchanged", reason, targets, warnings };
  }
}

type Settled<T> = { readonly value: T } | { readonly error: RotationError };

async function settle<T>(promise: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await promise };
  } catch (thrown) {
    return { error: RotationError.from(thrown) };
  }
}

async function writeMarkers(
  rotation: Rotation,
  { journal }: Tools,
  {
    name,
    markers,
    found,
    open,
    seal,
    problems,
  }: {
    readonly name: string;
    readonly markers: Markers;
    readonly found: boolean;
    readonly open: readonly OpenPlace[];
    readonly seal: Seal;
    readonly problems: Map<string, RotationError>;
  },
): Promise<void> {
  journal.markers(
    rotation.name,
    name,
    open.map(({ place }) => place),
    found,
  );
  await Promise.all(
    open.map(async (at) => {
      const settled = await settle(markers.write(at, seal));
      if ("error" in settled) problems.set(placeKey(at.place), settled.error);
    }),
  );
}

function cancelled(cancel: AbortSignal): RotationError | undefined {
  return cancel.aborted ? RotationError.from(cancel.reason) : undefined;
}

/** How to repeat what is harmless to repeat until the point of no return. */
function againWith({ clock, log }: Tools): RetryContext {
  return {
    clock,
    onWait: (error, milliseconds) => {
      log.wait(error.message, milliseconds);
    },
  };
}

function checkRoom(
  rotation: Rotation,
  { place, secrets, limit }: OpenPlace,
  marker: string,
): RotationError | undefined {
  const names = rotation.targets
    .filter((target) => placeKey(target.place) === placeKey(place))
    .map(({ secretName }) => secretName.toUpperCase());
  const missing = [marker, ...names].filter((name) => !secrets.has(name)).length;
  const excess = secrets.size + missing - limit;
  if (missing === 0 || excess <= 0) return undefined;
  return RotationError.of("SECRET_LIMIT", { place: formatPlace(place), limit, missing: excess });
}

/** A marker is one write and one deletion, each target one write. */
function checkPace({ targets }: Rotation, { pacer }: Tools, places: number): RotationError | undefined {
  const writes = targets.length + 2 * places;
  const minutes = pacer.minutesFor(writes);
  return minutes <= LONGEST_RUN ? undefined : RotationError.of("TOO_MANY_WRITES", { writes, minutes });
}

function checkPointers({ targets }: Rotation, { masker }: Tools, inForce: NewSecret): RotationError | undefined {
  for (const target of targets) {
    try {
      valueFor(target, inForce.value, masker);
    } catch (thrown) {
      return RotationError.from(thrown);
    }
  }
  return undefined;
}

function describeDecision({ mode }: Rotation, { action, reason }: Decision): string {
  const what = { rotate: "due", publish: "publishing the secret in force", tidy: "not due", leave: "not due" };
  return `${mode === "sync" ? "synchronizing" : what[action]} (${reason})`;
}
