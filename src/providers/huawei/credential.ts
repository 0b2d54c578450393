import { RotationError } from "../../errors.ts";
import type { Secret } from "../../secret.ts";
import { digestOf } from "../credential-gate.ts";
import type { ProviderContext, ProviderInputs } from "../provider.ts";
import { sign, type SignedRequest } from "./signature.ts";

/** A management credential of Huawei Cloud. */
export interface Credential {
  /** Tells it apart from others. */
  readonly digest: string;
  /** The inputs that it was read from, in words for a message. */
  readonly inputs: string;
  /**
   * Gets it ready for a call, which may take requests of its own.
   *
   * @throws {RotationError} PROVIDER_…, ID_TOKEN_UNAVAILABLE; always with `changed` "no".
   */
  open(signal?: AbortSignal): Promise<Authorize>;
}

/** The headers of a request with those that authorize it, at `now` in milliseconds since 1970. */
export type Authorize = (request: SignedRequest, now: number) => Record<string, string>;

/** Ways to log in, of which one may be taken, by their inputs. */
const WAYS = [
  ["iam-token"],
  ["access-key-id", "access-key-secret", "security-token"],
  ["oidc-agency-urn", "oidc-provider-urn", "oidc-audience"],
] as const;

const KEY_INPUTS = `"access-key-id" and "access-key-secret" (with "security-token"), or "iam-token",`;
const OIDC_INPUTS = `"oidc-agency-urn", "oidc-provider-urn" and "oidc-audience"`;

/**
 * Reads a key pair, temporary or not, an IAM token, or what the workflow's OIDC token is traded by. Problems go to the
 * inputs.
 *
 * @param stsUrl where tokens are traded, unless `sts-url` says otherwise.
 */
export function readCredential(inputs: ProviderInputs, context: ProviderContext, stsUrl: string): Credential {
  const taken = WAYS.flatMap((names) => names.find((name) => inputs.credential(name) !== undefined) ?? []);
  const [way, ...others] = taken;
  for (const other of others) {
    if (way !== undefined) inputs.problem(RotationError.of("INPUT_CONFLICT", { first: way, second: other }));
  }
  if (way === "iam-token") return tokenOf(inputs);
  if (taken.some((name) => name.startsWith("oidc-"))) return federationOf(inputs, context, stsUrl);
  return keyPairOf(inputs);
}

function tokenOf(inputs: ProviderInputs): Credential {
  const token = inputs.secret("iam-token");
  return {
    digest: digestOf(token.expose()),
    inputs: KEY_INPUTS,
    open: () => Promise.resolve(({ headers }) => ({ ...headers, "x-auth-token": token.expose() })),
  };
}

function keyPairOf(inputs: ProviderInputs): Credential {
  const accessKey = inputs.credential("access-key-id") ?? inputs.required("access-key-id");
  const secretKey: Secret = inputs.secret("access-key-secret");
  const securityToken = inputs.optionalSecret("security-token");
  return {
    digest: digestOf(accessKey, secretKey.expose(), securityToken?.expose() ?? ""),
    inputs: KEY_INPUTS,
    open: () =>
      Promise.resolve(
        signWith({ accessKey, secretKey: secretKey.expose(), securityToken: securityToken?.expose() }),
      ),
  };
}

function federationOf(inputs: ProviderInputs, context: ProviderContext, standard: string): Credential {
  const required = (name: (typeof WAYS)[2][number]): string =>
    inputs.credential(name) ?? inputs.required(name);
  const agencyUrn = required("oidc-agency-urn");
  const providerUrn = required("oidc-provider-urn");
  const audience = required("oidc-audience");
  const stsUrl = inputs.url("sts-url", standard);
  const { idTokens } = inputs;
  if (idTokens === undefined) {
    inputs.problem(
      RotationError.of("ID_TOKEN_UNAVAILABLE", { found: "the runner names no service that gives it out" }),
    );
  }
  const digest = digestOf(stsUrl, agencyUrn, providerUrn, audience);
  return {
    digest,
    inputs: OIDC_INPUTS,
    async open(signal) {
      if (idTokens === undefined) throw new Error("Invariant violation: inputs with problems are not used");
      // Few log in this way.
      const { openSession } = await import("./federation.ts");
      const federation = { digest, inputs: OIDC_INPUTS, stsUrl, agencyUrn, providerUrn, audience, idTokens };
      return signWith(await openSession(federation, context, signal));
    },
  };
}

function signWith({
  accessKey,
  secretKey,
  securityToken,
}: {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly securityToken: string | undefined;
}): Authorize {
  const temporary = securityToken === undefined ? {} : { "x-security-token": securityToken };
  return (request, now) =>
    sign({ ...request, headers: { ...request.headers, ...temporary } }, { accessKey, secretKey }, now);
}
