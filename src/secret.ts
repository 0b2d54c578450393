import { inspect } from "node:util";

/** Hides one form of a secret from the log. Must not throw. */
export type Announce = (form: string) => void;

/** What is shorter cannot be hidden: masking it would eat harmless text (and every brace of the log). */
const SHORTEST_MASK = 6;

const LINE_BREAK = /\r\n|\r|\n/;

/** Stands wherever a secret would have been printed. */
const PLACEHOLDER = "***";

/**
 * A value that cannot be printed: strings, JSON and `util.inspect` show a placeholder. Only {@link Masker.secret}
 * makes one, so a secret cannot exist unmasked.
 */
export class Secret {
  readonly #value: string;
  /** Whether any line of the value is long enough to be masked. */
  readonly maskable: boolean;

  constructor(value: string, masker: Masker) {
    this.maskable = masker.mask(value);
    this.#value = value;
  }

  /** The plain value. Called only where the bytes leave the process. */
  expose(): string {
    return this.#value;
  }

  equals(other: Secret): boolean {
    return this.#value === other.#value;
  }

  toString(): string {
    return PLACEHOLDER;
  }

  toJSON(): string {
    return PLACEHOLDER;
  }

  [inspect.custom](): string {
    return PLACEHOLDER;
  }
}

/** Knows every secret of this process in every form that could show up, and hides them all. */
export class Masker {
  readonly #announce: Announce;
  readonly #forms = new Set<string>();

  /** @param announce hides a form in the log of the runner. */
  constructor(announce: Announce) {
    this.#announce = announce;
  }

  /** Masks a value, then wraps it. Never throws. */
  secret(value: string): Secret {
    return new Secret(value, this);
  }

  /**
   * Masks a value and all its forms. Never throws, because nothing may stand between a new secret and its
   * publication.
   *
   * @returns whether any line of it is long enough to be masked.
   */
  mask(value: string): boolean {
    for (const form of maskedForms(value)) {
      if (this.#forms.has(form)) continue;
      this.#forms.add(form);
      this.#announce(form);
    }
    return value.split(LINE_BREAK).some((line) => line.trim().length >= SHORTEST_MASK);
  }

  /** Replaces every masked form in a text; forms that overlap or touch become one placeholder, as the runner has it. */
  redact(text: string): string {
    const found = [...this.#forms]
      .flatMap((form) => occurrences(form, text))
      .sort((a, b) => a.start - b.start);
    let clean = "";
    let end = -1;
    for (const { start, end: formEnd } of found) {
      if (start > end) clean += text.slice(Math.max(end, 0), start) + PLACEHOLDER;
      end = Math.max(end, formEnd);
    }
    return clean + text.slice(Math.max(end, 0));
  }
}

/**
 * Every text a value can show up as: the value, each string inside it if it is JSON, and the encodings which the
 * runner's own masker does not derive (https://github.com/actions/runner, `ValueEncoders.cs`). A value of several
 * lines is taken line by line, as logs are.
 */
export function maskedForms(value: string): ReadonlySet<string> {
  const forms = new Set<string>();
  for (const text of [value, ...stringsInside(value)]) {
    for (const line of text.split(LINE_BREAK)) {
      for (const form of encodings(line)) {
        if (form.length >= SHORTEST_MASK && form.trim() !== "") forms.add(form);
      }
    }
  }
  return forms;
}

function encodings(line: string): readonly string[] {
  if (line.trim().length < SHORTEST_MASK) return [];
  return [...new Set([line, line.trim()])].flatMap((raw) => {
    // A lone surrogate makes encodeURIComponent throw.
    const text = raw.toWellFormed();
    const bytes = Buffer.from(text, "utf8");
    const base64 = bytes.toString("base64");
    const unpadded = base64.replace(/=+$/, "");
    const hex = bytes.toString("hex");
    const percent = encodeURIComponent(text);
    const form = new URLSearchParams([["", text]]).toString().slice(1);
    const json = JSON.stringify(text).slice(1, -1);
    // As it is: half a character is escaped by itself.
    const rawJson = JSON.stringify(raw).slice(1, -1);
    const ascii = json.replace(
      /[\u007f-\uffff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    return [
      raw,
      base64,
      unpadded,
      // With a byte appended, such as a newline, the last character of the last group changes.
      ...(unpadded === base64 ? [] : [unpadded.slice(0, -1)]),
      bytes.toString("base64url"),
      hex,
      hex.toUpperCase(),
      percent,
      lowerCaseEscapes(percent),
      form,
      lowerCaseEscapes(form),
      json,
      rawJson,
      json.replaceAll("/", "\\/"),
      ascii,
      ascii.replaceAll("/", "\\/"),
    ];
  });
}

function occurrences(
  form: string,
  text: string,
): readonly { readonly start: number; readonly end: number }[] {
  const found = [];
  for (let start = text.indexOf(form); start >= 0; start = text.indexOf(form, start + 1)) {
    found.push({ start, end: start + form.length });
  }
  return found;
}

function lowerCaseEscapes(percentEncoded: string): string {
  return percentEncoded.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
}

function stringsInside(value: string): readonly string[] {
  if (!/^\s*[[{"]/.test(value)) return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return [];
  }
  const found: string[] = [];
  // A list instead of recursion: nesting must not be able to exhaust the stack.
  const open = [parsed];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === "string") found.push(next);
    else if (typeof next === "object" && next !== null) {
      for (const inner of Object.values(next)) open.push(inner);
    }
  }
  return found;
}
