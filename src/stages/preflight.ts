import { decide, type Decision, inWords, type State, wasCutOff } from "../due.ts";
import { RotationError } from "../errors.ts";
import { createMarkers, markerName, type Markers } from "../github/marker.ts";
import type { Seal } from "../github/seal.ts";
import type { OpenPlace } from "../github/secret-store.ts";
import { formatPlace, type Place, placeKey, placesOf } from "../github/target.ts";
import type { RotationOutcome, TargetOutcome } from "../outcome.ts";
import type { NewSecret } from "../providers/provider.ts";
import type { RetryContext } from "../retry.ts";
import { valueFor } from "../value.ts";
import type { Rotation, Tools } from "./stage.ts";

/** Everything has passed: what is to be done, and with what. */
export interface Prepared {
  readonly action: "rotate" | "publish";
  readonly seal: Seal;
  /** The secret in force, where the provider can show it. */
  readonly inForce: NewSecret | undefined;
  /** The places that could be read, by {@link placeKey}. */
  readonly places: ReadonlyMap<string, OpenPlace>;
  /** Why a place cannot be written, by {@link placeKey}. Empty, unless a former run is being healed. */
  readonly problems: ReadonlyMap<string, RotationError>;
  /** Whether a former run left a target that may differ from the secret in force. */
  readonly healing: boolean;
  readonly markers: Markers;
}

/** What preflight came to. `request`: all there is to do is to ask the provider. */
export type Ready =
  | { readonly prepared: Prepared }
  | {
      readonly request: {
        readonly markers: Markers;
        readonly healing: boolean;
        readonly warnings: readonly string[];
      };
    }
  | { readonly outcome: RotationOutcome };

/** Writes beyond this many minutes would outlive a GitHub App token, which lives one hour. */
const LONGEST_RUN = 45;

/**
 * Reads everything at once, decides what is due, and proves every place writable by its marker. Changes nothing at
 * the provider, and leaves no marker behind where it ends the rotation.
 */
export async function preflight(rotation: Rotation, tools: Tools): Promise<Ready> {
  const provider = settle(rotation.provider.preflight(tools.cancel));
  const sealing = createSealing(tools);
  // Certainly due: libsodium can load while the public keys are on their way.
  if (isCertainlyDue(rotation)) void sealing();

  const survey = await lookAround(rotation, tools);
  const readable = rotation.provider.read !== undefined;
  const { arrived } = rotation.provider;
  // Only an age that matters is waited for.
  const asksAge = rotation.provider.tellsAge === true && !isCertainlyDue(rotation);
  const madeAt = asksAge ? await ageFrom(provider) : undefined;
  const decision = decide({ ...survey.state, madeAt }, { ...rotation, readable, arrived }, tools.clock.now());
  const { action } = decision;
  const goes = (action === "rotate" || action === "publish") && rotation.mode !== "plan";
  // Beside the provider's own reads, so that the markers cost no time of their own.
  const seal =
    goes && rotation.provider.request === undefined
      ? await proveWritable(survey, { rotation, tools, sealing, provider })
      : undefined;

  const asked = await provider;
  const inForce = "error" in asked ? undefined : asked.value;
  const problem =
    cancelled(tools) ??
    ("error" in asked ? asked.error : undefined) ??
    hopeless(survey) ??
    (seal !== undefined && "error" in seal ? seal.error : undefined) ??
    checkPointers(rotation, tools, inForce);
  if (problem !== undefined) {
    for (const error of survey.problems.values()) if (error !== problem) tools.log.problem(error);
    return { outcome: await giveUp(rotation, survey, problem) };
  }

  tools.log.line(`preflight: passed; ${describeDecision(rotation, decision)}`);
  if (goes && rotation.provider.request !== undefined) {
    const { healing, markers } = survey;
    return { request: { healing, markers, warnings: checkLifetime(rotation, survey, tools) } };
  }
  if (seal !== undefined && "value" in seal && (action === "rotate" || action === "publish")) {
    const { places, problems, healing, markers } = survey;
    return { prepared: { action, seal: seal.value, inForce, places, problems, healing, markers } };
  }
  return { outcome: await leaveAlone(rotation, survey, decision) };
}

/** Whether something is going to be written, whatever GitHub says. */
function isCertainlyDue({ mode, force, rotateAfter, provider }: Rotation): boolean {
  if (mode === "plan" || provider.request !== undefined) return false;
  return force || rotateAfter === undefined || provider.arrived === true;
}

/** What stands in GitHub before anything is written. */
interface Survey {
  /** The marker's name. */
  readonly name: string;
  readonly places: ReadonlyMap<string, OpenPlace>;
  /** Grows when a place does not take its marker. */
  readonly problems: Map<string, RotationError>;
  readonly state: State;
  readonly healing: boolean;
  readonly markers: Markers;
}

