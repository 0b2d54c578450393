import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SealedValue } from "../src/github/seal.ts";
import { parseTarget, type Place } from "../src/github/target.ts";
import { createJournal, deleteJournal, readJournal } from "../src/journal.ts";

const web: Place = { kind: "repo", owner: "acme", repo: "web" };
const first = parseTarget("repo:acme/web#ONE");
const second = parseTarget("env:acme/web/eu%2Fprod west?pointer=/a&format=md5#TWO");
const sealed = (text: string): SealedValue => ({ encrypted_value: text, key_id: "1" });

let folder: string;
let path: string;
let begun: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-test-"));
  path = join(folder, "journal.jsonl");
  begun = 0;
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const open = (): ReturnType<typeof createJournal> =>
  createJournal(path, () => {
    begun += 1;
    expect(existsSync(path)).toBe(false);
  });

describe("a journal", () => {
  test("is no file before its first line, and is announced before it is one", () => {
    const journal = open();
    journal.settled("login");
    expect([begun, existsSync(path)]).toEqual([0, false]);
    journal.rotating("login");
    journal.rotating("login");
    expect([begun, existsSync(path)]).toEqual([1, true]);
  });

  test("can be read by its owner only", () => {
    open().rotating("login");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("is on disk when a line has been said", () => {
    const journal = open();
    journal.markers("login", "ROTATING_0123456789", [web], false);
    const lines = (): readonly string[] =>
      readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line !== "");
    expect(lines()).toHaveLength(1);
    journal.rotating("login");
    expect(lines()).toHaveLength(2);
  });

  test("tells of each rotation what is unfinished", () => {
    const journal = open();
    journal.markers("login", "ROTATING_0123456789", [web], true);
    journal.rotating("login");
    journal.sealed("login", first, sealed("a"));
    journal.sealed("login", second, sealed("b"));
    journal.written("login", first);
    journal.markers("pay", "ROTATING_AAAAAAAAAA", [web], false);
    expect(readJournal(path)).toEqual([
      {
        rotation: "login",
        marker: expect.objectContaining({
          name: "ROTATING_0123456789",
          places: [web],
          found: true,
        }) as unknown,
        rotating: true,
        unsent: [expect.objectContaining({ target: second, value: sealed("b") })],
        sealed: 2,
      },
      {
        rotation: "pay",
        marker: expect.objectContaining({ name: "ROTATING_AAAAAAAAAA", found: false }) as unknown,
        rotating: false,
        unsent: [],
        sealed: 0,
      },
    ]);
  });

  test("knows GitHub's times of the markers, and takes none for a rotation that is settled", () => {
    const journal = open();
    journal.markers("login", "ROTATING_0123456789", [web], false);
    journal.stamped("login", web, 1_790_000_000_000);
    expect(readJournal(path)[0]?.marker?.times).toEqual(new Map([["repo:acme/web", 1_790_000_000_000]]));
    journal.settled("login");
    deleteJournal(path);
    journal.stamped("login", web, 1_790_000_001_000);
    expect(existsSync(path)).toBe(false);
  });

  test("keeps the latest seal of a target, also of one that was written before", () => {
    const journal = open();
    journal.sealed("login", first, sealed("old"));
    journal.sealed("login", first, sealed("new"));
    journal.sealed("login", second, sealed("b"));
    journal.written("login", second);
    journal.sealed("login", second, sealed("c"));
    const [unfinished] = readJournal(path);
    expect(unfinished?.unsent.map(({ value }) => value.encrypted_value)).toEqual(["new", "c"]);
  });

  test("has nothing more to say of a rotation that is settled", () => {
    const journal = open();
    journal.sealed("login", first, sealed("a"));
    journal.rotating("pay");
    journal.settled("login");
    expect(readJournal(path).map(({ rotation }) => rotation)).toEqual(["pay"]);
  });

  test("begins anew with what is said of a rotation after it was settled", () => {
    const journal = open();
    journal.markers("login", "ROTATING_0123456789", [web], false);
    journal.sealed("login", first, sealed("a"));
    journal.settled("login");
    journal.rotating("login");
    expect(readJournal(path)).toEqual([
      { rotation: "login", marker: undefined, rotating: true, unsent: [], sealed: 0 },
    ]);
  });

  test("loses no more than its last line to a kill in the middle of one", () => {
    const journal = open();
    journal.sealed("login", first, sealed("a"));
    journal.sealed("login", second, sealed("b"));
    const whole = readFileSync(path, "utf8");
    const start = whole.lastIndexOf(`{"rotation"`);
    for (let end = start; end < whole.length - 1; end += 1) {
      writeFileSync(path, whole.slice(0, end));
      expect(readJournal(path)[0]?.unsent.map(({ value }) => value.encrypted_value)).toEqual(["a"]);
    }
  });

  test("of no file, or of an empty one, tells nothing", () => {
    expect(readJournal(path)).toEqual([]);
    writeFileSync(path, "");
    expect(readJournal(path)).toEqual([]);
  });

  test("does not open a file that somebody else has put there", () => {
    writeFileSync(path, "theirs");
    expect(() => {
      createJournal(path, () => undefined).rotating("login");
    }).toThrowWithCode("JOURNAL_UNWRITABLE");
    expect(readFileSync(path, "utf8")).toBe("theirs");
  });

  test("that cannot be written says why", () => {
    const journal = createJournal(join(folder, "no such folder", "journal"), () => undefined);
    expect(() => {
      journal.rotating("login");
    }).toThrow("cannot be written (ENOENT); expected a writable folder");
  });

  test("is gone once it is deleted, and deleting it twice is no error", () => {
    open().rotating("login");
    deleteJournal(path);
    deleteJournal(path);
    expect(existsSync(path)).toBe(false);
  });

  test("goes on after lines that it does not understand", () => {
    const journal = open();
    journal.rotating("login");
    appendFileSync(path, "\n\u0000\u0000\n");
    journal.sealed("login", first, sealed("a"));
    expect(readJournal(path)).toMatchObject([{ rotating: true, sealed: 1 }]);
  });

  test.each([
    ["no entry at all", null],
    ["a list", []],
    ["of no rotation", { did: "rotating" }],
    ["of a rotation without a name that is text", { rotation: 7, did: "rotating" }],
    ["of a kind that does not exist", { rotation: "pay", did: "danced" }],
    ["of no kind", { rotation: "pay" }],
    ["of a seal without a target", { rotation: "pay", did: "sealed", value: sealed("a") }],
    ["of a seal without a value", { rotation: "pay", did: "sealed", target: first }],
    ["of a seal with nothing for its target", { rotation: "pay", did: "sealed", target: null, value: {} }],
    ["of a seal with nothing for its value", { rotation: "pay", did: "sealed", target: first, value: null }],
  ])("takes nothing from a line that is %s", (_, line) => {
    open().rotating("login");
    appendFileSync(path, `\n${JSON.stringify(line)}\n`);
    expect(readJournal(path)).toMatchObject([{ rotation: "login", rotating: true, sealed: 0 }]);
    expect(readJournal(path)).toHaveLength(1);
  });

  test("forgets the times of markers with what is settled", () => {
    const journal = open();
    journal.markers("login", "ROTATING_0123456789", [web], false);
    journal.stamped("login", web, 1_790_000_000_000);
    journal.settled("login");
    journal.markers("login", "ROTATING_0123456789", [web], false);
    expect(readJournal(path)[0]?.marker?.times).toEqual(new Map());
  });

  test("is no file where it cannot be announced, and the error says what was in the way", () => {
    const cause = new Error("the runner takes no state");
    const journal = createJournal(path, () => {
      throw cause;
    });
    const say = (): void => {
      journal.rotating("login");
    };
    expect(say).toThrow("cannot be written (unknown reason)");
    expect(say).toThrow(expect.objectContaining({ code: "JOURNAL_UNWRITABLE", cause }) as Error);
    expect(existsSync(path)).toBe(false);
  });
});
