import { RotationError } from "../../errors.ts";
import type { Masker, Secret } from "../../secret.ts";
import { digestOf } from "../credential-gate.ts";
import type { ProviderInputs } from "../provider.ts";
import { isPointer } from "../../pointer.ts";
import {
  climbs,
  fillForm,
  fillHeader,
  fillJson,
  fillUrl,
  hasPlaceholder,
  isHeaderValue,
} from "./template.ts";

/** A service as the map `http` of a rotations file describes it, `{app-id}` filled in everywhere. */
export interface Declaration {
  /** Base URL of the service, or the address of the rotation without the id: what tells services apart. */
  readonly apiUrl: string;
  /** The request that makes a new secret. */
  readonly rotation: {
    readonly method: "POST" | "PUT" | "PATCH";
    readonly url: string;
    /** Names in lower case. */
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  /** Where the new secret stands in its answer. */
  readonly pointer: string;
  /** What has to stand in its answer, besides a status of 2xx. */
  readonly success?: { readonly pointer: string; readonly value: string };
  /** How the secret in force is read. */
  readonly read?: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly pointer: string;
  };
  readonly auth: Auth;
}

/** How requests are authorized. */
export type Auth = {
  /** Tells it apart from other credentials. */
  readonly digest: string;
} & (
  | { readonly kind: "headers"; readonly headers: Readonly<Record<string, Secret>> }
  /** https://www.rfc-editor.org/rfc/rfc6749#section-4.4 */
  | {
      readonly kind: "client-credentials";
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: Secret;
      readonly scope: string | undefined;
      /** Whether the client names itself in a header or in the form. */
      readonly clientAuth: "basic" | "post";
    }
);

/** What may stand in the map and in those within it. The names in `headers` are free. */
export const HTTP_KEYS = {
  http: ["url", "method", "headers", "body", "pointer", "success", "read", "auth"],
  "http.success": ["pointer", "value"],
  "http.read": ["url", "headers", "pointer"],
  "http.auth": ["headers", "token-url", "client-id", "client-secret", "scope", "client-auth"],
} as const;

const HEADER_MAPS = ["http.headers", "http.read.headers", "http.auth.headers"] as const;

/** Headers that the connection itself needs, or that would say where it goes. */
const OWN_HEADERS =
  /^(?:host|connection|keep-alive|content-length|transfer-encoding|te|trailer|upgrade|expect)$/;

/** Headers that hold credentials, which do not stand in a file. */
const CREDENTIAL_HEADERS = /^(?:authorization|proxy-authorization|cookie)$/;

const EXPECTED_URL = "an address with {app-id} in its path or query only";

/** Reads the map `http`. Problems go to the inputs. */
export function readDeclaration(inputs: ProviderInputs, masker: Masker): Declaration {
  const names = inputs.below("http");
  if (names.length === 0) {
    const found = `"http"`;
    const expected = `a rotations file (input "config") that describes the service under "http:"`;
    inputs.problem(RotationError.of("INPUT_INVALID", { input: "provider", found, expected }));
    return NOTHING;
  }
  checkKeys(inputs, names);
  const base = inputs.url("api-url");
  const template = inputs.address("http.url", base) ?? missing(inputs, "http.url");
  const body = readBody(inputs);
  const type = body === undefined ? {} : { "content-type": "application/json" };
  const success = readSuccess(inputs, names);
  const read = readRead(inputs, names, base);
  return {
    apiUrl: base ?? template.replace(/\?.*$/s, "").replace(/\/+$/, ""),
    rotation: {
      method: inputs.choice("http.method", ["POST", "PUT", "PATCH"]),
      url: filled(inputs, "http.url", template),
      headers: { accept: "application/json", ...type, ...readHeaders(inputs, "http.headers") },
      ...(body === undefined ? {} : { body }),
    },
    pointer: readPointer(inputs, "http.pointer"),
    ...(success === undefined ? {} : { success }),
    ...(read === undefined ? {} : { read }),
    auth: readAuth(inputs, { names, base, masker }),
  };
}

/** Stands in for what could not be read; with problems nothing is asked of anybody. */
const NOTHING: Declaration = {
  apiUrl: "",
  rotation: { method: "POST", url: "", headers: {} },
  pointer: "",
  auth: { kind: "headers", headers: {}, digest: "" },
};

