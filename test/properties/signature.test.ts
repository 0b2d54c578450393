import { AKSKSigner } from "@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner.js";
import { BasicCredentials } from "@huaweicloud/huaweicloud-sdk-core/auth/BasicCredentials.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type KeyPair, sign } from "../../src/providers/huawei/signature.ts";
import { formatDate, parseAuthorization, verify } from "../emulators/huawei/signature.ts";

// The same cases in every run; another seed is another hunt.
fc.configureGlobal({ seed: 20_261_122, numRuns: 400 });

const methods = fc.constantFrom("GET", "PUT", "POST", "DELETE", "PATCH");
const hosts = fc.constantFrom(
  "kms.cn-north-4.myhuaweicloud.com",
  "apig.example.test:8443",
  "127.0.0.1:40123",
);
const times = fc.integer({
  min: Date.parse("2000-01-01T00:00:00Z"),
  max: Date.parse("2099-12-31T23:59:59Z"),
});
const printable = fc.string({ unit: "grapheme-ascii", maxLength: 40 });
const words = fc.string({
  unit: fc.constantFrom(...Array.from("abcXYZ019-_.~")),
  minLength: 1,
  maxLength: 20,
});

/** What means something in URLs, in encodings, or to nobody. */
const anything = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...Array.from("aZ0-_.~ /+&=?#%:;,@!*'()$[]\"\\<>|^`{}\t\n"), "%2F", "é", "应用", "😀"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
  maxLength: 12,
});

/** The official signer orders names by the rules of a language: those of these characters, like ours, by code. */
const headerNames = fc
  .stringMatching(/^x-[a-z]{1,8}(?:-[a-z]{1,8})?$/)
  .filter((name) => name !== "x-sdk-date" && name !== "x-sdk-content-sha256");
const headers = fc.dictionary(
  headerNames,
  printable.map((value) => value.trim()),
  { maxKeys: 5, noNullPrototype: true },
);

const pairs: fc.Arbitrary<KeyPair> = fc.record({
  accessKey: words,
  secretKey: fc.string({ unit: "binary", minLength: 1 }),
});

const json = fc.option(
  // Of what JavaScript calls false the official signer says that it is no body.
  fc.jsonValue({ stringUnit: "binary", maxDepth: 3 }).filter(Boolean),
  { nil: undefined },
);

