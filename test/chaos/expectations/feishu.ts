import type { SubjectId } from "../subjects/index.ts";
import { BAD_ENVELOPES } from "../subjects/subject.ts";
import { CANCELS, PASSING, SECOND_RUNS, SIGKILLS, SIGKILLS_OF_ALL, type Row } from "./words.ts";

const SUBJECTS: readonly SubjectId[] = ["feishu-inbox", "feishu-dispatch"];

/** Documented refusals of the app, which are final, and answers that ask for patience. */
const REFUSALS = ["own-10003", "own-10014", "own-10016", "own-99991401"];
const PATIENCE = ["own-99991400", "own-2200"];

/**
 * What is otherwise with a ticket (chapter 3): the former one works on, so no request for one ends anything, `failed` is
 * true whatever became of it, and it may be asked for again. An event that brings one writes no marker, because the
 * next one heals.
 */
export const FEISHU: readonly Row[] = rows([
  // ── Signals ──────────────────────────────────────────────────────────────────────────────────────────────────
  {
    faults: SIGKILLS_OF_ALL,
    ends: ["killed"],
    why: "Promise 7: nothing is left to speak, and the next run heals.",
  },
  {
    modes: ["rotate", "request"],
    roles: ["ask", "await", "confirm-try", "try-early"],
    faults: SIGKILLS,
    ends: ["killed"],
    after: "tidied",
    why: "Promise 9: nothing has ended, and nothing is sealed yet, so the post step removes the markers.",
  },
  {
    modes: ["rotate"],
    roles: ["try-early", "ask", "await"],
    faults: CANCELS,
    ends: ["failed"],
    why: "Promise 8: preflight, or still without a ticket, so that there is nothing to be lost.",
  },
  {
    modes: ["rotate"],
    roles: ["confirm-try"],
    faults: CANCELS,
    ends: ["green", "failed"],
    why: "Promise 8: the ticket is there, and neither way loses one.",
  },
  {
    modes: ["request"],
    roles: ["ask"],
    faults: CANCELS,
    ends: ["green", "failed"],
    why: "Promise 8: nothing ends with the request, so both are true of one that was made.",
  },

  // ── Two runs at once ─────────────────────────────────────────────────────────────────────────────────────────
  {
    subjects: ["feishu-dispatch"],
    faults: SECOND_RUNS,
    ends: ["green"],
    apart: true,
    why: "Chapter 3: an envelope needs no marker, so overlapping runs do not see each other. Both tickets work.",
  },

  {
    roles: ["ask", "await", "confirm-try"],
    faults: SECOND_RUNS,
    ends: ["unknown"],
    why: "Promise 7: the markers are gone, or another's. Never green.",
  },

  // ── The mail ─────────────────────────────────────────────────────────────────────────────────────────────────
  {
    faults: BAD_ENVELOPES.map((kind) => `beside-${kind}`),
    ends: ["green"],
    why: "Chapter 3: signature, age, decryption, app id. What else lies in an inbox hides no ticket.",
  },
  {
    subjects: ["feishu-dispatch"],
    faults: BAD_ENVELOPES.map((kind) => `instead-${kind}`),
    ends: ["failed"],
    calls: 0,
    why: "Chapter 5: bad envelope, or one that carries another event. Chapter 3: it never makes a request.",
  },
  {
    faults: BAD_ENVELOPES.map((kind) => `instead-${kind}`),
    ends: ["failed"],
    why: "Chapter 5: bad envelope. The former ticket is in force.",
  },
  {
    faults: ["envelope-late"],
    lasting: ["once"],
    ends: ["green"],
    why: "The platform may take two minutes, and `ticket-timeout` says for how long to wait.",
  },
  {
    faults: ["envelope-late"],
    ends: ["failed"],
    why: "No ticket came in `ticket-timeout`; the former one is in force.",
  },
  {
    faults: ["envelope-twice"],
    ends: ["green"],
    why: "Events come at least once.",
  },

  // ── GitHub, without a marker ─────────────────────────────────────────────────────────────────────────────────
  {
    subjects: ["feishu-dispatch"],
    modes: ["request"],
    roles: ["key", "list"],
    faults: ["refused"],
    ends: ["failed", "green"],
    why: "Chapter 5: anything in preflight. A GitHub that goes down may have given its last answer by then, and a request needs no more of them.",
  },
  {
    subjects: ["feishu-dispatch"],
    modes: ["rotate"],
    roles: ["key", "list"],
    faults: ["refused"],
    ends: ["failed", "incomplete"],
    why: "As above; then there is a ticket, and some target not written.",
  },
  {
    subjects: ["feishu-dispatch"],
    roles: ["key"],
    faults: ["key-changes"],
    ends: ["green"],
    why: "Promise 4: the first write is refused for its key, and is sealed again, once. A request seals nothing.",
  },
  {
    subjects: ["feishu-dispatch"],
    roles: ["write"],
    lasting: ["once"],
    faults: ["401", "403", "404"],
    ends: ["incomplete"],
    why: "Promise 4: only a place that took a marker has proved the permission. Chapter 5: some target not written.",
  },
  {
    subjects: ["feishu-dispatch"],
    roles: ["write"],
    lasting: ["once"],
    faults: ["redirect"],
    ends: ["green", "incomplete"],
    why: "Promise 11: not followed. Whether it is asked again is not said.",
  },
  {
    subjects: ["feishu-dispatch"],
    roles: ["send"],
    lasting: ["once"],
    faults: ["401", "403", "404"],
    ends: ["killed"],
    post: [1],
    why: "As for the main step; promise 9: what is unsent is printed.",
  },
  {
    subjects: ["feishu-dispatch"],
    roles: ["send"],
    lasting: ["once"],
    faults: ["redirect"],
    ends: ["killed"],
    post: [0, 1],
    why: "As for the main step.",
  },

  // ── The request for a ticket ─────────────────────────────────────────────────────────────────────────────────
  {
    roles: ["ask"],
    lasting: ["once"],
    faults: REFUSALS,
    ends: ["failed"],
    why: "Chapter 5: the provider refuses in its documented form.",
  },
  {
    roles: ["ask"],
    lasting: ["once"],
    faults: PATIENCE,
    ends: ["green"],
    calls: 3,
    why: "Chapter 3, lost answer: ask again. The platform documents that these pass.",
  },
  {
    roles: ["ask"],
    lasting: ["once"],
    faults: ["redirect"],
    ends: ["green", "failed"],
    calls: 3,
    why: "Promise 11: not followed. Whether it is asked again is not said.",
  },
  {
    roles: ["ask"],
    lasting: ["once"],
    ends: ["green"],
    calls: 3,
    why: "Chapter 3, lost answer: ask again.",
  },
  {
    roles: ["ask"],
    ends: ["failed"],
    calls: 3,
    why: "Chapter 3: harmless. The former ticket is in force, and the targets are as they were, whatever became of it.",
  },
  {
    roles: ["await"],
    lasting: ["once"],
    faults: PASSING,
    ends: ["green"],
    why: "Chapter 3: reads are repeated.",
  },
  {
    roles: ["await"],
    ends: ["failed"],
    why: "No ticket came. The former one is in force.",
  },

  // ── The ticket is tried ──────────────────────────────────────────────────────────────────────────────────────
  {
    roles: ["confirm-try", "try-early"],
    faults: ["own-10012"],
    lasting: ["once"],
    ends: ["green"],
    why: "Chapter 5: a refusal counts after a minute only.",
  },
  {
    roles: ["confirm-try", "try-early"],
    faults: ["own-10012"],
    ends: ["unknown"],
    why: "Chapter 5: confirm before publish says invalid, and nothing can be put back; nothing is published.",
  },
  {
    roles: ["try-early"],
    faults: REFUSALS,
    ends: ["failed"],
    why: "Chapter 5: anything in preflight. Promise 1: the management credential must be accepted.",
  },
  {
    roles: ["confirm-try", "try-early"],
    ends: ["green"],
    why: "Chapter 5: confirm cannot tell: written, with a warning.",
  },
]);

function rows(all: readonly Row[]): readonly Row[] {
  return all.map((row) => ({ subjects: SUBJECTS, ...row }));
}
