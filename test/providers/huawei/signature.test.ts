import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { canonicalRequest, sign } from "../../../src/providers/huawei/signature.ts";
import { signOfficially } from "../../emulators/huawei/official-client.ts";
import { parseAuthorization, verify } from "../../emulators/huawei/signature.ts";

const PROJECT = "0123456789abcdef0123456789abcdef";
const PAIR = {
  accessKey: "TESTAKEXAMPLE0000001",
  secretKey: "TestSkExample/Not+Real0123456789abcdefABCDE",
};
const NOW = Date.parse("2026-01-02T03:04:05Z");
const KMS = `https://kms.cn-north-4.myhuaweicloud.com/v1/${PROJECT}/secrets/demo-secret`;
const APPS = "https://apig.cn-north-4.myhuaweicloud.com/v1.0/apigw/apps";

const JSON_TYPE = { "content-type": "application/json" };
const USUAL = { ...JSON_TYPE, "x-project-id": PROJECT };

interface Vector {
  readonly name: string;
  readonly method: string;
  readonly url: string;
  /** Without `host` and `x-sdk-date`, which the signer adds. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly pair?: typeof PAIR;
  readonly now?: number;
  readonly signedHeaders: string;
  /** SHA-256 of the canonical request. */
  readonly canonical?: string;
  readonly signature: string;
}

const USUALLY_SIGNED = "content-type;host;x-project-id;x-sdk-date";

const VECTORS: readonly Vector[] = [
  {
    // https://support.huaweicloud.com/devg-apisign/api-sign-algorithm-001.html
    name: "the documented example",
    method: "GET",
    url: "https://service.region.example.com/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
    headers: JSON_TYPE,
    pair: { accessKey: "QTWAOYTTINDUT2QVKYUC", secretKey: "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc" },
    now: Date.parse("2019-11-15T03:36:55Z"),
    signedHeaders: "content-type;host;x-sdk-date",
    canonical: "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a",
    signature: "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe",
  },
  // These and the following were made with AKSKSigner of @huaweicloud/huaweicloud-sdk-core 3.1.211.
  {
    name: "a GET without a body",
    method: "GET",
    url: `${KMS}/versions/latest`,
    headers: USUAL,
    signedHeaders: USUALLY_SIGNED,
    canonical: "847ea0867e0e2d2f208e54d635e08cca6e8618cb864a3f9638c7a87e056950d3",
    signature: "86a1d666b0c176649dade2913b6a93c32744e705444e064a83a1fb93ff531030",
  },
  {
    name: "a GET with a query",
    method: "GET",
    url: `${KMS}/versions?marker=v3&limit=50&Zed=a%20b%2Fc%2Bd~e'*!()&empty=`,
    headers: USUAL,
    signedHeaders: USUALLY_SIGNED,
    canonical: "b420476d03413e36832c5732dbd26ec248d600e806e5b2ba3e74359e2c55627f",
    signature: "77e99bd655cb1ab17c19cbea4d2979bf233f2109ea660ba8d3d1303d451d7fc2",
  },
  {
    name: "a POST of JSON",
    method: "POST",
    url: `${KMS}/versions`,
    headers: USUAL,
    body: '{"secret_string":"new-value-1","version_stages":["SYSCURRENT"]}',
    signedHeaders: USUALLY_SIGNED,
    canonical: "caa3ff6d6e348432bec0e9f23a74f0e2ecb1e3991bcb1445abf930ea8c063433",
    signature: "bfedafc7545b2fe279312c25d79f4d3dbe7cb65d1de951ac642f91c6015decce",
  },
  {
    name: "a PUT of JSON beyond ASCII",
    method: "PUT",
    url: `${APPS}/14b399ac-967f-4115-bb62-c0346b4537e9`,
    headers: USUAL,
    body: '{"name":"app_001","remark":"第一个APP ✓ é 😀","app_secret":"Aa1_-!@#$%sample"}',
    signedHeaders: USUALLY_SIGNED,
    canonical: "3c3e02008b73d5e4f902dd11356e23070451fdf2617ecaec8426da61e5145a14",
    signature: "93aacba3e05efa05083fa7804c2287c1268bfd96ff3aae2115beb85c2badadd8",
  },
  {
    name: "a POST without a body",
    method: "POST",
    url: `${KMS}/rotate`,
    headers: USUAL,
    signedHeaders: USUALLY_SIGNED,
    canonical: "5033b38ff007015985200be04a63a4244abaa64e9f912b2d2a7060cf159e378f",
    signature: "71a3317755a2322748201fcb37822d062b12b7578d88d80236e7881b82fc17a3",
  },
  {
    name: "a temporary key",
    method: "GET",
    url: KMS,
    headers: { ...USUAL, "x-security-token": "gQpTESTtoken==" },
    signedHeaders: `${USUALLY_SIGNED};x-security-token`,
    canonical: "88bf889ac4e586f38868b44fa29f158751b1aec530fe5039f2ffbb7191728716",
    signature: "3bf70c807efe588a897c6d8e0eafa70172d3b7b2ae4fac18f4c9c869b9458c14",
  },
  {
    name: "a path of special characters",
    method: "GET",
    url: `${APPS}/b$c+d(e)~f:@,;=!*`,
    headers: JSON_TYPE,
    signedHeaders: "content-type;host;x-sdk-date",
    canonical: "32ff868a1dec2b55e7f782c02b2f9d2042553f36dfb2422ea889d4483f30e91c",
    signature: "3ed8ce4effd318126a26d3e59b1fb05ffa407ba4073783db1ff9cae3a0919ff7",
  },
  {
    // By the documented rule, not by AKSKSigner, which encodes twice.
    name: "an encoded path",
    method: "GET",
    url: `${APPS}/a%20b%24c%2Bd%28e%29~f%E5%BA%94%E7%94%A8`,
    headers: JSON_TYPE,
    signedHeaders: "content-type;host;x-sdk-date",
    canonical: "9b7af507f2406f8b21fd07b8143701e11c05c16736665e7d5054a6978f71111f",
    signature: "a4cd26f36c1f1ca329a5a0ca759653d1b207f910368dd06ffa5724a78bfa4154",
  },
  {
    name: "the fewest headers",
    method: "PUT",
    url: `https://apig.cn-north-4.myhuaweicloud.com/v2/${PROJECT}/apigw/instances/inst-1/apps/secret/app-1`,
    headers: {},
    body: "{}",
    signedHeaders: "host;x-sdk-date",
    signature: "44ddff51a6009c04a3bcb1f60d80d9cbb700ae9c773b5ed51a1d8c937aa02ff5",
  },
];

