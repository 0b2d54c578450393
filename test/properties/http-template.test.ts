import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { climbs, fillForm, fillHeader, fillJson, fillUrl } from "../../src/providers/http/template.ts";
import { resolvePointer } from "../../src/pointer.ts";

// The same cases in every run; another seed is another hunt.
fc.configureGlobal({ seed: 20_261_125, numRuns: 500 });

/** Any characters, and those that mean something in a place more often than others. */
const ids = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      ...Array.from("%?#&=/\\.;:@+ \r\n\t\"'{}[]$"),
      "%2e",
      "..",
      "{app-id}",
      "$&",
      "订单",
      "\0",
      "😀",
    ),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
  minLength: 1,
});

const TEMPLATE = "https://user.example.com:8443/a/{app-id}/b-{app-id}/c?x={app-id}&y=1&{app-id}=z";

describe("an app's id", () => {
  test("stays in its segment of a path and its part of a query, and comes back as it was", () => {
    fc.assert(
      fc.property(ids, (id) => {
        const filled = fillUrl(TEMPLATE, id);
        const url = new URL(filled);
        expect([url.origin, url.username, url.hash]).toEqual(["https://user.example.com:8443", "", ""]);
        const known = id.toWellFormed();
        if (climbs(filled)) expect([".", ".."]).toContain(known);
        else {
          const segments = url.pathname.split("/").map(decodeURIComponent);
          expect(segments).toEqual(["", "a", known, `b-${known}`, "c"]);
        }
        expect([...url.searchParams].map(([name, value]) => `${name}\n${value}`)).toEqual([
          `x\n${known}`,
          "y\n1",
          `${known}\nz`,
        ]);
        // Nothing that a line of a request could end at.
        expect(filled).toMatch(/^[\x21-\x7e]+$/);
      }),
    );
  });

  test("is the last segment of a path, or climbs", () => {
    fc.assert(
      fc.property(ids, (id) => {
        const filled = fillUrl("https://user.example.com/a/{app-id}", id);
        const segments = new URL(filled).pathname.split("/").map(decodeURIComponent);
        expect(climbs(filled)).toBe(segments.join("\n") !== `\na\n${id.toWellFormed()}`);
      }),
      { examples: [["."], [".."], ["..."], [""]] },
    );
  });

  test("stays one text of JSON, also as a name in it", () => {
    fc.assert(
      fc.property(ids, (id) => {
        const filled = fillJson(`{"{app-id}": [1, "a {app-id} b"], "z": null}`, id) ?? "";
        expect(JSON.parse(filled)).toEqual({ [id]: [1, `a ${id} b`], z: null });
      }),
    );
  });

  test("has no place in JSON outside a text", () => {
    for (const template of ["{app-id}", '{"a": {app-id}}', "[{app-id}]", '{"a": "{app-id}', "no JSON"]) {
      expect(fillJson(template, "1")).toBeUndefined();
    }
  });

  test("stays one value of a form", () => {
    fc.assert(
      fc.property(ids, (id) => {
        const form = new URLSearchParams(fillForm("a=b&id={app-id}&c=d", id));
        expect([...form]).toEqual([
          ["a", "b"],
          ["id", id.toWellFormed()],
          ["c", "d"],
        ]);
      }),
    );
  });

  test("begins no other header", () => {
    fc.assert(
      fc.property(ids, (id) => {
        const value = fillHeader("app {app-id}", id);
        if (/[^\t\x20-\x7e\x80-\xff]/.test(id)) expect(value).toBeUndefined();
        else expect(value).toBe(`app ${id}`);
        expect(value ?? "").not.toMatch(/[\r\n\0]/);
      }),
    );
  });
});

test("a pointer leads to whatever a value has of its own, and nowhere else", () => {
  const keys = fc.oneof(
    fc.string(),
    fc.constantFrom("", "/", "~", "~1", "length", "__proto__", "constructor", "0"),
  );
  fc.assert(
    fc.property(fc.array(keys, { minLength: 1, maxLength: 4 }), fc.jsonValue(), (path, leaf) => {
      const pointer = path.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
      const text = path.reduceRight(
        (inner, key) => `{${JSON.stringify(key)}:${inner}}`,
        JSON.stringify(leaf),
      );
      expect(resolvePointer(JSON.parse(text), pointer)).toEqual(JSON.parse(JSON.stringify(leaf)));
      expect(resolvePointer({}, pointer)).toBeUndefined();
    }),
  );
  expect(resolvePointer(["a"], "/length")).toBeUndefined();
  expect(resolvePointer(["a"], "/00")).toBeUndefined();
  expect(resolvePointer("text", "/0")).toBeUndefined();
});
