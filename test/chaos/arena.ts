import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordedRequest } from "../emulators/emulator.ts";
import { createGitHubEmulator, type GitHubEmulator } from "../emulators/github.ts";
import { runAction, type ActionOptions, type ActionRun } from "../support/runner.ts";
import { createWorldClock, DAY, type WorldClock } from "./clock.ts";
import { openGate, openTrap, type Arrival, type Gate, type Trap } from "./gate.ts";
import { subjectOf, type SubjectId } from "./subjects/index.ts";
import type { ChaosTarget, Mode, Opened } from "./subjects/subject.ts";

export type Service = "provider" | "github";

/** A world for one case: GitHub and one app at one provider, each behind a gate, and the action to run on them. */
export interface Arena extends AsyncDisposable {
  readonly clock: WorldClock;
  readonly github: GitHubEmulator;
  readonly app: Opened;
  readonly gates: Readonly<Record<Service, Gate>>;
  /** Where redirects lead; nothing may follow them. */
  readonly trap: Trap;
  readonly token: string;
  /** Runs the built action, and learns every secret that there was in the meantime. */
  run(mode: Mode, change?: Change): Promise<ActionRun>;
  /** The event of the run that was started last. */
  lastEvent(): ActionOptions["event"];
  /** Sends a signal to the step that runs, unless it has just ended. */
  signal(signal: NodeJS.Signals): Promise<void>;
  state(): State;
  /** Every value that was written to a target so far, by whomever. */
  published(): readonly string[];
  /** Whether every target holds the secret in force; where several are, one and the same. `since`: a new one. */
  allHold(since?: State): boolean;
  /** The same, but each may hold a secret in force of its own. */
  eachHolds(since?: State): boolean;
  /** The markers that stand, one entry for each place that has one. */
  markers(): readonly string[];
  /** Every secret there has been: credentials, tokens obtained on the way, and all secrets of the app. */
  secrets(): readonly string[];
}

/** What counts of a world. */
export interface State {
  /** What the provider accepts, the newest last. */
  readonly inForce: readonly string[];
  /** What every target holds, in their order. */
  readonly held: readonly (string | undefined)[];
}

export interface Change extends Partial<Omit<ActionOptions, "inputs">> {
  readonly inputs?: Readonly<Record<string, string>>;
  /** Whether it takes place inside another run, which goes on getting the signals. */
  readonly second?: boolean;
}

export interface ArenaOptions {
  readonly subject: SubjectId;
  /** Folder of action.yml and dist. */
  readonly action: string;
  /** How much faster than ours time passes. */
  readonly speed: number;
  /** Folder where Node keeps compiled code: a start takes a third less with it. */
  readonly cache: string;
}

const REPOSITORY = "acme/web";
const ENVIRONMENTS = ["production", "eu/prod west"];