describe("the signature of any request", () => {
  test("is the one that the official signer makes", () => {
    // Of what must be encoded in a path the official signer encodes it twice where it comes encoded.
    const segments = fc
      .string({
        unit: fc.constantFrom(...Array.from("aZ09-_.~$+()@,=!*&:"), "é", "应用", "😀"),
        maxLength: 12,
      })
      .filter((segment) => segment !== "." && segment !== "..");
    const queries = fc.dictionary(
      anything,
      fc.oneof(anything, fc.array(anything, { minLength: 1, maxLength: 3 })),
      {
        maxKeys: 4,
        noNullPrototype: true,
      },
    );
    const requests = fc.record({
      method: methods,
      host: hosts,
      path: fc.array(segments, { maxLength: 6 }),
      queries,
      headers,
      json,
    });
    fc.assert(
      fc.property(requests, pairs, times, (request, pair, now) => {
        const { method, host, path, json: data } = request;
        const address = `https://${host}/${path.join("/")}`;
        const official: Record<string, string> = AKSKSigner.sign(
          {
            endpoint: address,
            method,
            queryParams: structuredClone(request.queries),
            headers: { ...request.headers, "X-Sdk-Date": formatDate(now) },
            data,
          },
          new BasicCredentials({ ak: pair.accessKey, sk: pair.secretKey }),
        );
        const query = Object.entries(request.queries)
          .flatMap(([name, values]) => [values].flat().map((value) => [name, value] as const))
          .map((both) => both.map(encodeURIComponent).join("="))
          .join("&");
        const url = query === "" ? address : `${address}?${query}`;
        const body = data === undefined ? "" : JSON.stringify(data);
        const signed = sign({ method, url, headers: request.headers, body }, pair, now);
        expect(signed["authorization"]).toBe(official["Authorization"]);
      }),
    );
  });

  const requests = fc.record({
    method: methods,
    host: hosts,
    path: fc.array(
      anything.filter((segment) => !/^(?:\.|%2e){1,2}$/i.test(segment)),
      { maxLength: 5 },
    ),
    // The order of names that need encoding is not published, nor that of the values of one name.
    query: fc.uniqueArray(fc.tuple(words, anything), { maxLength: 5, selector: ([name]) => name }),
    headers: fc.dictionary(headerNames, printable, { maxKeys: 5, noNullPrototype: true }),
    body: fc.oneof(fc.constant(""), fc.json(), fc.string({ unit: "binary" })),
  });
  const urlOf = ({
    host,
    path,
    query,
  }: {
    host: string;
    path: readonly string[];
    query: readonly (readonly [string, string])[];
  }): URL => {
    const url = new URL(`https://${host}/${path.map(encodeURIComponent).join("/")}`);
    url.search = query.map((both) => both.map(encodeURIComponent).join("=")).join("&");
    return url;
  };

  test("is verified by code of another hand", () => {
    fc.assert(
      fc.property(requests, pairs, times, (request, pair, now) => {
        const url = urlOf(request);
        const signed = new Headers(sign({ ...request, url: url.href }, pair, now));
        const authorization = parseAuthorization(signed.get("authorization"));
        if (authorization === undefined) throw new Error("unparsable");
        const seen = { method: request.method, url, headers: signed, body: request.body };
        expect(verify(seen, authorization, pair.secretKey, now).state).toBe("valid");
      }),
    );
  });

  test("is another one as soon as anything that it covers is", () => {
    const changes = fc.constantFrom("method", "path", "query", "header", "body", "secret key", "date");
    fc.assert(
      fc.property(requests, pairs, times, changes, (request, pair, now, what) => {
        const { method, body } = request;
        const url = urlOf(request).href;
        const before = { method, url, headers: request.headers, body };
        const longer = `${url}${url.includes("?") ? "&" : "?"}added=1`;
        const after = {
          ...before,
          ...(what === "method" ? { method: `${method}S` } : {}),
          ...(what === "path" ? { url: url.replace(/(?=\?|$)/, "/added") } : {}),
          ...(what === "query" ? { url: longer } : {}),
          ...(what === "header" ? { headers: { ...request.headers, "x-added": "1" } } : {}),
          ...(what === "body" ? { body: `${body} ` } : {}),
        };
        const other = what === "secret key" ? { ...pair, secretKey: `${pair.secretKey}x` } : pair;
        const later = what === "date" ? now + 1_000 : now;
        const signatureOf = (signed: Record<string, string>): string | undefined =>
          parseAuthorization(signed["authorization"] ?? null)?.signature;
        const signature = signatureOf(sign(before, pair, now));
        expect(signature).toMatch(/^[0-9a-f]{64}$/);
        expect(signatureOf(sign(after, other, later))).not.toBe(signature);
      }),
    );
  });

  test("is the same however its headers are ordered, spelt and padded", () => {
    fc.assert(
      fc.property(requests, pairs, times, (request, pair, now) => {
        const { method, body } = request;
        const url = urlOf(request).href;
        const odd = Object.fromEntries(
          Object.entries(request.headers)
            .reverse()
            .map(([name, value]) => [name.toUpperCase(), ` ${value}\t`]),
        );
        const plain = sign({ method, url, headers: request.headers, body }, pair, now);
        expect(sign({ method, url, headers: odd, body }, pair, now)["authorization"]).toBe(
          plain["authorization"],
        );
      }),
    );
  });
});

// Of the inputs only `probe-url` can be such a URL; "%B2%E2" is GBK, as older services have it.
test.each(["https://x.test/%B2%E2", "https://x.test/100%"])(
  "a URL whose path decodes to no text is signed, or refused as an input: %s",
  (url) => {
    const pair = { accessKey: "a", secretKey: "s" };
    expect(() => sign({ method: "GET", url, headers: {}, body: "" }, pair, 0)).not.toThrow();
  },
);
