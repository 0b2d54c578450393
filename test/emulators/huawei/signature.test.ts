import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { EmulatorRequest } from "../emulator.ts";
import { createHuaweiAccount } from "./account.ts";
import { signOfficially } from "./official-client.ts";
import { canonicalRequest, parseAuthorization, sign, verify } from "./signature.ts";

const KEY = {
  accessKeyId: "TESTAKEXAMPLE0000001",
  secretAccessKey: "TestSkExample/Not+Real0123456789abcdefABCDE",
};
const PROJECT = "0123456789abcdef0123456789abcdef";
const KMS = "https://kms.cn-north-4.myhuaweicloud.com";
const APIG = "https://apig.cn-north-4.myhuaweicloud.com";
const DATE = "20260102T030405Z";
const JSON_TYPE = { "content-type": "application/json" };
const USUAL = { ...JSON_TYPE, "x-project-id": PROJECT };

interface Vector {
  readonly name: string;
  readonly method: string;
  readonly url: string;
  /** The signed ones save `host` and `x-sdk-date`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly date?: string;
  readonly body?: string;
  readonly key?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly securityToken?: string;
  /** SHA-256 of the canonical request. */
  readonly canonical?: string;
  readonly signature: string;
}

const VECTORS: readonly Vector[] = [
  {
    // https://support.huaweicloud.com/devg-apisign/api-sign-algorithm-001.html
    name: "the documented example",
    method: "GET",
    url: "https://service.region.example.com/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
    headers: JSON_TYPE,
    date: "20191115T033655Z",
    key: { accessKeyId: "QTWAOYTTINDUT2QVKYUC", secretAccessKey: "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc" },
    canonical: "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a",
    signature: "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe",
  },
  // These and the following were made with AKSKSigner of @huaweicloud/huaweicloud-sdk-core 3.1.211.
  {
    name: "a GET without a body",
    method: "GET",
    url: `${KMS}/v1/${PROJECT}/secrets/demo-secret/versions/latest`,
    headers: USUAL,
    canonical: "847ea0867e0e2d2f208e54d635e08cca6e8618cb864a3f9638c7a87e056950d3",
    signature: "86a1d666b0c176649dade2913b6a93c32744e705444e064a83a1fb93ff531030",
  },
  {
    name: "a GET with a query",
    method: "GET",
    url: `${KMS}/v1/${PROJECT}/secrets/demo-secret/versions?marker=v3&limit=50&Zed=a%20b%2Fc%2Bd~e'*!()&empty=`,
    headers: USUAL,
    canonical: "b420476d03413e36832c5732dbd26ec248d600e806e5b2ba3e74359e2c55627f",
    signature: "77e99bd655cb1ab17c19cbea4d2979bf233f2109ea660ba8d3d1303d451d7fc2",
  },
  {
    name: "a POST of JSON",
    method: "POST",
    url: `${KMS}/v1/${PROJECT}/secrets/demo-secret/versions`,
    headers: USUAL,
    body: '{"secret_string":"new-value-1","version_stages":["SYSCURRENT"]}',
    canonical: "caa3ff6d6e348432bec0e9f23a74f0e2ecb1e3991bcb1445abf930ea8c063433",
    signature: "bfedafc7545b2fe279312c25d79f4d3dbe7cb65d1de951ac642f91c6015decce",
  },
  {
    name: "a PUT of JSON beyond ASCII",
    method: "PUT",
    url: `${APIG}/v1.0/apigw/apps/14b399ac-967f-4115-bb62-c0346b4537e9`,
    headers: USUAL,
    body: '{"name":"app_001","remark":"第一个APP ✓ é 😀","app_secret":"Aa1_-!@#$%sample"}',
    canonical: "3c3e02008b73d5e4f902dd11356e23070451fdf2617ecaec8426da61e5145a14",
    signature: "93aacba3e05efa05083fa7804c2287c1268bfd96ff3aae2115beb85c2badadd8",
  },
  {
    name: "a POST without a body",
    method: "POST",
    url: `${KMS}/v1/${PROJECT}/secrets/demo-secret/rotate`,
    headers: USUAL,
    canonical: "5033b38ff007015985200be04a63a4244abaa64e9f912b2d2a7060cf159e378f",
    signature: "71a3317755a2322748201fcb37822d062b12b7578d88d80236e7881b82fc17a3",
  },
  {
    name: "a temporary key",
    method: "GET",
    url: `${KMS}/v1/${PROJECT}/secrets/demo-secret`,
    headers: { ...USUAL, "x-security-token": "gQpTESTtoken==" },
    securityToken: "gQpTESTtoken==",
    canonical: "88bf889ac4e586f38868b44fa29f158751b1aec530fe5039f2ffbb7191728716",
    signature: "3bf70c807efe588a897c6d8e0eafa70172d3b7b2ae4fac18f4c9c869b9458c14",
  },
  {
    name: "a path of special characters",
    method: "GET",
    url: `${APIG}/v1.0/apigw/apps/b$c+d(e)~f:@,;=!*`,
    headers: JSON_TYPE,
    canonical: "32ff868a1dec2b55e7f782c02b2f9d2042553f36dfb2422ea889d4483f30e91c",
    signature: "3ed8ce4effd318126a26d3e59b1fb05ffa407ba4073783db1ff9cae3a0919ff7",
  },
  {
    // By the documented rule, not by AKSKSigner.
    name: "an encoded path",
    method: "GET",
    url: `${APIG}/v1.0/apigw/apps/a%20b%24c%2Bd%28e%29~f%E5%BA%94%E7%94%A8`,
    headers: JSON_TYPE,
    canonical: "9b7af507f2406f8b21fd07b8143701e11c05c16736665e7d5054a6978f71111f",
    signature: "a4cd26f36c1f1ca329a5a0ca759653d1b207f910368dd06ffa5724a78bfa4154",
  },
  {
    name: "the fewest headers",
    method: "PUT",
    url: `${APIG}/v2/${PROJECT}/apigw/instances/inst-1/apps/secret/app-1`,
    headers: {},
    body: "{}",
    signature: "44ddff51a6009c04a3bcb1f60d80d9cbb700ae9c773b5ed51a1d8c937aa02ff5",
  },
];

