import { createHash } from "node:crypto";

/** A translation, and which text it is one of: when that changes, the translation has to be read again. */
export type Translated<Texts> = Texts & {
  /** {@link digest} of the original. */
  readonly of?: string;
};

/** Six hex digits that change when a text does. */
export function digest(...texts: readonly string[]): string {
  return createHash("sha256").update(texts.join("\n")).digest("hex").slice(0, 6);
}
