import { describe, expect, test } from "vitest";
import { RotationErrors } from "../../src/errors.ts";
import { formatTarget } from "../../src/github/target.ts";
import { readInputs, type Settings } from "../../src/inputs.ts";
import { type Entry, parseRotationsFile } from "../../src/inputs/rotations-file.ts";
import { Masker } from "../../src/secret.ts";
import { readingContext } from "../support/reading-context.ts";

const FILE = "rotations.yml";

/** The text of a file as it is written here, without the indentation that the test has. */
function yaml([text = ""]: readonly string[]): string {
  const lines = text.replace(/^\n/, "").trimEnd().split("\n");
  const indent = Math.min(...lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/)));
  return `${lines.map((line) => line.slice(indent)).join("\n")}\n`;
}

/** What is found wrong, as `CODE: message`; throws where nothing is. */
function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (thrown) {
    if (thrown instanceof RotationErrors)
      return thrown.errors.map(({ code, message }) => `${code}: ${message}`);
    throw thrown;
  }
  throw new Error("Nothing was found wrong.");
}

const parse = (text: string): readonly Entry[] => parseRotationsFile(text, FILE);
const faults = (text: string): readonly string[] => problemsOf(() => parse(text));

interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly step?: Readonly<Record<string, string>>;
  readonly event?: string;
  /** Takes what is told though it is no failure. */
  readonly said?: string[];
}

const KEYS = { KEY_ID: "key-id-of-a-test", KEY_SECRET: "key-secret-of-a-test", TOKEN: "another-one" };

/** Reads the inputs of a step with this file. */
function read(
  text: string,
  { env = KEYS, step = {}, event = "schedule", said = [] }: Given = {},
): Settings & { readonly masked: ReadonlySet<string>; readonly said: readonly string[] } {
  const masked = new Set<string>();
  const masker = new Masker((form) => masked.add(form));
  const defaults = {
    repository: "acme/own",
    verify: "auto",
    "write-timeout": "10m",
    mode: "rotate",
    force: "false",
  };
  const settings = readInputs(
    { ...defaults, config: FILE, "github-token": "github_pat_of_a_test", ...step },
    {
      event: { name: event, payload: () => undefined },
      repository: "acme/own",
      variable: (name) =>
        ({ GITHUB_TOKEN: "x", ACTIONS_RUNTIME_TOKEN: "x", RUNNER_TEMP: "x", INPUT_A: "x", ...env })[name],
    },
    {
      masker,
      entries: parse(text),
      contextFor: () => readingContext(masker, (warning) => said.push(warning)),
    },
  );
  return { ...settings, masked, said };
}