describe("the signature of", () => {
  test.each(VECTORS)("$name is the published one", (vector) => {
    const { method, url, body = "", pair = PAIR, now = NOW, signedHeaders } = vector;
    const headers = sign({ method, url, headers: vector.headers, body }, pair, now);
    expect(headers["authorization"]).toBe(
      `SDK-HMAC-SHA256 Access=${pair.accessKey}, SignedHeaders=${signedHeaders}, Signature=${vector.signature}`,
    );
    if (vector.canonical === undefined) return;
    const canonical = canonicalRequest({ method, url, headers, body }, signedHeaders);
    expect(createHash("sha256").update(canonical).digest("hex")).toBe(vector.canonical);
  });

  test("a request carries the date and the host that it was signed with", () => {
    const request = { method: "GET", url: "https://apig.example.test:8443/a", headers: JSON_TYPE, body: "" };
    expect(sign(request, PAIR, NOW + 999)).toEqual({
      "content-type": "application/json",
      host: "apig.example.test:8443",
      "x-sdk-date": "20260102T030405Z",
      authorization: expect.stringMatching(/^SDK-HMAC-SHA256 /) as unknown,
    });
  });

  test("a request covers its headers whatever their case, trimmed", () => {
    const url = `${KMS}/rotate`;
    const plain = sign({ method: "POST", url, headers: { "x-project-id": "p" }, body: "" }, PAIR, NOW);
    const odd = sign({ method: "POST", url, headers: { "X-Project-Id": " p " }, body: "" }, PAIR, NOW);
    expect(odd["authorization"]).toBe(plain["authorization"]);
  });
});

test("the canonical query is sorted by code, then by value", () => {
  const request = { method: "GET", url: "https://x.test/v1?b=2&a=1&b=10&B=x&flag", headers: {}, body: "" };
  expect(canonicalRequest(request, "").split("\n").slice(0, 3)).toEqual([
    "GET",
    "/v1/",
    "B=x&a=1&b=10&b=2&flag=",
  ]);
});

