import { describe, expect, test } from "vitest";
import { readInputs } from "../../src/inputs.ts";
import { parseRotationsFile } from "../../src/inputs/rotations-file.ts";
import { Masker } from "../../src/secret.ts";
import { createFeishuEmulator, envelopeOf } from "../emulators/feishu.ts";
import { readingContext } from "../support/reading-context.ts";

const KEYS = { cli_one: "encrypt-key-of-the-first-one-001", cli_two: "encrypt-key-of-the-second-one-02" };

const FILE = `
defaults: {provider: feishu, app-secret: app-secret-of-a-test}
rotations:
  - {name: one, app-id: cli_one, encrypt-key: ${KEYS.cli_one}, secret-name: ONE}
  - {name: two, app-id: cli_two, encrypt-key: ${KEYS.cli_two}, secret-name: TWO}
  - {name: login, provider: authing, app-id: app-1, access-key-id: a-key-id, access-key-secret: a-key-secret, secret-name: LOGIN}
`;

/** The names of the rotations that an event with such an envelope starts. */
function meantBy(event: string, feishu?: unknown): readonly string[] {
  const masker = new Masker(() => undefined);
  const step = {
    repository: "acme/own",
    verify: "auto",
    "write-timeout": "10m",
    mode: "rotate",
    force: "false",
  };
  const { rotations } = readInputs(
    { ...step, config: "rotations.yml", "github-token": "github_pat_of_a_test" },
    {
      event: { name: event, payload: () => ({ client_payload: { feishu } }) },
      idTokens: undefined,
      repository: "acme/own",
      variable: () => undefined,
    },
    {
      masker,
      entries: parseRotationsFile(FILE, "rotations.yml"),
      contextFor: () => readingContext(masker),
    },
  );
  return rotations.map(({ name }) => name);
}

describe("of a file's rotations", () => {
  const platform = createFeishuEmulator();
  for (const [appId, encryptKey] of Object.entries(KEYS)) {
    platform.addApp({ appId, appSecret: "app-secret-of-a-test", encryptKey });
  }
  const envelopeTo = (appId: string): object =>
    envelopeOf(platform.sign(appId, { type: "app_ticket", app_id: appId, app_ticket: "a-ticket-of-a-test" }));

  test("an event starts those that it is addressed to", () => {
    expect(meantBy("repository_dispatch", envelopeTo("cli_one"))).toEqual(["one"]);
    expect(meantBy("repository_dispatch", envelopeTo("cli_two"))).toEqual(["two"]);
  });

  test("one that is addressed to nobody starts all that it could have been for, so that they say so", () => {
    const forged = { ...envelopeTo("cli_one"), signature: "0".repeat(64) };
    expect(meantBy("repository_dispatch", forged)).toEqual(["one", "two"]);
  });

  test("one that addresses nobody starts all", () => {
    expect(meantBy("schedule")).toEqual(["one", "two", "login"]);
  });
});
