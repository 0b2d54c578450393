import { inWords } from "./due.ts";
import type { RotationError } from "./errors.ts";
import type { Finished, FinishedLine } from "./finish.ts";
import { formatTarget, type Place } from "./github/target.ts";
import {
  bySeverity,
  isRed,
  type RedOutcome,
  type RotationOutcome,
  type TargetOutcome,
  wasWritten,
  worstStatus,
} from "./outcome.ts";
import type { Rotation } from "./stages/stage.ts";
import type { Masker } from "./secret.ts";

/** What came of one rotation, for people. */
export interface Report {
  readonly rotation: Pick<Rotation, "name" | "providerId" | "targets">;
  readonly outcome: RotationOutcome;
  /** Milliseconds since 1970. */
  readonly endedAt: number;
}

/** An annotation of the step. */
export interface Annotation {
  readonly title: string;
  readonly message: string;
}

/** What GitHub shows of a step: ten, the last of which we need to count the rest. */
const MOST_ANNOTATIONS = 9;

/** Below the 1 MiB at which GitHub refuses a summary, in bytes. */
const LARGEST_SUMMARY = 900_000;

/** The longest line of the log, in characters: room for a command that carries 48 KB sealed. */
const LONGEST_LINE = 100_000;

/** The longest text from outside that is shown, in characters. */
const LONGEST_DETAIL = 500;

/** The longest message, in characters: codes of providers stand in it, and the hint behind it must not be cut off. */
const LONGEST_MESSAGE = 1_000;

/**
 * Makes a text harmless for the log: secrets hidden, nothing in it that the runner could take for a command or a
 * terminal for an order, at most one line, cut at `longest` characters.
 */
export function cleanLine(text: string, masker: Masker, longest = LONGEST_LINE): string {
  const line = masker
    // Whole secrets first: what is cut or respelt before would no longer be found.
    .redact(text)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/:(?=:)/g, ": ")
    .replaceAll("##[", "## [");
  return line.length <= longest ? line : `${line.slice(0, longest)}…`;
}

/** An error in full: code, what was found and expected, what the other side said, and the next thing to do. */
export function describeError(error: RotationError, masker: Masker): string {
  return `${describeProblem(error, masker)} ${cleanLine(error.hint, masker)}`;
}

/** An error without the next thing to do. */
export function describeProblem({ code, message, detail }: RotationError, masker: Masker): string {
  const said = detail === undefined ? "" : ` It said: "${cleanLine(detail, masker, LONGEST_DETAIL)}".`;
  return `${cleanLine(`${code}: ${message}`, masker, LONGEST_MESSAGE)}${said}`;
}

/** The last line of a rotation's log. */
export function describeOutcome(outcome: RotationOutcome): string {
  switch (outcome.status) {
    case "rotated":
      return "rotated: a new secret is in force and in every target";
    case "synced":
      return "synced: the secret in force is in every target";
    case "requested":
      return "requested: the provider was asked for a new secret, which comes with a later event";
    case "unchanged":
      return `unchanged: ${outcome.reason}`;
    case "planned":
      return `planned: ${outcome.due ? "due" : "not due"} (${outcome.reason})`;
    case "failed":
    case "incomplete":
    case "unknown":
      return `${outcome.status}: ${whatHolds(outcome)}`;
  }
}

/** One annotation per red rotation; where there are more than GitHub shows, the last one counts the rest. */
export function annotations(reports: readonly Report[], masker: Masker): readonly Annotation[] {
  const red = reports.flatMap(({ rotation, outcome }) =>
    isRed(outcome)
      ? [
          {
            title: cleanLine(`${rotation.name}: ${outcome.status}`, masker),
            message: `${describeError(outcome.error, masker)} ${whatHolds(outcome)}`,
          },
        ]
      : [],
  );
  if (red.length <= MOST_ANNOTATIONS) return red;
  const rest = String(red.length - MOST_ANNOTATIONS);
  return [
    ...red.slice(0, MOST_ANNOTATIONS),
    { title: `${rest} more`, message: `${rest} more rotations are red; see the job summary.` },
  ];
}

/** The step's outputs. They hold our own words only: no text of a provider, no credential, no app id. */
export function outputs(
  reports: readonly Report[],
  mode: Rotation["mode"],
): Readonly<Record<string, string>> {
  const outcomes = reports.map(({ outcome }) => outcome);
  const due = reports.filter(({ outcome }) => outcome.status === "planned" && outcome.due);
  const plan =
    mode === "plan"
      ? {
          due: String(due.length > 0),
          matrix: JSON.stringify({
            include: due.map(({ rotation }) => ({
              rotation: rotation.name,
              environment: environmentOf(rotation.targets.map(({ place }) => place)),
            })),
          }),
        }
      : {};
  return {
    status: worstStatus(outcomes.map(({ status }) => status)),
    changed: String(outcomes.some(wasWritten)),
    ...plan,
    results: JSON.stringify(reports.map(toResult)),
  };
}

