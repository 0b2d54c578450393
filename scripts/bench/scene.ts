import { randomBytes } from "node:crypto";
import { createAuthingEmulator, type AuthingEmulator } from "../../test/emulators/authing.ts";
import type { RecordedRequest } from "../../test/emulators/emulator.ts";
import { createGitHubEmulator, type GitHubEmulator } from "../../test/emulators/github.ts";
import { listen } from "../../test/emulators/listen.ts";

/** Where a secret is written: to a repository, or to one of its environments. */
export interface Place {
  readonly repository: string;
  readonly environment?: string;
}

/** An app at the provider, and where its secret belongs. */
export interface App {
  readonly appId: string;
  readonly secretName: string;
  readonly places: readonly Place[];
}

/**
 * GitHub and Authing on loopback ports, with apps whose secrets are in all their places. They run in this process;
 * what is measured runs in others.
 */
export interface Scene extends AsyncDisposable {
  readonly github: GitHubEmulator & { readonly url: string };
  readonly authing: AuthingEmulator & { readonly url: string };
  readonly apps: readonly App[];
  /** A fine-grained token that may write all secrets. */
  readonly token: string;
  /** The root key of the user pool: both have the same id. */
  readonly key: { readonly accessKeyId: string; readonly accessKeySecret: string };
  /** How many places do not hold the secret in force. */
  stale(): number;
  /** What both were asked. */
  requests(): readonly RecordedRequest[];
}

/** How far away both services are, in milliseconds. */
export interface Distance {
  /** As tables call it. */
  readonly name: string;
  /** What every answer takes longer. */
  readonly answer: number;
  /** What it takes longer before the first request of a connection is read. */
  readonly connection: number;
}

export const NEXT_DOOR: Distance = { name: "0 ms", answer: 0, connection: 0 };

/** A network whose round trip takes 100 ms: connecting takes one, and every answer another. */
export const FAR: Distance = { name: "100 ms", answer: 100, connection: 100 };

/** Near, but slow to answer. */
export const SLOW: Distance = { name: "answers 100 ms late", answer: 100, connection: 0 };

/**
 * @param options.distance default: next door.
 * @param options.limited whether GitHub enforces its secondary limits, in real time. Default `false`.
 */
export async function openScene(options: {
  readonly apps: readonly App[];
  readonly distance?: Distance;
  readonly limited?: boolean;
}): Promise<Scene> {
  const { apps, distance = NEXT_DOOR, limited = false } = options;
  const userPoolId = randomBytes(12).toString("hex");
  const key = { accessKeyId: userPoolId, accessKeySecret: randomBytes(16).toString("hex") };
  const token = `github_pat_${randomBytes(41).toString("hex")}`;

  const authing = createAuthingEmulator();
  authing.faults.latency = distance.answer;
  authing.addKey({ ...key, userPoolId });
  const github = createGitHubEmulator(limited ? { limits: {} } : {});
  github.latency = distance.answer;
  addPlaces(github, token, apps);
  for (const { appId, secretName, places } of apps) {
    authing.addApp({ appId, userPoolId });
    const { secret: value } = authing.app(appId);
    for (const place of places) {
      github.addSecret({ ...place, name: secretName, value, updatedAt: Date.now() - 10 * DAY });
    }
  }

  await using opened = new AsyncDisposableStack();
  const { url: authingUrl } = opened.use(await listen(authing, 0, distance.connection));
  const { url: gitHubUrl } = opened.use(await listen(github, 0, distance.connection));
  const everything = opened.move();
  return {
    github: Object.assign(github, { url: gitHubUrl }),
    authing: Object.assign(authing, { url: authingUrl }),
    apps,
    token,
    key,
    stale: () =>
      apps.flatMap(({ appId, secretName, places }) =>
        places.filter(
          (place) => github.secret({ ...place, name: secretName })?.value !== authing.app(appId).secret,
        ),
      ).length,
    requests: () => [...github.requests, ...authing.requests],
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

/** One app with its secret in all these places. */
export function appIn(places: readonly Place[]): App {
  return { appId: randomBytes(12).toString("hex"), secretName: "AUTHING_APP_SECRET", places };
}

/** Adds the repositories and environments, and a token that may write all their secrets. */
function addPlaces(github: GitHubEmulator, token: string, apps: readonly App[]): void {
  const environments = new Map<string, Set<string>>();
  for (const { repository, environment } of apps.flatMap(({ places }) => places)) {
    const known = environments.get(repository) ?? new Set();
    if (environment !== undefined) known.add(environment);
    environments.set(repository, known);
  }
  for (const [repository, names] of environments) {
    github.addRepository(repository, { environments: [...names] });
  }
  const repositories = [...environments.keys()];
  github.addToken(token, { kind: "fine-grained", repositories, secrets: "write", environments: "write" });
}

const DAY = 24 * 3_600_000;