describe("the signature of", () => {
  test.each(VECTORS)("$name is accepted, and no other", (vector) => {
    const { secretAccessKey } = vector.key ?? KEY;
    const request = toRequest(vector);
    const authorization = parseAuthorization(request.headers.get("authorization"));
    if (authorization === undefined) throw new Error("unparsable");
    const canonical = canonicalRequest(request, authorization.signedHeaders);
    const now = timeOf(vector);
    expect(verify(request, authorization, secretAccessKey, now)).toEqual({
      state: "valid",
      date: vector.date ?? DATE,
      canonicalRequest: canonical,
    });
    if (vector.canonical !== undefined) expect(sha256(canonical)).toBe(vector.canonical);

    const other = new URL(`${vector.url}${request.url.search === "" ? "?" : "&"}more=1`);
    for (const changed of [
      { ...request, method: "DELETE" },
      { ...request, url: other },
      { ...request, body: `${request.body} ` },
      { ...request, headers: new Headers([...request.headers, ["host", "elsewhere.example.com"]]) },
    ]) {
      expect(verify(changed, authorization, secretAccessKey, now).state).toBe("invalid");
    }
    expect(verify(request, authorization, `${secretAccessKey}x`, now).state).toBe("invalid");
  });

  test.each(VECTORS)("$name gets through the gateway", (vector) => {
    const { key = KEY, securityToken } = vector;
    const account = createHuaweiAccount({ now: () => timeOf(vector) });
    account.addKey({ ...key, projectId: PROJECT, ...(securityToken === undefined ? {} : { securityToken }) });
    expect(account.authenticate(toRequest(vector))).toEqual({ projectId: vector.headers["x-project-id"] });
    expect(account.failures(key.accessKeyId)).toBe(0);
  });
});