/**
 * The job summary, in GitHub's Markdown: what came of the run, then every target, then what happened to each red rotation
 * and what to do about it.
 */
export function summary(reports: readonly Report[], masker: Masker): string {
  const sorted = [...reports].sort((a, b) => bySeverity(a.outcome, b.outcome));
  const cell = (text: string): string => escapeMarkdown(cleanLine(text, masker));
  const rows = sorted.flatMap(({ rotation, outcome, endedAt }) =>
    outcome.targets.map(
      (target, at) =>
        `| ${[
          at === 0 ? cell(rotation.name) : "",
          at === 0 ? `${ICONS[outcome.status]} ${outcome.status}` : "",
          cell(formatTarget(target.target)),
          `${TARGET_ICONS[target.status]} ${target.status}`,
          target.status === "written" ? toSeconds(endedAt) : "",
        ].join(" | ")} |`,
    ),
  );
  const problem = (error: RotationError): string =>
    `**${error.code}**: ${cell(describeProblem(error, masker).slice(`${error.code}: `.length))}`;
  const details = sorted.flatMap(({ rotation, outcome }) => {
    const notes = outcome.warnings.map((warning) => `- ${cell(warning)}`);
    if (!isRed(outcome)) return notes.length === 0 ? [] : [`**${cell(rotation.name)}**`, "", ...notes, ""];
    const { error } = outcome;
    return [
      `#### ${ICONS[outcome.status]} ${cell(rotation.name)}: ${outcome.status}`,
      "",
      `**Next:** ${cell(error.hint)}`,
      "",
      problem(error),
      "",
      `- ${whatChanged(outcome)}${outcome.status === "failed" ? "; every target is as it was" : ""}.`,
      ...outcome.targets.flatMap(({ target, error: own }) =>
        own === undefined ? [] : [`- ${cell(formatTarget(target))}: ${cell(describeProblem(own, masker))}`],
      ),
      ...notes,
      "",
    ];
  });
  const head = [
    "| rotation | outcome | target | its status | written at |",
    "| --- | --- | --- | --- | --- |",
  ];
  return cutLines([
    ...headline(
      sorted.map(({ outcome }) => outcome),
      cell,
    ),
    ...head,
    ...rows,
    "",
    ...details,
  ]);
}

/** What came of the run, to be read at a glance. */
function headline(outcomes: readonly RotationOutcome[], cell: (text: string) => string): readonly string[] {
  const [worst] = outcomes;
  if (worst === undefined) return ["### rotate-app-secret", ""];
  const counts = new Map<RotationOutcome["status"], number>();
  for (const { status } of outcomes) counts.set(status, (counts.get(status) ?? 0) + 1);
  const result =
    outcomes.length === 1
      ? worst.status
      : [...counts].map(([status, count]) => `${String(count)} ${status}`).join(", ");
  const reason = worst.status === "unchanged" || worst.status === "planned" ? worst.reason : "";
  const verdict = VERDICTS[worst.status];
  return [
    `### ${ICONS[worst.status]} rotate-app-secret: ${result}`,
    "",
    // Of many rotations each has its own reason, in the log.
    reason !== "" && outcomes.length === 1 ? `**${verdict}**: ${cell(reason)}` : `**${verdict}.**`,
    "",
  ];
}

/** The job summary of a step whose inputs are wrong. */
export function inputSummary(errors: readonly RotationError[], masker: Masker): string {
  const cell = (text: string): string => escapeMarkdown(cleanLine(text, masker));
  return cutLines([
    `### ${ICONS.failed} rotate-app-secret: failed`,
    "",
    "**The inputs are not usable; nothing was asked of the provider or of GitHub.**",
    "",
    ...errors.map(({ code, message, hint }) => `- **${code}**: ${cell(message)} ${cell(hint)}`),
  ]);
}

/** What the post step adds to the job summary. */
export function postSummary(finished: readonly Finished[], masker: Masker): string {
  const cell = (text: string): string => escapeMarkdown(cleanLine(text, masker));
  return cutLines([
    "### rotate-app-secret, post step",
    "",
    ...finished.flatMap(({ rotation, lines, commands, error }) => [
      ...(error === undefined ? [] : [`- ${cell(describeError(error, masker))}`]),
      ...lines.map((line) => `- ${cell(rotation)}: ${cell(describeLine(line, masker))}`),
      ...(commands.length === 0
        ? []
        : ["", "Run these once GitHub answers again; the values are sealed, and only GitHub can open them:"]),
      ...commands.flatMap((command) => ["", "```sh", cleanLine(command, masker), "```"]),
    ]),
  ]);
}