export async function openArena({ subject, action, speed, cache }: ArenaOptions): Promise<Arena> {
  await using opened = new AsyncDisposableStack();
  const clock = createWorldClock(speed);
  const github = createGitHubEmulator({ now: clock.now });
  const token = `github_pat_${randomBytes(41).toString("hex")}`;
  github.addRepository(REPOSITORY, { environments: ENVIRONMENTS });
  github.addToken(token, {
    kind: "fine-grained",
    repositories: [REPOSITORY],
    secrets: "write",
    environments: "write",
  });
  const app = await subjectOf(subject).open(clock);
  opened.defer(() => app.close?.());
  const gates = {
    provider: opened.use(await openGate(app.emulator, app.nameOf)),
    github: opened.use(await openGate(github, nameOfGitHub)),
  };
  const trap = opened.use(await openTrap());
  const scratch = await mkdtemp(join(tmpdir(), "chaos-"));
  opened.defer(() => rm(scratch, { recursive: true, force: true }));
  const pidFile = join(scratch, "pid");

  const at = ({ environment, name }: ChaosTarget): Parameters<GitHubEmulator["secret"]>[0] => ({
    repository: REPOSITORY,
    environment,
    name,
  });
  const held = (): (string | undefined)[] => app.targets.map((target) => github.secret(at(target))?.value);
  if (app.seeded) {
    for (const target of app.targets) {
      const value = target.formOf(app.inForce().at(-1) ?? "");
      github.addSecret({ ...at(target), value, updatedAt: clock.now() - 5 * DAY });
    }
  }

  const accepted = (since?: State): readonly string[] =>
    app.inForce().filter((secret) => since?.inForce.includes(secret) !== true);

  const secrets = new Set([token]);
  let event: ActionOptions["event"];
  const learn = (): void => {
    for (const secret of app.credentials) secrets.add(secret);
    for (const secret of [...app.inForce(), ...app.emulator.requests.flatMap(secretsIn)]) {
      secrets.add(secret);
      for (const { formOf } of app.targets) secrets.add(tried(() => formOf(secret)) ?? secret);
    }
  };

  const disposal = opened.move();
  return {
    clock,
    github,
    app,
    gates,
    trap,
    token,
    async run(mode, { inputs, env, second = false, ...options } = {}) {
      const around = await app.around?.(mode, gates.provider.url);
      event = options.event ?? around?.event ?? { name: "schedule" };
      learn();
      const run = await runAction({
        apiUrl: gates.github.url,
        repository: REPOSITORY,
        action,
        nodeArguments: ["--import", join(import.meta.dirname, "preload.ts")],
        ...around,
        ...options,
        event,
        env: {
          CHAOS_CLOCK: clock.toEnvironment(),
          CHAOS_PID_FILE: second ? `${pidFile}-second` : pidFile,
          NODE_COMPILE_CACHE: cache,
          ...around?.env,
          ...env,
        },
        inputs: {
          // The modes that are about the post step begin with a rotation.
          mode: mode === "sync" ? "sync" : "rotate",
          provider: app.provider,
          "github-token": token,
          targets: app.targets.map(({ text }) => text).join("\n"),
          // Long enough for the minute that a 429 asks for, short enough to wait for.
          "write-timeout": "90s",
          ...app.inputs(gates.provider.url, held()[0]),
          ...inputs,
        },
      });
      learn();
      return run;
    },
    async signal(signal) {
      const pid = Number(await readFile(pidFile, "utf8"));
      // Zero would be this process itself, and all its kin.
      if (!Number.isInteger(pid) || pid <= 1) throw new Error("The step has not said who it is.");
      try {
        process.kill(pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    },
    state: () => ({ inForce: app.inForce(), held: held() }),
    published: () => app.targets.flatMap((target) => github.history(at(target)).map(({ value }) => value)),
    allHold: (since) => {
      const now = held();
      return accepted(since).some((secret) =>
        app.targets.every(({ formOf }, index) => now[index] === formOf(secret)),
      );
    },
    eachHolds: (since) => {
      const now = held();
      return app.targets.every(({ formOf }, index) =>
        accepted(since).some((secret) => now[index] === formOf(secret)),
      );
    },
    lastEvent: () => event,
    markers: () =>
      [undefined, ...ENVIRONMENTS]
        .flatMap((environment) => github.secretNames({ repository: REPOSITORY, environment }))
        .filter((name) => name.startsWith("ROTATING_")),
    secrets: () => [...secrets],
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

/** `PLACE.WHAT`: `key`, `list`, `mark`, `see` (a marker), `unmark`, or `put.NAME`. */
function nameOfGitHub({ method, path }: Arrival): string {
  const place = path.includes("/environments/") ? "env" : "repo";
  const [, tail = ""] = /\/secrets(.*)$/.exec(path) ?? [];
  if (tail === "/public-key") return `${place}.key`;
  if (!tail.startsWith("/")) return `${place}.list`;
  if (!tail.startsWith("/ROTATING_")) return `${place}.put.${tail.slice(1)}`;
  const verbs: Readonly<Record<string, string>> = { PUT: "mark", DELETE: "unmark" };
  return `${place}.${verbs[method] ?? "see"}`;
}

/** Fields of requests to and answers of providers that hold secrets. */
const SECRET_FIELDS = [
  "secret",
  "AppSecret",
  "app_secret",
  "secret_string",
  "access_token",
  "app_access_token",
  "app_ticket",
  "id_token",
  "secret_access_key",
  "security_token",
];

function secretsIn({ body, answer }: RecordedRequest): readonly string[] {
  const found: string[] = [];
  for (const text of [body, answer]) {
    tried(() => {
      JSON.parse(text, (key, value: unknown) => {
        if (SECRET_FIELDS.includes(key) && typeof value === "string" && /[^*\s]/.test(value))
          found.push(value);
        return value;
      });
    });
  }
  return found;
}

function tried<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
