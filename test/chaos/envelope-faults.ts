import { secondRun, strike, type Fault, type Lasting, type Spot } from "./strike.ts";
import { eventWith } from "./subjects/feishu.ts";
import { subjectOf } from "./subjects/index.ts";
import { BAD_ENVELOPES, type BadEnvelope, type Opened } from "./subjects/subject.ts";

/**
 * What can be wrong with the mail, where secrets come in envelopes. In an inbox it strikes a look for the new one; an
 * event comes before every request, so there it stands at the first that a good one leads to.
 */
export const ENVELOPE_FAULTS: readonly Fault[] = [
  ...BAD_ENVELOPES.flatMap((kind) => [beside(kind), instead(kind)]),
  {
    name: "envelope-late",
    group: "envelope",
    lastings: (spot) => (comesBy("inbox", spot) ? ["once", "ever"] : []),
    plan: (spot, lasting) => strike(spot, lasting, { after: () => Promise.resolve(Response.json([])) }),
  },
  {
    name: "envelope-twice",
    group: "envelope",
    lastings: (spot) => (comesBy("inbox", spot) || comesBy("event", spot) ? ["once"] : []),
    plan: (spot, lasting, arena) => {
      if (comesBy("inbox", spot)) {
        return strike(spot, lasting, {
          after: async (response) => {
            const entries = await entriesOf(response);
            return Response.json([...entries, ...entries]);
          },
        });
      }
      const { start, ended } = secondRun(arena, spot.mode, () => arena.lastEvent());
      return {
        deed: () => undefined,
        hasStruck: () => ended() !== undefined,
        beforePost: start,
        second: ended,
      };
    },
  },
];

/** A bad one lies in front of the good one. */
function beside(kind: BadEnvelope): Fault {
  return {
    name: `beside-${kind}`,
    group: "envelope",
    lastings: (spot) => (comesBy("inbox", spot) ? ["once"] : []),
    plan: (spot, lasting, { app }) =>
      strike(spot, lasting, {
        after: async (response) => Response.json([bad(kind, app), ...(await entriesOf(response))]),
      }),
  };
}

/** No good one comes. */
function instead(kind: BadEnvelope): Fault {
  return {
    name: `instead-${kind}`,
    group: "envelope",
    lastings: (spot): readonly Lasting[] =>
      comesBy("inbox", spot) ? ["ever"] : comesBy("event", spot) ? ["once"] : [],
    plan: (spot, lasting, { app }) =>
      comesBy("inbox", spot)
        ? strike(spot, lasting, {
            after: () => Promise.resolve(Response.json([bad(kind, app)])),
          })
        : { event: eventWith(bad(kind, app)), deed: () => undefined, hasStruck: () => true },
  };
}

/** Whether this is where the envelope of a rotation is met. */
function comesBy(mail: "inbox" | "event", { subject, mode, boundary: { role } }: Spot): boolean {
  return (
    mode === "rotate" &&
    subjectOf(subject).mail === mail &&
    role === (mail === "inbox" ? "await" : "try-early")
  );
}

function bad(kind: BadEnvelope, { badEnvelope }: Opened): unknown {
  if (badEnvelope === undefined) throw new Error("A subject with mail must say what bad envelopes are.");
  return badEnvelope(kind);
}

async function entriesOf(response: Response): Promise<readonly unknown[]> {
  return (await response.json()) as readonly unknown[];
}