/** An unknown key may be a misspelt condition, so it is no mere warning. */
function checkKeys(inputs: ProviderInputs, names: readonly string[]): void {
  const maps: Readonly<Record<string, readonly string[]>> = HTTP_KEYS;
  const isMap = (name: string): boolean =>
    Object.hasOwn(maps, name) || HEADER_MAPS.some((headers) => headers === name);
  for (const name of names) {
    const parent = HEADER_MAPS.find((headers) => name.startsWith(`${headers}.`)) ?? parentOf(name);
    const keys = maps[parent];
    const key = name.slice(parent.length + 1);
    if (isMap(name) && inputs.optional(name) !== undefined) {
      problem(inputs, name, { at: name, found: "it is a text", expected: "a map" });
    } else if (keys !== undefined ? !keys.includes(key) : !isMap(parent)) {
      const expected = keys?.map((each) => `"${each}"`).join(", ") ?? "a text";
      problem(inputs, name, { at: parent, found: `there is "${key}"`, expected });
    }
  }
}

function problem(
  inputs: ProviderInputs,
  input: string,
  context: { readonly at: string; readonly found: string; readonly expected: string },
): void {
  inputs.problem(RotationError.of("CONFIG_INVALID", context), { input });
}

function parentOf(name: string): string {
  return name.slice(0, name.lastIndexOf("."));
}

function missing(inputs: ProviderInputs, input: string): string {
  const key = input.slice(parentOf(input).length + 1);
  problem(inputs, input, { at: parentOf(input), found: `there is no "${key}"`, expected: "one" });
  return "";
}

function invalid(inputs: ProviderInputs, input: string, found: string, expected: string): void {
  inputs.problem(RotationError.of("INPUT_INVALID", { input, found, expected }));
}

/** An address with the id in it. */
function filled(inputs: ProviderInputs, name: string, template: string): string {
  const { appId } = inputs;
  if (!URL.canParse(template)) return template;
  const authority = /^[a-z]+:\/\/[^/\\?#]+/i.exec(template)?.[0];
  if (authority === undefined) {
    // A URL may be written without them, and its host would then escape the look for {app-id}.
    invalid(inputs, name, "an address without two slashes", "one that begins as https://api.example.com");
  } else if (hasPlaceholder(authority)) {
    invalid(inputs, name, "an address with {app-id} in its host", EXPECTED_URL);
  }
  const other = /\{(?!app-id\})[^{}]*\}?|(?<!\{app-id)\}/.exec(template)?.[0];
  if (other !== undefined) invalid(inputs, name, `an address with "${other}"`, EXPECTED_URL);
  const url = fillUrl(template, appId);
  if (URL.canParse(url) && climbs(url)) {
    invalid(inputs, name, "an address whose path climbs with this app-id", `one without "." and ".."`);
  }
  return url;
}

function readBody(inputs: ProviderInputs): string | undefined {
  const template = inputs.optional("http.body");
  if (template === undefined) return undefined;
  const [type = ""] = (contentType(inputs) ?? "application/json").toLowerCase().split(";");
  const { appId } = inputs;
  if (/^application\/(?:[\w.-]+\+)?json$/.test(type.trim())) {
    const body = fillJson(template, appId);
    if (body === undefined) invalid(inputs, "http.body", "no JSON", "JSON with {app-id} in its texts only");
    return body;
  }
  if (type.trim() === "application/x-www-form-urlencoded") return fillForm(template, appId);
  if (hasPlaceholder(template)) {
    invalid(
      inputs,
      "http.body",
      `a text of type "${type}" with {app-id}`,
      "JSON or a form, where it can be encoded",
    );
  }
  return template;
}

function contentType(inputs: ProviderInputs): string | undefined {
  const name = inputs
    .below("http.headers")
    .find((each) => each.toLowerCase() === "http.headers.content-type");
  return name === undefined ? undefined : inputs.optional(name);
}

/** The headers of a map, their names in lower case. */
function readHeaders(
  inputs: ProviderInputs,
  map: "http.headers" | "http.read.headers",
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [path, name] of headerNames(inputs, map)) {
    if (CREDENTIAL_HEADERS.test(name)) {
      const expected = `it under "http.auth.headers", from a variable of the step's "env:"`;
      problem(inputs, path, { at: map, found: `there is "${name}"`, expected });
    }
    const template = inputs.optional(path) ?? "";
    const value = fillHeader(template, inputs.appId);
    if (value === undefined)
      invalid(inputs, path, "a text that no header can carry", "one line of Latin characters");
    headers[name] = value ?? "";
  }
  return headers;
}

