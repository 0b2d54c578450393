import { createHash } from "node:crypto";
import { RotationError } from "./errors.ts";
import { formatTarget, type Target } from "./github/target.ts";
import { resolvePointer } from "./pointer.ts";
import type { Masker, Secret } from "./secret.ts";

/**
 * What a target gets of a secret: all of it or the part at its pointer, as it is or in another form; masked.
 *
 * @throws {RotationError} POINTER_UNRESOLVED
 */
export function valueFor(target: Target, secret: Secret, masker: Masker): Secret {
  const part = target.pointer === undefined ? secret : cut(target, target.pointer, secret, masker);
  if (target.format === undefined) return part;
  switch (target.format) {
    case "md5":
      return masker.secret(createHash("md5").update(part.expose(), "utf8").digest("hex"));
    case "base64":
      return masker.secret(Buffer.from(part.expose(), "utf8").toString("base64"));
  }
}

function cut(target: Target, pointer: string, secret: Secret, masker: Masker): Secret {
  const unresolved = (found: string): RotationError =>
    RotationError.of("POINTER_UNRESOLVED", { target: formatTarget(target), pointer, found });
  let at: unknown;
  try {
    at = parseKeepingNumbers(secret.expose());
  } catch {
    throw unresolved("no JSON");
  }
  at = resolvePointer(at, pointer);
  if (at === undefined) throw unresolved("nothing");
  if (typeof at === "string") return masker.secret(at);
  if (typeof at === "boolean") return masker.secret(String(at));
  if (at instanceof JsonNumber) return masker.secret(at.source);
  throw unresolved(at === null ? "null" : Array.isArray(at) ? "a list" : "an object");
}

/** A number as it was written: JavaScript's own would lose the digits of a long one. */
class JsonNumber {
  // No pointer leads into a number.
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  get source(): string {
    return this.#source;
  }
}

function parseKeepingNumbers(text: string): unknown {
  const keep = (_key: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === "number" ? new JsonNumber(context?.source ?? String(value)) : value;
  return JSON.parse(text, keep);
}
