import { createGitHubApi, type GitHubApi } from "../../src/github/api.ts";
import { createPacer, type Lane } from "../../src/github/pacing.ts";
import { createSecretStore, type SecretStore } from "../../src/github/secret-store.ts";
import type { Place } from "../../src/github/target.ts";
import type { Http } from "../../src/http.ts";
import { Masker } from "../../src/secret.ts";
import type { Fault, FaultMatch } from "../emulators/emulator.ts";
import { createGitHubEmulator, type GitHubEmulator, type TokenRights } from "../emulators/github.ts";
import { directHttp } from "./direct-http.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { createOpenApiCheck } from "./openapi.ts";

/** GitHub's side of the action, from the store down to an emulator. */
export interface GitHubBench {
  readonly emulator: GitHubEmulator;
  readonly clock: FakeClock;
  readonly api: GitHubApi;
  readonly lane: Lane;
  readonly store: SecretStore;
  readonly masker: Masker;
  /** Every text announced to be masked so far. */
  readonly announced: ReadonlySet<string>;
  /** Every wait that was told to the user. */
  readonly waits: readonly { readonly why: string; readonly milliseconds: number }[];
  /** Arms a fault. */
  fault(fault: Fault, match?: FaultMatch): void;
  /** What in the requests and answers so far disagrees with GitHub's OpenAPI description. */
  undescribed(): readonly string[];
}

export const web: Place = { kind: "repo", owner: "acme", repo: "web" };
export const production: Place = { kind: "env", owner: "acme", repo: "web", environment: "eu/prod west" };

/** An answer in place of GitHub's own; the service has done nothing, unless `changed`. */
export function answer(
  status: number,
  {
    message,
    headers,
    body,
    changed = false,
  }: { message?: string; headers?: Record<string, string>; body?: string; changed?: boolean } = {},
): Fault {
  const json = message === undefined ? undefined : JSON.stringify({ message, status: String(status) });
  return {
    kind: "answer",
    changed,
    status,
    body: body ?? json ?? "",
    ...(headers === undefined ? {} : { headers }),
  };
}

/** Has `acme/web` with the environment `eu/prod west`, and a token that may write both. */
export function createGitHubBench(
  options: {
    readonly rights?: Partial<TokenRights>;
    /** What the API's paths begin with. */
    readonly basePath?: string;
    /** Puts something between the action and GitHub. */
    readonly through?: (http: Http) => Http;
  } = {},
): GitHubBench {
  const { basePath = "", rights = {}, through } = options;
  const clock = createFakeClock();
  const emulator = createGitHubEmulator({ now: () => clock.now(), basePath });
  emulator.addRepository("acme/web", { environments: ["eu/prod west"] });
  const token = "github_pat_11AAAAAAA0abcdefghij_0123456789";
  const granted = { secrets: "write", environments: "write" } as const;
  emulator.addToken(token, { kind: "fine-grained", repositories: "all", ...granted, ...rights });

  const announced = new Set<string>();
  const masker = new Masker((form) => announced.add(form));
  const waits: { why: string; milliseconds: number }[] = [];
  const direct = directHttp(emulator, clock);
  const api = createGitHubApi({
    token: masker.secret(token),
    apiUrl: `https://api.github.test${basePath}`,
    http: through?.(direct) ?? direct,
    clock,
  });
  const lane = createPacer(clock).lane();
  const store = createSecretStore({
    api,
    lane,
    clock,
    onWait: (why, milliseconds) => waits.push({ why, milliseconds }),
  });
  let faulty = false;
  return {
    emulator,
    clock,
    api,
    lane,
    store,
    masker,
    announced,
    waits,
    fault: (fault, match) => {
      faulty = true;
      emulator.faults.arm(fault, match);
    },
    undescribed: () =>
      emulator.requests
        .flatMap((request) => openApi.problems(request, basePath))
        // The answers of faults are meant to be odd.
        .filter((problem) => !faulty || !problem.startsWith("answer")),
  };
}

const openApi = createOpenApiCheck();
