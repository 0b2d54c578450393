import type { SubjectId } from "../subjects/index.ts";
import { DONE, EMPTY_SUCCESSES, NEVER_DONE, PROVIDER_PREFLIGHT, type Row, STATUSES } from "./words.ts";

const HTTP: readonly SubjectId[] = ["http", "http-unread"];

/** Neither a refusal nor a success. */
const SILENT = ["408", "500", "502", "503"];
const LOST = [...NEVER_DONE, ...SILENT, ...EMPTY_SUCCESSES, "own-500", "redirect"];

/** How a rotate call may end at a service that a file describes: what HTTP itself says, and what a read shows. */
export const HTTP_ROWS: readonly Row[] = [
  {
    roles: PROVIDER_PREFLIGHT,
    subjects: HTTP,
    lasting: ["once"],
    faults: ["408"],
    ends: ["green"],
    why: "HTTP's own word for a request that did not arrive in time: no refusal, and a read can be repeated (chapter 3).",
  },
  {
    roles: ["rotate"],
    subjects: HTTP,
    faults: STATUSES.filter((status) => !SILENT.includes(status)),
    ends: ["failed"],
    why: "The documented form of a service that only its file describes is HTTP's own: a 4xx has not fulfilled the request.",
  },
  {
    roles: ["rotate"],
    subjects: ["http"],
    faults: ["own-7", "strange"],
    ends: ["failed"],
    why: "Chapter 5: it says by its code, as the file declares, that it is no success, and the read shows that nothing changed.",
  },
  {
    roles: ["rotate"],
    subjects: ["http"],
    lasting: ["once", "ever"],
    faults: DONE,
    ends: ["green"],
    why: "Read; differs from before is the new one.",
  },
  {
    roles: ["rotate"],
    subjects: ["http"],
    lasting: ["once"],
    faults: LOST,
    ends: ["green"],
    calls: 2,
    why: "Read; the same twice means that it was not done: asked once more.",
  },
  {
    roles: ["rotate"],
    subjects: ["http"],
    lasting: ["ever"],
    faults: LOST,
    ends: ["unknown"],
    calls: 2,
    why: "As above, and that answer was lost too.",
  },
  {
    roles: ["rotate"],
    subjects: ["http-unread"],
    faults: ["own-7"],
    ends: ["unknown"],
    why: "No success, and nothing shows whether something changed.",
  },
  {
    roles: ["rotate"],
    subjects: ["http-unread"],
    lasting: ["once", "ever"],
    faults: [...LOST, ...DONE],
    ends: ["unknown"],
    why: "Without a read a lost answer is unknown.",
  },
];
