/** Whether a text is a JSON Pointer (https://www.rfc-editor.org/rfc/rfc6901) to a part of a value. */
export function isPointer(text: string): boolean {
  return /^(?:\/(?:[^~/]|~[01])*)+$/.test(text);
}

/** What a JSON Pointer leads to; undefined if that is nothing. */
export function resolvePointer(value: unknown, pointer: string): unknown {
  let at = value;
  for (const token of pointer.split("/").slice(1)) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    // Of a list only its elements: "length" is JavaScript's, not the value's.
    const foreign = Array.isArray(at) && !/^(?:0|[1-9]\d*)$/.test(key);
    if (typeof at !== "object" || at === null || foreign || !Object.hasOwn(at, key)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[key];
  }
  return at;
}
