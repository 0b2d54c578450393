import { RotationError, RotationErrors } from "./errors.ts";
import { formatTarget, type Target, targetKey } from "./github/target.ts";
import { createReader, type InputSource, type Reader } from "./inputs/reader.ts";
import { readRotation, type Step } from "./inputs/rotation.ts";
import type { Entry, FileInput } from "./inputs/rotations-file.ts";
import type { IdTokenService, ProviderContext, RunEvent } from "./providers/provider.ts";
import type { Masker, Secret } from "./secret.ts";
import type { Rotation } from "./stages/stage.ts";

/** The inputs of a step by name, as the runner hands them over. */
export type RawInputs = Readonly<Record<string, string | undefined>>;

/** What the runner says about the workflow run. */
export interface RunFacts {
  readonly event: RunEvent;
  /** Absent without the permission `id-token: write`. */
  readonly idTokens?: IdTokenService | undefined;
  /** `OWNER/REPO` of the workflow. */
  readonly repository: string;
  /** A variable of the step's environment. */
  readonly variable: (name: string) => string | undefined;
}

export interface Settings {
  readonly mode: Rotation["mode"];
  /** At least one. */
  readonly rotations: readonly Rotation[];
  readonly token: Secret;
  /** Inputs that nobody reads, in sentences. */
  readonly warnings: readonly string[];
}

const MODES = ["rotate", "sync", "plan"] as const;

/** Events in which a stranger's files may be the ones checked out. */
const REFUSED_EVENTS: readonly string[] = ["pull_request_target", "issue_comment"];

/** Set by action.yml where nobody else does, so that they being set says nothing. */
const WITH_DEFAULTS: readonly string[] = ["repository", "verify", "write-timeout"];

/**
 * Reads the inputs of one step, without any network call.
 *
 * @param entries of the rotations file that `config` names; undefined without one.
 * @throws {RotationErrors} every problem found, each with its fix.
 */
export function readInputs(
  raw: RawInputs,
  facts: RunFacts,
  {
    masker,
    contextFor,
    entries,
  }: {
    readonly masker: Masker;
    /** What the provider of a rotation works with, by the rotation's name. */
    readonly contextFor: (rotation: string) => ProviderContext;
    readonly entries?: readonly Entry[] | undefined;
  },
): Settings {
  const reader = createReader(stepSource(raw), masker);
  const mode = reader.choice("mode", MODES);
  checkEvent(facts.event.name, mode, (error) => {
    reader.problem(error);
  });
  const token = readToken(reader, masker);
  const step = { ...facts, mode, force: reader.flag("force") };
  const read =
    entries === undefined
      ? readOne(reader, step, contextFor)
      : readMany(entries, { reader, step, facts, masker, contextFor });

  checkDuplicates(read);
  const problems = [...reader.problems(), ...read.flatMap((one) => one.reader.problems())];
  const rotations = read.flatMap(({ rotation }) => rotation ?? []);
  if (rotations.length < read.length || problems.length > 0) throw new RotationErrors([...new Set(problems)]);
  return {
    mode,
    rotations: rotationsMeant(rotations),
    token,
    warnings: [
      ...new Set(read.flatMap(({ warnings }) => warnings)),
      ...unreadOf(reader, entries !== undefined),
    ],
  };
}

interface ReadRotation {
  readonly name: string;
  readonly reader: Reader;
  readonly rotation: Rotation | undefined;
  readonly warnings: readonly string[];
}

type Contexts = (rotation: string) => ProviderContext;

/** The rotation that the step itself describes; it is called by its provider. */
function readOne(reader: Reader, step: Step, contextFor: Contexts): readonly ReadRotation[] {
  const name = reader.optional("provider") ?? "";
  if (reader.optional("only") !== undefined) {
    reader.problem(
      RotationError.of("INPUT_MISSING", { input: "config", because: `"only" names rotations of its file` }),
    );
  }
  const rotation = readRotation(name, { reader, step, context: contextFor(name) });
  const warnings = rotation === undefined ? [] : unused(reader, name);
  return [{ name, reader, rotation, warnings }];
}

/** The rotations of the file, or those of them that `only` names. */
function readMany(
  entries: readonly Entry[],
  {
    reader,
    step,
    facts,
    masker,
    contextFor,
  }: {
    readonly reader: Reader;
    readonly step: Step;
    readonly facts: RunFacts;
    readonly masker: Masker;
    readonly contextFor: Contexts;
  },
): readonly ReadRotation[] {
  reader.optional("config");
  if (reader.optional("provider") !== undefined) {
    reader.problem(RotationError.of("INPUT_CONFLICT", { first: "config", second: "provider" }));
  }
  const wanted = readOnly(reader, entries);
  return entries
    .filter(({ name }) => wanted === undefined || wanted.has(name))
    .map((entry) => {
      const { name } = entry;
      const own = createReader(entrySource(entry, facts), masker);
      const rotation = readRotation(name, { reader: own, step, context: contextFor(name) });
      const warnings = unused(own, own.optional("provider") ?? "").map((warning) => `${name}: ${warning}`);
      return { name, reader: own, rotation, warnings };
    });
}