describe("the canonical request", () => {
  test("is as documented", () => {
    const [vector] = VECTORS;
    if (vector === undefined) throw new Error("no vector");
    expect(canonicalRequest(toRequest(vector), ["content-type", "host", "x-sdk-date"])).toBe(
      [
        "GET",
        "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs/",
        "limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
        "content-type:application/json",
        "host:service.region.example.com",
        "x-sdk-date:20191115T033655Z",
        "",
        "content-type;host;x-sdk-date",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      ].join("\n"),
    );
  });

  test("has the query sorted by code, then by value", () => {
    const url = new URL(`${KMS}/v1?b=2&a=1&b=10&B=x&flag`);
    const request = { method: "GET", url, headers: new Headers(), body: "" };
    expect(canonicalRequest(request, []).split("\n")[2]).toBe("B=x&a=1&b=10&b=2&flag=");
  });

  test('leaves open what "+" means in a query', () => {
    const request = { method: "GET", url: new URL(`${KMS}/v1?a=b+c`), headers: new Headers(), body: "" };
    expect(() => canonicalRequest(request, [])).toThrow("+");
  });
});

test("a signature that leaves out the date is refused", () => {
  const headers = new Headers({ "x-sdk-date": DATE });
  const request = { method: "GET", url: new URL(`${KMS}/v1`), headers, body: "" };
  const stateWith = (signedHeaders: string[]): string => {
    const signature = sign(canonicalRequest(request, signedHeaders), DATE, "SK");
    const authorization = { accessKeyId: "AK", signedHeaders, signature };
    return verify(request, authorization, "SK", Date.parse("2026-01-02T03:04:05Z")).state;
  };
  expect(stateWith(["host", "x-sdk-date"])).toBe("valid");
  expect(stateWith(["x-sdk-date"])).toBe("valid");
  expect(stateWith(["host"])).toBe("invalid");
});

test("the official signer encodes an encoded path twice, and is not followed there", () => {
  const now = Date.parse("2026-01-02T03:04:05Z");
  const url = `${APIG}/v1.0/apigw/apps/a%20b%24c%2Bd%28e%29~f%E5%BA%94%E7%94%A8`;
  const headers = new Headers(signOfficially({ method: "GET", url }, KEY, now));
  const authorization = parseAuthorization(headers.get("authorization"));
  expect(authorization?.signature).toBe("4dbb566e83539b409fd6159f275e711cf995a92b6949ad30c7544138fd7706f6");
  if (authorization === undefined) throw new Error("unparsable");
  const request = { method: "GET", url: new URL(url), headers, body: "" };
  expect(verify(request, authorization, KEY.secretAccessKey, now).state).toBe("invalid");
});

test.each([
  ["", undefined],
  ["Bearer x", undefined],
  ["SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=abc", undefined],
  [`SDK-HMAC-SHA512 Access=AK, SignedHeaders=host, Signature=${"0".repeat(64)}`, undefined],
  [`SDK-HMAC-SHA256 Access=AK,SignedHeaders=host,Signature=${"0".repeat(64)}`, undefined],
  [
    `SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, Signature=${"0".repeat(64)}`,
    { accessKeyId: "AK", signedHeaders: ["host", "x-sdk-date"], signature: "0".repeat(64) },
  ],
])("the authorization %j is read as %j", (header, parsed) => {
  expect(parseAuthorization(header)).toEqual(parsed);
});

function toRequest({
  method,
  url,
  headers,
  date = DATE,
  body = "",
  key = KEY,
  signature,
}: Vector): EmulatorRequest {
  const names = [...Object.keys(headers), "host", "x-sdk-date"].sort().join(";");
  const address = new URL(url);
  return {
    method,
    url: address,
    path: address.pathname + address.search,
    headers: new Headers({
      ...headers,
      "x-sdk-date": date,
      authorization: `SDK-HMAC-SHA256 Access=${key.accessKeyId}, SignedHeaders=${names}, Signature=${signature}`,
    }),
    body,
  };
}

function timeOf({ date = DATE }: Vector): number {
  return Date.parse(date.replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z"));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