async function lookAround(rotation: Rotation, tools: Tools): Promise<Survey> {
  const { provider, providerId, appId, targets } = rotation;
  const name = markerName({ provider: providerId, apiUrl: provider.apiUrl, appId });
  const places = new Map<string, OpenPlace>();
  const problems = new Map<string, RotationError>();
  const found = new Map<Place, number>();
  await Promise.all(
    placesOf(targets).map(async (place) => {
      const key = placeKey(place);
      const opened = await settle(tools.store.open(place, namesIn(place, rotation), tools.cancel));
      if ("error" in opened) {
        problems.set(key, opened.error);
        return;
      }
      const open = opened.value;
      places.set(key, open);
      const marker = open.secrets.get(name);
      if (marker !== undefined) found.set(place, marker);
      const full = checkRoom(rotation, open, marks(rotation) ? [name] : []);
      if (full !== undefined) problems.set(key, full);
    }),
  );
  const state = {
    targets: targets.map(({ place, secretName }) =>
      places.get(placeKey(place))?.secrets.get(secretName.toUpperCase()),
    ),
    markers: [...found.values()],
  };
  const again: RetryContext = {
    clock: tools.clock,
    onWait: (error, milliseconds) => {
      tools.log.wait(error.message, milliseconds);
    },
  };
  const onTime = (place: Place, time: number): void => {
    try {
      tools.journal.stamped(rotation.name, place, time);
    } catch {
      // The post step then knows no more than whether the marker is there.
    }
  };
  const markers = createMarkers({ store: tools.store, name, again, onTime }, found);
  return { name, places, problems, state, healing: wasCutOff(state), markers };
}

/** The places worth writing to. */
function writable({ places, problems }: Survey): readonly OpenPlace[] {
  return [...places].flatMap(([key, open]) => (problems.has(key) ? [] : [open]));
}

/** Whether a run that is cut off must leave a marker behind; with what an event brings, the next event heals it. */
function marks({ provider }: Rotation): boolean {
  return provider.arrived !== true && provider.request === undefined;
}

/** Why it is no use to go on: any place that cannot be written; while healing, only if there is no other. */
function hopeless(survey: Survey): RotationError | undefined {
  if (survey.healing && writable(survey).length > 0) return undefined;
  return [...survey.problems.values()][0];
}

/**
 * Writes the markers, unless it is known by then that nothing will come of the rotation.
 *
 * @returns the seal that they were sealed with; undefined if none was written.
 */
async function proveWritable(
  survey: Survey,
  {
    rotation,
    tools,
    sealing,
    provider,
  }: {
    readonly rotation: Rotation;
    readonly tools: Tools;
    readonly sealing: () => Promise<Settled<Seal>>;
    readonly provider: Promise<Settled<unknown>>;
  },
): Promise<Settled<Seal> | undefined> {
  if (hopeless(survey) !== undefined) return undefined;
  const seal = await sealing();
  if ("error" in seal) return seal;
  claimRoom(rotation, survey);
  if (hopeless(survey) !== undefined) return undefined;
  const open = writable(survey);
  const slow = checkPace(rotation, tools, open.length);
  if (slow !== undefined) return { error: slow };
  if (cancelled(tools) !== undefined || (await hasFailed(provider))) return undefined;

  if (!marks(rotation)) return seal;
  const places = open.map(({ place }) => place);
  try {
    tools.journal.markers(rotation.name, survey.name, places, survey.state.markers.length > 0);
  } catch (thrown) {
    return { error: RotationError.from(thrown) };
  }
  await Promise.all(
    open.map(async (at) => {
      const written = await settle(survey.markers.write(at, seal.value));
      if ("error" in written) survey.problems.set(placeKey(at.place), written.error);
    }),
  );
  return seal;
}

/** The end of a rotation that may not go on: its own markers go, and what a former run left is said. */
async function giveUp(rotation: Rotation, survey: Survey, error: RotationError): Promise<RotationOutcome> {
  const targets = rotation.targets.map((target): TargetOutcome => {
    const own = survey.problems.get(placeKey(target.place));
    return own === undefined ? { target, status: "skipped" } : { target, status: "failed", error: own };
  });
  const red = { targets, provider: "unchanged" } as const;
  if (survey.healing) return { ...red, status: "incomplete", error, warnings: [] };
  const removal = await survey.markers.remove({ keepFound: true });
  if (removal.overlap === undefined) return { ...red, status: "failed", error, warnings: removal.warnings };
  const place = formatPlace(removal.overlap);
  const overlap = RotationError.of("CONCURRENT_RUN", { place }, { cause: error });
  return { ...red, status: "unknown", error: overlap, warnings: [] };
}