function readOnly(reader: Reader, entries: readonly Entry[]): ReadonlySet<string> | undefined {
  const listed = reader.optional("only");
  if (listed === undefined) return undefined;
  const names = listed
    .split(/[,\r\n]/)
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length === 0) {
    const context = {
      input: "only",
      found: "a list of nothing",
      expected: "names of rotations, with commas between",
    };
    reader.problem(RotationError.of("INPUT_INVALID", context));
  }
  const known = entries.map(({ name }) => name);
  for (const found of names.filter((name) => !known.includes(name))) {
    reader.problem(RotationError.of("ROTATION_UNLISTED", { input: "only", found, known }));
  }
  return new Set(names);
}

/** What an event brings is for those whose it is; if it is nobody's, they all say so. */
function rotationsMeant(rotations: readonly Rotation[]): readonly Rotation[] {
  const addressed = rotations.filter(({ provider }) => provider.addressed === true);
  if (addressed.length > 0) return addressed;
  const possible = rotations.filter(({ provider }) => provider.addressed !== undefined);
  return possible.length > 0 ? possible : rotations;
}

function unused(reader: Reader, provider: string): readonly string[] {
  return reader
    .unread()
    .map((name) => `Input "${name}" is set, but nothing here uses it with provider "${provider}".`);
}

/** With a rotations file the step's own inputs are the others' business. */
function unreadOf(reader: Reader, hasFile: boolean): readonly string[] {
  if (!hasFile) return [];
  return reader
    .unread()
    .filter((name) => !WITH_DEFAULTS.includes(name))
    .map((name) => `Input "${name}" is set, but with "config" it belongs into the rotations file.`);
}

/** No two targets may be the same secret, and no two rotations of the same app. */
function checkDuplicates(read: readonly ReadRotation[]): void {
  const targets = new Map<string, Target>();
  const apps = new Map<string, string>();
  for (const { rotation, reader } of read) {
    if (rotation === undefined) continue;
    const { name, providerId, appId, provider } = rotation;
    for (const target of rotation.targets) {
      const other = targets.get(targetKey(target));
      if (other === undefined) targets.set(targetKey(target), target);
      else {
        const texts = { target: formatTarget(target), other: formatTarget(other) };
        reader.problem(RotationError.of("TARGET_DUPLICATE", texts), { input: "targets" });
      }
    }
    const app = [providerId, provider.apiUrl, appId].join("\n");
    const first = apps.get(app);
    if (first === undefined) apps.set(app, name);
    else {
      reader.problem(RotationError.of("ROTATION_DUPLICATE", { first, second: name }), { input: "app-id" });
    }
  }
}

function checkEvent(event: string, mode: string, problem: (error: RotationError) => void): void {
  if (REFUSED_EVENTS.includes(event) || (event === "pull_request" && mode !== "plan")) {
    problem(RotationError.of("EVENT_REFUSED", { event, mode }));
  }
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

function stepSource(raw: RawInputs): InputSource {
  return {
    text: (name) => raw[name],
    names: Object.keys(raw),
    below: () => [],
    at: () => undefined,
    toSet: (name) =>
      `Set "${name}" under "with:"; a \${{ secrets.NAME }} that this job cannot read is empty too.`,
  };
}

function entrySource({ name: rotation, at, inputs }: Entry, { variable }: RunFacts): InputSource {
  return {
    text: (name) => inputs.get(name)?.text,
    // What is inherited is for whichever provider uses it.
    names: [...inputs].filter(([, { inherited }]) => !inherited).map(([name]) => name),
    below: (name) => [...inputs.keys()].filter((each) => each.startsWith(`${name}.`)),
    at(name, item) {
      const input = name === undefined ? undefined : nearest(name, inputs);
      const place = (item === undefined ? undefined : input?.items[item]) ?? input?.at ?? at;
      return `${place} (${rotation})`;
    },
    toSet: (name) =>
      `Set "${name}" in this rotation or in "defaults"; a secret comes from the step's "env:", as \${NAME}.`,
    expand: (input, text) => expand(input, text, variable),
  };
}

/** An input, or the innermost map in which it is missing. */
function nearest(name: string, inputs: Entry["inputs"]): FileInput | undefined {
  for (let path = name; path !== ""; path = path.slice(0, Math.max(0, path.lastIndexOf(".")))) {
    const found = inputs.get(path);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Variables that are GitHub's and the runner's, or hold the inputs themselves. */
const FOREIGN = /^(?:ACTIONS|GITHUB|RUNNER|INPUT)_/i;

/**
 * Replaces `${NAME}` by a variable of the step's environment, and `$$` by `$`.
 *
 * @throws {RotationError} VARIABLE_UNUSABLE
 */
function expand(input: string, text: string, variable: RunFacts["variable"]): string {
  return text.replace(/\$\$|\$\{(\w+)\}/g, (match, name: string | undefined) => {
    if (name === undefined) return match.slice(1);
    const refuse = (found: string, expected: string): RotationError =>
      RotationError.of("VARIABLE_UNUSABLE", { input, variable: name, found, expected });
    if (FOREIGN.test(name)) throw refuse("belongs to GitHub or the runner", `one of the step's own "env:"`);
    const value = variable(name) ?? "";
    if (value.trim() === "") throw refuse("is not set or empty", `it in the step's "env:"`);
    return value;
  });
}
