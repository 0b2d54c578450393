import { RotationError } from "../errors.ts";
import type { ProviderInputs } from "../providers/provider.ts";
import type { Masker } from "../secret.ts";

/** Where the texts of inputs come from: the step's `with:`, or one entry of a rotations file. */
export interface InputSource {
  /** As it stands there; undefined where it does not. */
  text(name: string): string | undefined;
  /** The names of all that stand there for this rotation, and that somebody should use. */
  readonly names: readonly string[];
  /** The names of the texts in the map of this name; none where there is no map. */
  below(name: string): readonly string[];
  /** Where an input stands, or an item of its list; undefined where that needs no saying. */
  at(name: string | undefined, item?: number): string | undefined;
  /** What to do about an input that is missing. */
  readonly toSet: (name: string) => string;
  /** Replaces variables in a credential; undefined where they are not replaced. */
  readonly expand?: ((name: string, text: string) => string) | undefined;
}

/** Reads inputs, and collects all that is wrong with them. */
export interface Reader extends Omit<ProviderInputs, "appId" | "mode" | "verifies" | "event" | "idTokens"> {
  flag(name: string): boolean;
  /** @param where the input that it is about, if the error itself does not say it, and the item of its list. */
  problem(error: RotationError, where?: { readonly input: string; readonly item?: number }): void;
  problems(): readonly RotationError[];
  /** Inputs that are set and that nobody has read. */
  unread(): readonly string[];
}

export function createReader(source: InputSource, masker: Masker): Reader {
  const found = new Map<string, RotationError>();
  const read = new Set<string>();

  const problem: Reader["problem"] = (error, where) => {
    const at = source.at(where?.input ?? error.input, where?.item);
    const placed = at === undefined ? error : error.at(at);
    // The same text twice is the same problem, such as one bad name used by three targets.
    found.set(placed.message, placed);
  };
  const raw = (name: string): string | undefined => {
    read.add(name);
    const value = source.text(name)?.trim() ?? "";
    return value === "" ? undefined : value;
  };
  const optional = (name: string): string | undefined => {
    const value = raw(name);
    const variable = source.expand === undefined ? null : /\$\{(\w+)\}/.exec(value ?? "");
    if (variable?.[1] !== undefined) {
      problem(
        RotationError.of("VARIABLE_UNUSABLE", {
          input: name,
          variable: variable[1],
          found: "stands outside a credential",
          expected: "the value itself",
        }),
      );
    }
    return value;
  };
  const orMissing = (name: string, value: string | undefined): string => {
    if (value === undefined) {
      const because = `provider "${raw("provider") ?? ""}" needs it`;
      problem(RotationError.of("INPUT_MISSING", { input: name, because, hint: source.toSet(name) }));
    }
    return value ?? "";
  };
  const credential = (name: string): string | undefined => {
    const value = raw(name);
    if (value === undefined || source.expand === undefined) return value;
    try {
      return source.expand(name, value).trim();
    } catch (thrown) {
      problem(RotationError.from(thrown));
      // Not missing as well.
      return "";
    }
  };
  const invalid = (input: string, shown: string, expected: string): void => {
    problem(RotationError.of("INPUT_INVALID", { input, found: shown, expected }));
  };

  const address = (name: string, base?: string): string | undefined => {
    const text = optional(name);
    if (text === undefined) return undefined;
    const value = base !== undefined && text.startsWith("/") ? `${base}${text}` : text;
    const parsed = URL.parse(value);
    if (parsed === null || !["https:", "http:"].includes(parsed.protocol)) {
      invalid(name, "not a web address", "an address such as https://api.example.com");
    } else if (parsed.username !== "" || parsed.password !== "" || parsed.hash !== "") {
      invalid(name, "an address with credentials or a fragment", "an address without them");
    } else if (parsed.protocol === "http:" && !isLoopback(parsed.hostname)) {
      problem(RotationError.of("URL_INSECURE", { input: name, found: `"${parsed.origin}"` }));
    }
    return value;
  };

  function url(name: string, standard: string): string;
  function url(name: string): string | undefined;
  function url(name: string, standard?: string): string | undefined {
    const value = address(name);
    if (value?.includes("?") === true) invalid(name, "an address with a query", "a base URL without one");
    return value === undefined ? standard : value.replace(/\/+$/, "");
  }

  return {
    problem,
    optional,
    required: (name) => orMissing(name, optional(name)),
    credential,
    url,
    address,
    below: (name) => source.below(name),
    secret: (name) => masker.secret(orMissing(name, credential(name))),
    optionalSecret(name) {
      const value = credential(name);
      return value === undefined ? undefined : masker.secret(value);
    },

    choice(name, choices) {
      const value = optional(name) ?? choices[0];
      const chosen = choices.find((choice) => choice === value);
      if (chosen === undefined)
        invalid(name, `"${value}"`, choices.map((choice) => `"${choice}"`).join(" or "));
      return chosen ?? choices[0];
    },

    duration(name) {
      const value = optional(name);
      if (value === undefined) return undefined;
      const duration = parseDuration(value);
      if (duration === undefined) invalid(name, `"${value}"`, "a duration such as 90m, 12h, 30d or 8w");
      return duration;
    },

    flag(name) {
      const value = (optional(name) ?? "false").toLowerCase();
      if (value !== "true" && value !== "false") invalid(name, `"${value}"`, `"true" or "false"`);
      return value === "true";
    },

    problems: () => [...found.values()],
    unread: () => source.names.filter((name) => !read.has(name) && (source.text(name) ?? "").trim() !== ""),
  };
}

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** `90m`, `12h`, `30d`, `8w` in milliseconds; undefined if it is none such, or nothing. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,6})([smhdw])$/.exec(text);
  if (match === null) return undefined;
  const duration = Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
  return duration > 0 ? duration : undefined;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
