/** Hides secrets in texts exactly as the runner does, gaps included. */
export interface RunnerMasker {
  /** Registers what an `add-mask` command carries: the whole value, and each of its lines, trimmed. */
  add(value: string): void;
  mask(text: string): string;
}

/**
 * The runner's masker: https://github.com/actions/runner/blob/258d6c857db3/src/Sdk/DTLogging/Logging/SecretMasker.cs.
 * That the lines of a value are registered too is said in `AddMaskCommandExtension` of
 * https://github.com/actions/runner/blob/258d6c857db3/src/Runner.Worker/ActionCommandManager.cs.
 */
export function createRunnerMasker(): RunnerMasker {
  const hidden = new Set<string>();

  const register = (value: string): void => {
    for (const text of [value, ...ENCODERS.map((encode) => encode(value))]) {
      if (text !== "") hidden.add(text);
    }
  };

  return {
    add: (value) => {
      register(value);
      for (const line of value.split(/[\r\n]/)) register(trim(line));
    },
    mask: (text) => {
      const found = [...hidden]
        .flatMap((secret) => occurrences(secret, text))
        .sort((a, b) => a.start - b.start);
      let masked = "";
      let end = -1;
      for (const position of found) {
        // What overlaps or touches becomes one mask.
        if (position.start > end) masked += `${text.slice(Math.max(end, 0), position.start)}***`;
        end = Math.max(end, position.end);
      }
      return masked + text.slice(Math.max(end, 0));
    },
  };
}

/** Without the white space of .NET's `String.Trim` around it, which is not quite that of JavaScript. */
export function trim(text: string): string {
  return trimStart(text).replace(new RegExp(`${WHITE_SPACE}+$`), "");
}

export function trimStart(text: string): string {
  return text.replace(new RegExp(`^${WHITE_SPACE}+`), "");
}

/** https://learn.microsoft.com/en-us/dotnet/api/system.char.iswhitespace */
const WHITE_SPACE = "[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

/**
 * In the order of https://github.com/actions/runner/blob/258d6c857db3/src/Runner.Common/HostContext.cs#L103-L113;
 * what each does is in `src/Sdk/DTLogging/Logging/ValueEncoders.cs`. Nothing is registered for an empty result.
 */
const ENCODERS: readonly ((value: string) => string)[] = [
  (value) => base64Without(0, value),
  (value) => base64Without(1, value),
  (value) => base64Without(2, value),
  (value) => value.replaceAll('"', '\\"'),
  (value) => value.replaceAll("'", "''"),
  jsonEscape,
  uriEscape,
  xmlEscape,
  (value) => (value.length > 8 && /^".*"$/s.test(value) ? value.slice(1, -1) : ""),
  (value) => longEnough(splitAtAmpersand(value).before),
  (value) => longEnough(splitAtAmpersand(value).after),
];

/** Base64 without the first bytes, as the value shows up when something stands before it. */
function base64Without(bytes: number, value: string): string {
  const all = Buffer.from(value, "utf8");
  return all.subarray(all.length > bytes ? bytes : 0).toString("base64");
}

/** Newtonsoft's `JsonConvert.ToString`: unlike JSON.stringify it also escapes three line separators. */
function jsonEscape(value: string): string {
  const separators = /[\u0085\u2028\u2029]/g;
  return JSON.stringify(value)
    .slice(1, -1)
    .replace(separators, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** .NET's `Uri.EscapeDataString`: unlike encodeURIComponent it also escapes `!'()*`. */
function uriEscape(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** .NET's `SecurityElement.Escape`. */
function xmlEscape(value: string): string {
  const entities = { "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;", "&": "&amp;" };
  return value.replace(/[<>"'&]/g, (char) => entities[char as keyof typeof entities]);
}

/** PowerShell prints a failing command in two pieces: cut at the first `&+`, else at the last `&`. */
function splitAtAmpersand(value: string): { readonly before: string; readonly after: string } {
  const plus = value.indexOf("&+");
  // After `&+` it colours the next letter, which parts it from the rest.
  if (plus >= 0) return { before: value.slice(0, plus + 2), after: value.slice(plus + 3) };
  const last = value.lastIndexOf("&");
  if (last < 0) return { before: "", after: "" };
  return { before: value.slice(0, last + 1), after: value.slice(last + 1) };
}

function longEnough(part: string): string {
  return part.length >= 6 ? part : "";
}

function occurrences(secret: string, text: string): { readonly start: number; readonly end: number }[] {
  const found = [];
  for (let start = text.indexOf(secret); start >= 0; start = text.indexOf(secret, start + 1)) {
    found.push({ start, end: start + secret.length });
  }
  return found;
}
