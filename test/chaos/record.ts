import { openArena, type Arena, type ArenaOptions, type Service } from "./arena.ts";
import type { Deed, Label } from "./gate.ts";
import { rolesIn, type SubjectId } from "./subjects/index.ts";
import type { Mode, Role } from "./subjects/subject.ts";

/** A request of a clean run: where a fault can be put. */
export interface Boundary extends Label {
  readonly service: Service;
  readonly role: Role;
  /** How many answers its service has given before it is made, in the same step. */
  readonly answersBefore: number;
}

export function labelText({ name, nth }: Label): string {
  return `${name}-${String(nth)}`;
}

/** Whether a mode is about the post step. */
export function isOfPost(mode: Mode): boolean {
  return mode === "finish" || mode === "tidy";
}

/**
 * For the modes that are about the post step: kills the main step at the first write of a target, or after its last
 * marker.
 */
export function cutMainOff(arena: Arena, mode: Mode): (service: Service, label: Label) => Deed | undefined {
  const places = new Set(arena.app.targets.map(({ environment }) => environment ?? ""));
  let marks = 0;
  let cut = false;
  const kill = async (): Promise<"break"> => {
    await arena.signal("SIGKILL");
    return "break";
  };
  return (service, { name }) => {
    if (service === "provider" || cut) return undefined;
    if (mode === "finish" && name.includes(".put.")) {
      cut = true;
      return { before: kill };
    }
    if (mode === "tidy" && name.endsWith(".mark")) {
      marks += 1;
      cut = marks === places.size;
      if (cut) return { after: kill };
    }
    return undefined;
  };
}

/** Runs once without any fault, and gives its requests in the order of their names. */
export async function record(options: ArenaOptions, mode: Mode): Promise<readonly Boundary[]> {
  await using arena = await openArena(options);
  const cut = cutMainOff(arena, mode);
  for (const service of SERVICES) {
    arena.gates[service].onArrival = (label) => cut(service, label);
  }
  /** How many requests each service had got when the main step ended. */
  const ofMain = { provider: 0, github: 0 };
  const whole = !isOfPost(mode);
  const run = await arena.run(mode, {
    beforePost: () => {
      if (whole) return;
      for (const service of SERVICES) {
        ofMain[service] = arena.gates[service].arrivals.length;
        arena.gates[service].startNumbering();
      }
    },
  });
  const clean = whole ? run.main.exitCode === 0 && arena.allHold() : run.main.signal === "SIGKILL";
  if (!clean) {
    throw new Error(`The clean run of ${options.subject} (${mode}) is not clean:\n${run.main.log}`);
  }
  return SERVICES.flatMap((service) => {
    const arrivals = arena.gates[service].arrivals.slice(ofMain[service]);
    return arrivals
      .map((arrival) => ({
        service,
        name: arrival.name,
        nth: arrival.nth,
        role: roleOf(options.subject, mode, service, arrival),
        answersBefore: arrivals.filter(({ endedAt }) => endedAt <= arrival.startedAt).length,
      }))
      .sort((a, b) => labelText(a).localeCompare(labelText(b)));
  });
}

const SERVICES = ["provider", "github"] as const;

function roleOf(subject: SubjectId, mode: Mode, service: Service, label: Label): Role {
  if (service === "github") return roleAtGitHub(mode, label);
  const role = rolesIn(subject, mode)[labelText(label)];
  if (role !== undefined) return role;
  throw new Error(`${subject} has no role for ${labelText(label)} in ${mode}: add it to its subject.`);
}

function roleAtGitHub(mode: Mode, { name, nth }: Label): Role {
  const what = name.split(".")[1] ?? "";
  const ofPost = isOfPost(mode);
  switch (what) {
    case "key":
    case "list":
    case "mark":
      return what;
    case "see":
      return nth === 1 && !ofPost ? "stamp" : "look";
    case "unmark":
      return ofPost ? "untidy" : "unmark";
    default:
      return ofPost ? "send" : "write";
  }
}
