import { createSign, generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { createEmulator, type Emulator, type EmulatorRequest } from "./emulator.ts";

export interface GitHubIdTokensOptions {
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
  /** The issuer's address, without a trailing slash. Default {@link GITHUB_ISSUER}; where it is mounted, its own. */
  readonly issuer?: () => string;
}

/** A job, as its tokens name it. */
export interface IdTokenJob {
  /** `OWNER/REPO` */
  readonly repository: string;
  /** The environment that it names; without one, its branch is in the subject. */
  readonly environment?: string;
  /** Default `refs/heads/main`. */
  readonly ref?: string;
}

/** GitHub's issuer of tokens for jobs: its token service for the runner, and its keys for everybody. */
export interface GitHubIdTokensEmulator extends Emulator {
  /** Starts a job with the permission `id-token: write`; returns what its runner is told. */
  startJob(job: IdTokenJob): {
    /** Path and query below the service's address, for `ACTIONS_ID_TOKEN_REQUEST_URL`. */
    readonly requestPath: string;
    /** `ACTIONS_ID_TOKEN_REQUEST_TOKEN` */
    readonly requestToken: string;
    /** The `sub` of its tokens. */
    readonly subject: string;
  };
  /** Every token given out so far. */
  readonly issued: readonly string[];
  /** Signs claims with the issuer's key, or with one of its own making, which nobody publishes. */
  sign(claims: object, header?: object, key?: "published" | "unknown"): string;
  /** What tokens of a job claim; `iat` is now. */
  claims(job: IdTokenJob, audience: string): Readonly<Record<string, unknown>>;
}

/** https://docs.github.com/en/actions/reference/security/oidc */
export const GITHUB_ISSUER = "https://token.actions.githubusercontent.com";

/** https://docs.github.com/en/actions/reference/security/oidc, whose example lives for 300 s and is valid before it was made. */
const LIFE = 300;
const VALID_BEFORE = 600;

export function createGitHubIdTokens(options: GitHubIdTokensOptions = {}): GitHubIdTokensEmulator {
  const { now = Date.now, issuer = () => GITHUB_ISSUER } = options;
  const published = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const unknown = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const kid = randomUUID();
  const jobs = new Map<string, IdTokenJob>();
  const issued: string[] = [];

  const claims = (job: IdTokenJob, audience: string): Record<string, unknown> => {
    const [owner = ""] = job.repository.split("/");
    const seconds = Math.floor(now() / 1_000);
    return {
      jti: randomUUID(),
      sub: subjectOf(job),
      aud: audience,
      ref: job.ref ?? "refs/heads/main",
      ...(job.environment === undefined ? {} : { environment: job.environment }),
      repository: job.repository,
      repository_owner: owner,
      event_name: "schedule",
      iss: issuer(),
      nbf: seconds - VALID_BEFORE,
      exp: seconds + LIFE,
      iat: seconds,
    };
  };
  const sign: GitHubIdTokensEmulator["sign"] = (payload, header = {}, key = "published") => {
    const head = { typ: "JWT", alg: "RS256", kid, ...header };
    const text = [head, payload]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    const { privateKey } = key === "published" ? published : unknown;
    return `${text}.${createSign("RSA-SHA256").update(text).sign(privateKey, "base64url")}`;
  };

  const answer = ({ method, url, path, headers }: EmulatorRequest): Response => {
    if (method !== "GET") throw new Error(`no such route: ${method} ${path}`);
    switch (url.pathname) {
      // https://docs.github.com/en/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
      case "/_apis/token": {
        const job = jobs.get(/^bearer (.+)$/i.exec(headers.get("authorization") ?? "")?.[1] ?? "");
        if (job === undefined) return Response.json({ message: "Unauthorized" }, { status: 401 });
        if (url.searchParams.get("api-version") !== "2.0") throw new Error("the runner's own query is gone");
        const [owner = ""] = job.repository.split("/");
        const value = sign(claims(job, url.searchParams.get("audience") ?? `https://github.com/${owner}`));
        issued.push(value);
        return Response.json({ count: value.length, value });
      }
      // https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
      case "/.well-known/openid-configuration":
        return Response.json({
          issuer: issuer(),
          jwks_uri: `${issuer()}/.well-known/jwks`,
          response_types_supported: ["id_token"],
          subject_types_supported: ["public", "pairwise"],
          id_token_signing_alg_values_supported: ["RS256"],
        });
      // https://www.rfc-editor.org/rfc/rfc7517#section-5
      case "/.well-known/jwks": {
        const jwk = published.publicKey.export({ format: "jwk" });
        return Response.json({ keys: [{ ...jwk, use: "sig", alg: "RS256", kid }] });
      }
      default:
        throw new Error(`no such route: ${method} ${path}`);
    }
  };

  return Object.assign(createEmulator("github-id-tokens", answer), {
    issued,
    sign,
    claims,
    startJob: (job: IdTokenJob) => {
      const requestToken = randomBytes(40).toString("base64url");
      jobs.set(requestToken, job);
      return { requestPath: "/_apis/token?api-version=2.0", requestToken, subject: subjectOf(job) };
    },
  });
}

/** https://docs.github.com/en/actions/reference/security/oidc#example-subject-claims */
function subjectOf({ repository, environment, ref = "refs/heads/main" }: IdTokenJob): string {
  return `repo:${repository}:${environment === undefined ? `ref:${ref}` : `environment:${environment}`}`;
}
