import type { ActionOptions, ActionRun } from "../support/runner.ts";
import type { Arena, Service, State } from "./arena.ts";
import type { Deed, Label } from "./gate.ts";
import type { Boundary } from "./record.ts";
import type { SubjectId } from "./subjects/index.ts";
import type { Mode } from "./subjects/subject.ts";

/**
 * How long a fault lasts: `once` strikes the one request, `ever` every later one of the same name too, `down` every
 * later one to the same service; the last two until the world is healed.
 */
export type Lasting = "once" | "ever" | "down";

/** Faults of one group take much the same paths through the action: the short suite has one of each per provider. */
export type FaultGroup =
  | "connection"
  | "status"
  | "own failure"
  | "bad body"
  | "odd secret"
  | "redirect"
  | "public key"
  | "envelope"
  | "signal"
  | "overlap";

/** Where a fault strikes. */
export interface Spot {
  readonly subject: SubjectId;
  readonly mode: Mode;
  readonly boundary: Boundary;
}

/** One way in which things go wrong. */
export interface Fault {
  /** Part of the ids of its cases. */
  readonly name: string;
  readonly group: FaultGroup;
  /** How long it may last at a spot; empty where it cannot strike. */
  readonly lastings: (spot: Spot) => readonly Lasting[];
  readonly plan: (spot: Spot, lasting: Lasting, arena: Arena) => Plan;
}

/** A fault made ready for one world. */
export interface Plan {
  /** In place of the run's own event. */
  readonly event?: NonNullable<ActionOptions["event"]>;
  /** Before the run. */
  readonly prepare?: () => Promise<void> | void;
  /** At every request of the run. */
  readonly deed: (service: Service, label: Label) => Deed | undefined;
  /** For the run: the signals that end everything leave no post step. */
  readonly post?: boolean;
  /** Whether it has struck, where that is not seen by a deed. */
  readonly hasStruck?: () => boolean;
  /** Between the main step and the post step. */
  readonly beforePost?: () => Promise<void>;
  /** The run that was started inside the run, once it has ended. */
  readonly second?: () => SecondRun | undefined;
}

/** A run inside another one, and what stood when it had ended. */
export interface SecondRun {
  readonly run: ActionRun;
  readonly allHeld: boolean;
  readonly state: State;
}

/** A run of the same rotation inside, or beside, the one that a fault is for. */
export function secondRun(
  arena: Arena,
  mode: Mode,
  event?: () => ActionOptions["event"],
): { readonly start: () => Promise<void>; readonly ended: NonNullable<Plan["second"]> } {
  let second: SecondRun | undefined;
  return {
    start: async () => {
      const same = event?.();
      const run = await arena.run(mode, { ...(same === undefined ? {} : { event: same }), second: true });
      second = { run, allHeld: arena.allHold(), state: arena.state() };
    },
    ended: () => second,
  };
}

/** The deed at the spot's request, and as long as it lasts. */
export function strike({ boundary }: Spot, lasting: Lasting, deed: Deed): Plan {
  let struck = false;
  return {
    deed: (service, { name, nth }) => {
      if (service !== boundary.service) return undefined;
      const here = name === boundary.name && nth === boundary.nth;
      const later =
        (lasting === "ever" && name === boundary.name && nth > boundary.nth) ||
        (lasting === "down" && struck);
      if (here && !struck) struck = true;
      else if (!later) return undefined;
      return deed;
    },
  };
}
