import { describe, expect, test } from "vitest";
import {
  climbs,
  fillJson,
  fillUrl,
  hasPlaceholder,
  isHeaderValue,
} from "../../../src/providers/http/template.ts";

describe("an address", () => {
  test.each([
    "https://api.example.com",
    "https://api.example.com?app=a",
    "https://api.example.com?path=../..",
    "https://api.example.com/",
    "https://api.example.com/?app=..",
    "https://api.example.com/apps/a/secret",
    "https://api.example.com:8443/apps/...",
    "https://api.example.com/apps/.a/b..",
  ])("does not climb as %s", (url) => {
    expect(climbs(url)).toBe(false);
  });

  test.each([
    "https://api.example.com/apps/../secret",
    "https://api.example.com/apps/./secret?app=a",
    "https://api.example.com/apps/%2e%2E/secret",
    "HTTPS://api.example.com/apps/..",
    "https://api.example.com/.",
    "https://api.example.com/..",
    "https://api.example.com/apps/.",
    "https://api.example.com/apps/.%2E?app=a",
    "https://api.example.com/apps\\..\\secret",
    "https://api.example.com/apps/.\t./secret",
  ])("climbs as %s", (url) => {
    expect(climbs(url)).toBe(true);
  });

  test("has the id wherever it is wanted, as the text that it is", () => {
    expect(fillUrl("https://api.example.com/{app-id}?a={app-id}", "a/$&?")).toBe(
      "https://api.example.com/a%2F%24%26%3F?a=a%2F%24%26%3F",
    );
  });
});

test.each([
  ["/apps/{app-id}", true],
  ["/apps/{app_id}", false],
  ["/apps/app-id", false],
  ["", false],
])("whether %j wants the id is %j", (template, wanted) => {
  expect(hasPlaceholder(template)).toBe(wanted);
});

test("JSON without a place for the id stays as it is written", () => {
  expect(fillJson(` { "a" : 1.0 }`, "an app")).toBe(` { "a" : 1.0 }`);
});

test.each([
  ["", true],
  ["Bearer a-token", true],
  ["tab\there", true],
  ["café", true],
  ["two\nlines", false],
  ["two\rlines", false],
  ["nul\0", false],
  ["delete\x7f", false],
  ["订单", false],
])("whether a header can carry %j is %j", (text, can) => {
  expect(isHeaderValue(text)).toBe(can);
});