const misread = (text: string, given: Given = {}): readonly string[] => problemsOf(() => read(text, given));
const textsOf = (entry: Entry | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries([...(entry?.inputs ?? [])].map(([name, { text }]) => [name, text]));

/** One good rotation, and more inputs of it. */
const login = (more = ""): string =>
  `rotations:
  - name: login
    provider: authing
    app-id: app-1
    access-key-id: \${KEY_ID}
    access-key-secret: \${KEY_SECRET}
    targets: repo:acme/web#LOGIN_SECRET
${more.replaceAll(/^(?=.)/gm, "    ")}`;

describe("a rotations file", () => {
  test("gives each rotation its own inputs over the defaults, and where they stand", () => {
    const entries = parse(yaml`
      defaults:
        rotate-after: 30d
        region: cn-north-4
      rotations:
        - name: login
          provider: authing
          rotate-after: 7d
        - provider: huawei-csms
          name: Bestellungen 订单 2.0_a-b
    `);
    expect(entries.map(({ name, at }) => [name, at])).toEqual([
      ["login", "rotations.yml:5:5"],
      ["Bestellungen 订单 2.0_a-b", "rotations.yml:8:5"],
    ]);
    expect(textsOf(entries[0])).toEqual({ "rotate-after": "7d", region: "cn-north-4", provider: "authing" });
    expect(textsOf(entries[1])).toEqual({
      "rotate-after": "30d",
      region: "cn-north-4",
      provider: "huawei-csms",
    });
    expect(entries[0]?.inputs.get("rotate-after")).toEqual({
      text: "7d",
      at: "rotations.yml:7:19",
      items: [],
      inherited: false,
    });
    expect(entries[1]?.inputs.get("rotate-after")).toMatchObject({
      at: "rotations.yml:2:17",
      inherited: true,
    });
  });

  test("keeps the text of numbers and booleans, and takes an empty value for an empty text", () => {
    const [entry] = parse(yaml`
      rotations:
        - name: 007
          app-id: 0012
          comp-id: 1e3
          project-id: 0x1F
          instance-id: 12345678901234567890
          current-secret: 1.50
          verify: off
          delivery: True
          user-pool-id:
          region: ~
          api-prefix: "  kept  "
    `);
    expect(entry?.name).toBe("007");
    expect(textsOf(entry)).toEqual({
      "app-id": "0012",
      "comp-id": "1e3",
      "project-id": "0x1F",
      "instance-id": "12345678901234567890",
      "current-secret": "1.50",
      verify: "off",
      delivery: "True",
      "user-pool-id": "",
      region: "",
      "api-prefix": "  kept  ",
    });
  });

  test("takes targets as a list or as a block of lines", () => {
    const text = (targets: string): string => `rotations:\n  - name: a\n    targets: ${targets}\n`;
    const list = parse(text("\n      - repo:acme/web#A\n      - org:acme#B"))[0]?.inputs.get("targets");
    expect(list).toMatchObject({
      text: "repo:acme/web#A\norg:acme#B",
      items: ["rotations.yml:4:9", "rotations.yml:5:9"],
    });
    const block = parse(text("|\n      repo:acme/web#A\n      org:acme#B"))[0]?.inputs.get("targets");
    expect(block).toMatchObject({ text: "repo:acme/web#A\norg:acme#B\n", items: [] });
    const flow = parse(text("[repo:acme/web#A, org:acme#B]"))[0]?.inputs.get("targets");
    expect(flow).toMatchObject({ text: "repo:acme/web#A\norg:acme#B" });
  });

  test("may use anchors and aliases, also for a whole rotation's targets", () => {
    const entries = parse(yaml`
      defaults: &defaults
        region: &region cn-north-4
      rotations:
        - name: a
          targets: &both
            - repo:acme/web#A
            - &second repo:acme/web#B
        - name: b
          project-id: *region
          targets: *both
        - name: c
          targets: [*second]
    `);
    expect(textsOf(entries[1])).toEqual({
      region: "cn-north-4",
      "project-id": "cn-north-4",
      targets: "repo:acme/web#A\nrepo:acme/web#B",
    });
    expect(textsOf(entries[2])["targets"]).toBe("repo:acme/web#B");
  });

  test("may be JSON, have a byte order mark, Windows line ends and the address of its schema", () => {
    const json = JSON.stringify({ $schema: "x", rotations: [{ name: "a", targets: ["org:acme#A"] }] });
    expect(parse(json).map(textsOf)).toEqual([{ targets: "org:acme#A" }]);
    const windows = parse("\uFEFFrotations:\r\n  - name: a\r\n    app-id: b\r\n");
    expect(windows.map(textsOf)).toEqual([{ "app-id": "b" }]);
    expect(windows[0]?.at).toBe("rotations.yml:2:5");
  });

  test.each([
    ["", `1:1: the file is empty; expected a map with "rotations".`],
    ["# nothing\n", `1:1: the file is empty; expected a map with "rotations".`],
    ["- a\n", `1:1: it is a list; expected a map with "rotations".`],
    ["words\n", `1:1: it is a text; expected a map with "rotations".`],
    ["defaults: {}\n", `1:1: there are no "rotations"; expected a list of at least one.`],
    ["defaults: {}\nrotations: []\n", `2:1: there are no "rotations"; expected a list of at least one.`],
    ["rotations:\n", `1:1: there are no "rotations"; expected a list of at least one.`],
    ["rotations: {a: b}\n", `1:1: there are no "rotations"; expected a list of at least one.`],
  ])("that is %j is refused", (text, problem) => {
    expect(faults(text)).toEqual([`CONFIG_INVALID: rotations.yml:${problem}`]);
  });

  test.each([
    [
      "rotations:\n  - name: a\n   provider: b\n",
      /^CONFIG_INVALID: rotations\.yml:3:\d+: it is no valid YAML: .*; expected valid YAML\.$/,
    ],
    ["rotations:\n\t- name: a\n", /rotations\.yml:2:1: it is no valid YAML: /],
    ["rotations: [\n", /rotations\.yml:\d:\d+: it is no valid YAML: /],
    [
      "rotations:\n  - name: a\n    name: b\n",
      /rotations\.yml:3:5: it is no valid YAML: Map keys must be unique/,
    ],
    ["rotations:\n  - name: *nobody\n", /rotations\.yml:2:\d+: /],
    ["a: b\n---\na: c\n", /rotations\.yml:2:1: it is no valid YAML: /],
    ["rotations:\n  - name: !secret a\n", /rotations\.yml:2:\d+: it is no valid YAML: Unresolved tag/],
    ["rotations:\n  - ? [a]\n    : b\n", /rotations\.yml:2:\d+: it is no valid YAML: /],
  ])("with a mistake in its YAML is refused at its place (%j)", (text, problem) => {
    const found = faults(text);
    expect(found[0]).toMatch(problem);
    expect(found.join("\n")).not.toContain("\n\n");
  });

  test("with aliases that multiply is refused, or read, in no time", () => {
    const bomb = [
      "a0: &a0 [x, x, x, x, x, x, x, x, x]",
      ...Array.from({ length: 12 }, (_, level) => {
        const before = `*a${String(level)}`;
        return `a${String(level + 1)}: &a${String(level + 1)} [${Array(9).fill(before).join(", ")}]`;
      }),
      "rotations:\n  - name: a\n    targets: *a12\n",
    ].join("\n");
    const startedAt = performance.now();
    expect(faults(bomb).length).toBeGreaterThan(0);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test("tells all problems at once, each with its line and column", () => {
    expect(
      faults(yaml`
        rotate-after: 30d
        defaults:
          name: all
          mode: plan
        rotations:
          - provider: authing
          - name: one
            config: other.yml
            only: two
            github-token: x
            force: true
            mode: sync
          - name: one
          - name: a/b
          - name: "a,b"
          - name: " a"
          - name:
          - words
          - name: two
            app-id: [1, 2]
            region: {a: b}
            targets:
              - repo:acme/web#A
              - [repo:acme/web#B]
          - name: three
            targets: {a: b}
            <<: {a: b}
      `),
    ).toEqual(
      [
        `1:1: there is "rotate-after"; expected "defaults" and "rotations" only.`,
        `4:3: "mode" is here; expected it in the step's "with:", as it holds for all rotations.`,
        `3:9: "name" is in "defaults"; expected a name in each rotation.`,
        `6:5: a rotation has no "name"; expected a name of letters, digits, dots, dashes and underscores, and blanks in between.`,
        ...[
          ["8", "config"],
          ["9", "only"],
          ["10", "github-token"],
          ["11", "force"],
          ["12", "mode"],
        ].map(
          ([line = "", name = ""]) =>
            `${line}:5: "${name}" is here; expected it in the step's "with:", as it holds for all rotations.`,
        ),
        `13:11: the name "one" is taken at rotations.yml:7:11; expected a name of its own.`,
        ...[
          ["14", "a/b"],
          ["15", "a,b"],
          ["16", " a"],
          ["17", ""],
        ].map(
          ([line = "", name = ""]) =>
            `${line}:${name === "" ? "10" : "11"}: its name is "${name}"; expected a name of letters, digits, dots, dashes and underscores, and blanks in between.`,
        ),
        `18:5: it is a text; expected a map of inputs.`,
        `20:13: "app-id" is a list; expected a text.`,
        `21:13: "region" is a map; expected a text.`,
        `23:7: "targets" is a list; expected a text, or a list of texts.`,
        `26:14: "targets" is a map; expected a text, or a list of texts.`,
        `27:9: "<<" is a map; expected a text.`,
      ].map((problem) => `CONFIG_INVALID: rotations.yml:${problem}`),
    );
  });

  test("has names of at most a hundred characters", () => {
    expect(parse(`rotations: [{name: ${"a".repeat(100)}}]`)).toHaveLength(1);
    expect(faults(`rotations: [{name: ${"a".repeat(101)}}]`)).toHaveLength(1);
  });

  test("has no name that ends with a blank, as `only` could not name it", () => {
    expect(faults(`rotations: [{name: "a "}]`)).toHaveLength(1);
  });
});

describe("the rotations of a file", () => {
  test("are read like the inputs of a step", () => {
    const { rotations, warnings, masked, said } = read(
      login("rotate-after: 30d\nverify: off\nwrite-timeout: 5m"),
    );
    expect(rotations).toMatchObject([
      {
        name: "login",
        providerId: "authing",
        appId: "app-1",
        mode: "rotate",
        force: false,
        rotateAfter: 30 * 86_400_000,
        verify: "off",
        writeTimeout: 300_000,
      },
    ]);
    expect(rotations[0]?.targets.map(formatTarget)).toEqual(["repo:acme/web#LOGIN_SECRET"]);
    expect([warnings, said]).toEqual([[], []]);
    expect(masked).toContain("key-secret-of-a-test");
  });

  test("have the step's mode and force", () => {
    const { mode, rotations } = read(login(), { step: { mode: "plan", force: "true" } });
    expect(mode).toBe("plan");
    expect(rotations).toMatchObject([{ mode: "plan", force: true }]);
  });

  test("write to the workflow's repository where they name no other", () => {
    const text = login().replace(/targets: .*/, "secret-name: A\n    environment: eu/prod west");
    expect(read(text).rotations[0]?.targets.map(formatTarget)).toEqual(["env:acme/own/eu/prod%20west#A"]);
    const other = login().replace(/targets: .*/, "secret-name: A\n    repository: acme/api");
    expect(read(other).rotations[0]?.targets.map(formatTarget)).toEqual(["repo:acme/api#A"]);
  });

  test("do not warn of inherited inputs that they do not use, but of their own", () => {
    const { warnings } = read(
      `defaults: {region: cn-north-4, secret-name: A, comp-id: "1", access-key-id: "\${KEY_ID}"}\n${login("comp-secret: x\nregion: eu-west-101")}`,
    );
    expect([...warnings].sort()).toEqual([
      `login: Input "comp-secret" is set, but nothing here uses it with provider "authing".`,
      `login: Input "region" is set, but nothing here uses it with provider "authing".`,
    ]);
  });

  test("warn of inputs that there are not", () => {
    expect(read(login("rotate-afer: 30d")).warnings).toEqual([
      `login: Input "rotate-afer" is set, but nothing here uses it with provider "authing".`,
    ]);
  });

  test("say where their problems are, and all at once", () => {
    const text = yaml`
      defaults:
        rotate-after: monthly
      rotations:
        - name: login
          provider: authing
          app-id: app-1
          access-key-id: \${KEY_ID}
          api-url: http://api.authing.cn
          targets:
            - repo:acme/web#A
            - vault:acme/web#A
            - repo:acme/web#GITHUB_A
            - repo:acme/web
        - name: shop
          provider: vault
          targets: repo:acme/web#9
        - name: meetings
          provider: cloudroom
          comp-id: "12"
          comp-secret: x
          verify: maybe
    `;
    expect(misread(text)).toEqual(
      [
        `TARGET_INVALID: rotations.yml:11:9 (login): The target "vault:acme/web#A" cannot be understood; expected the kind "repo", "env", "org" or "dependabot" before the colon.`,
        `SECRET_NAME_INVALID: rotations.yml:12:9 (login): The secret name "GITHUB_A" cannot be used; expected a name that does not begin with GITHUB_, which GitHub keeps for itself.`,
        `INPUT_MISSING: rotations.yml:13:9 (login): Input "secret-name" is empty; the target "repo:acme/web" has no name of its own.`,
        `INPUT_INVALID: rotations.yml:2:17 (login): Input "rotate-after" is "monthly"; expected a duration such as 90m, 12h, 30d or 8w.`,
        `URL_INSECURE: rotations.yml:8:14 (login): Input "api-url" is "http://api.authing.cn"; expected an https URL (http only for loopback).`,
        `INPUT_MISSING: rotations.yml:4:5 (login): Input "access-key-secret" is empty; provider "authing" needs it.`,
      ].concat([
        `INPUT_MISSING: rotations.yml:14:5 (shop): Input "app-id" is empty; it names the app to rotate.`,
        `SECRET_NAME_INVALID: rotations.yml:16:14 (shop): The secret name "9" cannot be used; expected letters, digits and underscores, and no digit in front.`,
        `INPUT_INVALID: rotations.yml:2:17 (shop): Input "rotate-after" is "monthly"; expected a duration such as 90m, 12h, 30d or 8w.`,
        `PROVIDER_UNKNOWN: rotations.yml:15:15 (shop): Input "provider" is "vault"; expected one of authing, cloudroom, feishu, huawei-apig, huawei-csms, http.`,
        `INPUT_MISSING: rotations.yml:17:5 (meetings): Input "app-id" is empty; it names the app to rotate.`,
        `INPUT_MISSING: rotations.yml:17:5 (meetings): Input "secret-name" is empty; the target "repo:acme/own" has no name of its own.`,
        `INPUT_INVALID: rotations.yml:2:17 (meetings): Input "rotate-after" is "monthly"; expected a duration such as 90m, 12h, 30d or 8w.`,
        `INPUT_INVALID: rotations.yml:21:13 (meetings): Input "verify" is "maybe"; expected "auto" or "off".`,
      ]),
    );
  });

  test("say in a problem's hint to write into the file and not under `with:`", () => {
    try {
      read(login().replace(/ *access-key-secret: .*\n/, ""));
      expect.unreachable();
    } catch (thrown) {
      expect((thrown as RotationErrors).errors.map(({ hint }) => hint)).toEqual([
        `Set "access-key-secret" in this rotation or in "defaults"; a secret comes from the step's "env:", as \${NAME}.`,
      ]);
    }
  });

  test("count the items of a list of targets as it stands there, the empty ones too", () => {
    const text = login().replace(
      /targets: .*/,
      'targets:\n      - repo:acme/web#A\n      - ""\n      - vault:acme/web#A',
    );
    expect(misread(text)[0]).toContain("rotations.yml:10:9 (login): The target");
  });

  test("of one provider that cannot be synchronized are named with mode sync", () => {
    const text = `${login()}  - {name: m, provider: cloudroom, app-id: x, comp-id: "1", comp-secret: y, secret-name: M}\n`;
    expect(misread(text, { step: { mode: "sync" } })).toEqual([
      expect.stringMatching(/^SYNC_UNSUPPORTED: rotations\.yml:8:25 \(m\): /),
    ]);
  });
});

describe("two rotations", () => {
  const entry = (name: string, change: Readonly<Record<string, string>> = {}): string => {
    const inputs = {
      name,
      provider: "authing",
      "app-id": name,
      "access-key-id": "k",
      "access-key-secret": "s",
      targets: `repo:acme/web#${name}`,
      ...change,
    };
    return `  - ${JSON.stringify(inputs)}\n`;
  };

  test("of the same app are refused, with both names", () => {
    const text = `rotations:\n${entry("a")}${entry("b")}${entry("c", { "app-id": "a", "api-url": "https://api.authing.cn/" })}`;
    expect(misread(text)).toEqual([
      expect.stringMatching(
        /^ROTATION_DUPLICATE: rotations\.yml:4:\d+ \(c\): The rotations "a" and "c" are of the same app; expected one rotation for each app\.$/,
      ),
    ]);
  });

  test("of apps with one id at different addresses or providers are two", () => {
    const other = { "app-id": "a", "api-url": "https://other.example" };
    const cloudroom = { "app-id": "a", provider: "cloudroom", "comp-id": "1", "comp-secret": "x" };
    expect(
      read(`rotations:\n${entry("a")}${entry("b", other)}${entry("c", cloudroom)}`).rotations,
    ).toHaveLength(3);
  });

  test("that write the same secret are refused, with its text in both", () => {
    const text = `rotations:\n${entry("a")}${entry("b", { targets: "repo:acme/web#B\nrepo:ACME/Web?format=md5#A" })}`;
    expect(misread(text)).toEqual([
      expect.stringMatching(
        /^TARGET_DUPLICATE: rotations\.yml:3:\d+ \(b\): The targets "repo:acme\/web#a" and "repo:ACME\/Web\?format=md5#A" are the same secret; expected each secret once\.$/,
      ),
    ]);
  });

  test("that write the same name into different stores and places are two", () => {
    const targets = ["repo:acme/web#A", "dependabot:acme/web#A", "org:acme#A", "env:acme/web/a#A"];
    const entries = targets.map((target, at) => entry(`n${String(at)}`, { targets: target }));
    expect(read(`rotations:\n${entries.join("")}`).rotations).toHaveLength(4);
  });

  test("of which only one is chosen may be alike", () => {
    const text = `rotations:\n${entry("a")}${entry("b", { "app-id": "a" })}`;
    expect(read(text, { step: { only: "b" } }).rotations).toHaveLength(1);
  });
});

describe("variables in a rotations file", () => {
  const keyed = (value: string, input = "access-key-secret"): string =>
    login().replace(new RegExp(`${input}: .*`), () => `${input}: ${JSON.stringify(value)}`);
  /** The credential as it was read: with its forms masked and nothing else. */
  const masks = (value: string, env: Readonly<Record<string, string>> = KEYS): ReadonlySet<string> =>
    read(keyed(value), { env }).masked;

  test("stand for variables of the step, also several in one text", () => {
    expect(masks("${TOKEN}")).toContain("another-one");
    expect(masks("a-${TOKEN}-${KEY_SECRET}-z")).toContain("a-another-one-key-secret-of-a-test-z");
  });

  test("are not looked for in what a variable holds, nor is it YAML", () => {
    const env = { ...KEYS, TOKEN: "${KEY_ID}$$ # {a: b} $& $1" };
    expect(masks("${TOKEN}", env)).toContain("${KEY_ID}$$ # {a: b} $& $1");
  });

  test("are written with $$ for a dollar sign", () => {
    expect(masks("pa$$word-$${TOKEN}-$5")).toContain("pa$word-${TOKEN}-$5");
  });

  test("are trimmed like every input", () => {
    const { masked } = read(keyed("${TOKEN}"), { env: { ...KEYS, TOKEN: "  another-one\n" } });
    expect(masked).toContain("another-one");
    expect([...masked].filter((form) => /\s/.test(form))).toEqual([]);
  });

  test.each([
    ["is not set", {}],
    ["is empty", { TOKEN: "" }],
    ["is blank", { TOKEN: " \n" }],
  ])("of which one %s are an error", (_, env) => {
    expect(misread(keyed("${TOKEN}"), { env: { KEY_ID: "k", ...env } })).toEqual([
      `VARIABLE_UNUSABLE: rotations.yml:6:24 (login): Input "access-key-secret" names the variable "TOKEN", which is not set or empty; expected it in the step's "env:".`,
    ]);
  });

  test.each(["GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN", "RUNNER_TEMP", "INPUT_A", "github_token"])(
    "cannot be %s",
    (name) => {
      expect(misread(keyed(`\${${name}}`), { env: { ...KEYS, github_token: "x" } })).toEqual([
        `VARIABLE_UNUSABLE: rotations.yml:6:24 (login): Input "access-key-secret" names the variable "${name}", which belongs to GitHub or the runner; expected one of the step's own "env:".`,
      ]);
    },
  );

  test.each([
    ["app-id", "${TOKEN}"],
    ["targets", "repo:acme/${TOKEN}#A"],
    ["provider", "${TOKEN}"],
  ])("do not stand in %s, which is no credential", (input, value) => {
    expect(misread(keyed(value, input)).join("\n")).toContain(
      `Input "${input}" names the variable "TOKEN", which stands outside a credential; expected the value itself.`,
    );
  });

  test.each(["api-url", "app-url", "user-pool-id", "rotate-after", "verify", "write-timeout"])(
    "do not stand in %s either",
    (input) => {
      expect(misread(login(`${input}: \${TOKEN}`))[0]).toMatch(
        /^VARIABLE_UNUSABLE: rotations\.yml:8:\d+ \(login\)/,
      );
    },
  );

  test.each([
    ["cloudroom", { "comp-id": "12", "comp-secret": "TOKEN" }],
    [
      "feishu",
      {
        "app-secret": "TOKEN",
        "encrypt-key": "LONG",
        "verification-token": "TOKEN",
        "inbox-token": "TOKEN",
        delivery: "inbox",
        "inbox-url": "https://inbox.example",
      },
    ],
    [
      "huawei-csms",
      {
        "access-key-id": "TOKEN",
        "access-key-secret": "TOKEN",
        "security-token": "TOKEN",
        region: "cn-north-4",
        "project-id": "p",
      },
    ],
    ["huawei-csms", { "iam-token": "TOKEN", region: "cn-north-4", "project-id": "p" }],
    [
      "huawei-apig",
      {
        "access-key-id": "TOKEN",
        "access-key-secret": "TOKEN",
        "current-secret": "TOKEN",
        "probe-url": "https://probe.example",
        region: "cn-north-4",
        "project-id": "p",
      },
    ],
  ])("may stand in every credential of %s", (provider, inputs) => {
    const written = Object.entries({ provider, "app-id": "a", "secret-name": "A", ...inputs }).map(
      ([name, value]) => [name, /^[A-Z]+$/.test(value) && name !== "secret-name" ? `\${${value}}` : value],
    );
    const text = `rotations: [${JSON.stringify({ name: "a", ...Object.fromEntries(written) })}]`;
    const { rotations, masked, warnings } = read(text, { env: { ...KEYS, LONG: "l".repeat(32) } });
    expect(rotations).toHaveLength(1);
    expect([...masked].filter((form) => form.includes("$"))).toEqual([]);
    expect(masked).toContain("another-one");
    expect(warnings).toEqual([]);
  });

  test("may stand in a company id", () => {
    const text = (id: string): string =>
      `rotations: [{name: m, provider: cloudroom, app-id: x, comp-id: "${id}", comp-secret: y, secret-name: M}]`;
    expect(read(text("${ID}"), { env: { ID: "4711" } }).rotations).toHaveLength(1);
    expect(misread(text("${ID}"), { env: {} })).toEqual([
      expect.stringContaining(`names the variable "ID", which is not set or empty`),
    ]);
  });

  test("that are not set are one problem each, and nothing is said of a key that is not there", () => {
    const text = `rotations: [{name: f, provider: feishu, app-id: x, app-secret: "\${A}", encrypt-key: "\${B}", secret-name: F}]`;
    const said: string[] = [];
    expect(misread(text, { env: {}, said })).toHaveLength(2);
    expect(said).toEqual([]);
  });

  test("need not be set where no rotation reads them", () => {
    expect(read(`defaults: {comp-secret: "\${NOBODY}"}\n${login()}`).rotations).toHaveLength(1);
  });

  test("are no variables in a step's own inputs", () => {
    const masked = new Set<string>();
    const masker = new Masker((form) => masked.add(form));
    const { rotations } = readInputs(
      {
        provider: "authing",
        "app-id": "${TOKEN}",
        "access-key-id": "k",
        "access-key-secret": "$${TOKEN}",
        "secret-name": "A",
        "github-token": "t",
      },
      { event: { name: "schedule", payload: () => undefined }, repository: "acme/own", variable: () => "x" },
      {
        masker,
        contextFor: () => readingContext(masker),
      },
    );
    expect(rotations[0]?.appId).toBe("${TOKEN}");
    expect(masked).toContain("$${TOKEN}");
  });
});

describe("`only`", () => {
  const three = `${login()}  - {name: b c, provider: authing, app-id: b, access-key-id: "\${B}", access-key-secret: "\${B}", secret-name: B}
  - {name: d, provider: vault}
`;
  const chosen = (
    only: string,
    env: Readonly<Record<string, string>> = { ...KEYS, B: "b" },
  ): readonly string[] => read(three, { step: { only }, env }).rotations.map(({ name }) => name);

  test.each([
    ["login", ["login"]],
    ["b c", ["b c"]],
    ["b c, login", ["login", "b c"]],
    ["login\nb c\n", ["login", "b c"]],
    [" login ,\r\n, b c", ["login", "b c"]],
    ["login,login", ["login"]],
  ])("of %j chooses %j, in the file's order", (only, names) => {
    expect(chosen(only)).toEqual(names);
  });

  test("needs no variables of rotations that are not chosen", () => {
    expect(chosen("login", KEYS)).toEqual(["login"]);
  });

  test("refuses names that are not there, and tells which are", () => {
    expect(misread(three, { step: { only: "login, Login\nnobody" } })).toEqual([
      `ROTATION_UNLISTED: Input "only" names "Login"; expected names out of login, b c, d.`,
      `ROTATION_UNLISTED: Input "only" names "nobody"; expected names out of login, b c, d.`,
    ]);
  });

  test.each([",", " ,\n,"])("that names nobody is refused, and no green run of nothing (%j)", (only) => {
    expect(misread(three, { step: { only } })).toEqual([
      'INPUT_INVALID: Input "only" is a list of nothing; expected names of rotations, with commas between.',
    ]);
  });

  test("without a file is refused", () => {
    expect(
      problemsOf(() =>
        readInputs(
          {
            provider: "authing",
            "app-id": "a",
            "access-key-id": "k",
            "access-key-secret": "s",
            "secret-name": "A",
            "github-token": "t",
            only: "login",
          },
          {
            event: { name: "schedule", payload: () => undefined },
            repository: "acme/own",
            variable: () => undefined,
          },
          {
            masker: new Masker(() => undefined),
            contextFor: () => readingContext(new Masker(() => undefined)),
          },
        ),
      ),
    ).toEqual([`INPUT_MISSING: Input "config" is empty; "only" names rotations of its file.`]);
  });
});

describe("the step with a rotations file", () => {
  test("may not set a provider as well", () => {
    expect(misread(login(), { step: { provider: "authing" } })).toEqual([
      `INPUT_CONFLICT: Inputs "config" and "provider" are both set; expected one of them.`,
    ]);
  });

  test("is warned of inputs that belong into the file, but not of those with a default", () => {
    expect(
      read(login(), { step: { "app-id": "a", "rotate-after": "30d", environment: "" } }).warnings,
    ).toEqual([
      `Input "app-id" is set, but with "config" it belongs into the rotations file.`,
      `Input "rotate-after" is set, but with "config" it belongs into the rotations file.`,
    ]);
  });

  test("has its own problems told with those of the file", () => {
    const text = login().replace("app-1", '""');
    expect(misread(text, { step: { "github-token": "", force: "perhaps" }, event: "issue_comment" })).toEqual(
      [
        expect.stringMatching(/^EVENT_REFUSED/),
        expect.stringMatching(/^INPUT_MISSING: Input "github-token"/),
        expect.stringMatching(/^INPUT_INVALID: Input "force" is "perhaps"/),
        expect.stringMatching(/^INPUT_MISSING: rotations\.yml:4:13 \(login\): Input "app-id" is empty/),
      ],
    );
  });
});
