import { beforeEach, describe, expect, test } from "vitest";
import type { EmulatorRequest } from "../emulator.ts";
import { createHuaweiAccount, type HuaweiAccount, type HuaweiKey } from "./account.ts";
import { signOfficially } from "./official-client.ts";
import { Refusal } from "./refusal.ts";

const PROJECT = "0123456789abcdef0123456789abcdef";
const KEY: HuaweiKey = { accessKeyId: "AK", secretAccessKey: "SK", projectId: PROJECT };
const TEMPORARY: HuaweiKey = {
  accessKeyId: "TEMP",
  secretAccessKey: "SK",
  securityToken: "gQpTESTtoken==",
  projectId: PROJECT,
};
const WRONG: HuaweiKey = { ...KEY, secretAccessKey: "wrong" };
const URL_OF_CALL = "https://kms.cn-north-4.myhuaweicloud.com/v1/p/secrets/s";
const MINUTE = 60_000;

let now: number;
let account: HuaweiAccount;

beforeEach(() => {
  now = Date.parse("2026-01-02T03:04:05Z");
  account = createHuaweiAccount({ now: () => now });
  account.addKey(KEY);
  account.addKey(TEMPORARY);
  account.addToken("MIIToken", PROJECT);
});

describe("the gateway accepts", () => {
  test("a signature, and takes the project from X-Project-Id alone", () => {
    expect(account.authenticate(signed(KEY))).toEqual({ projectId: PROJECT });
    const withoutProject = { accessKeyId: "AK", secretAccessKey: "SK" };
    expect(account.authenticate(signed(withoutProject))).toEqual({ projectId: undefined });
  });

  test("a temporary key with its security token", () => {
    expect(account.authenticate(signed(TEMPORARY))).toEqual({ projectId: PROJECT });
  });

  test("an IAM token, with the project it holds for", () => {
    expect(account.authenticate(request({ "x-auth-token": "MIIToken" }))).toEqual({ projectId: PROJECT });
  });

  test("a clock that is 15 minutes off", () => {
    for (const skew of [-15 * MINUTE, 15 * MINUTE]) {
      expect(account.authenticate(signed(KEY, now + skew))).toEqual({ projectId: PROJECT });
    }
  });
});

describe("the gateway refuses", () => {
  test("a request without credentials, or with a token it does not know", () => {
    expect(refusal(request({}))).toEqual(unauthorized("x-auth-token not found"));
    expect(refusal(request({ authorization: "Basic eDp5" }))).toEqual(unauthorized("x-auth-token not found"));
    expect(refusal(request({ "x-auth-token": "other" }))).toEqual(unauthorized("decrypt token fail"));
  });

  test("an unknown key", () => {
    expect(refusal(signed({ ...KEY, accessKeyId: "OTHER" }))).toEqual(
      unauthorized("Get secretKey failed,ak:OTHER,err:ak not exist"),
    );
    expect(account.failures("OTHER")).toBe(1);
  });

  test("a wrong signature, and shows the canonical request", () => {
    expect(refusal(signed(WRONG))).toEqual(
      unauthorized(
        `verify aksk signature fail,canonicalRequest:GET|/v1/p/secrets/s/||content-type:application/json|host:kms.cn-north-4.myhuaweicloud.com|x-project-id:${PROJECT}|x-sdk-date:20260102T030405Z||content-type;host;x-project-id;x-sdk-date|e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`,
      ),
    );
  });

  test("a wrong signature of a temporary key, and shows its security token", () => {
    const { message } = refusal(signed({ ...TEMPORARY, secretAccessKey: "wrong" }));
    expect(message).toContain("|x-security-token:gQpTESTtoken==||");
  });

  test.each([
    ["missing", () => withoutToken()],
    ["another", () => signed({ ...TEMPORARY, securityToken: "gQpOther" })],
    ["not signed", () => unsignedToken()],
  ])("a temporary key whose security token is %s", (_, make) => {
    const { status, message } = refusal(make());
    expect(status).toBe(401);
    expect(message).toContain("verify aksk signature fail,canonicalRequest:GET|");
    expect(account.failures("TEMP")).toBe(1);
  });

  test("a security token with a lasting key", () => {
    expect(refusal(signed({ ...KEY, securityToken: "gQpTESTtoken==" })).status).toBe(401);
  });

  test("a date more than 15 minutes off, not signed or of another form", () => {
    expect(refusal(signed(KEY, now - 15 * MINUTE - 1000))).toEqual(
      unauthorized("signature expired, signature time:20260102T024904Z,server time:20260102T030405Z"),
    );
    expect(refusal(signed(KEY, now + 15 * MINUTE + 1000)).message).toContain("signature expired");
    const undated = signed(KEY);
    undated.headers.delete("x-sdk-date");
    expect(refusal(undated).message).toContain("verify aksk signature fail");
    const odd = signed(KEY);
    odd.headers.set("x-sdk-date", "2026-01-02T03:04:05Z");
    expect(refusal(odd).message).toContain("verify aksk signature fail");
  });

  test("a header that was added to the signed ones or changed", () => {
    const changed = signed(KEY);
    changed.headers.set("x-project-id", "another");
    expect(refusal(changed).message).toContain("|x-project-id:another|");
  });

  test("another project than the key's", () => {
    expect(refusal(signed({ ...KEY, projectId: "another" }))).toEqual({
      status: 403,
      code: "APIGW.0302",
      message: "The IAM user is not authorized to access the API.",
    });
    expect(account.failures("AK")).toBe(0);
  });

  test("to choose between two credentials", () => {
    const both = signed(KEY);
    both.headers.set("x-auth-token", "MIIToken");
    expect(() => account.authenticate(both)).toThrow("two credentials");
  });
});

