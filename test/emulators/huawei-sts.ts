import { createPublicKey, createVerify, randomBytes, type JsonWebKey } from "node:crypto";
import { createEmulator, type Emulator, type EmulatorRequest } from "./emulator.ts";
import type { HuaweiAccount, HuaweiKey } from "./huawei/account.ts";
import { Refusal } from "./huawei/refusal.ts";

export interface HuaweiStsOptions {
  /** Gets the temporary keys, so that the services which share it accept them. */
  readonly account: HuaweiAccount;
  /** Fetches an issuer's public documents. Default `fetch`. */
  readonly fetch?: (url: string) => Promise<Response>;
}

/** An OIDC provider in IAM: https://support.huaweicloud.com/api-iam5/CreateOIDCProviderV5.html */
export interface HuaweiOidcProvider {
  readonly urn: string;
  /** Without a trailing slash. */
  readonly issuer: string;
  /** The audiences that its tokens may be for. */
  readonly clientIds: readonly string[];
}

/** A trust agency, whose trust policy names an OIDC provider and, by `oidc:sub`, who may take it. */
export interface HuaweiTrustAgency {
  readonly urn: string;
  readonly providerUrn: string;
  readonly subjects: readonly string[];
  /** What its keys may use. */
  readonly projectId: string;
  /** Longest session, in seconds. Default 3600. */
  readonly longestSession?: number;
}

/** Security Token Service: the one call that needs no credential of the cloud. */
export interface HuaweiStsEmulator extends Emulator {
  addProvider(provider: HuaweiOidcProvider): void;
  addAgency(agency: HuaweiTrustAgency): void;
  /** The keys given out so far. */
  readonly sessions: readonly Required<HuaweiKey>[];
  /** Status of a success. Default 200; it is not published. */
  successStatus: number;
}

/**
 * https://support.huaweicloud.com/api-iam5/AssumeAgencyWithOIDC.html. No error of this call is published: all statuses
 * and codes here are guesses.
 */
