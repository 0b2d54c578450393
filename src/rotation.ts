import { RotationError } from "./errors.ts";
import { formatPlace, type Place } from "./github/target.ts";
import type { RedOutcome, RotationOutcome, TargetOutcome } from "./outcome.ts";
import type { NewSecret } from "./providers/provider.ts";
import { confirm, type Confirmation } from "./stages/confirm.ts";
import { preflight, type Prepared, type Ready } from "./stages/preflight.ts";
import { publish } from "./stages/publish.ts";
import type { Rotation, Tools } from "./stages/stage.ts";

/** Of the 10 s that the runner leaves a cancelled step, in milliseconds. */
const PATIENCE_ONCE_CANCELLED = 3_000;

/** Takes one rotation through its stages. Never throws. */
export async function rotate(rotation: Rotation, tools: Tools): Promise<RotationOutcome> {
  const outcome = await go(rotation, tools).catch((thrown: unknown): RotationOutcome => ({
    status: "unknown",
    error: RotationError.from(thrown),
    provider: "unknown",
    targets: rotation.targets.map((target) => ({ target, status: "unknown" })),
    warnings: [],
  }));
  // Whatever happened: what is left of a reservation would hold up all the others.
  tools.lane.release();
  // What was sealed and not written stays in the journal, for the post step.
  const unsent = outcome.targets.some(({ status }) => status === "failed" || status === "unknown");
  if (outcome.status === "failed" || !unsent) {
    try {
      tools.journal.settled(rotation.name);
    } catch {
      // The post step then looks at what is settled already; that does no harm.
    }
  }
  return outcome;
}

async function go(rotation: Rotation, tools: Tools): Promise<RotationOutcome> {
  const ready = await preflight(rotation, tools);
  if ("outcome" in ready) return ready.outcome;
  if ("request" in ready) return request(rotation, tools, ready.request);
  const { prepared } = ready;

  let secret: NewSecret;
  try {
    await reserve(rotation, tools);
    secret = await obtain(rotation, tools, prepared);
  } catch (thrown) {
    return notRotated(rotation, prepared, RotationError.from(thrown));
  }
  const rotatedAt = prepared.action === "rotate" ? { rotatedAt: tools.clock.now() } : {};
  const delivery =
    rotation.provider.confirms === "beside"
      ? await deliver(secret, rotation, tools, prepared)
      : await deliverIfConfirmed(secret, rotation, tools, prepared);
  const { targets, confirmation, last } = delivery;
  tools.lane.release();
  return close(
    { rotation, tools, prepared, confirmation },
    {
      status: prepared.action === "rotate" ? "rotated" : "synced",
      targets,
      warnings: warningsAbout(last, confirmation),
      ...rotatedAt,
      ...(last.version === undefined ? {} : { version: last.version }),
    },
  );
}

/** Asks the provider for a secret that comes with a later event. */
async function request(
  rotation: Rotation,
  { log }: Tools,
  { markers, healing, warnings }: Extract<Ready, { request: unknown }>["request"],
): Promise<RotationOutcome> {
  const { provider } = rotation;
  try {
    await provider.request?.();
  } catch (thrown) {
    return notRotated(rotation, { markers, healing }, RotationError.from(thrown));
  }
  log.line(`rotate: ${provider.title} was asked for a new secret, which comes with a later event`);
  const targets = rotation.targets.map((target) => ({ target, status: "skipped" as const }));
  return { status: "requested", targets, warnings };
}

/** Whatever GitHub's pace makes wait for waits while provider and targets still agree. */
async function reserve({ targets }: Rotation, { lane, log, cancel }: Tools): Promise<void> {
  await lane.reserve(targets.length, cancel, (milliseconds) => {
    log.wait("GitHub's pace must leave room for all targets before the secret changes", milliseconds);
  });
}

/** The secret to publish: a new one, or for `sync` and healing the one in force. */
async function obtain(
  { name, provider }: Rotation,
  { journal, log, cancel }: Tools,
  prepared: Prepared,
): Promise<NewSecret> {
  if (prepared.action === "publish") {
    if (prepared.inForce !== undefined) return prepared.inForce;
    throw new Error("Invariant violation: publishing was decided for a provider that cannot be read");
  }
  // The point of no return, unless the former secret works on.
  if (provider.lifetime === undefined) journal.rotating(name);
  const secret = await provider.rotate(cancel);
  log.line(`rotate: ${provider.title} ${provider.arrived === true ? "has delivered" : "made"} a new secret`);
  return secret;
}

