import type { ActionRun, StepRun } from "../runner.ts";

/** Everything that left the action, unmasked, but for its mask commands: text to search for secrets. */
export function everythingPrinted(run: ActionRun): string {
  return channels(run)
    .map(({ text }) => text)
    .join("\n");
}

/**
 * Where a secret shows in what {@link everythingPrinted} gives, in any form of six or more characters. Each line
 * names a secret by its place in the list, the form and the channel, and quotes nothing.
 */
export function leaks(run: ActionRun, secrets: readonly string[]): string[] {
  return leaksIn(Object.fromEntries(channels(run).map(({ name, text }) => [name, text])), secrets);
}

/** As {@link leaks}, in texts by what they are. */
export function leaksIn(texts: Readonly<Record<string, string>>, secrets: readonly string[]): string[] {
  const searched = Object.entries(texts).map(([name, text]) => ({ name, text }));
  return secrets.flatMap((secret, index) =>
    formsOf(secret).flatMap(({ form, text }) =>
      searched
        .filter((channel) => channel.text.includes(text))
        .map((channel) => `secret ${String(index)} as ${form} in ${channel.name}`),
    ),
  );
}

/**
 * Replaces what differs from run to run, so that a transcript can be a snapshot: loopback ports, scratch folders,
 * UUIDs, marker names (they hash a URL with a port), ISO times, and durations from milliseconds to minutes.
 */
export function redactVolatile(text: string): string {
  return VOLATILE.reduce((stable, [pattern, placeholder]) => stable.replaceAll(pattern, placeholder), text);
}

/** What the names of a run's scratch folders begin with. */
export const SCRATCH_PREFIX = "action-run-";

/** Shorter texts turn up by chance. */
const SHORTEST_FORM = 6;

const VOLATILE: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`(?:[\\w.:~-]*[/\\\\])+${SCRATCH_PREFIX}\\w+`, "g"), "SCRATCH"],
  [/\b(127\.0\.0\.1|localhost|\[::1\]):\d+/g, "$1:PORT"],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, "UUID"],
  [/\bROTATING_[0-9A-F]{10}\b/g, "ROTATING_HASH"],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z| ?UTC|[+-]\d\d:?\d\d)?/g, "TIME"],
  [/\b\d+(?:\.\d+)? ?(?:ms|s|min)\b/g, "DURATION"],
];

interface Channel {
  readonly name: string;
  readonly text: string;
}

function channels({ main, post }: ActionRun): Channel[] {
  return [...channelsOf("main", main), ...channelsOf("post", post)];
}

function channelsOf(step: string, { printed, rawSummary, commandFiles, files }: StepRun): Channel[] {
  return [
    { name: `${step} stdout or stderr`, text: printed },
    { name: `${step} GITHUB_STEP_SUMMARY`, text: rawSummary },
    ...Object.entries(commandFiles).map(([name, text]) => ({ name: `${step} ${name}`, text })),
    ...Object.entries(files).map(([path, text]) => ({ name: `${step} ${path}`, text })),
  ];
}

interface Form {
  readonly form: string;
  readonly text: string;
}

/** Written without a look at the action's own masking, which it checks. */
function formsOf(secret: string): Form[] {
  const parts: Form[] = [
    { form: "it is", text: secret },
    ...secret.split(/\r\n|\r|\n/).map((text) => ({ form: "one of its lines", text: text.trim() })),
    ...stringsIn(secret).map((text) => ({ form: "a string inside it", text })),
  ];
  const all = parts.flatMap(({ form, text }) =>
    encodingsOf(text).map((encoded) => ({
      form: encoded.form === "" ? form : form === "it is" ? encoded.form : `${encoded.form} of ${form}`,
      text: encoded.text,
    })),
  );
  const seen = new Set<string>();
  return all.filter(({ text }) => text.length >= SHORTEST_FORM && !seen.has(text) && seen.add(text));
}

function encodingsOf(text: string): Form[] {
  if (text.length < SHORTEST_FORM) return [];
  const bytes = Buffer.from(text, "utf8");
  const percent = encodeURIComponent(text.toWellFormed());
  const form = new URLSearchParams({ x: text }).toString().slice(2);
  const json = JSON.stringify(text).slice(1, -1);
  const ascii = json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const encodings: Readonly<Record<string, readonly string[]>> = {
    "": [text],
    base64: [bytes.toString("base64")],
    "base64 without its end": [bytes.toString("base64").replace(/.=+$/, "")],
    base64url: [bytes.toString("base64url")],
    "base64 behind other bytes": [1, 2].flatMap((ahead) => shifted(bytes, ahead)),
    hex: [bytes.toString("hex")],
    HEX: [bytes.toString("hex").toUpperCase()],
    "percent-encoding": [percent, lowerEscapes(percent)],
    "form encoding": [form, lowerEscapes(form)],
    JSON: [json, ascii],
    "JSON with \\/": [json.replaceAll("/", "\\/"), ascii.replaceAll("/", "\\/")],
  };
  return Object.entries(encodings).flatMap(([name, texts]) =>
    texts.map((encoded) => ({ form: name, text: encoded })),
  );
}

/** What base64 and base64url have of the bytes for certain, whatever stands before and after them. */
function shifted(bytes: Buffer, ahead: number): string[] {
  const padded = Buffer.concat([Buffer.alloc(ahead), bytes]);
  const sure = [ahead + 1, Math.floor((padded.length * 8) / 6)] as const;
  return (["base64", "base64url"] as const).map((name) => padded.toString(name).slice(...sure));
}

function lowerEscapes(encoded: string): string {
  return encoded.replace(/%../g, (escape) => escape.toLowerCase());
}

/** Every string inside a JSON value, however deep. */
function stringsIn(text: string): string[] {
  const found: string[] = [];
  try {
    JSON.parse(text, (_key, value: unknown) => {
      if (typeof value === "string") found.push(value);
      return value;
    });
  } catch {
    // Not JSON: nothing inside.
  }
  return found;
}