export function createHuaweiSts({ account, fetch = globalThis.fetch }: HuaweiStsOptions): HuaweiStsEmulator {
  const providers = new Map<string, HuaweiOidcProvider>();
  const agencies = new Map<string, HuaweiTrustAgency>();
  const sessions: Required<HuaweiKey>[] = [];

  const keysOf = async (issuer: string): Promise<readonly Jwk[]> => {
    const configuration = await readJson(await fetch(`${issuer}/.well-known/openid-configuration`));
    if (configuration["issuer"] !== issuer) throw new Error(`the configuration is not of ${issuer}`);
    const { keys } = (await readJson(await fetch(String(configuration["jwks_uri"])))) as {
      keys: readonly Jwk[];
    };
    return keys;
  };

  /** The claims of a token that the provider's issuer has signed for one of its clients, and that is valid now. */
  const verify = async (token: string, provider: HuaweiOidcProvider): Promise<Claims> => {
    const [head = "", body = "", signature = ""] = token.split(".");
    const { alg, kid } = decode(head) as { alg?: string; kid?: string };
    const jwk = (await keysOf(provider.issuer)).find((key) => key.kid === kid);
    if (alg !== "RS256" || jwk === undefined) throw unauthorized("the key of the token is not known");
    const key = createPublicKey({ key: jwk, format: "jwk" });
    if (!createVerify("RSA-SHA256").update(`${head}.${body}`).verify(key, signature, "base64url")) {
      throw unauthorized("the signature of the token is wrong");
    }
    const claims = decode(body) as unknown as Claims;
    const seconds = account.now() / 1_000;
    if (claims.iss !== provider.issuer) throw unauthorized("the issuer of the token is another one");
    if (!(claims.nbf <= seconds && seconds < claims.exp)) throw unauthorized("the token is not valid now");
    if (!provider.clientIds.includes(claims.aud))
      throw unauthorized("the audience of the token is another one");
    return claims;
  };

  const assume = async (request: EmulatorRequest): Promise<object> => {
    const { headers } = request;
    for (const name of ["authorization", "x-auth-token", "x-security-token"]) {
      if (headers.get(name) !== null) throw new Error(`this call needs no ${name}`);
    }
    if (headers.get("content-type") !== "application/json") throw new Error("the body is said to be no JSON");
    const body = readBody(request.body);
    const provider = providers.get(body.provider_urn);
    const agency = agencies.get(body.agency_urn);
    if (provider === undefined) throw new Refusal(404, "STS5.0404", "The OIDC provider does not exist.");
    const claims = await verify(body.id_token, provider);
    const trusted = agency?.providerUrn === provider.urn && agency.subjects.includes(claims.sub);
    if (agency === undefined || !trusted) {
      throw new Refusal(403, "STS5.0403", `The agency does not trust ${claims.sub}.`);
    }
    const { duration_seconds: seconds = 3600 } = body;
    if (seconds > (agency.longestSession ?? 3600)) throw invalid("duration_seconds");
    const session = {
      accessKeyId: `HST${randomBytes(9).toString("hex").toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString("base64url"),
      securityToken: randomBytes(200).toString("base64"),
      projectId: agency.projectId,
      expiresAt: account.now() + seconds * 1_000,
    };
    account.addKey(session);
    sessions.push(session);
    return {
      credentials: {
        access_key_id: session.accessKeyId,
        secret_access_key: session.secretAccessKey,
        security_token: session.securityToken,
        expiration: new Date(session.expiresAt).toISOString(),
      },
      assumed_agency: {
        urn: `${agency.urn}/${body.agency_session_name}`,
        id: `id:${body.agency_session_name}`,
      },
      audience: claims.aud,
      provider: provider.urn,
      subject_from_id_token: claims.sub,
      source_identity: null,
    };
  };

  const switches = { successStatus: 200 };
  const answer = async (request: EmulatorRequest): Promise<Response> => {
    const { method, path } = request;
    if (method !== "POST" || path !== "/v5/agencies/assume-with-oidc") {
      throw new Error(`no such route: ${method} ${path}`);
    }
    try {
      return Response.json(await assume(request), { status: emulator.successStatus });
    } catch (error) {
      if (error instanceof Refusal) return error.toResponse();
      throw error;
    }
  };
  const emulator: HuaweiStsEmulator = Object.assign(switches, createEmulator("huawei-sts", answer), {
    sessions,
    addProvider: (provider: HuaweiOidcProvider) => {
      providers.set(provider.urn, provider);
    },
    addAgency: (agency: HuaweiTrustAgency) => {
      agencies.set(agency.urn, agency);
    },
  });
  return emulator;
}

interface Claims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly nbf: number;
  readonly exp: number;
}

type Jwk = JsonWebKey & { readonly kid: string };

interface AssumeBody {
  readonly provider_urn: string;
  readonly agency_urn: string;
  readonly agency_session_name: string;
  readonly id_token: string;
  readonly duration_seconds?: number;
}

/**
 * The fields and their limits:
 * https://github.com/huaweicloud/huaweicloud-sdk-go-v3/blob/abaf9ee/services/sts/v1/model/model_assume_agency_with_oidc_req_body.go
 */
const LIMITS: Readonly<Record<string, readonly [number, number]>> = {
  provider_urn: [1, 1_500],
  agency_urn: [1, 1_500],
  agency_session_name: [2, 128],
  id_token: [4, 20_000],
};

function readBody(text: string): AssumeBody {
  const body = JSON.parse(text) as Record<string, unknown>;
  for (const [name, [shortest, longest]] of Object.entries(LIMITS)) {
    const value = body[name];
    if (typeof value !== "string" || value.length < shortest || value.length > longest) throw invalid(name);
  }
  const { duration_seconds: seconds = 3600 } = body;
  if (typeof seconds !== "number" || seconds < 900 || seconds > 43_200) throw invalid("duration_seconds");
  const odd = Object.keys(body).find((name) => !(name in LIMITS) && name !== "duration_seconds");
  if (odd !== undefined) throw new Error(`no such field: ${odd}`);
  return body as unknown as AssumeBody;
}

function decode(part: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
  } catch {
    throw unauthorized("the token is no JWT");
  }
}

async function readJson(response: Response): Promise<Record<string, unknown>> {
  if (!response.ok) throw new Error(`the issuer answered ${String(response.status)}`);
  return (await response.json()) as Record<string, unknown>;
}

function invalid(field: string): Refusal {
  return new Refusal(400, "STS5.0400", `The value of ${field} is invalid.`);
}

function unauthorized(why: string): Refusal {
  return new Refusal(401, "STS5.0401", `The OIDC token is invalid: ${why}.`);
}
