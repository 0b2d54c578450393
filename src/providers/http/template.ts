/**
 * Texts in which `{app-id}` stands for the app's id. Each kind of place has an encoding, so that an id stays one segment
 * of a path, one value of a query or a form, and one text of JSON, whatever characters it has.
 */

const PLACEHOLDER = "{app-id}";

export function hasPlaceholder(template: string): boolean {
  return template.includes(PLACEHOLDER);
}

/** An address with the id in its path or query. */
export function fillUrl(template: string, appId: string): string {
  return fill(template, encodeURIComponent(appId.toWellFormed()));
}

/** A body of `application/x-www-form-urlencoded`. */
export function fillForm(template: string, appId: string): string {
  return fill(template, encodeURIComponent(appId.toWellFormed()));
}

/** JSON with the id in its texts; undefined if it is none, or has the id elsewhere. */
export function fillJson(template: string, appId: string): string | undefined {
  try {
    // With the placeholder as it stands this is JSON only if that is part of a text.
    JSON.parse(template);
  } catch {
    return undefined;
  }
  return fill(template, JSON.stringify(appId).slice(1, -1));
}

/** The value of a header; undefined if none can carry it, as with a line break that would begin another one. */
export function fillHeader(template: string, appId: string): string | undefined {
  const value = fill(template, appId);
  return isHeaderValue(value) ? value : undefined;
}

/** https://www.rfc-editor.org/rfc/rfc9110#field.values */
export function isHeaderValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}

/** Whether `.` or `..` in the path would lead elsewhere, in any way of writing them (https://url.spec.whatwg.org/#path-state). */
export function climbs(url: string): boolean {
  const [address = ""] = url.replace(/[\t\n\r]/g, "").split(/[?#]/);
  return address.split(/[/\\]/).some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment));
}

function fill(template: string, value: string): string {
  // As a function, since "$&" in a text would mean something.
  return template.replaceAll(PLACEHOLDER, () => value);
}
