/** What a {@link RotationError} carries beside its code and context. */
export interface ErrorOptions {
  readonly cause?: unknown;
  /** What the provider or GitHub said: text from outside, to be redacted and disarmed before it is shown. */
  readonly detail?: string | undefined;
  /** The same request may succeed later. Default false. */
  readonly transient?: boolean;
  /** Milliseconds the other side asked to wait before the next try. */
  readonly retryAfter?: number | undefined;
  /** Whether the provider may have ended the secret in force. Default `"no"`. */
  readonly changed?: "no" | "unknown";
  /** See {@link RotationError.exhausted}. Default false. */
  readonly exhausted?: boolean;
}

/** The one error of this program: a stable code, what was found and expected, and the next thing to do. */
export class RotationError extends Error {
  override readonly name = "RotationError";
  readonly code: ErrorCode;
  readonly hint: string;
  readonly detail: string | undefined;
  readonly transient: boolean;
  readonly retryAfter: number | undefined;
  readonly changed: "no" | "unknown";
  /** The name of the input that it is about, if it is about one. */
  readonly input: string | undefined;
  /** Set when it has been tried again in vain, so that a loop around the tries does not multiply them. */
  exhausted: boolean;

  private constructor(
    code: ErrorCode,
    message: string,
    hint: string,
    options: ErrorOptions & { input?: string | undefined },
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = hint;
    this.detail = options.detail;
    this.transient = options.transient ?? false;
    this.retryAfter = options.retryAfter;
    this.changed = options.changed ?? "no";
    this.input = options.input;
    this.exhausted = options.exhausted ?? false;
  }

  static of<Code extends ErrorCode>(
    code: Code,
    context: ErrorContext<Code>,
    options: ErrorOptions = {},
  ): RotationError {
    // The index type loses the link between code and context, which the signature above has just checked.
    const problem = problems[code] as Problem<ErrorContext<Code>>;
    const input = "input" in context && typeof context.input === "string" ? context.input : undefined;
    const hint = problem.hint?.(context) ?? problem.fix;
    return new RotationError(code, problem.message(context), hint, { ...options, input });
  }

  /** The same problem, with where it stands in front: `FILE:LINE:COLUMN`, or the name of a rotation. */
  at(place: string): RotationError {
    const { code, message, hint, ...rest } = this;
    return new RotationError(code, `${place}: ${message}`, hint, { ...rest, cause: this.cause });
  }

  /** The same problem, where it is known that nothing changed, as with a request for a token. */
  harmless(): RotationError {
    if (this.changed === "no") return this;
    const { code, message, hint, ...rest } = this;
    return new RotationError(code, message, hint, { ...rest, cause: this.cause, changed: "no" });
  }

  /** Makes a RotationError of anything thrown. What is not ours becomes `INTERNAL`, without its message. */
  static from(thrown: unknown): RotationError {
    if (thrown instanceof RotationError) return thrown;
    const kind = thrown instanceof Error ? thrown.name : typeof thrown;
    return RotationError.of("INTERNAL", { kind }, { cause: thrown });
  }
}

/** Several problems found at once, such as all that is wrong with the inputs. */
export class RotationErrors extends Error {
  override readonly name = "RotationErrors";
  readonly errors: readonly RotationError[];

  constructor(errors: readonly RotationError[]) {
    super(errors.map((error) => `${error.code}: ${error.message}`).join("\n"));
    this.errors = errors;
  }
}

export type ErrorCode = keyof typeof problems;
type ErrorContext<Code extends ErrorCode> = Parameters<(typeof problems)[Code]["message"]>[0];

/** The words of the troubleshooting page about one code. */
export interface ErrorDescription {
  readonly title: string;
  readonly meaning: string;
  readonly fix: string;
}

export function describeError(code: ErrorCode): ErrorDescription {
  const { title, meaning, fix } = problems[code];
  return { title, meaning, fix };
}

