import { RotationError, RotationErrors } from "./errors.ts";
import { formatTarget, parseTarget, type Target, targetKey } from "./github/target.ts";
import { providers } from "./providers/index.ts";
import type { Provider, ProviderContext, ProviderInputs, RunEvent } from "./providers/provider.ts";
import type { Rotation } from "./stages/stage.ts";
import type { Masker, Secret } from "./secret.ts";

/** The inputs of a step by name, as the runner hands them over. */
export type RawInputs = Readonly<Record<string, string | undefined>>;

/** What the runner says about the workflow run. */
export interface RunFacts {
  readonly event: RunEvent;
  /** `OWNER/REPO` of the workflow. */
  readonly repository: string;
}

export interface Settings {
  readonly rotations: readonly Rotation[];
  readonly token: Secret;
  /** Inputs that nobody reads, in sentences. */
  readonly warnings: readonly string[];
}

const MODES = ["rotate", "sync", "plan"] as const;
const VERIFY = ["auto", "off"] as const;

/** Events in which a stranger's files may be the ones checked out. */
const REFUSED_EVENTS: readonly string[] = ["pull_request_target", "issue_comment"];

/**
 * Reads the inputs of one step, without any network call.
 *
 * @throws {RotationErrors} every problem found, each with its fix.
 */
export function readInputs(raw: RawInputs, facts: RunFacts, context: ProviderContext): Settings {
  const reader = createReader(raw, context.masker);
  const mode = reader.choice("mode", MODES);
  checkEvent(facts.event.name, mode, reader.problem);

  const providerId = reader.optional("provider") ?? "";
  const appId = readAppId(reader);
  const token = readToken(reader, context.masker);
  const targets = readTargets(reader, facts.repository);
  const rotateAfter = reader.duration("rotate-after");
  const force = reader.flag("force");
  const verify = reader.choice("verify", VERIFY);
  const writeTimeout = reader.duration("write-timeout") ?? 10 * 60_000;

  const factory = Object.hasOwn(providers, providerId) ? providers[providerId] : undefined;
  let provider: Provider | undefined;
  if (factory === undefined) {
    reader.problem(
      RotationError.of("PROVIDER_UNKNOWN", { found: providerId, known: Object.keys(providers) }),
    );
  } else {
    provider = factory({ ...reader, appId, mode, verifies: verify !== "off", event: facts.event }, context);
    if (mode === "sync" && provider.read === undefined) {
      reader.problem(RotationError.of("SYNC_UNSUPPORTED", { provider: provider.title }));
    }
  }
  const problems = reader.problems();
  if (provider === undefined || problems.length > 0) throw new RotationErrors(problems);

  const rotation = { providerId, appId, provider, targets, mode, force, rotateAfter, verify, writeTimeout };
  const warnings = reader
    .unread()
    .map((name) => `Input "${name}" is set, but nothing here uses it with provider "${providerId}".`);
  return { rotations: [{ name: providerId, ...rotation }], token, warnings };
}

/** Reads a step's own inputs beside what a provider may ask. */
interface Reader extends Omit<ProviderInputs, "appId" | "mode" | "verifies" | "event"> {
  flag(name: string): boolean;
  problems(): readonly RotationError[];
  unread(): readonly string[];
}

function createReader(raw: RawInputs, masker: Masker): Reader {
  const found = new Map<string, RotationError>();
  const read = new Set<string>();

  // The same text twice is the same problem, such as one bad name used by three targets.
  const problem = (error: RotationError): void => {
    found.set(error.message, error);
  };
  const optional = (name: string): string | undefined => {
    read.add(name);
    const value = raw[name]?.trim() ?? "";
    return value === "" ? undefined : value;
  };
  const required = (name: string): string => {
    const value = optional(name);
    if (value === undefined) {
      const provider = raw["provider"]?.trim() ?? "";
      problem(RotationError.of("INPUT_MISSING", { input: name, because: `provider "${provider}" needs it` }));
    }
    return value ?? "";
  };
  const invalid = (input: string, shown: string, expected: string): void => {
    problem(RotationError.of("INPUT_INVALID", { input, found: shown, expected }));
  };

  const address = (name: string): string | undefined => {
    const value = optional(name);
    if (value === undefined) return undefined;
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
    required,
    url,
    address,
    secret: (name) => masker.secret(required(name)),
    optionalSecret(name) {
      const value = optional(name);
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
    unread: () => Object.keys(raw).filter((name) => !read.has(name) && (raw[name] ?? "").trim() !== ""),
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

function checkEvent(event: string, mode: string, problem: Reader["problem"]): void {
  if (REFUSED_EVENTS.includes(event) || (event === "pull_request" && mode !== "plan")) {
    problem(RotationError.of("EVENT_REFUSED", { event, mode }));
  }
}

function readAppId(reader: Reader): string {
  const appId = reader.optional("app-id") ?? "";
  if (appId === "") {
    reader.problem(
      RotationError.of("INPUT_MISSING", { input: "app-id", because: "it names the app to rotate" }),
    );
  }
  if (/\p{C}/u.test(appId)) {
    const expected = "the app's id on one line";
    reader.problem(
      RotationError.of("INPUT_INVALID", {
        input: "app-id",
        found: "a text with control characters",
        expected,
      }),
    );
  }
  return appId;
}

function readToken(reader: Reader, masker: Masker): Secret {
  const token = reader.optional("github-token");
  if (token === undefined) {
    reader.problem(
      RotationError.of("INPUT_MISSING", {
        input: "github-token",
        because: "writing secrets needs a token",
        hint: `Set "github-token" to a fine-grained or GitHub App token that may write secrets; the workflow's own GITHUB_TOKEN cannot.`,
      }),
    );
  }
  return masker.secret(token ?? "");
}

function readTargets(reader: Reader, ownRepository: string): readonly Target[] {
  const secretName = reader.optional("secret-name") ?? "";
  const listed = reader.optional("targets");
  const texts =
    listed === undefined
      ? readPlace(reader, ownRepository)
      : listed
          .split(/\r?\n/)
          .map((line) => line.trim())
          .filter((line) => line !== "");
  // Has a default, so that it being set says nothing.
  reader.optional("repository");

  const targets = new Map<string, Target>();
  for (const text of texts) {
    try {
      const target = parseTarget(text, secretName);
      const key = targetKey(target);
      const other = targets.get(key);
      if (other === undefined) targets.set(key, target);
      else {
        reader.problem(
          RotationError.of("TARGET_DUPLICATE", { target: formatTarget(target), other: formatTarget(other) }),
        );
      }
    } catch (thrown) {
      reader.problem(RotationError.from(thrown));
    }
  }
  return [...targets.values()];
}

/** The target of `repository` and `environment`, in the form that `targets` has; none if they are wrong. */
function readPlace(reader: Reader, ownRepository: string): readonly string[] {
  const repository = reader.optional("repository") ?? ownRepository;
  const environment = reader.optional("environment");
  if (!/^[^/\s?#%]+\/[^/\s?#%]+$/.test(repository)) {
    const found = repository === "" ? "empty" : `"${repository}"`;
    reader.problem(RotationError.of("INPUT_INVALID", { input: "repository", found, expected: "OWNER/REPO" }));
    return [];
  }
  return [
    environment === undefined ? `repo:${repository}` : `env:${repository}/${encodeURIComponent(environment)}`,
  ];
}