interface Delivery {
  readonly targets: readonly TargetOutcome[];
  readonly confirmation: Confirmation;
  /** The secret published last. */
  readonly last: NewSecret;
}

/**
 * Publishes, and confirms beside it, because the answer may be the only copy. A provider that shows another secret
 * has it published instead, once.
 */
async function deliver(
  secret: NewSecret,
  rotation: Rotation,
  tools: Tools,
  prepared: Prepared,
): Promise<Delivery> {
  const once = async (value: NewSecret): Promise<Delivery> => {
    const asked = ask(value, rotation, tools);
    const targets = await publish(value, { rotation, tools, ...prepared });
    const confirmation = await unlessCancelled(asked, tools);
    tools.log.line(`confirm: ${describe(confirmation)}`);
    return { targets, confirmation, last: value };
  };
  const first = await once(secret);
  return first.confirmation.state === "differs" ? once(first.confirmation.shown) : first;
}

/** Asks first, and publishes unless the provider refuses the secret, or has to prove it and could not. */
async function deliverIfConfirmed(
  secret: NewSecret,
  rotation: Rotation,
  tools: Tools,
  prepared: Prepared,
): Promise<Delivery> {
  const confirmation = await unlessCancelled(ask(secret, rotation, tools), tools);
  tools.log.line(`confirm: ${describe(confirmation)}`);
  const targets =
    doubtAbout(confirmation, rotation) === undefined
      ? await publish(secret, { rotation, tools, ...prepared })
      : rotation.targets.map((target) => ({ target, status: "skipped" as const }));
  return { targets, confirmation, last: secret };
}

function ask(secret: NewSecret, { verify, provider }: Rotation, { clock }: Tools): Promise<Confirmation> {
  if (verify === "off") return Promise.resolve({ state: "inconclusive", why: "verify is off" });
  return confirm(secret, provider, clock);
}

/** A cancelled run has a few seconds left, and no patience for a provider that needs longer to answer. */
function unlessCancelled(
  asked: Promise<Confirmation>,
  { cancel, clock }: Pick<Tools, "cancel" | "clock">,
): Promise<Confirmation> {
  const hurried = new Promise<Confirmation>((resolve) => {
    const hurry = (): void => {
      void clock.sleep(PATIENCE_ONCE_CANCELLED).then(() => {
        resolve({ state: "inconclusive", why: "the run was cancelled" });
      });
    };
    if (cancel.aborted) hurry();
    else cancel.addEventListener("abort", hurry, { once: true });
  });
  return Promise.race([asked, hurried]);
}

function describe(confirmation: Confirmation): string {
  switch (confirmation.state) {
    case "valid":
      return "the provider confirms the secret";
    case "inconclusive":
      return `cannot tell (${confirmation.why})`;
    case "differs":
      return "the provider shows another secret than the one published";
    case "invalid":
      return "the provider refuses the secret";
  }
}

function warningsAbout(secret: NewSecret, confirmation: Confirmation): readonly string[] {
  return [
    ...(confirmation.state === "inconclusive"
      ? [`Whether the secret works could not be confirmed: ${confirmation.why}.`]
      : []),
    ...(secret.value.maskable ? [] : ["The secret is too short to be masked in logs."]),
  ];
}

async function notRotated(
  rotation: Rotation,
  { markers, healing }: Pick<Prepared, "markers" | "healing">,
  error: RotationError,
): Promise<RotationOutcome> {
  const targets = rotation.targets.map((target) => ({ target, status: "skipped" as const }));
  if (error.changed === "unknown" && rotation.provider.lifetime === undefined) {
    return withMarkersKept(markers, { status: "unknown", error, provider: "unknown", targets, warnings: [] });
  }
  const red = { error, provider: "unchanged", targets, warnings: [] } as const;
  if (healing) return withMarkersKept(markers, { ...red, status: "incomplete" });
  return withMarkersRemoved(markers, { ...red, status: "failed" });
}

type GreenOutcome = Extract<RotationOutcome, { status: "rotated" | "synced" }>;