test.each([
  ["https://x.test", "/"],
  ["https://x.test/", "/"],
  ["https://x.test/a/", "/a/"],
  ["https://x.test/a%2Fb", "/a%2Fb/"],
  ["https://x.test/ä", "/%C3%A4/"],
  ["https://x.test/100%/a%ff", "/100%25/a%25ff/"],
])("the canonical path of %s is %s", (url, path) => {
  expect(canonicalRequest({ method: "GET", url, headers: {}, body: "" }, "").split("\n")[1]).toBe(path);
});

test("the signature of any request is the one that the official signer makes", () => {
  const random = createRandom(20261122);
  for (let round = 0; round < 300; round += 1) {
    const { method, path, query, body, key, now } = makeRequest(random);
    const address = `https://${random.pick(["kms", "apig"])}.cn-north-4.myhuaweicloud.com${path}`;
    const official = signOfficially(
      { method, url: address, query, ...(body === undefined ? {} : { body }) },
      key,
      now,
    );
    const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    const signed = sign(
      {
        method,
        url: pairs.length === 0 ? address : `${address}?${pairs.join("&")}`,
        headers: {
          "content-type": "application/json",
          "x-project-id": key.projectId,
          ...(key.securityToken === undefined ? {} : { "x-security-token": key.securityToken }),
        },
        body: body === undefined ? "" : JSON.stringify(body),
      },
      { accessKey: key.accessKeyId, secretKey: key.secretAccessKey },
      now,
    );
    expect(signed["authorization"], `round ${String(round)}`).toBe(official["Authorization"]);
  }
});

test("the signature of any request is verified by code of another hand", () => {
  const random = createRandom(7);
  for (let round = 0; round < 300; round += 1) {
    const { method, query, body, key, now } = makeRequest(random);
    const segments = Array.from({ length: random.below(4) }, () => encodeURIComponent(random.text()));
    const url = new URL(`https://apig.example.test/${segments.join("/")}`);
    // The order of names that need encoding is not published.
    const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    url.search = pairs.join("&");
    const text = body === undefined ? "" : JSON.stringify(body);
    const pair = { accessKey: key.accessKeyId, secretKey: key.secretAccessKey };
    const headers = new Headers(sign({ method, url: url.href, headers: JSON_TYPE, body: text }, pair, now));
    const authorization = parseAuthorization(headers.get("authorization"));
    if (authorization === undefined) throw new Error("unparsable");
    const request = { method, url, headers, body: text };
    expect(verify(request, authorization, pair.secretKey, now).state, url.href).toBe("valid");
    expect(verify({ ...request, body: `${text} ` }, authorization, pair.secretKey, now).state).toBe(
      "invalid",
    );
  }
});

interface Random {
  below(limit: number): number;
  pick<Item>(items: readonly Item[]): Item;
  /** Up to eleven characters, such as Huawei's, URLs' and people's. */
  text(): string;
}

/** The same numbers each time: mulberry32. */
function createRandom(seed: number): Random {
  let state = seed;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item;
  const characters = Array.from("aZ0-_.~ /+&=?#%:;,@!*'()$[]\"\\<>|^`{}é应用😀\t");
  const text = (): string =>
    Array.from({ length: 1 + below(11) }, () => pick(characters))
      .join("")
      // A URL does away with these segments.
      .replace(/^\.{1,2}$/, "dots");
  return { below, pick, text };
}

/** A request with a path and query names that need no encoding, as the official signer wants them. */
function makeRequest(random: Random) {
  const name = (): string =>
    Array.from({ length: 1 + random.below(12) }, () => random.pick(Array.from("abcXYZ019-_~"))).join("");
  const method = random.pick(["GET", "PUT", "POST", "DELETE"]);
  const query = Object.fromEntries(Array.from({ length: random.below(4) }, () => [name(), random.text()]));
  const body =
    method === "GET" || random.below(3) === 0
      ? undefined
      : { app_secret: random.text(), remark: random.text(), nested: [{ [name()]: random.below(1_000) }] };
  return {
    method,
    path: `/${Array.from({ length: random.below(6) }, name).join("/")}`,
    query,
    body,
    key: {
      accessKeyId: name(),
      secretAccessKey: random.text(),
      projectId: name(),
      ...(random.below(2) === 0 ? {} : { securityToken: `${name()}==` }),
    },
    now: Date.parse("2026-01-01T00:00:00Z") + random.below(31_536_000) * 1_000,
  };
}
