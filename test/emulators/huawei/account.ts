import type { EmulatorRequest } from "../emulator.ts";
import { Refusal } from "./refusal.ts";
import { formatDate, hasSigned, parseAuthorization, verify, type Authorization } from "./signature.ts";

export interface HuaweiAccountOptions {
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

export interface HuaweiKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of a temporary key: every request must bring it, signed. */
  readonly securityToken?: string;
  /** The project it may use. A sub-project, so that a request reaches it only by `X-Project-Id`. */
  readonly projectId: string;
  /** Of a temporary key: when it ends, in milliseconds since 1970. Default never. */
  readonly expiresAt?: number;
}

/** Who calls. */
export interface Caller {
  /** Undefined: the main project of the region, where these accounts keep nothing. */
  readonly projectId: string | undefined;
}

/** The credentials of one account, and the gateway that checks them in front of every service. */
export interface HuaweiAccount {
  readonly now: () => number;
  addKey(key: HuaweiKey): void;
  /** Adds an IAM token (`X-Auth-Token`), which holds for one project. */
  addToken(token: string, projectId: string): void;
  /** How many requests with this key were refused with 401 so far, those of an unknown or locked one too. */
  failures(accessKeyId: string): number;
  /** Whether the key is refused now, however it signs. */
  locked(accessKeyId: string): boolean;
  /** The caller of a request; throws a {@link Refusal} with the gateway's 401 or 403. */
  authenticate(request: EmulatorRequest): Caller;
}

/**
 * AK/SK signature: https://support.huaweicloud.com/devg-apisign/api-sign-algorithm-001.html.
 * Errors and lock: https://support.huaweicloud.com/en-us/devg-apisign/api-sign-0001.html, whose older copy shows the
 * canonical request that an error echoes, and https://support.huaweicloud.com/eu/nl-nl/devg-apisign/api-sign-0001.html.
 */
export function createHuaweiAccount({ now = Date.now }: HuaweiAccountOptions = {}): HuaweiAccount {
  const keys = new Map<string, Key>();
  const tokens = new Map<string, string>();
  const failures = new Map<string, number>();

  const locked = (key: Key | undefined): boolean => key !== undefined && now() < key.lockedUntil;

  const refuse = (accessKeyId: string, message: string): Refusal => {
    failures.set(accessKeyId, (failures.get(accessKeyId) ?? 0) + 1);
    return incorrect(message);
  };

  const refuseKey = (key: Key, message: string): Refusal => {
    key.inARow += 1;
    if (key.inARow > FAILURES_BEFORE_LOCK) {
      key.inARow = 0;
      key.lockedUntil = now() + LOCK;
    }
    return refuse(key.accessKeyId, message);
  };

  const callerOfKey = (request: EmulatorRequest, authorization: Authorization): Caller => {
    const { accessKeyId } = authorization;
    const key = keys.get(accessKeyId);
    if (key === undefined)
      throw refuse(accessKeyId, `Get secretKey failed,ak:${accessKeyId},err:ak not exist`);
    // What an expired key gets is not published.
    if (now() >= (key.expiresAt ?? Infinity)) throw refuse(accessKeyId, "the access key has expired");
    if (locked(key)) throw refuse(accessKeyId, "AK access failed to reach the limit,forbidden.");

    const { state, date, canonicalRequest } = verify(request, authorization, key.secretAccessKey, now());
    if (state === "expired") {
      // The words are those of app authentication; for IAM none are published.
      throw refuseKey(key, `signature expired, signature time:${date},server time:${formatDate(now())}`);
    }
    const token = request.headers.get("x-security-token") ?? undefined;
    const signed = token === undefined || hasSigned(authorization, "x-security-token");
    // What a missing, wrong, unsigned or superfluous security token gets is not published.
    if (state === "invalid" || token !== key.securityToken || !signed) {
      const echo = canonicalRequest.replaceAll("\n", "|");
      throw refuseKey(key, `verify aksk signature fail,canonicalRequest:${echo}`);
    }
    key.inARow = 0;

    const projectId = request.headers.get("x-project-id") ?? undefined;
    // Which code another project gets is not published.
    if (projectId !== undefined && projectId !== key.projectId) {
      throw new Refusal(403, "APIGW.0302", "The IAM user is not authorized to access the API.");
    }
    return { projectId };
  };

  return {
    now,
    addKey: (key) => {
      keys.set(key.accessKeyId, { ...key, inARow: 0, lockedUntil: -Infinity });
    },
    addToken: (token, projectId) => {
      tokens.set(token, projectId);
    },
    failures: (accessKeyId) => failures.get(accessKeyId) ?? 0,
    locked: (accessKeyId) => locked(keys.get(accessKeyId)),
    authenticate: (request) => {
      const header = request.headers.get("authorization");
      const token = request.headers.get("x-auth-token");
      if (header !== null && token !== null) throw new Error("which of two credentials counts is not known");
      const authorization = parseAuthorization(header);
      if (authorization !== undefined) return callerOfKey(request, authorization);
      if (token === null) throw incorrect("x-auth-token not found");
      const projectId = tokens.get(token);
      if (projectId === undefined) throw incorrect("decrypt token fail");
      return { projectId };
    },
  };
}

/** "More than five consecutive times", and "locked for five minutes"; milliseconds. */
const FAILURES_BEFORE_LOCK = 5;
const LOCK = 5 * 60_000;

interface Key extends HuaweiKey {
  /** Refused since the last good signature. */
  inARow: number;
  lockedUntil: number;
}

function incorrect(message: string): Refusal {
  return new Refusal(401, "APIGW.0301", `Incorrect IAM authentication information: ${message}`);
}