/** A line of the post step: what it did, and what went wrong with it. */
export function describeLine({ text, error }: FinishedLine, masker: Masker): string {
  return error === undefined ? text : `${text} ${describeProblem(error, masker)}`;
}

/** "waiting 12 s: why". */
export function describeWait(why: string, milliseconds: number): string {
  return `waiting ${inWords(Math.max(1_000, milliseconds))}: ${why}`;
}

const ICONS = {
  rotated: "✅",
  synced: "✅",
  requested: "📨",
  unchanged: "➖",
  planned: "📋",
  failed: "❌",
  incomplete: "⚠️",
  unknown: "❓",
} as const;

const TARGET_ICONS = {
  written: "✅",
  failed: "❌",
  unknown: "❓",
  skipped: "➖",
  due: "📋",
  current: "➖",
} as const;

/** What each outcome means, for who reads nothing else. */
const VERDICTS = {
  rotated: "A new secret is in force and in every target",
  synced: "The secret in force is in every target",
  requested: "The provider was asked for a new secret, which comes with a later event",
  unchanged: "Not due",
  planned: "Nothing was changed",
  failed: "Nothing has changed: the old secret is in force, and every target is as it was",
  incomplete: "Some target does not hold the secret in force, so what uses it may be failing now",
  unknown:
    "It is not known which secret is in force, or whether it works, so what uses it may be failing now",
} as const;

/** Whether the provider changed. */
function whatChanged({ provider }: RedOutcome): string {
  return {
    unchanged: "The secret in force at the provider was not changed",
    changed: "The provider has made a new secret, and the former one has ended",
    added: "The provider has made a new secret, and the former one works until it expires",
    unknown: "It is not known which secret is in force at the provider",
  }[provider];
}

/** Whether the provider changed, and which targets hold what. */
function whatHolds(outcome: RedOutcome): string {
  const { status, provider, targets } = outcome;
  const changed = whatChanged(outcome);
  if (status === "failed") return `${changed}; every target is as it was.`;
  const named = (wanted: readonly TargetOutcome["status"][]): string =>
    targets
      .filter((target) => wanted.includes(target.status))
      .map(({ target }) => formatTarget(target))
      .join(", ");
  const published =
    provider === "changed" || provider === "added" ? "the new secret" : "the secret published";
  const groups = [
    [`hold ${published}`, named(["written"])],
    ["do not hold it", named(["failed"])],
    ["may hold it", named(["unknown"])],
    ["were left as they were", named(["skipped"])],
  ] as const;
  const said = groups.filter(([, names]) => names !== "").map(([what, names]) => `${what}: ${names}`);
  return `${changed}. Targets that ${said.join("; that ")}.`;
}

function toResult({ rotation, outcome }: Report): object {
  return {
    rotation: rotation.name,
    provider: rotation.providerId,
    status: outcome.status,
    version: outcome.version ?? null,
    rotated_at: outcome.rotatedAt === undefined ? null : toSeconds(outcome.rotatedAt),
    targets: outcome.targets.map(({ target, status, error }) => ({
      target: formatTarget(target),
      status,
      ...(error === undefined ? {} : { error: error.code }),
    })),
    ...(isRed(outcome) ? { error: outcome.error.code } : {}),
  };
}

/** The environment that a matrix job would name: the only one there is, or none. */
function environmentOf(places: readonly Place[]): string {
  const names = new Set(places.map((place) => (place.kind === "env" ? place.environment : "")));
  names.delete("");
  return names.size === 1 ? ([...names][0] ?? "") : "";
}

/** `2026-11-22T03:00:00Z`. */
function toSeconds(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

/** Every character that could mean something in Markdown or HTML as an entity. */
function escapeMarkdown(text: string): string {
  return (
    text
      .replace(/[^\p{L}\p{N} .,;:/?()'"=%+…-]/gu, (character) => `&#${String(character.codePointAt(0))};`)
      // GitHub makes links of bare addresses too.
      .replace(/:(?=\/\/)/g, "&#58;")
      .replace(/www\./gi, (www) => `${www.slice(0, 3)}&#46;`)
      // Of mail addresses and names even where they are escaped: a joiner that nobody sees breaks them.
      .replaceAll("&#64;", "&#64;&#8288;")
      // Nor is the beginning of a line to become an item of a list.
      .replace(
        /^(\d+)([.)])/,
        (_, digits: string, mark: string) => `${digits}&#${String(mark.codePointAt(0))};`,
      )
  );
}

function cutLines(lines: readonly string[]): string {
  let size = 0;
  const kept: string[] = [];
  for (const line of lines) {
    size += Buffer.byteLength(line) + 1;
    if (size > LARGEST_SUMMARY) {
      kept.push("", "The rest was cut; see the log.");
      break;
    }
    kept.push(line);
  }
  return `${kept.join("\n")}\n`;
}
