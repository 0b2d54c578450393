import { expect, test } from "vitest";
import { type Environment, readSettings, SettingsError } from "./settings.ts";
import { APP_ID, complete, DISPATCH_TOKEN, ENCRYPT_KEY, INBOX_TOKEN, VERIFICATION_TOKEN } from "./testing.ts";

function problemsOf(changes: Environment): readonly string[] {
  try {
    readSettings({ ...complete, ...changes });
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

test("what is not set has its default", () => {
  const { relay, host, port, warnings } = readSettings({
    FEISHU_APP_ID: APP_ID,
    FEISHU_ENCRYPT_KEY: ENCRYPT_KEY,
    FEISHU_VERIFICATION_TOKEN: VERIFICATION_TOKEN,
    GITHUB_REPOSITORY: "acme/rotation",
    GITHUB_DISPATCH_TOKEN: DISPATCH_TOKEN,
    EVENT_SERVICE_URL: "https://service.example/events",
  });
  expect(relay).toEqual({
    callbackPath: "/feishu/callback",
    appId: APP_ID,
    encryptKey: ENCRYPT_KEY,
    verificationToken: VERIFICATION_TOKEN,
    dispatch: {
      apiUrl: "https://api.github.com",
      repository: "acme/rotation",
      token: DISPATCH_TOKEN,
      event: { kind: "repository_dispatch", eventType: "feishu-app-ticket" },
    },
    eventService: "https://service.example/events",
    eventServiceGetsTickets: false,
    inboxToken: undefined,
  });
  expect([host, port, warnings]).toEqual(["127.0.0.1", 8080, []]);
});

test("what is set is taken, without the spaces around it", () => {
  const { relay, host, port } = readSettings({
    ...complete,
    FEISHU_ENCRYPT_KEY: ` ${ENCRYPT_KEY}\n`,
    CALLBACK_PATH: "/",
    GITHUB_API_URL: "https://github.acme.example/api/v3/",
    GITHUB_WORKFLOW: "feishu.yml",
    EVENT_SERVICE_URL: "http://[::1]:3000/events?key=value#part",
    EVENT_SERVICE_GETS_TICKETS: "true",
    HOST: "0.0.0.0",
    PORT: "65535",
  });
  expect(relay).toMatchObject({
    callbackPath: "/",
    encryptKey: ENCRYPT_KEY,
    dispatch: {
      apiUrl: "https://github.acme.example/api/v3",
      event: { kind: "workflow_dispatch", workflow: "feishu.yml", ref: "main" },
    },
    eventService: "http://[::1]:3000/events?key=value",
    eventServiceGetsTickets: true,
    inboxToken: INBOX_TOKEN,
  });
  expect([host, port]).toEqual(["0.0.0.0", 65_535]);
});

test("all problems are told at once", () => {
  const problems = problemsOf({
    FEISHU_APP_ID: "",
    FEISHU_ENCRYPT_KEY: " ",
    GITHUB_REPOSITORY: "rotation",
    GITHUB_DISPATCH_TOKEN: "",
    GITHUB_API_URL: "http://github.example",
    EVENT_SERVICE_URL: "service",
    CALLBACK_PATH: "feishu",
    PORT: "http",
  });
  expect(problems).toHaveLength(8);
});

test.each<[Environment, string]>([
  [{ FEISHU_APP_ID: undefined }, "FEISHU_APP_ID is not set: give it the app's ID"],
  [{ FEISHU_APP_ID: "cli a" }, "FEISHU_APP_ID is not the app's ID"],
  [
    { FEISHU_ENCRYPT_KEY: undefined },
    "FEISHU_ENCRYPT_KEY is not set: without an Encrypt Key anybody can sign events",
  ],
  [{ FEISHU_ENCRYPT_KEY: "two\nlines" }, "FEISHU_ENCRYPT_KEY is not one line of text"],
  [{ GITHUB_REPOSITORY: undefined }, "GITHUB_REPOSITORY must be set too, because GITHUB_DISPATCH_TOKEN asks"],
  [
    { GITHUB_DISPATCH_TOKEN: undefined },
    "GITHUB_DISPATCH_TOKEN must be set too, because GITHUB_REPOSITORY asks",
  ],
  [{ GITHUB_REPOSITORY: "acme/.." }, "GITHUB_REPOSITORY is not OWNER/REPO"],
  [{ GITHUB_DISPATCH_TOKEN: "a\nb" }, "GITHUB_DISPATCH_TOKEN is not visible ASCII characters"],
  [{ GITHUB_API_URL: "http://github.example" }, "GITHUB_API_URL is not an https URL"],
  [{ GITHUB_EVENT_TYPE: "x".repeat(101) }, "GITHUB_EVENT_TYPE is not 1 to 100 letters"],
  [
    { GITHUB_WORKFLOW: ".github/workflows/feishu.yml" },
    "GITHUB_WORKFLOW is not the name of the workflow's file",
  ],
  [{ GITHUB_WORKFLOW: "a.yml", GITHUB_REF: "two words" }, "GITHUB_REF is not a branch"],
  [
    { GITHUB_WORKFLOW: "a.yml", GITHUB_EVENT_TYPE: "ticket" },
    "GITHUB_WORKFLOW and GITHUB_EVENT_TYPE are both set",
  ],
  [{ GITHUB_REF: "main" }, "GITHUB_REF is set without GITHUB_WORKFLOW"],
  [{ EVENT_SERVICE_URL: "http://service.example/" }, "EVENT_SERVICE_URL is not an https URL"],
  [{ EVENT_SERVICE_URL: "http://127.0.0.1.example/" }, "EVENT_SERVICE_URL is not an https URL"],
  [{ EVENT_SERVICE_URL: "ftp://127.0.0.1/" }, "EVENT_SERVICE_URL is not an https URL"],
  [
    { EVENT_SERVICE_URL: "https://me:word@service.example/" },
    "EVENT_SERVICE_URL has a user name or a password in it",
  ],
  [{ EVENT_SERVICE_GETS_TICKETS: "yes" }, "EVENT_SERVICE_GETS_TICKETS is not true or false"],
  [{ EVENT_SERVICE_URL: "", EVENT_SERVICE_GETS_TICKETS: "true" }, "set EVENT_SERVICE_URL too"],
  [{ CALLBACK_PATH: "/a/../b" }, "CALLBACK_PATH is not a path"],
  [{ CALLBACK_PATH: "/a?b" }, "CALLBACK_PATH is not a path"],
  [{ CALLBACK_PATH: "/inbox" }, "CALLBACK_PATH is /inbox, which the relay needs itself"],
  [{ CALLBACK_PATH: "/healthz" }, "CALLBACK_PATH is /healthz, which the relay needs itself"],
  [{ PORT: "65536" }, "PORT is not a number from 0 to 65535"],
  [{ INBOX_TOKEN: "with space" }, "INBOX_TOKEN is not visible ASCII characters"],
  [
    { GITHUB_REPOSITORY: "", GITHUB_DISPATCH_TOKEN: "", INBOX_TOKEN: "" },
    "Nothing is to be done with tickets: set GITHUB_REPOSITORY and GITHUB_DISPATCH_TOKEN",
  ],
])("%o is a problem", (changes, problem) => {
  const problems = problemsOf(changes);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(problem);
});

test("no problem repeats a value, which may be a secret under the wrong name", () => {
  const secret = "ghp 0123456789 not a real token";
  for (const name of Object.keys({
    ...complete,
    GITHUB_API_URL: "",
    GITHUB_REF: "",
    PORT: "",
    CALLBACK_PATH: "",
  })) {
    expect(problemsOf({ [name]: secret }).join("\n")).not.toContain(secret);
  }
});

test.each<[Environment, string]>([
  [{ FEISHU_ENCRYPT_KEY: "x".repeat(19) }, "FEISHU_ENCRYPT_KEY has fewer than 20 characters"],
  [{ FEISHU_VERIFICATION_TOKEN: "" }, "FEISHU_VERIFICATION_TOKEN is not set"],
  [{ INBOX_TOKEN: "x".repeat(19) }, "INBOX_TOKEN has fewer than 20 characters"],
  [{ EVENT_SERVICE_URL: "" }, "EVENT_SERVICE_URL is not set"],
])("%o is worth a warning", (changes, warning) => {
  const { warnings } = readSettings({ ...complete, ...changes });
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain(warning);
});
