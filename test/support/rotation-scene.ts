import type { RotationError } from "../../src/errors.ts";
import { createGitHubApi } from "../../src/github/api.ts";
import { markerName } from "../../src/github/marker.ts";
import { createPacer } from "../../src/github/pacing.ts";
import { createSeal } from "../../src/github/seal.ts";
import { createSecretStore, type PlaceCache } from "../../src/github/secret-store.ts";
import { parseTarget } from "../../src/github/target.ts";
import type { Journal } from "../../src/journal.ts";
import type { RotationOutcome } from "../../src/outcome.ts";
import type { NewSecret, Provider, Verdict } from "../../src/providers/provider.ts";
import { rotate } from "../../src/rotation.ts";
import { Masker } from "../../src/secret.ts";
import type { Rotation, Tools } from "../../src/stages/stage.ts";
import { createGitHubEmulator, type GitHubEmulator } from "../emulators/github.ts";
import { directHttp } from "./direct-http.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { createNotingJournal } from "./noting-journal.ts";

/** Where the secret goes, unless a test has other targets. */
export const A = { repository: "acme/web", environment: "a", name: "APP_SECRET" };
export const B = { repository: "acme/web", environment: "b", name: "APP_SECRET" };

const API_URL = "https://fake.example.test";

/** The name of this rotation's marker. */
export const MARKER = markerName({ provider: "fake", apiUrl: API_URL, appId: "app" });

/** As a daily schedule has it. */
export const DAILY = { rotateAfter: 30 * 86_400_000 };

/** A provider whose every answer a test can set; by default all goes well. */
export class FakeService {
  readonly masker = new Masker(() => undefined);
  inForce = "former-secret-value";
  /** What reads show, in turn, before they show the secret in force. */
  shown: string[] = [];
  verdicts: Verdict[] = [];
  rotations = 0;
  fail: RotationError | undefined;
  confirms: Provider["confirms"] = "beside";

  secret(value: string): NewSecret {
    return { value: this.masker.secret(value) };
  }

  provider(capabilities: { read?: boolean; verify?: boolean } = {}): Provider {
    const { read = true, verify = false } = capabilities;
    const show = (): Promise<NewSecret> => Promise.resolve(this.secret(this.shown.shift() ?? this.inForce));
    return {
      title: "Fake",
      apiUrl: API_URL,
      confirms: this.confirms,
      preflight: () => (read ? Promise.resolve(this.secret(this.inForce)) : Promise.resolve(undefined)),
      rotate: () => {
        if (this.fail !== undefined) return Promise.reject(this.fail);
        this.rotations += 1;
        this.inForce = `secret-number-${String(this.rotations)}`;
        return Promise.resolve(this.secret(this.inForce));
      },
      ...(read ? { read: show } : {}),
      ...(verify
        ? { verify: () => Promise.resolve(this.verdicts.shift() ?? { state: "valid" as const }) }
        : {}),
    };
  }
}

/** One rotation of a {@link FakeService} to {@link A} and {@link B}, against GitHub's emulator, on a clock that jumps. */
export interface RotationScene {
  readonly clock: FakeClock;
  readonly github: GitHubEmulator;
  readonly service: FakeService;
  readonly cancel: AbortController;
  readonly journal: Journal;
  /** What the journal was told, word by word, but for the markers' times. */
  readonly said: readonly string[];
  /** What the log was told. */
  readonly log: {
    readonly lines: readonly string[];
    readonly waits: readonly string[];
    readonly problems: readonly RotationError[];
  };
  /** The markers that stand in A and B. */
  readonly markers: () => readonly string[];
  /** Deletes the markers, as another run does at its good end. */
  readonly removeMarkers: () => Promise<void>;
  /** What has changed something in GitHub, or was to: `PUT a/NAME`. */
  readonly writes: () => readonly string[];
  /** All runs go through one pacer, and each through a lane of its own. */
  readonly run: (change?: Partial<Rotation>, tools?: Partial<Tools>) => Promise<RotationOutcome>;
}

/**
 * @param environments of the repository acme/web. Default `a` and `b`.
 * @param cache shared by all runs, as by the rotations of one step. Default none.
 */
export function openRotation(
  environments: readonly string[] = ["a", "b"],
  cache?: PlaceCache,
): RotationScene {
  const clock = createFakeClock();
  const github = createGitHubEmulator({ now: () => clock.now() });
  github.addRepository("acme/web", { environments });
  github.addToken("github_pat_of_a_test", {
    kind: "fine-grained",
    repositories: ["acme/web"],
    secrets: "write",
    environments: "write",
  });
  const service = new FakeService();
  const { masker } = service;
  const lines: string[] = [];
  const waits: string[] = [];
  const problems: RotationError[] = [];
  const { journal, said } = createNotingJournal();
  const pacer = createPacer(clock);
  const token = masker.secret("github_pat_of_a_test");
  const api = createGitHubApi({
    token,
    apiUrl: "https://api.github.test",
    http: directHttp(github, clock),
    clock,
  });
  const cancel = new AbortController();
  const run: RotationScene["run"] = (change = {}, tools = {}) => {
    const lane = tools.lane ?? pacer.lane();
    const log = {
      line: (text: string) => lines.push(text),
      wait: (why: string) => waits.push(why),
      problem: (error: RotationError) => problems.push(error),
    };
    return rotate(
      {
        name: "fake",
        providerId: "fake",
        appId: "app",
        provider: service.provider(),
        targets: [parseTarget("env:acme/web/a#APP_SECRET"), parseTarget("env:acme/web/b#APP_SECRET")],
        mode: "rotate",
        force: false,
        rotateAfter: undefined,
        verify: "auto",
        writeTimeout: 60_000,
        ...change,
      },
      {
        store: createSecretStore({
          api,
          lane,
          clock,
          onWait: log.wait,
          ...(cache === undefined ? {} : { cache }),
        }),
        seal: createSeal,
        journal,
        masker,
        clock,
        lane,
        log,
        cancel: cancel.signal,
        ...tools,
      },
    );
  };
  return {
    ...{ clock, github, service, cancel, journal, said, run },
    log: { lines, waits, problems },
    markers: () =>
      [A, B].flatMap((place) => github.secretNames(place)).filter((name) => name.startsWith("ROTATING_")),
    async removeMarkers() {
      for (const { repository, environment } of [A, B]) {
        const path = `/repos/${repository}/environments/${environment}/secrets/${MARKER}`;
        const headers = { authorization: `Bearer ${token.expose()}`, "user-agent": "another run" };
        await github.handle(new Request(`https://api.github.test${path}`, { method: "DELETE", headers }));
      }
    },
    writes: () =>
      github.requests
        .filter(({ method }) => method !== "GET")
        .map(({ method, path }) => `${method} ${path.replace(/^.*environments\/(.*)\/secrets\//, "$1/")}`),
  };
}

/** What a run leaves behind whose second target was never written. */
export async function wreck(): Promise<RotationScene> {
  const scene = openRotation();
  refuse(scene.github, /environments\/b\/secrets\/APP_SECRET$/);
  const { status } = await scene.run();
  if (status !== "incomplete") throw new Error(`The run that was to be incomplete is ${status}.`);
  scene.github.faults.clear();
  scene.clock.advance(5_000);
  return scene;
}

/** Has GitHub refuse every write to such a path, or whatever else has that method. */
export function refuse(github: GitHubEmulator, path: RegExp, method = "PUT"): void {
  github.faults.arm(
    { kind: "answer", changed: false, status: 403, body: `{"message":"no"}` },
    { method, path, times: Infinity },
  );
}