/** What was published is judged, and the markers go if all is well. */
async function close(
  {
    rotation,
    tools,
    prepared,
    confirmation,
  }: {
    readonly rotation: Rotation;
    readonly tools: Tools;
    readonly prepared: Prepared;
    readonly confirmation: Confirmation;
  },
  done: GreenOutcome,
): Promise<RotationOutcome> {
  const { markers, healing } = prepared;
  const renewed = rotation.provider.lifetime === undefined ? "changed" : "added";
  const provider = done.status === "rotated" ? renewed : "unchanged";
  const doubt = doubtAbout(confirmation, rotation);
  const written = done.targets.filter(({ status }) => status === "written").length;
  const total = done.targets.length;
  if (doubt === undefined && written === total) {
    // A run that wrote no markers may have healed one that did.
    const left = rotation.provider.arrived === true ? await markers.tidy() : [];
    return withMarkersRemoved(markers, { ...done, warnings: [...done.warnings, ...left] });
  }

  const error = doubt ?? RotationError.of("PUBLISH_INCOMPLETE", { written, total, ...onceMore(rotation) });
  // A write whose answer was lost may have been done: then the way back is closed.
  const untouched = done.targets.every(({ status }) => status === "failed" || status === "skipped");
  if (done.status === "rotated" && untouched && rotation.provider.restore !== undefined) {
    const back = await putBack(rotation.provider.restore, { rotation, tools, because: error });
    const red = { ...done, error: back } as const;
    if (back.code !== "PUT_BACK") {
      return withMarkersKept(markers, { ...red, status: "unknown", provider: "unknown" });
    }
    if (healing) return withMarkersKept(markers, { ...red, status: "incomplete", provider: "unchanged" });
    return withMarkersRemoved(markers, { ...red, status: "failed", provider: "unchanged" });
  }
  if (doubt !== undefined) return withMarkersKept(markers, { ...done, status: "unknown", error, provider });
  if (done.status === "synced" && untouched && !healing) {
    return withMarkersRemoved(markers, { ...done, status: "failed", error, provider });
  }
  return withMarkersKept(markers, { ...done, status: "incomplete", error, provider });
}

/** What makes the next run finish, where that is no marker. */
function onceMore({ provider }: Rotation): { readonly hint?: string } {
  if (provider.arrived !== true) return {};
  return {
    hint: "Mend what the failed targets name; the next event brings another secret to all of them, and a run by hand asks for one at once.",
  };
}

/** Puts the former secret back. PUT_BACK says that it worked, PUT_BACK_UNCONFIRMED that this is not known. */
async function putBack(
  restore: () => Promise<boolean>,
  {
    rotation,
    tools,
    because,
  }: { readonly rotation: Rotation; readonly tools: Tools; readonly because: RotationError },
): Promise<RotationError> {
  const { title } = rotation.provider;
  const options = { cause: because, detail: because.message };
  try {
    // From here on the sealed values must not be sent any more, not by the post step either.
    tools.journal.settled(rotation.name);
    if (await restore()) {
      tools.log.line(`restore: ${title} has the former secret in force again`);
      const reason =
        because.code === "PUBLISH_INCOMPLETE"
          ? "No target took the new secret"
          : "The new secret did not work";
      return RotationError.of("PUT_BACK", { provider: title, because: reason }, options);
    }
  } catch (thrown) {
    tools.log.problem(RotationError.from(thrown));
  }
  return RotationError.of("PUT_BACK_UNCONFIRMED", { provider: title }, options);
}

/** Why a secret must not stand as it is; undefined if nothing speaks against it. */
function doubtAbout(confirmation: Confirmation, { provider, verify }: Rotation): RotationError | undefined {
  switch (confirmation.state) {
    case "valid":
      return undefined;
    case "inconclusive":
      return provider.confirms === "required" && verify !== "off"
        ? RotationError.of("CONFIRM_UNPROVEN", { provider: provider.title, why: confirmation.why })
        : undefined;
    case "differs":
      return RotationError.of("CONFIRM_DIFFERS", { provider: provider.title });
    case "invalid":
      return confirmation.error;
  }
}

/** What another run has taken away must stand again: this run may have written a secret over its newer one. */
async function withMarkersKept(markers: Prepared["markers"], outcome: RedOutcome): Promise<RotationOutcome> {
  const overlap = await markers.keep();
  return overlap === undefined ? outcome : overlapped(outcome, overlap, outcome.error);
}

async function withMarkersRemoved(
  markers: Prepared["markers"],
  outcome: GreenOutcome | RedOutcome,
): Promise<RotationOutcome> {
  const removal = await markers.remove({ keepFound: false });
  if (removal.overlap === undefined) {
    return { ...outcome, warnings: [...outcome.warnings, ...removal.warnings] };
  }
  return overlapped(outcome, removal.overlap);
}

function overlapped(
  outcome: GreenOutcome | RedOutcome,
  overlap: Place,
  because?: RotationError,
): RotationOutcome {
  const error = RotationError.of(
    "CONCURRENT_RUN",
    { place: formatPlace(overlap) },
    { cause: because, detail: because?.message },
  );
  return { ...outcome, status: "unknown", error, provider: "unknown" };
}
