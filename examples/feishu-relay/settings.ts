/** What the relay is told. `readSettings` checks it; who builds it otherwise has to. */
export interface Settings {
  /** Of the app's request URL. */
  readonly callbackPath: string;
  readonly appId: string;
  readonly encryptKey: string;
  /** Without it the address check is not answered. */
  readonly verificationToken: string | undefined;
  /** Where tickets start a workflow, if anywhere. */
  readonly dispatch: DispatchSettings | undefined;
  /** The URL of the team's own service, which takes every other event. */
  readonly eventService: string | undefined;
  /** Whether that service takes the tickets too. */
  readonly eventServiceGetsTickets: boolean;
  /** Opens the inbox; without it there is none. */
  readonly inboxToken: string | undefined;
}

export interface DispatchSettings {
  /** Without a slash at its end. */
  readonly apiUrl: string;
  /** `OWNER/REPO` */
  readonly repository: string;
  readonly token: string;
  readonly event:
    | { readonly kind: "repository_dispatch"; readonly eventType: string }
    /** `workflow` is the name of its file. */
    | { readonly kind: "workflow_dispatch"; readonly workflow: string; readonly ref: string };
}

export interface ServerSettings {
  readonly relay: Settings;
  readonly host: string;
  readonly port: number;
  /** Sentences on what works and had better be otherwise. */
  readonly warnings: readonly string[];
}

/** Everything that is wrong with the settings, a sentence each. Holds no value of a secret. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/** What the relay answers beside its callback. */
export const INBOX_PATH = "/inbox";
export const HEALTH_PATH = "/healthz";

export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws {SettingsError} with all problems at once. */
export function readSettings(environment: Environment): ServerSettings {
  const reader = createReader(environment);
  const app = readApp(reader);
  const tickets = readTickets(reader);
  const service = readService(reader);
  const listening = readListening(reader);
  const { problems, warnings } = reader;
  const { appId, encryptKey } = app;
  if (problems.length > 0 || appId === undefined || encryptKey === undefined) {
    throw new SettingsError(problems);
  }
  const { callbackPath, host, port } = listening;
  return { relay: { ...app, appId, encryptKey, ...tickets, ...service, callbackPath }, host, port, warnings };
}

/** Of a secret: with fewer characters it is worth a warning. */
const SHORT = 20;

function readApp({ problems, warnings, isSet, secret, fitting }: Reader) {
  const appId = fitting("FEISHU_APP_ID", /^[\w-]{1,64}$/, `the app's ID, such as "cli_a1b2c3d4e5f60001"`);
  if (!isSet("FEISHU_APP_ID")) {
    problems.push("FEISHU_APP_ID is not set: give it the app's ID from the developer console.");
  }
  const encryptKey = secret("FEISHU_ENCRYPT_KEY");
  if (!isSet("FEISHU_ENCRYPT_KEY")) {
    problems.push(
      "FEISHU_ENCRYPT_KEY is not set: without an Encrypt Key anybody can sign events, so the relay does not start. Set one in the developer console, and give it here.",
    );
  }
  if (encryptKey !== undefined && encryptKey.length < SHORT) {
    warnings.push(
      `FEISHU_ENCRYPT_KEY has fewer than ${SHORT} characters, and whoever sees an envelope can try keys at leisure: let the developer console make one of 32.`,
    );
  }
  const verificationToken = secret("FEISHU_VERIFICATION_TOKEN");
  if (!isSet("FEISHU_VERIFICATION_TOKEN")) {
    warnings.push(
      "FEISHU_VERIFICATION_TOKEN is not set: the check that the developer console makes when the request URL is saved will not be answered.",
    );
  }
  return { appId, encryptKey, verificationToken };
}

const NEEDED = ["GITHUB_REPOSITORY", "GITHUB_DISPATCH_TOKEN"];
const DISPATCHING = [...NEEDED, "GITHUB_API_URL", "GITHUB_EVENT_TYPE", "GITHUB_WORKFLOW", "GITHUB_REF"];

function readTickets(reader: Reader) {
  const { problems, warnings, isSet, bearer } = reader;
  const present = DISPATCHING.filter(isSet);
  const missing = NEEDED.filter((name) => !isSet(name));
  if (present.length > 0 && missing.length > 0) {
    problems.push(
      `${missing.join(" and ")} must be set too, because ${present.join(" and ")} asks for a dispatch.`,
    );
  }
  if (present.length === 0 && !isSet("INBOX_TOKEN")) {
    problems.push(
      "Nothing is to be done with tickets: set GITHUB_REPOSITORY and GITHUB_DISPATCH_TOKEN to start a workflow with them, or INBOX_TOKEN to keep them for the action to fetch, or all three.",
    );
  }
  const inboxToken = bearer("INBOX_TOKEN");
  if (inboxToken !== undefined && inboxToken.length < SHORT) {
    warnings.push(`INBOX_TOKEN has fewer than ${SHORT} characters: make one with "openssl rand -hex 32".`);
  }
  return { dispatch: readDispatch(reader), inboxToken };
}