describe("a key", () => {
  test("is locked for five minutes after more than five failures in a row", () => {
    for (let failure = 1; failure <= 5; failure += 1) refusal(signed(WRONG));
    expect(account.locked("AK")).toBe(false);
    refusal(signed(WRONG));
    expect(account.locked("AK")).toBe(true);
    expect(account.failures("AK")).toBe(6);

    expect(refusal(signed(KEY))).toEqual(unauthorized("AK access failed to reach the limit,forbidden."));
    now += 5 * MINUTE - 1;
    expect(refusal(signed(KEY)).status).toBe(401);
    expect(account.failures("AK")).toBe(8);
    now += 1;
    expect(account.authenticate(signed(KEY))).toEqual({ projectId: PROJECT });
  });

  test("is not locked by failures with a success between them, nor by those of another", () => {
    for (let round = 0; round < 3; round += 1) {
      for (let failure = 1; failure <= 5; failure += 1) refusal(signed(WRONG));
      expect(account.authenticate(signed(KEY))).toEqual({ projectId: PROJECT });
    }
    for (let failure = 1; failure <= 6; failure += 1)
      refusal(signed({ ...TEMPORARY, secretAccessKey: "wrong" }));
    expect(account.locked("TEMP")).toBe(true);
    expect(account.authenticate(signed(KEY))).toEqual({ projectId: PROJECT });
  });

  test("does not stay locked longer for trying", () => {
    for (let failure = 1; failure <= 6; failure += 1) refusal(signed(WRONG));
    for (let failure = 1; failure <= 10; failure += 1) refusal(signed(WRONG));
    now += 5 * MINUTE;
    expect(account.authenticate(signed(KEY))).toEqual({ projectId: PROJECT });
  });
});

test("errors of the gateway carry a request id, those of a service may be nested", async () => {
  const gateway = new Refusal(401, "APIGW.0301", "no").toResponse({ nested: true });
  expect(gateway.status).toBe(401);
  expect(await gateway.json()).toEqual({
    error_msg: "no",
    error_code: "APIGW.0301",
    request_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
  });
  const service = new Refusal(400, "CSMS.0002", "no");
  expect(await service.toResponse().json()).toEqual({ error_code: "CSMS.0002", error_msg: "no" });
  expect(await service.toResponse({ nested: true }).json()).toEqual({
    error: { error_code: "CSMS.0002", error_msg: "no" },
  });
});

function request(headers: Record<string, string>): EmulatorRequest {
  const url = new URL(URL_OF_CALL);
  return { method: "GET", url, path: url.pathname, headers: new Headers(headers), body: "" };
}

function signed(key: Parameters<typeof signOfficially>[1], at = now): EmulatorRequest {
  return request(signOfficially({ method: "GET", url: URL_OF_CALL }, key, at));
}

function withoutToken(): EmulatorRequest {
  return signed({ accessKeyId: "TEMP", secretAccessKey: "SK", projectId: PROJECT });
}

function unsignedToken(): EmulatorRequest {
  const made = withoutToken();
  made.headers.set("x-security-token", "gQpTESTtoken==");
  return made;
}

function refusal(from: EmulatorRequest): { status: number; code: string; message: string } {
  try {
    account.authenticate(from);
  } catch (error) {
    if (error instanceof Refusal) return { status: error.status, code: error.code, message: error.message };
    throw error;
  }
  throw new Error("accepted");
}

function unauthorized(message: string): { status: number; code: string; message: string } {
  return { status: 401, code: "APIGW.0301", message: `Incorrect IAM authentication information: ${message}` };
}
