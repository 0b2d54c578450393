export type Level = "info" | "warning" | "error";

/** Takes a plain sentence. */
export type Log = (level: Level, sentence: string) => void;

/** A log whose lines hold none of the secrets, are one line each, and have an end. */
export function harmless(log: Log, secrets: readonly string[]): Log {
  const hidden = secrets.filter((secret) => secret !== "");
  return (level, sentence) => {
    const starred = hidden.reduce((text, secret) => text.replaceAll(secret, "***"), sentence);
    log(level, cut(oneLine(starred), 1_000));
  };
}

/**
 * Text from outside, fit for a sentence: one line, cut, and without long words, which may be tokens, signatures or bodies
 * that somebody sends back.
 */
export function quote(text: string): string {
  return cut(oneLine(text.replace(/[\w+/=-]{24,}/g, "***")), 200);
}

/** Why a request has no answer, in a word or two. Messages of errors may hold a header's value, so none is used. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return "connection failed";
  if (thrown.name === "TimeoutError" || thrown.name === "AbortError") return "no answer in time";
  const { code } = (thrown.cause ?? thrown) as { readonly code?: unknown };
  return typeof code === "string" && /^[A-Z0-9_]+$/.test(code) ? code : "connection failed";
}

/** Without control characters, line ends and marks of direction. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