interface Problem<Context> extends ErrorDescription {
  /** What was found and what was expected. Contexts hold names, ids and status codes, never a credential. */
  readonly message: (context: Context) => string;
  /** The next thing to do, where it can be said more closely than in `fix`. */
  readonly hint?: (context: Context) => string;
}

const problem = <Context>(entry: Problem<Context>): Problem<Context> => entry;

const problems = {
  // Inputs, found before any network call.
  INPUT_MISSING: problem({
    title: "A required input is empty",
    meaning: "The step did not set an input it needs, or the secret it names is empty in this run.",
    fix: "Set the input under `with:`. A `${{ secrets.NAME }}` that does not exist, or that this job's environment may not read, is empty.",
    message: (c: { input: string; because: string; hint?: string }) =>
      `Input "${c.input}" is empty; ${c.because}.`,
    hint: (c) =>
      c.hint ??
      `Set "${c.input}" under "with:"; a \${{ secrets.NAME }} that this job cannot read is empty too.`,
  }),
  INPUT_INVALID: problem({
    title: "An input has a value that cannot be used",
    meaning: "The value does not have the form that this input expects.",
    fix: "Correct the value; the message says what is expected.",
    message: (c: { input: string; found: string; expected: string }) =>
      `Input "${c.input}" is ${c.found}; expected ${c.expected}.`,
    hint: (c) => `Set "${c.input}" to ${c.expected}.`,
  }),
  INPUT_CONFLICT: problem({
    title: "Two inputs exclude each other",
    meaning: "Both inputs are set, and only one of them can be meant.",
    fix: "Remove one of the two inputs.",
    message: (c: { first: string; second: string }) =>
      `Inputs "${c.first}" and "${c.second}" are both set; expected one of them.`,
    hint: (c) => `Remove "${c.first}" or "${c.second}".`,
  }),
  CONFIG_UNREADABLE: problem({
    title: "The rotations file cannot be read",
    meaning: "`config` names a file that is not there, or that the step may not read.",
    fix: "Check the path in `config`, which is relative to the workspace, and that a step before has checked out the repository.",
    message: (c: { input: "config"; path: string; reason: string }) =>
      `Input "config" is "${c.path}", which cannot be read (${c.reason}); expected a rotations file.`,
  }),
  CONFIG_INVALID: problem({
    title: "The rotations file is not as it should be",
    meaning: "The file is no YAML, or does not have the form of a rotations file.",
    fix: "Correct the place that the message names; the JSON Schema of this action lets an editor check the file.",
    message: (c: { at: string; found: string; expected: string }) =>
      `${c.at}: ${c.found}; expected ${c.expected}.`,
  }),
  VARIABLE_UNUSABLE: problem({
    title: "A variable in the rotations file cannot be used",
    meaning:
      "`${NAME}` takes a variable of the step's `env:`, in credentials only; those of GitHub and the runner are not for it.",
    fix: "Set the variable under the step's `env:` to a secret, and name it in a credential.",
    message: (c: { input: string; variable: string; found: string; expected: string }) =>
      `Input "${c.input}" names the variable "${c.variable}", which ${c.found}; expected ${c.expected}.`,
  }),
  ROTATION_UNLISTED: problem({
    title: "A name in `only` is not in the rotations file",
    meaning: "`only` takes names of rotations in the file, separated by commas or newlines.",
    fix: "Use names that stand in the rotations file.",
    message: (c: { input: "only"; found: string; known: readonly string[] }) =>
      `Input "only" names "${c.found}"; expected names out of ${c.known.join(", ")}.`,
  }),
  ROTATION_DUPLICATE: problem({
    title: "Two rotations are of the same app",
    meaning:
      "Provider, `api-url` and `app-id` are the same, and one rotation would end what the other has made.",
    fix: "Make one rotation of the two, with the targets of both.",
    message: (c: { first: string; second: string }) =>
      `The rotations "${c.first}" and "${c.second}" are of the same app; expected one rotation for each app.`,
  }),
  PROVIDER_UNKNOWN: problem({
    title: "The provider is not one of those this action knows",
    meaning: "`provider` is empty or misspelt.",
    fix: "Use one of the provider names listed in the message.",
    message: (c: { input: "provider"; found: string; known: readonly string[] }) =>
      `Input "provider" is "${c.found}"; expected one of ${c.known.join(", ")}.`,
    hint: (c) => `Set "provider" to one of ${c.known.join(", ")}.`,
  }),
  URL_INSECURE: problem({
    title: "A URL would send credentials in the clear",
    meaning:
      "Credentials are sent over `https` only; plain `http` is accepted for loopback addresses, for tests.",
    fix: "Use the `https:` address of the service.",
    message: (c: { input: string; found: string }) =>
      `Input "${c.input}" is ${c.found}; expected an https URL (http only for loopback).`,
    hint: (c) => `Set "${c.input}" to the https address of the service.`,
  }),
  SECRET_NAME_INVALID: problem({
    title: "GitHub would refuse the secret's name",
    meaning: "Names hold letters, digits and underscores, begin with no digit and not with `GITHUB_`.",
    fix: "Choose a name such as `APP_SECRET`.",
    message: (c: { name: string; expected: string }) =>
      `The secret name "${c.name}" cannot be used; expected ${c.expected}.`,
    hint: () => `Choose a name such as APP_SECRET.`,
  }),
  TARGET_INVALID: problem({
    title: "A target cannot be understood",
    meaning:
      "Targets are written `repo:OWNER/REPO#NAME`, `env:OWNER/REPO/ENVIRONMENT#NAME`, `org:ORGANIZATION#NAME` or `dependabot:OWNER/REPO#NAME`.",
    fix: "Write the target in one of those forms; the message says what is wrong with this one.",
    message: (c: { target: string; expected: string }) =>
      `The target "${c.target}" cannot be understood; expected ${c.expected}.`,
  }),
  TARGET_DUPLICATE: problem({
    title: "Two targets are the same secret",
    meaning: "Each target must be a secret of its own; names and places are compared without case.",
    fix: "Remove one of the two, or give one another secret name with `#NAME`.",
    message: (c: { target: string; other: string }) =>
      `The targets "${c.other}" and "${c.target}" are the same secret; expected each secret once.`,
  }),
  SYNC_UNSUPPORTED: problem({
    title: "This provider never shows the secret in force",
    meaning:
      "`mode: sync` publishes the secret in force without changing it, which needs a provider that can show it.",
    fix: "Use `mode: rotate`, which makes a new secret and publishes it.",
    message: (c: { input: "mode"; provider: string }) =>
      `Input "mode" is "sync", but ${c.provider} cannot show the secret in force; expected "rotate" or "plan".`,
    hint: () => `Set "mode" to "rotate", which makes a new secret and publishes it.`,
  }),
  EVENT_REFUSED: problem({
    title: "This event may not rotate",
    meaning:
      "In `pull_request_target` and `issue_comment` workflows a stranger's files may be the ones checked out; `pull_request` may only plan.",
    fix: "Run on `schedule` or `workflow_dispatch`; on `pull_request` set `mode: plan`.",
    message: (c: { event: string; mode: string }) =>
      `The event "${c.event}" does not allow mode "${c.mode}"; expected "schedule" or "workflow_dispatch".`,
    hint: (c) =>
      c.event === "pull_request"
        ? `Set "mode" to "plan" for pull requests.`
        : `Run this step on "schedule" or "workflow_dispatch".`,
  }),

  // The provider.
  PROVIDER_UNREACHABLE: problem({
    title: "The provider could not be reached",
    meaning: "No connection to the provider's API came about; the request was never sent.",
    fix: "Check `api-url`, name resolution, the proxy and the firewall of the runner, then run again.",
    message: (c: { provider: string; host: string; reason: string }) =>
      `${c.provider} could not be reached at ${c.host} (${c.reason}); expected a connection.`,
  }),
  PROVIDER_UNAUTHORIZED: problem({
    title: "The provider refused the management credential",
    meaning:
      "The management credential is wrong, expired or switched off. It is not tried again in this run, because providers lock keys.",
    fix: "Renew the management credential at the provider and store it in the secret that the step reads.",
    message: (c: { provider: string; inputs: string; hint?: string }) =>
      `${c.provider} refused the management credential; expected ${c.inputs} to be valid.`,
    hint: (c) => c.hint ?? `Check ${c.inputs}, then run again.`,
  }),
  ID_TOKEN_UNAVAILABLE: problem({
    title: "The workflow's OIDC token cannot be had",
    meaning:
      "`oidc-…` inputs trade the token by which GitHub names this job for keys of the cloud, and GitHub gives it only to jobs with the permission `id-token: write`; workflows for pull requests of forks never get it.",
    fix: "Give the job `permissions:` with `id-token: write`; in a workflow that is called by another one, give it in both.",
    message: (c: { found: string }) =>
      `The workflow's OIDC token cannot be had: ${c.found}; expected a job with the permission "id-token: write".`,
  }),
  PROVIDER_FORBIDDEN: problem({
    title: "The management credential lacks a right",
    meaning: "The credential is valid, but the provider does not let it do this.",
    fix: "Grant the right named in the message to the credential, or use one that has it.",
    message: (c: { provider: string; action: string }) =>
      `${c.provider} does not let this management credential ${c.action}; expected the right to do so.`,
    hint: (c) => `Grant the credential the right to ${c.action}, then run again.`,
  }),
  APP_NOT_FOUND: problem({
    title: "The provider does not know the app",
    meaning: "`app-id` is wrong, or the app belongs to another account than the management credential.",
    fix: "Copy the app's id from the provider's console into `app-id`, and check that the credential is of the same account.",
    message: (c: { provider: string; appId: string }) =>
      `${c.provider} does not know the app "${c.appId}"; expected an app of this account.`,
  }),
  PROVIDER_RATE_LIMITED: problem({
    title: "The provider is throttling",
    meaning: "The provider answered that there were too many requests, also after waiting.",
    fix: "Run again later, or run fewer rotations side by side.",
    message: (c: { provider: string; action: string }) =>
      `${c.provider} answered "too many requests" when asked to ${c.action}; expected it to be done.`,
  }),
  PROVIDER_UNAVAILABLE: problem({
    title: "The provider has a fault",
    meaning: "The provider answered with a server error.",
    fix: "Look at the provider's status page, then run again.",
    message: (c: { provider: string; action: string; status: number | string }) =>
      `${c.provider} answered with server error ${String(c.status)} when asked to ${c.action}; expected it to be done.`,
  }),
  PROVIDER_ANSWER_LOST: problem({
    title: "The provider's answer did not arrive",
    meaning: "The request was sent, but the connection broke or timed out before the answer was whole.",
    fix: "Run again.",
    message: (c: { provider: string; action: string; reason: string }) =>
      `The answer of ${c.provider} to the request to ${c.action} was lost (${c.reason}); expected a whole answer.`,
  }),
  PROVIDER_ANSWER_INVALID: problem({
    title: "The provider answered something unexpected",
    meaning:
      "The answer is not what the provider documents: another service answered, or its API has changed.",
    fix: "Check `api-url` (and `api-prefix`); if they are right, report the message as an issue of this action.",
    message: (c: { provider: string; action: string; found: string; expected: string }) =>
      `${c.provider} answered ${c.found} when asked to ${c.action}; expected ${c.expected}.`,
  }),
  PROVIDER_REFUSED: problem({
    title: "The provider refused the request",
    meaning: "The provider answered in its documented form that it will not do this.",
    fix: "Act on the provider's own code and message, which stand in the log.",
    message: (c: { provider: string; action: string; code: string; hint?: string }) =>
      `${c.provider} refused to ${c.action} (${c.code}); expected it to be done.`,
    hint: (c) => c.hint ?? "Act on the provider's own code and message, which stand in the log.",
  }),
  PROVIDER_REDIRECT: problem({
    title: "The provider's address redirects elsewhere",
    meaning: "Redirects are not followed, because the request carries credentials.",
    fix: "Set `api-url` (for an inbox, `inbox-url`) to the address that answers now.",
    message: (c: { provider: string; host: string; status: number }) =>
      `${c.provider} at ${c.host} answered with redirect ${String(c.status)}; expected an answer.`,
  }),
  SECRET_UNUSABLE: problem({
    title: "The provider's secret cannot be stored",
    meaning:
      "The provider gave a value which is empty, hidden, not text, or larger than the 48 KB that GitHub stores.",
    fix: "Look at the app in the provider's console; the value it shows must be plain text of at most 48 KB.",
    message: (c: { provider: string; found: string }) =>
      `The secret that ${c.provider} gave is ${c.found}; expected plain text of 1 to 49152 bytes.`,
  }),
  SECRET_UNCHANGED: problem({
    title: "The provider did not make a new secret",
    meaning: "The provider said that it had made a new secret, but the former one is still in force.",
    fix: "Run again; if it stays so, rotate once in the provider's console and run with `mode: sync`.",
    message: (c: { provider: string }) =>
      `${c.provider} answered with the former secret; expected a new one.`,
  }),
  ROTATION_UNKNOWN: problem({
    title: "It is not known which secret is in force",
    meaning: "The answer to the rotate call was lost, and the provider could not settle what became of it.",
    fix: "Run again: the next run reads or renews the secret and publishes it.",
    message: (c: { provider: string }) =>
      `It is not known whether ${c.provider} has made a new secret; expected a whole answer or a readable secret.`,
  }),
  CONFIRM_DIFFERS: problem({
    title: "The provider shows another secret than the published one",
    meaning:
      "Read back twice, the provider showed a secret that was not the one just published: somebody else is changing it.",
    fix: "Find out who else rotates this app, then run again with `mode: sync` to publish the secret in force.",
    message: (c: { provider: string }) =>
      `${c.provider} shows another secret than the one published, twice; expected them to be equal.`,
  }),
  CONFIRM_INVALID: problem({
    title: "The provider refuses the new secret",
    meaning: "The provider gave the secret, but refused it when it was tried.",
    fix: "Try the app by hand; if it fails, run again with `force: true`. Where an event brings the secret, the next one brings another.",
    message: (c: { provider: string; seconds: number }) =>
      `${c.provider} refused the new secret for ${String(c.seconds)} s; expected it to work.`,
  }),
  CONFIRM_UNPROVEN: problem({
    title: "It could not be proved that the new secret works",
    meaning:
      "This provider may ignore a chosen secret without saying so, and the probe neither accepted nor refused the new one. Nothing was published.",
    fix: "Try `probe-url` by hand with both secrets you know; then run again.",
    message: (c: { provider: string; why: string }) =>
      `Whether ${c.provider} has taken the new secret could not be proved (${c.why}); expected proof before publishing.`,
  }),
  PUT_BACK: problem({
    title: "The new secret could not be used, and the former one is in force again",
    meaning:
      "No target took the new secret, or the provider refused it; the former secret was put back, and the provider confirms it. Nothing has changed.",
    fix: "Mend what the log says of the targets or the probe, then run again.",
    message: (c: { provider: string; because: string }) =>
      `${c.because}, so the former secret was put back at ${c.provider}; expected to publish the new one.`,
  }),
  PUT_BACK_UNCONFIRMED: problem({
    title: "The former secret was to be put back, and it is not known whether that worked",
    meaning:
      "The new secret could not be used, and the provider did not confirm that the former one is in force again.",
    fix: "Run again now: the marker makes the next run publish the secret in force, or make a new one.",
    message: (c: { provider: string }) =>
      `${c.provider} did not confirm that the former secret is in force again; expected it to.`,
  }),
  APP_NOT_ROTATABLE: problem({
    title: "The provider cannot rotate this app",
    meaning: "The app is of a type or in a state that the provider does not rotate.",
    fix: "The message says what was found and what is needed.",
    message: (c: { provider: string; found: string; expected: string; hint: string }) =>
      `${c.provider} cannot rotate the app: ${c.found}; expected ${c.expected}.`,
    hint: (c) => c.hint,
  }),
  PROBE_UNUSABLE: problem({
    title: "The probe proves nothing",
    meaning:
      "`probe-url` must answer 2xx to the app's key pair and 401 to any other; in preflight it did not do so.",
    fix: "Set `probe-url` to a published API with App authentication which this app may call with GET.",
    message: (c: { found: string }) =>
      `Input "probe-url" cannot prove anything: ${c.found}; expected 401 for a wrong secret and 2xx for the right one.`,
  }),
  ROTATION_FAILED: problem({
    title: "The provider's own rotation failed",
    meaning: "The provider took the order to rotate, but its task failed or did not end in time.",
    fix: "Look at the task in the provider's console; when it is settled, run with `mode: sync`.",
    message: (c: { provider: string; found: string }) =>
      `The rotation task of ${c.provider} ${c.found}; expected it to succeed.`,
  }),
  ENVELOPE_MISSING: problem({
    title: "The event carries no envelope",
    meaning:
      "A `repository_dispatch` event must bring the platform's push in `client_payload.feishu`. Nothing was asked of the platform, or a broken relay would loop.",
    fix: "Mend the relay; to ask for a ticket, run the workflow on `schedule` or `workflow_dispatch`.",
    message: (c: { event: string; field: string }) =>
      `The event "${c.event}" has no envelope in "${c.field}"; expected the platform's push, as the relay forwards it.`,
  }),
  ENVELOPE_REFUSED: problem({
    title: "The envelope was not accepted",
    meaning:
      "What was delivered failed one of the checks that make it the platform's own, recent, and of this app. Nothing of it was used.",
    fix: "The message names the check that failed; its hint says what to set right.",
    message: (c: { check: string; found: string; expected: string; hint: string }) =>
      `The envelope fails the check of its ${c.check}: ${c.found}; expected ${c.expected}.`,
    hint: (c) => c.hint,
  }),
  TICKET_NOT_DELIVERED: problem({
    title: "The ticket did not arrive in time",
    meaning:
      "The platform took the request for a ticket, and no envelope with a new one was in the inbox by `ticket-timeout`. The former ticket works until it expires.",
    fix: "Look in the developer console's event log whether the push was sent, and what the relay answered; raise `ticket-timeout` if it only came late.",
    message: (c: { seconds: number; found: string }) =>
      `No new ticket was in the inbox within ${String(c.seconds)} s (${c.found}); expected an envelope with one.`,
  }),
  POINTER_UNRESOLVED: problem({
    title: "A pointer leads nowhere in the secret",
    meaning:
      "The target asks for a part of the secret by JSON Pointer; the secret is not JSON, or has no string, number or boolean there.",
    fix: "Correct `pointer=` in the target, or take it away if the secret is not JSON.",
    message: (c: { target: string; pointer: string; found: string }) =>
      `The pointer "${c.pointer}" of target "${c.target}" finds ${c.found}; expected a string, number or boolean.`,
  }),

  // GitHub.
  GITHUB_UNREACHABLE: problem({
    title: "GitHub could not be reached",
    meaning: "No connection to GitHub's API came about, or it broke before the answer was whole.",
    fix: "Check the runner's network and GitHub's status page, then run again.",
    message: (c: { action: string; reason: string }) =>
      `GitHub could not be reached to ${c.action} (${c.reason}); expected an answer.`,
  }),
  GITHUB_UNAUTHORIZED: problem({
    title: "GitHub refused the token",
    meaning: "`github-token` is wrong, expired or revoked.",
    fix: "Make a new token and store it in the secret that `github-token` reads.",
    message: (c: { action: string }) =>
      `GitHub refused "github-token" (401) when asked to ${c.action}; expected a valid token.`,
  }),
  GITHUB_FORBIDDEN: problem({
    title: "The token may not write secrets here",
    meaning:
      "The token is valid but lacks the permission. The workflow's own `GITHUB_TOKEN` can never write secrets.",
    fix: "Use a fine-grained token or a GitHub App token with the repository permission that the message names.",
    message: (c: { place: string; action: string; permission: string }) =>
      `GitHub does not let "github-token" ${c.action} of ${c.place} (403); expected the permission ${c.permission}.`,
    hint: (c) =>
      `Use a fine-grained or GitHub App token with ${c.permission}; the workflow's own GITHUB_TOKEN cannot write secrets.`,
  }),
  GITHUB_NOT_FOUND: problem({
    title: "GitHub does not show the place",
    meaning:
      "The repository or environment does not exist, or the token may not see it: GitHub answers 404 to both.",
    fix: "Check the spelling of the target; create the environment; give the token access to the repository.",
    message: (c: { place: string; permission: string }) =>
      `GitHub does not show ${c.place} (404): it is missing, or not visible to this token; expected a place that exists and the permission ${c.permission}.`,
    hint: (c) =>
      `Check that ${c.place} exists and that the token has access to its repository with ${c.permission}.`,
  }),
  GITHUB_RATE_LIMITED: problem({
    title: "GitHub is limiting the token",
    meaning: "The token has used up its requests, and the wait GitHub asks for is too long.",
    fix: "Run again after the time that the message names; use a token of its own for rotations.",
    message: (c: { action: string; seconds: number | undefined }) =>
      `GitHub limits "github-token" when asked to ${c.action}${
        c.seconds === undefined ? "" : ` for ${String(c.seconds)} s more`
      }; expected room for this run.`,
  }),
  GITHUB_UNAVAILABLE: problem({
    title: "GitHub has a fault",
    meaning: "GitHub answered with an error that is not about the request.",
    fix: "Look at GitHub's status page, then run again.",
    message: (c: { action: string; status: number }) =>
      `GitHub answered ${String(c.status)} when asked to ${c.action}; expected it to be done.`,
  }),
  GITHUB_REJECTED: problem({
    title: "GitHub refused the request as invalid",
    meaning: "GitHub understood the request and refused its content (422).",
    fix: "Act on GitHub's own message, which stands in the log.",
    message: (c: { action: string; status: number }) =>
      `GitHub refused to ${c.action} (${String(c.status)}); expected it to be done.`,
  }),
  GITHUB_ANSWER_INVALID: problem({
    title: "GitHub answered something unexpected",
    meaning: "The answer does not have the documented shape: a proxy or another service may have answered.",
    fix: "Check `GITHUB_API_URL` and the proxy of the runner, then run again.",
    message: (c: { action: string; found: string }) =>
      `GitHub answered ${c.found} when asked to ${c.action}; expected the documented answer.`,
  }),
  PUBLIC_KEY_INVALID: problem({
    title: "GitHub's public key cannot be used",
    meaning: "The public key of the place is not 32 bytes long, so nothing can be sealed for it.",
    fix: "Run again; if it stays so, something between the runner and GitHub changes its answers.",
    message: (c: { place: string; bytes: number }) =>
      `The public key of ${c.place} has ${String(c.bytes)} bytes; expected 32.`,
  }),
  SECRET_LIMIT: problem({
    title: "The place has no room for another secret",
    meaning:
      "GitHub keeps at most 100 secrets in a repository or environment and 1,000 in an organization, and the marker and new targets need room.",
    fix: "Delete secrets that nobody uses from the place.",
    message: (c: { place: string; limit: number; missing: number }) =>
      `${c.place} is full: ${String(c.limit)} secrets, and ${String(c.missing)} more would be needed; expected room for them.`,
  }),
  TOO_MANY_WRITES: problem({
    title: "The run has more writes than GitHub accepts in time",
    meaning: "At GitHub's pace the writes would take more than 45 minutes, and App tokens live for one hour.",
    fix: 'Let several jobs or schedules each run some of the rotations, chosen by "only"; a matrix job for each rotation, with a token of its own, goes furthest.',
    message: (c: { writes: number; minutes: number }) =>
      `This run has ${String(c.writes)} writes, which take about ${String(c.minutes)} minutes at GitHub's pace; expected at most 45 minutes.`,
  }),
  SEALING_FAILED: problem({
    title: "Sealing does not work on this machine",
    meaning:
      "libsodium could not be started, or could not open what it had sealed in a trial before the rotation.",
    fix: "Use a runner whose Node.js can run WebAssembly.",
    message: (c: { reason: string }) => `Sealing failed (${c.reason}); expected a sealed box.`,
  }),

  // The rotation as a whole.
  CANCELLED: problem({
    title: "The run was cancelled before it rotated",
    meaning: "A cancellation arrived before the rotate call; nothing was changed.",
    fix: "Run again when you wish to rotate.",
    message: (c: { signal: string }) =>
      `${c.signal} arrived before the rotate call; expected to run to the end.`,
  }),
  PUBLISH_INCOMPLETE: problem({
    title: "Some targets do not hold the secret in force",
    meaning: "The secret in force could not be written to every target; the rest of the targets have it.",
    fix: "Mend what the failed targets name, then run again: the marker makes the next run finish.",
    message: (c: { written: number; total: number; hint?: string }) =>
      `${String(c.written)} of ${String(c.total)} targets hold the secret in force; expected all.`,
    hint: (c) =>
      c.hint ?? "Mend what the failed targets name, then run again: the marker makes the next run finish.",
  }),
  SECRET_LOST: problem({
    title: "The run was ended in the middle of the rotate call",
    meaning:
      "The step was killed after the rotate call and before the new secret could be sealed: the provider may have ended the secret that the targets hold.",
    fix: "Run again now: the marker makes the next run publish the secret in force, or make a new one.",
    message: (c: { rotation: string }) =>
      `Rotation "${c.rotation}" was ended during the rotate call, so its targets may hold a secret that is no longer in force; expected the step to run to its end.`,
  }),
  CONCURRENT_RUN: problem({
    title: "Two runs of the same rotation overlapped",
    meaning:
      "The marker of this run was removed or rewritten by another one, so it is not known whose secret is in the targets. What the post step had yet to send is kept back then, as it could replace a newer secret.",
    fix: "Give the workflow a `concurrency` group, then run again: the next run heals.",
    message: (c: { place: string }) =>
      `The marker in ${c.place} was changed by another run; expected it to be this run's own.`,
  }),
  MARKER_UNREADABLE: problem({
    title: "The marker could not be looked at",
    meaning:
      "After writing, the marker's time could not be read, so an overlapping run could not be ruled out.",
    fix: "Run again: the next run tidies the marker up.",
    message: (c: { place: string }) => `The marker in ${c.place} could not be read; expected its time.`,
  }),
  JOURNAL_UNWRITABLE: problem({
    title: "The journal cannot be written",
    meaning:
      "Sealed values are kept in a file until GitHub has them, so that a killed run can be finished; the runner's temporary folder does not take it.",
    fix: "Make room in the runner's temporary folder (`RUNNER_TEMP`), and let the runner write there.",
    message: (c: { reason: string }) =>
      `The journal in the runner's temporary folder cannot be written (${c.reason}); expected a writable folder.`,
  }),
  INTERNAL: problem({
    title: "A fault of this action",
    meaning:
      "Something happened that this action does not foresee. Its text is not shown, as it could hold a secret.",
    fix: "Report it as an issue of this action, with the log.",
    message: (c: { kind: string }) => `An unforeseen ${c.kind} was thrown; expected none.`,
  }),
};

/** Every code, in the order of the troubleshooting page. */
export const errorCodes = Object.keys(problems) as readonly ErrorCode[];