/** The end of a rotation that is not due, or only planned. */
async function leaveAlone(
  { mode, targets }: Rotation,
  { markers }: Survey,
  { action, reason }: Decision,
): Promise<RotationOutcome> {
  const all = (status: "due" | "current" | "skipped"): readonly TargetOutcome[] =>
    targets.map((target) => ({ target, status }));
  if (mode === "plan") {
    const due = action === "rotate" || action === "publish";
    return { status: "planned", due, reason, targets: all(due ? "due" : "current"), warnings: [] };
  }
  const warnings = action === "tidy" ? await markers.tidy() : [];
  return { status: "unchanged", reason, targets: all("skipped"), warnings };
}

type Settled<T> = { readonly value: T } | { readonly error: RotationError };

async function settle<T>(promise: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await promise };
  } catch (thrown) {
    return { error: RotationError.from(thrown) };
  }
}

async function ageFrom(provider: Promise<Settled<NewSecret | undefined>>): Promise<number | undefined> {
  const asked = await provider;
  return "value" in asked ? asked.value?.madeAt : undefined;
}

/** Whether something has failed by now; what is still under way has not. */
async function hasFailed(settling: Promise<Settled<unknown>>): Promise<boolean> {
  const now = await Promise.race([settling, Promise.resolve(undefined)]);
  return now !== undefined && "error" in now;
}

/** Starts libsodium once, when it is first wanted. */
function createSealing(tools: Tools): () => Promise<Settled<Seal>> {
  let sealing: Promise<Settled<Seal>> | undefined;
  return () => (sealing ??= settle(tools.seal()));
}

function cancelled({ cancel }: Tools): RotationError | undefined {
  return cancel.aborted ? RotationError.from(cancel.reason) : undefined;
}

function checkRoom(
  rotation: Rotation,
  { place, secrets, limit }: OpenPlace,
  markers: readonly string[],
): RotationError | undefined {
  const names = [...markers, ...namesIn(place, rotation)].map((name) => name.toUpperCase());
  const missing = names.filter((name) => !secrets.has(name)).length;
  const excess = secrets.size + missing - limit;
  return missing === 0 || excess <= 0 ? undefined : noRoom(place, limit, excess);
}

/** Keeps room for what is going to be written, as other rotations of this run may need the same. */
function claimRoom(rotation: Rotation, survey: Survey): void {
  const markers = marks(rotation) ? [survey.name] : [];
  for (const open of writable(survey)) {
    const { place, limit } = open;
    const excess = open.claim([...markers, ...namesIn(place, rotation)]);
    if (excess > 0) survey.problems.set(placeKey(place), noRoom(place, limit, excess));
  }
}

function noRoom(place: Place, limit: number, missing: number): RotationError {
  return RotationError.of("SECRET_LIMIT", { place: formatPlace(place), limit, missing });
}

/** The names of the targets of one place. */
function namesIn(place: Place, { targets }: Rotation): readonly string[] {
  const key = placeKey(place);
  return targets.filter((target) => placeKey(target.place) === key).map(({ secretName }) => secretName);
}

/** A marker is one write and one deletion, each target one write. */
function checkPace(rotation: Rotation, { lane }: Tools, places: number): RotationError | undefined {
  const writes = rotation.targets.length + (marks(rotation) ? 2 * places : 0);
  const minutes = lane.announce(writes);
  if (minutes <= LONGEST_RUN) return undefined;
  lane.announce(0);
  return RotationError.of("TOO_MANY_WRITES", { writes, minutes });
}

/** A secret that has expired where it is used says that new ones do not arrive. */
function checkLifetime(
  { provider: { title, lifetime } }: Rotation,
  { state }: Survey,
  { clock }: Tools,
): readonly string[] {
  const written = state.targets.filter((time) => time !== undefined);
  const age = clock.now() - Math.min(...written);
  if (lifetime === undefined || written.length === 0 || age <= lifetime) return [];
  return [
    `The oldest target was written ${inWords(age)} ago, and what ${title} delivers works for ${inWords(lifetime)}: new ones may not be arriving. Look at the runs of the workflow that takes them, and at what pushes them there.`,
  ];
}

/** Every pointer must lead somewhere in the secret in force, where that can be read. */
function checkPointers(
  { targets }: Rotation,
  { masker }: Tools,
  inForce: NewSecret | undefined,
): RotationError | undefined {
  if (inForce === undefined) return undefined;
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
  if (mode === "sync") return reason;
  switch (action) {
    case "rotate":
      return `due (${reason})`;
    case "publish":
      return `publishing the secret in force (${reason})`;
    case "tidy":
    case "leave":
      return `not due (${reason})`;
  }
}