function readDispatch({ problems, isSet, bearer, address, fitting }: Reader): DispatchSettings | undefined {
  const apiUrl = address("GITHUB_API_URL") ?? "https://api.github.com";
  const repository = fitting("GITHUB_REPOSITORY", /^[\w-]{1,100}\/(?!\.{1,2}$)[\w.-]{1,100}$/, "OWNER/REPO");
  const token = bearer("GITHUB_DISPATCH_TOKEN");
  const eventType = fitting("GITHUB_EVENT_TYPE", /^[\w.-]{1,100}$/, "1 to 100 letters, digits, and . _ -");
  const file = /^(?!\.{1,2}$)[\w.-]{1,100}$/;
  const workflow = fitting("GITHUB_WORKFLOW", file, `the name of the workflow's file, such as "feishu.yml"`);
  const ref = fitting("GITHUB_REF", /^[\x21-\x7e]{1,200}$/, `a branch, such as "main"`);
  if (isSet("GITHUB_WORKFLOW") && isSet("GITHUB_EVENT_TYPE")) {
    problems.push(
      "GITHUB_WORKFLOW and GITHUB_EVENT_TYPE are both set: keep the first for workflow_dispatch, or the second for repository_dispatch.",
    );
  }
  if (isSet("GITHUB_REF") && !isSet("GITHUB_WORKFLOW")) {
    problems.push(
      "GITHUB_REF is set without GITHUB_WORKFLOW: a repository_dispatch has no branch to choose.",
    );
  }
  if (repository === undefined || token === undefined) return undefined;
  return {
    apiUrl: apiUrl.replace(/\/+$/, ""),
    repository,
    token,
    event:
      workflow === undefined
        ? { kind: "repository_dispatch", eventType: eventType ?? "feishu-app-ticket" }
        : { kind: "workflow_dispatch", workflow, ref: ref ?? "main" },
  };
}

function readService({ problems, warnings, isSet, address, fitting }: Reader) {
  const eventService = address("EVENT_SERVICE_URL");
  const asked = fitting("EVENT_SERVICE_GETS_TICKETS", /^(?:true|false)$/, "true or false");
  if (!isSet("EVENT_SERVICE_URL")) {
    if (asked === "true") {
      problems.push(
        "EVENT_SERVICE_GETS_TICKETS is true, and there is no service: set EVENT_SERVICE_URL too.",
      );
    }
    warnings.push(
      "EVENT_SERVICE_URL is not set: every event other than app_ticket is answered with 503, and in the end lost.",
    );
  }
  return { eventService, eventServiceGetsTickets: asked === "true" };
}

function readListening({ problems, text, fitting }: Reader) {
  const path = /^(?:\/|(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+\/?)$/;
  const callbackPath =
    fitting("CALLBACK_PATH", path, `a path such as "/feishu/callback"`) ?? "/feishu/callback";
  if (callbackPath === INBOX_PATH || callbackPath === HEALTH_PATH) {
    problems.push(`CALLBACK_PATH is ${callbackPath}, which the relay needs itself: choose another path.`);
  }
  const port = Number(fitting("PORT", /^\d{1,5}$/, PORTS) ?? "8080");
  if (port > 65_535) problems.push(`PORT is not ${PORTS}.`);
  return { callbackPath, host: text("HOST") ?? "127.0.0.1", port };
}

const PORTS = "a number from 0 to 65535";

/** Reads texts, and collects what is wrong with them. What is wrong reads as undefined. */
interface Reader {
  readonly problems: string[];
  readonly warnings: string[];
  readonly isSet: (name: string) => boolean;
  readonly text: (name: string) => string | undefined;
  readonly secret: (name: string) => string | undefined;
  /** A secret that goes into a header. */
  readonly bearer: (name: string) => string | undefined;
  readonly address: (name: string) => string | undefined;
  readonly fitting: (name: string, form: RegExp, expected: string) => string | undefined;
}

/** Its problems repeat no value: a secret may stand under the wrong name, or a password in an address. */
function createReader(environment: Environment): Reader {
  const problems: string[] = [];
  const text = (name: string): string | undefined => {
    const value = environment[name]?.trim();
    return value === "" ? undefined : value;
  };
  const fitting = (name: string, form: RegExp, expected: string): string | undefined => {
    const value = text(name);
    if (value === undefined || form.test(value)) return value;
    problems.push(`${name} is not ${expected}.`);
    return undefined;
  };
  const address = (name: string): string | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url?.protocol !== "https:" && !(url?.protocol === "http:" && isLoopback(url.hostname))) {
      problems.push(`${name} is not an https URL; http is for this machine alone (127.0.0.1 or localhost).`);
      return undefined;
    }
    if (url.username !== "" || url.password !== "") {
      problems.push(`${name} has a user name or a password in it, which cannot be sent that way.`);
      return undefined;
    }
    url.hash = "";
    return url.href;
  };
  return {
    problems,
    warnings: [],
    isSet: (name) => text(name) !== undefined,
    text,
    secret: (name) => fitting(name, /^\P{Cc}{1,4096}$/u, "one line of text; copy it anew"),
    bearer: (name) => fitting(name, /^[\x21-\x7e]{1,4096}$/, "visible ASCII characters; copy it anew"),
    address,
    fitting,
  };
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
}