/** The inputs of a map of headers, with the headers' names in lower case. */
function headerNames(
  inputs: ProviderInputs,
  map: (typeof HEADER_MAPS)[number],
): readonly (readonly [path: string, name: string])[] {
  const seen = new Set<string>();
  return inputs.below(map).map((path) => {
    const name = path.slice(map.length + 1).toLowerCase();
    const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name);
    if (!token || OWN_HEADERS.test(name) || seen.has(name)) {
      const found = seen.has(name) ? `there is "${name}" twice` : `there is "${name}"`;
      problem(inputs, path, {
        at: map,
        found,
        expected: "names of headers, each once, and none of the connection's",
      });
    }
    seen.add(name);
    return [path, name];
  });
}

function readPointer(inputs: ProviderInputs, name: string): string {
  const pointer = inputs.optional(name) ?? missing(inputs, name);
  if (pointer !== "" && !isPointer(pointer)) {
    invalid(inputs, name, `"${pointer}"`, "a JSON Pointer such as /data/secret");
  }
  return pointer;
}

function readSuccess(inputs: ProviderInputs, names: readonly string[]): Declaration["success"] {
  if (!names.includes("http.success")) return undefined;
  const value = inputs.optional("http.success.value") ?? missing(inputs, "http.success.value");
  return { pointer: readPointer(inputs, "http.success.pointer"), value };
}

function readRead(
  inputs: ProviderInputs,
  names: readonly string[],
  base: string | undefined,
): Declaration["read"] {
  if (!names.includes("http.read")) return undefined;
  const template = inputs.address("http.read.url", base) ?? missing(inputs, "http.read.url");
  return {
    url: filled(inputs, "http.read.url", template),
    headers: { accept: "application/json", ...readHeaders(inputs, "http.read.headers") },
    pointer: readPointer(inputs, "http.read.pointer"),
  };
}

function readAuth(
  inputs: ProviderInputs,
  {
    names,
    base,
    masker,
  }: { readonly names: readonly string[]; readonly base: string | undefined; readonly masker: Masker },
): Auth {
  const oauth = names.some((name) => name.startsWith("http.auth.") && !name.startsWith("http.auth.headers"));
  const headers = inputs.below("http.auth.headers").length > 0;
  if (oauth && headers) {
    const conflict = { first: "http.auth.token-url", second: "http.auth.headers" };
    inputs.problem(RotationError.of("INPUT_CONFLICT", conflict), { input: "http.auth" });
  }
  if (!oauth && !headers) {
    const expected = `"headers", or "token-url", "client-id" and "client-secret"`;
    problem(inputs, "http.auth", { at: "http.auth", found: "there is nothing", expected });
    return NOTHING.auth;
  }
  return oauth ? readClient(inputs, base) : readCredentialHeaders(inputs, masker);
}

function readClient(inputs: ProviderInputs, base: string | undefined): Auth {
  const tokenUrl = inputs.address("http.auth.token-url", base) ?? missing(inputs, "http.auth.token-url");
  if (hasPlaceholder(tokenUrl))
    invalid(inputs, "http.auth.token-url", "an address with {app-id}", "one without it");
  const clientId = inputs.credential("http.auth.client-id") ?? missing(inputs, "http.auth.client-id");
  const clientSecret = inputs.secret("http.auth.client-secret");
  const scope = inputs.optional("http.auth.scope");
  const clientAuth = inputs.choice("http.auth.client-auth", ["basic", "post"]);
  const digest = digestOf(tokenUrl, clientId, clientSecret.expose(), scope ?? "");
  return { kind: "client-credentials", digest, tokenUrl, clientId, clientSecret, scope, clientAuth };
}

function readCredentialHeaders(inputs: ProviderInputs, masker: Masker): Auth {
  const entries = headerNames(inputs, "http.auth.headers").map(([path, name]) => {
    const value = inputs.secret(path);
    if (!isHeaderValue(value.expose())) {
      invalid(inputs, path, "a text that no header can carry", "one line of Latin characters");
    }
    // Behind a scheme such as "Bearer" the credential may show up alone.
    masker.mask(value.expose().replace(/^\S+\s+/, ""));
    return [name, value] as const;
  });
  const digest = digestOf(...entries.flatMap(([name, value]) => [name, value.expose()]));
  return { kind: "headers", digest, headers: Object.fromEntries(entries) };
}
