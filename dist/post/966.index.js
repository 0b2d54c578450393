export const id = 966;
export const ids = [966];
export const modules = {

/***/ 8966:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  postMain: () => (/* binding */ postMain)
});

;// CONCATENATED MODULE: ./src/clock.ts
const systemClock = {
    now: () => Date.now(),
    sleep: (milliseconds, signal) => new Promise((resolve, reject) => {
        const abort = () => {
            clearTimeout(timer);
            reject(signal?.reason);
        };
        const timer = setTimeout(() => {
            signal?.removeEventListener("abort", abort);
            resolve();
        }, milliseconds);
        if (signal?.aborted === true)
            abort();
        else
            signal?.addEventListener("abort", abort, { once: true });
    }),
};

;// CONCATENATED MODULE: ./src/errors.ts
/** The one error of this program: a stable code, what was found and expected, and the next thing to do. */
class errors_RotationError extends Error {
    name = "RotationError";
    code;
    hint;
    detail;
    transient;
    retryAfter;
    changed;
    /** The name of the input that it is about, if it is about one. */
    input;
    /** Set when it has been tried again in vain, so that a loop around the tries does not multiply them. */
    exhausted;
    constructor(code, message, hint, options) {
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
    static of(code, context, options = {}) {
        // The index type loses the link between code and context, which the signature above has just checked.
        const problem = problems[code];
        const input = "input" in context && typeof context.input === "string" ? context.input : undefined;
        const hint = problem.hint?.(context) ?? problem.fix;
        return new errors_RotationError(code, problem.message(context), hint, { ...options, input });
    }
    /** The same problem, with where it stands in front: `FILE:LINE:COLUMN`, or the name of a rotation. */
    at(place) {
        const { code, message, hint, ...rest } = this;
        return new errors_RotationError(code, `${place}: ${message}`, hint, { ...rest, cause: this.cause });
    }
    /** The same problem, where it is known that nothing changed, as with a request for a token. */
    harmless() {
        if (this.changed === "no")
            return this;
        const { code, message, hint, ...rest } = this;
        return new errors_RotationError(code, message, hint, { ...rest, cause: this.cause, changed: "no" });
    }
    /** Makes a RotationError of anything thrown. What is not ours becomes `INTERNAL`, without its message. */
    static from(thrown) {
        if (thrown instanceof errors_RotationError)
            return thrown;
        const kind = thrown instanceof Error ? thrown.name : typeof thrown;
        return errors_RotationError.of("INTERNAL", { kind }, { cause: thrown });
    }
}
/** Several problems found at once, such as all that is wrong with the inputs. */
class RotationErrors extends Error {
    name = "RotationErrors";
    errors;
    constructor(errors) {
        super(errors.map((error) => `${error.code}: ${error.message}`).join("\n"));
        this.errors = errors;
    }
}
function describeError(code) {
    const { title, meaning, fix } = problems[code];
    return { title, meaning, fix };
}
const problem = (entry) => entry;
const problems = {
    // Inputs, found before any network call.
    INPUT_MISSING: problem({
        title: "A required input is empty",
        meaning: "The step did not set an input it needs, or the secret it names is empty in this run.",
        fix: "Set the input under `with:`. A `${{ secrets.NAME }}` that does not exist, or that this job's environment may not read, is empty.",
        message: (c) => `Input "${c.input}" is empty; ${c.because}.`,
        hint: (c) => c.hint ??
            `Set "${c.input}" under "with:"; a \${{ secrets.NAME }} that this job cannot read is empty too.`,
    }),
    INPUT_INVALID: problem({
        title: "An input has a value that cannot be used",
        meaning: "The value does not have the form that this input expects.",
        fix: "Correct the value; the message says what is expected.",
        message: (c) => `Input "${c.input}" is ${c.found}; expected ${c.expected}.`,
        hint: (c) => `Set "${c.input}" to ${c.expected}.`,
    }),
    INPUT_CONFLICT: problem({
        title: "Two inputs exclude each other",
        meaning: "Both inputs are set, and only one of them can be meant.",
        fix: "Remove one of the two inputs.",
        message: (c) => `Inputs "${c.first}" and "${c.second}" are both set; expected one of them.`,
        hint: (c) => `Remove "${c.first}" or "${c.second}".`,
    }),
    CONFIG_UNREADABLE: problem({
        title: "The rotations file cannot be read",
        meaning: "`config` names a file that is not there, or that the step may not read.",
        fix: "Check the path in `config`, which is relative to the workspace, and that a step before has checked out the repository.",
        message: (c) => `Input "config" is "${c.path}", which cannot be read (${c.reason}); expected a rotations file.`,
    }),
    CONFIG_INVALID: problem({
        title: "The rotations file is not as it should be",
        meaning: "The file is no YAML, or does not have the form of a rotations file.",
        fix: "Correct the place that the message names; the JSON Schema of this action lets an editor check the file.",
        message: (c) => `${c.at}: ${c.found}; expected ${c.expected}.`,
    }),
    VARIABLE_UNUSABLE: problem({
        title: "A variable in the rotations file cannot be used",
        meaning: "`${NAME}` takes a variable of the step's `env:`, in credentials only; those of GitHub and the runner are not for it.",
        fix: "Set the variable under the step's `env:` to a secret, and name it in a credential.",
        message: (c) => `Input "${c.input}" names the variable "${c.variable}", which ${c.found}; expected ${c.expected}.`,
    }),
    ROTATION_UNLISTED: problem({
        title: "A name in `only` is not in the rotations file",
        meaning: "`only` takes names of rotations in the file, separated by commas or newlines.",
        fix: "Use names that stand in the rotations file.",
        message: (c) => `Input "only" names "${c.found}"; expected names out of ${c.known.join(", ")}.`,
    }),
    ROTATION_DUPLICATE: problem({
        title: "Two rotations are of the same app",
        meaning: "Provider, `api-url` and `app-id` are the same, and one rotation would end what the other has made.",
        fix: "Make one rotation of the two, with the targets of both.",
        message: (c) => `The rotations "${c.first}" and "${c.second}" are of the same app; expected one rotation for each app.`,
    }),
    PROVIDER_UNKNOWN: problem({
        title: "The provider is not one of those this action knows",
        meaning: "`provider` is empty or misspelt.",
        fix: "Use one of the provider names listed in the message.",
        message: (c) => `Input "provider" is "${c.found}"; expected one of ${c.known.join(", ")}.`,
        hint: (c) => `Set "provider" to one of ${c.known.join(", ")}.`,
    }),
    URL_INSECURE: problem({
        title: "A URL would send credentials in the clear",
        meaning: "Credentials are sent over `https` only; plain `http` is accepted for loopback addresses, for tests.",
        fix: "Use the `https:` address of the service.",
        message: (c) => `Input "${c.input}" is ${c.found}; expected an https URL (http only for loopback).`,
        hint: (c) => `Set "${c.input}" to the https address of the service.`,
    }),
    SECRET_NAME_INVALID: problem({
        title: "GitHub would refuse the secret's name",
        meaning: "Names hold letters, digits and underscores, begin with no digit and not with `GITHUB_`.",
        fix: "Choose a name such as `APP_SECRET`.",
        message: (c) => `The secret name "${c.name}" cannot be used; expected ${c.expected}.`,
        hint: () => `Choose a name such as APP_SECRET.`,
    }),
    TARGET_INVALID: problem({
        title: "A target cannot be understood",
        meaning: "Targets are written `repo:OWNER/REPO#NAME`, `env:OWNER/REPO/ENVIRONMENT#NAME`, `org:ORGANIZATION#NAME` or `dependabot:OWNER/REPO#NAME`.",
        fix: "Write the target in one of those forms; the message says what is wrong with this one.",
        message: (c) => `The target "${c.target}" cannot be understood; expected ${c.expected}.`,
    }),
    TARGET_DUPLICATE: problem({
        title: "Two targets are the same secret",
        meaning: "Each target must be a secret of its own; names and places are compared without case.",
        fix: "Remove one of the two, or give one another secret name with `#NAME`.",
        message: (c) => `The targets "${c.other}" and "${c.target}" are the same secret; expected each secret once.`,
    }),
    SYNC_UNSUPPORTED: problem({
        title: "This provider never shows the secret in force",
        meaning: "`mode: sync` publishes the secret in force without changing it, which needs a provider that can show it.",
        fix: "Use `mode: rotate`, which makes a new secret and publishes it.",
        message: (c) => `Input "mode" is "sync", but ${c.provider} cannot show the secret in force; expected "rotate" or "plan".`,
        hint: () => `Set "mode" to "rotate", which makes a new secret and publishes it.`,
    }),
    EVENT_REFUSED: problem({
        title: "This event may not rotate",
        meaning: "In `pull_request_target` and `issue_comment` workflows a stranger's files may be the ones checked out; `pull_request` may only plan.",
        fix: "Run on `schedule` or `workflow_dispatch`; on `pull_request` set `mode: plan`.",
        message: (c) => `The event "${c.event}" does not allow mode "${c.mode}"; expected "schedule" or "workflow_dispatch".`,
        hint: (c) => c.event === "pull_request"
            ? `Set "mode" to "plan" for pull requests.`
            : `Run this step on "schedule" or "workflow_dispatch".`,
    }),
    // The provider.
    PROVIDER_UNREACHABLE: problem({
        title: "The provider could not be reached",
        meaning: "No connection to the provider's API came about; the request was never sent.",
        fix: "Check `api-url`, name resolution, the proxy and the firewall of the runner, then run again.",
        message: (c) => `${c.provider} could not be reached at ${c.host} (${c.reason}); expected a connection.`,
    }),
    PROVIDER_UNAUTHORIZED: problem({
        title: "The provider refused the management credential",
        meaning: "The management credential is wrong, expired or switched off. It is not tried again in this run, because providers lock keys.",
        fix: "Renew the management credential at the provider and store it in the secret that the step reads.",
        message: (c) => `${c.provider} refused the management credential; expected ${c.inputs} to be valid.`,
        hint: (c) => c.hint ?? `Check ${c.inputs}, then run again.`,
    }),
    ID_TOKEN_UNAVAILABLE: problem({
        title: "The workflow's OIDC token cannot be had",
        meaning: "`oidc-…` inputs trade the token by which GitHub names this job for keys of the cloud, and GitHub gives it only to jobs with the permission `id-token: write`; workflows for pull requests of forks never get it.",
        fix: "Give the job `permissions:` with `id-token: write`; in a workflow that is called by another one, give it in both.",
        message: (c) => `The workflow's OIDC token cannot be had: ${c.found}; expected a job with the permission "id-token: write".`,
    }),
    PROVIDER_FORBIDDEN: problem({
        title: "The management credential lacks a right",
        meaning: "The credential is valid, but the provider does not let it do this.",
        fix: "Grant the right named in the message to the credential, or use one that has it.",
        message: (c) => `${c.provider} does not let this management credential ${c.action}; expected the right to do so.`,
        hint: (c) => `Grant the credential the right to ${c.action}, then run again.`,
    }),
    APP_NOT_FOUND: problem({
        title: "The provider does not know the app",
        meaning: "`app-id` is wrong, or the app belongs to another account than the management credential.",
        fix: "Copy the app's id from the provider's console into `app-id`, and check that the credential is of the same account.",
        message: (c) => `${c.provider} does not know the app "${c.appId}"; expected an app of this account.`,
    }),
    PROVIDER_RATE_LIMITED: problem({
        title: "The provider is throttling",
        meaning: "The provider answered that there were too many requests, also after waiting.",
        fix: "Run again later, or run fewer rotations side by side.",
        message: (c) => `${c.provider} answered "too many requests" when asked to ${c.action}; expected it to be done.`,
    }),
    PROVIDER_UNAVAILABLE: problem({
        title: "The provider has a fault",
        meaning: "The provider answered with a server error.",
        fix: "Look at the provider's status page, then run again.",
        message: (c) => `${c.provider} answered with server error ${String(c.status)} when asked to ${c.action}; expected it to be done.`,
    }),
    PROVIDER_ANSWER_LOST: problem({
        title: "The provider's answer did not arrive",
        meaning: "The request was sent, but the connection broke or timed out before the answer was whole.",
        fix: "Run again.",
        message: (c) => `The answer of ${c.provider} to the request to ${c.action} was lost (${c.reason}); expected a whole answer.`,
    }),
    PROVIDER_ANSWER_INVALID: problem({
        title: "The provider answered something unexpected",
        meaning: "The answer is not what the provider documents: another service answered, or its API has changed.",
        fix: "Check `api-url` (and `api-prefix`); if they are right, report the message as an issue of this action.",
        message: (c) => `${c.provider} answered ${c.found} when asked to ${c.action}; expected ${c.expected}.`,
    }),
    PROVIDER_REFUSED: problem({
        title: "The provider refused the request",
        meaning: "The provider answered in its documented form that it will not do this.",
        fix: "Act on the provider's own code and message, which stand in the log.",
        message: (c) => `${c.provider} refused to ${c.action} (${c.code}); expected it to be done.`,
        hint: (c) => c.hint ?? "Act on the provider's own code and message, which stand in the log.",
    }),
    PROVIDER_REDIRECT: problem({
        title: "The provider's address redirects elsewhere",
        meaning: "Redirects are not followed, because the request carries credentials.",
        fix: "Set `api-url` (for an inbox, `inbox-url`) to the address that answers now.",
        message: (c) => `${c.provider} at ${c.host} answered with redirect ${String(c.status)}; expected an answer.`,
    }),
    SECRET_UNUSABLE: problem({
        title: "The provider's secret cannot be stored",
        meaning: "The provider gave a value which is empty, hidden, not text, or larger than the 48 KB that GitHub stores.",
        fix: "Look at the app in the provider's console; the value it shows must be plain text of at most 48 KB.",
        message: (c) => `The secret that ${c.provider} gave is ${c.found}; expected plain text of 1 to 49152 bytes.`,
    }),
    SECRET_UNCHANGED: problem({
        title: "The provider did not make a new secret",
        meaning: "The provider said that it had made a new secret, but the former one is still in force.",
        fix: "Run again; if it stays so, rotate once in the provider's console and run with `mode: sync`.",
        message: (c) => `${c.provider} answered with the former secret; expected a new one.`,
    }),
    ROTATION_UNKNOWN: problem({
        title: "It is not known which secret is in force",
        meaning: "The answer to the rotate call was lost, and the provider could not settle what became of it.",
        fix: "Run again: the next run reads or renews the secret and publishes it.",
        message: (c) => `It is not known whether ${c.provider} has made a new secret; expected a whole answer or a readable secret.`,
    }),
    CONFIRM_DIFFERS: problem({
        title: "The provider shows another secret than the published one",
        meaning: "Read back twice, the provider showed a secret that was not the one just published: somebody else is changing it.",
        fix: "Find out who else rotates this app, then run again with `mode: sync` to publish the secret in force.",
        message: (c) => `${c.provider} shows another secret than the one published, twice; expected them to be equal.`,
    }),
    CONFIRM_INVALID: problem({
        title: "The provider refuses the new secret",
        meaning: "The provider gave the secret, but refused it when it was tried.",
        fix: "Try the app by hand; if it fails, run again with `force: true`. Where an event brings the secret, the next one brings another.",
        message: (c) => `${c.provider} refused the new secret for ${String(c.seconds)} s; expected it to work.`,
    }),
    CONFIRM_UNPROVEN: problem({
        title: "It could not be proved that the new secret works",
        meaning: "This provider may ignore a chosen secret without saying so, and the probe neither accepted nor refused the new one. Nothing was published.",
        fix: "Try `probe-url` by hand with both secrets you know; then run again.",
        message: (c) => `Whether ${c.provider} has taken the new secret could not be proved (${c.why}); expected proof before publishing.`,
    }),
    PUT_BACK: problem({
        title: "The new secret could not be used, and the former one is in force again",
        meaning: "No target took the new secret, or the provider refused it; the former secret was put back, and the provider confirms it. Nothing has changed.",
        fix: "Mend what the log says of the targets or the probe, then run again.",
        message: (c) => `${c.because}, so the former secret was put back at ${c.provider}; expected to publish the new one.`,
    }),
    PUT_BACK_UNCONFIRMED: problem({
        title: "The former secret was to be put back, and it is not known whether that worked",
        meaning: "The new secret could not be used, and the provider did not confirm that the former one is in force again.",
        fix: "Run again now: the marker makes the next run publish the secret in force, or make a new one.",
        message: (c) => `${c.provider} did not confirm that the former secret is in force again; expected it to.`,
    }),
    APP_NOT_ROTATABLE: problem({
        title: "The provider cannot rotate this app",
        meaning: "The app is of a type or in a state that the provider does not rotate.",
        fix: "The message says what was found and what is needed.",
        message: (c) => `${c.provider} cannot rotate the app: ${c.found}; expected ${c.expected}.`,
        hint: (c) => c.hint,
    }),
    PROBE_UNUSABLE: problem({
        title: "The probe proves nothing",
        meaning: "`probe-url` must answer 2xx to the app's key pair and 401 to any other; in preflight it did not do so.",
        fix: "Set `probe-url` to a published API with App authentication which this app may call with GET.",
        message: (c) => `Input "probe-url" cannot prove anything: ${c.found}; expected 401 for a wrong secret and 2xx for the right one.`,
    }),
    ROTATION_FAILED: problem({
        title: "The provider's own rotation failed",
        meaning: "The provider took the order to rotate, but its task failed or did not end in time.",
        fix: "Look at the task in the provider's console; when it is settled, run with `mode: sync`.",
        message: (c) => `The rotation task of ${c.provider} ${c.found}; expected it to succeed.`,
    }),
    ENVELOPE_MISSING: problem({
        title: "The event carries no envelope",
        meaning: "A `repository_dispatch` event must bring the platform's push in `client_payload.feishu`. Nothing was asked of the platform, or a broken relay would loop.",
        fix: "Mend the relay; to ask for a ticket, run the workflow on `schedule` or `workflow_dispatch`.",
        message: (c) => `The event "${c.event}" has no envelope in "${c.field}"; expected the platform's push, as the relay forwards it.`,
    }),
    ENVELOPE_REFUSED: problem({
        title: "The envelope was not accepted",
        meaning: "What was delivered failed one of the checks that make it the platform's own, recent, and of this app. Nothing of it was used.",
        fix: "The message names the check that failed; its hint says what to set right.",
        message: (c) => `The envelope fails the check of its ${c.check}: ${c.found}; expected ${c.expected}.`,
        hint: (c) => c.hint,
    }),
    TICKET_NOT_DELIVERED: problem({
        title: "The ticket did not arrive in time",
        meaning: "The platform took the request for a ticket, and no envelope with a new one was in the inbox by `ticket-timeout`. The former ticket works until it expires.",
        fix: "Look in the developer console's event log whether the push was sent, and what the relay answered; raise `ticket-timeout` if it only came late.",
        message: (c) => `No new ticket was in the inbox within ${String(c.seconds)} s (${c.found}); expected an envelope with one.`,
    }),
    POINTER_UNRESOLVED: problem({
        title: "A pointer leads nowhere in the secret",
        meaning: "The target asks for a part of the secret by JSON Pointer; the secret is not JSON, or has no string, number or boolean there.",
        fix: "Correct `pointer=` in the target, or take it away if the secret is not JSON.",
        message: (c) => `The pointer "${c.pointer}" of target "${c.target}" finds ${c.found}; expected a string, number or boolean.`,
    }),
    // GitHub.
    GITHUB_UNREACHABLE: problem({
        title: "GitHub could not be reached",
        meaning: "No connection to GitHub's API came about, or it broke before the answer was whole.",
        fix: "Check the runner's network and GitHub's status page, then run again.",
        message: (c) => `GitHub could not be reached to ${c.action} (${c.reason}); expected an answer.`,
    }),
    GITHUB_UNAUTHORIZED: problem({
        title: "GitHub refused the token",
        meaning: "`github-token` is wrong, expired or revoked.",
        fix: "Make a new token and store it in the secret that `github-token` reads.",
        message: (c) => `GitHub refused "github-token" (401) when asked to ${c.action}; expected a valid token.`,
    }),
    GITHUB_FORBIDDEN: problem({
        title: "The token may not write secrets here",
        meaning: "The token is valid but lacks the permission. The workflow's own `GITHUB_TOKEN` can never write secrets.",
        fix: "Use a fine-grained token or a GitHub App token with the repository permission that the message names.",
        message: (c) => `GitHub does not let "github-token" ${c.action} of ${c.place} (403); expected the permission ${c.permission}.`,
        hint: (c) => `Use a fine-grained or GitHub App token with ${c.permission}; the workflow's own GITHUB_TOKEN cannot write secrets.`,
    }),
    GITHUB_NOT_FOUND: problem({
        title: "GitHub does not show the place",
        meaning: "The repository or environment does not exist, or the token may not see it: GitHub answers 404 to both.",
        fix: "Check the spelling of the target; create the environment; give the token access to the repository.",
        message: (c) => `GitHub does not show ${c.place} (404): it is missing, or not visible to this token; expected a place that exists and the permission ${c.permission}.`,
        hint: (c) => `Check that ${c.place} exists and that the token has access to its repository with ${c.permission}.`,
    }),
    GITHUB_RATE_LIMITED: problem({
        title: "GitHub is limiting the token",
        meaning: "The token has used up its requests, and the wait GitHub asks for is too long.",
        fix: "Run again after the time that the message names; use a token of its own for rotations.",
        message: (c) => `GitHub limits "github-token" when asked to ${c.action}${c.seconds === undefined ? "" : ` for ${String(c.seconds)} s more`}; expected room for this run.`,
    }),
    GITHUB_UNAVAILABLE: problem({
        title: "GitHub has a fault",
        meaning: "GitHub answered with an error that is not about the request.",
        fix: "Look at GitHub's status page, then run again.",
        message: (c) => `GitHub answered ${String(c.status)} when asked to ${c.action}; expected it to be done.`,
    }),
    GITHUB_REJECTED: problem({
        title: "GitHub refused the request as invalid",
        meaning: "GitHub understood the request and refused its content (422).",
        fix: "Act on GitHub's own message, which stands in the log.",
        message: (c) => `GitHub refused to ${c.action} (${String(c.status)}); expected it to be done.`,
    }),
    GITHUB_ANSWER_INVALID: problem({
        title: "GitHub answered something unexpected",
        meaning: "The answer does not have the documented shape: a proxy or another service may have answered.",
        fix: "Check `GITHUB_API_URL` and the proxy of the runner, then run again.",
        message: (c) => `GitHub answered ${c.found} when asked to ${c.action}; expected the documented answer.`,
    }),
    PUBLIC_KEY_INVALID: problem({
        title: "GitHub's public key cannot be used",
        meaning: "The public key of the place is not 32 bytes long, so nothing can be sealed for it.",
        fix: "Run again; if it stays so, something between the runner and GitHub changes its answers.",
        message: (c) => `The public key of ${c.place} has ${String(c.bytes)} bytes; expected 32.`,
    }),
    SECRET_LIMIT: problem({
        title: "The place has no room for another secret",
        meaning: "GitHub keeps at most 100 secrets in a repository or environment and 1,000 in an organization, and the marker and new targets need room.",
        fix: "Delete secrets that nobody uses from the place.",
        message: (c) => `${c.place} is full: ${String(c.limit)} secrets, and ${String(c.missing)} more would be needed; expected room for them.`,
    }),
    TOO_MANY_WRITES: problem({
        title: "The run has more writes than GitHub accepts in time",
        meaning: "At GitHub's pace the writes would take more than 45 minutes, and App tokens live for one hour.",
        fix: 'Let several jobs or schedules each run some of the rotations, chosen by "only"; a matrix job for each rotation, with a token of its own, goes furthest.',
        message: (c) => `This run has ${String(c.writes)} writes, which take about ${String(c.minutes)} minutes at GitHub's pace; expected at most 45 minutes.`,
    }),
    SEALING_FAILED: problem({
        title: "Sealing does not work on this machine",
        meaning: "libsodium could not be started, or could not open what it had sealed in a trial before the rotation.",
        fix: "Use a runner whose Node.js can run WebAssembly.",
        message: (c) => `Sealing failed (${c.reason}); expected a sealed box.`,
    }),
    // The rotation as a whole.
    CANCELLED: problem({
        title: "The run was cancelled before it rotated",
        meaning: "A cancellation arrived before the rotate call; nothing was changed.",
        fix: "Run again when you wish to rotate.",
        message: (c) => `${c.signal} arrived before the rotate call; expected to run to the end.`,
    }),
    PUBLISH_INCOMPLETE: problem({
        title: "Some targets do not hold the secret in force",
        meaning: "The secret in force could not be written to every target; the rest of the targets have it.",
        fix: "Mend what the failed targets name, then run again: the marker makes the next run finish.",
        message: (c) => `${String(c.written)} of ${String(c.total)} targets hold the secret in force; expected all.`,
        hint: (c) => c.hint ?? "Mend what the failed targets name, then run again: the marker makes the next run finish.",
    }),
    SECRET_LOST: problem({
        title: "The run was ended in the middle of the rotate call",
        meaning: "The step was killed after the rotate call and before the new secret could be sealed: the provider may have ended the secret that the targets hold.",
        fix: "Run again now: the marker makes the next run publish the secret in force, or make a new one.",
        message: (c) => `Rotation "${c.rotation}" was ended during the rotate call, so its targets may hold a secret that is no longer in force; expected the step to run to its end.`,
    }),
    CONCURRENT_RUN: problem({
        title: "Two runs of the same rotation overlapped",
        meaning: "The marker of this run was removed or rewritten by another one, so it is not known whose secret is in the targets. What the post step had yet to send is kept back then, as it could replace a newer secret.",
        fix: "Give the workflow a `concurrency` group, then run again: the next run heals.",
        message: (c) => `The marker in ${c.place} was changed by another run; expected it to be this run's own.`,
    }),
    MARKER_UNREADABLE: problem({
        title: "The marker could not be looked at",
        meaning: "After writing, the marker's time could not be read, so an overlapping run could not be ruled out.",
        fix: "Run again: the next run tidies the marker up.",
        message: (c) => `The marker in ${c.place} could not be read; expected its time.`,
    }),
    JOURNAL_UNWRITABLE: problem({
        title: "The journal cannot be written",
        meaning: "Sealed values are kept in a file until GitHub has them, so that a killed run can be finished; the runner's temporary folder does not take it.",
        fix: "Make room in the runner's temporary folder (`RUNNER_TEMP`), and let the runner write there.",
        message: (c) => `The journal in the runner's temporary folder cannot be written (${c.reason}); expected a writable folder.`,
    }),
    INTERNAL: problem({
        title: "A fault of this action",
        meaning: "Something happened that this action does not foresee. Its text is not shown, as it could hold a secret.",
        fix: "Report it as an issue of this action, with the log.",
        message: (c) => `An unforeseen ${c.kind} was thrown; expected none.`,
    }),
};
/** Every code, in the order of the troubleshooting page. */
const errorCodes = Object.keys(problems);

// EXTERNAL MODULE: external "node:timers/promises"
var promises_ = __webpack_require__(8500);
// EXTERNAL MODULE: external "node:v8"
var external_node_v8_ = __webpack_require__(8877);
// EXTERNAL MODULE: ./node_modules/@actions/http-client/lib/proxy.js
var lib_proxy = __webpack_require__(9783);
// EXTERNAL MODULE: ./node_modules/undici/lib/dispatcher/agent.js
var agent = __webpack_require__(7405);
var agent_default = /*#__PURE__*/__webpack_require__.n(agent);
;// CONCATENATED MODULE: ./src/http.ts




/** No whole answer came. Holds neither URL, headers nor body. */
class HttpFailure extends Error {
    name = "HttpFailure";
    /** Whether the request was handed to the socket, so that the other side may have acted on it. */
    sent;
    /** Few words, such as `ECONNREFUSED` or `no answer in 20 s`. */
    reason;
    constructor(reason, sent) {
        super(`no whole answer: ${reason}`);
        this.reason = reason;
        this.sent = sent;
    }
}
const DEFAULT_TIMEOUT = 20_000;
/**
 * Lets requests that were just made get on their way: loading a large library holds up the whole process, name
 * look-ups and connections too.
 */
async function letRequestsLeave() {
    // Look-up, connection and the first bytes take a turn of the event loop each.
    for (let turn = 0; turn < 4; turn += 1)
        await (0,promises_.setImmediate)();
}
/** The largest answer read, in bytes: a secret of 48 KB, every character of it escaped, with room to spare. */
const LARGEST_BODY = 2 ** 20;
/** Makes an HTTP client that keeps connections open and goes through the proxy which the environment names. */
function createHttp() {
    const dispatcherFor = createDispatchers();
    return async (request) => {
        const url = new URL(request.url);
        return exchange(await dispatcherFor(url), url, request);
    };
}
/** A renamed repository answers with one redirect; more than a few are a loop. */
const MOST_REDIRECTS = 3;
/**
 * Follows redirects on the same origin: another one must not get what the request carries. What leads elsewhere is
 * answered as it is.
 */
function followOnOrigin(http) {
    return async (request) => {
        let { url } = request;
        let response = await http(request);
        for (let hops = 0; isRedirect(response) && hops < MOST_REDIRECTS; hops += 1) {
            const next = URL.parse(response.headers["location"] ?? "", url);
            if (next?.origin !== new URL(url).origin)
                break;
            url = next.href;
            response = await http({ ...request, url });
        }
        return response;
    };
}
function isRedirect({ status, headers }) {
    return [301, 302, 307, 308].includes(status) && headers["location"] !== undefined;
}
function exchange(dispatcher, url, request) {
    const timeout = request.timeout ?? DEFAULT_TIMEOUT;
    return new Promise((resolve, reject) => {
        let sent = false;
        let settled = false;
        let abort;
        let status = 0;
        let headers = {};
        const chunks = [];
        let size = 0;
        const settle = (act) => {
            if (settled)
                return;
            settled = true;
            clearTimeout(timer);
            request.signal?.removeEventListener("abort", cancel);
            act();
        };
        const fail = (reason) => {
            const failure = new HttpFailure(reason, sent);
            settle(() => {
                reject(failure);
            });
            abort?.(failure);
        };
        const cancel = () => {
            fail("cancelled");
        };
        const timer = setTimeout(() => {
            fail(`no answer in ${String(timeout / 1_000)} s`);
        }, timeout);
        if (request.signal?.aborted === true) {
            cancel();
            return;
        }
        request.signal?.addEventListener("abort", cancel, { once: true });
        dispatcher.dispatch({
            origin: url.origin,
            path: url.pathname + url.search,
            method: request.method,
            headers: { "user-agent": "rotate-app-secret", ...request.headers },
            body: request.body ?? null,
            // The timer above ends stalls; two more clocks would only name other numbers.
            headersTimeout: 0,
            bodyTimeout: 0,
        }, {
            // Called right before the bytes go to the socket. A second call would be a repetition.
            onConnect: (abortRequest) => {
                abort = abortRequest;
                if (settled || sent) {
                    abortRequest(new HttpFailure("repeated", sent));
                    return;
                }
                sent = true;
            },
            onHeaders: (statusCode, rawHeaders) => {
                status = statusCode;
                headers = toRecord(rawHeaders);
                return true;
            },
            onData: (chunk) => {
                size += chunk.length;
                if (size > LARGEST_BODY)
                    fail("answer larger than 1 MiB");
                else
                    chunks.push(chunk);
                return true;
            },
            onComplete: () => {
                settle(() => {
                    const body = Buffer.concat(chunks).toString("utf8");
                    // Undici frees the connection in a turn of its own: a request made before it would open another one.
                    void Promise.resolve()
                        .then(() => (0,promises_.setImmediate)())
                        .then(() => {
                        resolve({ status, headers, body });
                    });
                });
            },
            onError: (error) => {
                fail(reasonOf(error));
            },
        });
    });
}
/** Error codes are few and harmless; messages may hold addresses of proxies with passwords. */
function reasonOf(error) {
    const { code } = error;
    return typeof code === "string" && /^[A-Z0-9_]+$/.test(code) ? code : "connection failed";
}
function toRecord(rawHeaders) {
    const record = {};
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
        const name = String(rawHeaders[at]).toLowerCase();
        const value = String(rawHeaders[at + 1]);
        const former = record[name];
        record[name] = former === undefined ? value : `${former}, ${value}`;
    }
    return record;
}
/** One dispatcher for direct connections and one per proxy, each made when first needed. */
function createDispatchers() {
    // Undici reads answers with WebAssembly. After a few of them V8 would compile it anew to make it fast, which takes
    // 15 ms and 20 MB and holds up the end of the process; it gets through hundreds of answers in that time as it is.
    (0,external_node_v8_.setFlagsFromString)("--wasm-tiering-budget=1000000000");
    let direct;
    const proxies = new Map();
    return (url) => {
        const proxy = (0,lib_proxy/* getProxyUrl */.s)(url);
        if (proxy === undefined)
            return (direct ??= new (agent_default())());
        const known = proxies.get(proxy.href);
        if (known !== undefined)
            return known;
        const made = createProxyDispatcher(proxy);
        proxies.set(proxy.href, made);
        return made;
    };
}
async function createProxyDispatcher({ origin, username, password }) {
    const { Pool, ProxyAgent } = await __webpack_require__.e(/* import() */ 752).then(__webpack_require__.t.bind(__webpack_require__, 6752, 19));
    const token = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    return new ProxyAgent({
        uri: origin,
        ...(username === "" ? {} : { token }),
        clientFactory: (proxyOrigin, options) => {
            const pool = new Pool(proxyOrigin, options);
            const connect = pool.connect.bind(pool);
            // Undici connects again, without end or pause, to a proxy that hangs up: unless the error has another name.
            const connectOnce = (to) => connect(to).catch((error) => {
                throw Object.assign(new Error("the proxy did not connect"), { code: codeOf(error) });
            });
            return Object.assign(pool, { connect: connectOnce });
        },
    });
}
function codeOf(error) {
    const code = error instanceof Error ? error.code : undefined;
    return code === undefined || code === "UND_ERR_SOCKET" ? "PROXY_HUNG_UP" : code;
}

;// CONCATENATED MODULE: ./src/retry.ts

/** Reads change nothing, so they may be repeated; a run should still end while somebody watches it. */
const readPolicy = {
    attempts: 4,
    firstWait: 500,
    longestWait: 8_000,
    longestRetryAfter: 60_000,
};
/**
 * Repeats what is harmless to repeat, reads and writes of markers, while it fails with a transient
 * {@link RotationError}. Anything else, a 401 above all, is final, unless the policy says otherwise; so is what has been
 * repeated inside, such as a token that each request needs.
 *
 * @throws what the last try threw.
 */
async function retry(attemptOnce, { clock, signal, onWait }, policy = readPolicy) {
    for (let attempt = 1;; attempt += 1) {
        try {
            return await attemptOnce();
        }
        catch (thrown) {
            const error = errors_RotationError.from(thrown);
            const repeats = policy.repeats?.(error) ?? error.transient;
            const tooLong = (error.retryAfter ?? 0) > policy.longestRetryAfter;
            if (!repeats || tooLong || error.exhausted || attempt >= policy.attempts) {
                error.exhausted = true;
                throw error;
            }
            // What was cut off by the cancellation itself is not waited for.
            signal?.throwIfAborted();
            const wait = backoff(policy, attempt, error.retryAfter);
            onWait(error, wait);
            await clock.sleep(wait, signal);
        }
    }
}
/** The wait after the given failed attempt (1 is the first), in milliseconds. `retryAfter` is obeyed as a least. */
function backoff({ firstWait, longestWait }, attempt, retryAfter = 0) {
    const doubled = Math.min(longestWait, firstWait * 2 ** (attempt - 1));
    // Spread out, so that runs which failed together do not come back together.
    const spread = doubled * (0.75 + Math.random() * 0.5);
    return Math.round(Math.max(spread, retryAfter));
}
/**
 * The wait that a `Retry-After` header asks for, in milliseconds: seconds or an HTTP date
 * (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after). Undefined if absent or unreadable.
 */
function parseRetryAfter(header, now) {
    if (header === undefined)
        return undefined;
    if (/^\d+$/.test(header.trim()))
        return Number(header.trim()) * 1_000;
    const date = Date.parse(header);
    return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

;// CONCATENATED MODULE: ./src/github/target.ts


/**
 * Reads `KIND:PLACE[?OPTION=VALUE&…][#SECRET_NAME]`, percent-encoded where a character would be ambiguous.
 *
 * @example
 *   parseTarget("env:acme/web/eu/staging?format=md5#LOGIN_SECRET");
 *
 * @param defaultName the secret's name where the target has none of its own.
 * @throws {RotationError} TARGET_INVALID, SECRET_NAME_INVALID, or INPUT_MISSING where no name is given at all.
 */
function parseTarget(text, defaultName = "") {
    const invalid = (expected) => RotationError.of("TARGET_INVALID", { target: text, expected });
    if (!text.isWellFormed())
        throw invalid("whole characters");
    const match = /^([a-z]+):([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/su.exec(text);
    if (match === null)
        throw invalid("KIND:PLACE such as repo:OWNER/REPO or env:OWNER/REPO/ENVIRONMENT");
    const [, kind, path = "", query, name] = match;
    const place = parsePlace(kind ?? "", path, invalid);
    const options = parseOptions(query, place, invalid);
    const secretName = name === undefined ? defaultName : decode(name, invalid);
    if (secretName === "") {
        throw RotationError.of("INPUT_MISSING", {
            input: "secret-name",
            because: `the target "${text}" has no name of its own`,
            hint: `Set "secret-name", or end the target with "#SECRET_NAME".`,
        });
    }
    checkSecretName(secretName);
    return { place, secretName, ...options };
}
/** The canonical text of a target: `formatTarget(parseTarget(x))` is stable. */
function target_formatTarget(target) {
    const options = [
        ...(target.visibility === undefined ? [] : [`visibility=${target.visibility}`]),
        ...(target.pointer === undefined ? [] : [`pointer=${encode(target.pointer, /[%#&\s\p{C}]/gu)}`]),
        ...(target.format === undefined ? [] : [`format=${target.format}`]),
    ];
    const query = options.length === 0 ? "" : `?${options.join("&")}`;
    return `${formatPlace(target.place)}${query}#${target.secretName}`;
}
function formatPlace(place) {
    switch (place.kind) {
        case "repo":
        case "dependabot":
            return `${place.kind}:${place.owner}/${place.repo}`;
        case "env":
            return `env:${place.owner}/${place.repo}/${encode(place.environment, /[%?#\s\p{C}]/gu)}`;
        case "org":
            return `org:${place.org}`;
    }
}
/** Equal for two places that are the same to GitHub, which compares names of all kinds without case. */
function placeKey(place) {
    return formatPlace(place).toLowerCase();
}
/** Equal for two targets that are the same secret. */
function targetKey(target) {
    return `${placeKey(target.place)}#${target.secretName.toUpperCase()}`;
}
/** The distinct places of some targets, in their order. */
function placesOf(targets) {
    return [...new Map(targets.map(({ place }) => [placeKey(place), place])).values()];
}
/**
 * GitHub's rules for names of secrets
 * (https://docs.github.com/en/actions/reference/security/secrets#naming-your-secrets).
 *
 * @throws {RotationError} SECRET_NAME_INVALID
 */
function checkSecretName(name) {
    const expected = !/^[A-Z_][A-Z0-9_]*$/i.test(name)
        ? "letters, digits and underscores, and no digit in front"
        : /^GITHUB_/i.test(name)
            ? "a name that does not begin with GITHUB_, which GitHub keeps for itself"
            : /^ROTATING_[0-9A-F]{10}$/i.test(name)
                ? "a name that is not one of this action's own markers"
                : undefined;
    if (expected !== undefined)
        throw RotationError.of("SECRET_NAME_INVALID", { name, expected });
}
function parsePlace(kind, path, invalid) {
    const [owner = "", repo = "", ...rest] = path.split("/");
    switch (kind) {
        case "repo":
        case "dependabot":
            if (rest.length > 0)
                throw invalid(`${kind}:OWNER/REPO, without anything behind the repository`);
            return { kind, ...parseRepository(owner, repo, invalid) };
        case "org":
            if (!isLegalName(path))
                throw invalid("org:ORGANIZATION");
            return { kind, org: path };
        case "env": {
            const environment = decode(rest.join("/"), invalid);
            // "." and ".." would climb in the API's path.
            if (/^\.{0,2}$/.test(environment))
                throw invalid("env:OWNER/REPO/ENVIRONMENT, with the environment's name");
            return { kind, ...parseRepository(owner, repo, invalid), environment };
        }
        default:
            throw invalid(`the kind "repo", "env", "org" or "dependabot" before the colon`);
    }
}
function parseRepository(owner, repo, invalid) {
    if (!isLegalName(owner) || !isLegalName(repo))
        throw invalid("a repository written OWNER/REPO");
    return { owner, repo };
}
function isLegalName(name) {
    // "." and ".." would climb in the API's path.
    return /^[A-Za-z0-9._-]+$/.test(name) && !/^\.+$/.test(name);
}
function parseOptions(query, place, invalid) {
    const options = {};
    for (const option of query === undefined ? [] : query.split("&")) {
        const at = option.indexOf("=");
        const name = at < 0 ? option : option.slice(0, at);
        const value = at < 0 ? "" : decode(option.slice(at + 1), invalid);
        if (Object.hasOwn(options, name))
            throw invalid(`the option "${name}" once`);
        if (name === "pointer") {
            if (!isPointer(value)) {
                throw invalid("pointer=/KEY, a JSON Pointer (RFC 6901)");
            }
            options.pointer = value;
        }
        else if (name === "format") {
            if (value !== "md5" && value !== "base64")
                throw invalid("format=md5 or format=base64");
            options.format = value;
        }
        else if (name === "visibility" && place.kind === "org") {
            // Which repositories are selected is decided in GitHub, and kept.
            if (value !== "all" && value !== "private")
                throw invalid("visibility=all or visibility=private");
            options.visibility = value;
        }
        else {
            const known = place.kind === "org" ? `"visibility", "pointer" and "format"` : `"pointer" and "format"`;
            throw invalid(`the options ${known} only`);
        }
    }
    return options;
}
function encode(text, ambiguous) {
    return text.replace(ambiguous, (character) => encodeURIComponent(character.toWellFormed()));
}
function decode(text, invalid) {
    try {
        return decodeURIComponent(text);
    }
    catch {
        throw invalid("percent-encoding such as %20, and %25 for a percent sign");
    }
}

;// CONCATENATED MODULE: ./src/github/api.ts




/** Right for github.com, data residency and every GHES (https://docs.github.com/en/rest/about-the-rest-api/api-versions). */
const API_VERSION = "2022-11-28";
/**
 * @param apiUrl such as `https://api.github.com`, or `https://HOST/api/v3` on GHES.
 */
function createGitHubApi(options) {
    const { clock } = options;
    const http = followOnOrigin(options.http);
    let loaded;
    return async ({ method, path, place, action, body, signal }) => {
        // Loaded with the first request: a run whose inputs are wrong never needs it.
        loaded ??= loadOctokit(options.token, options.apiUrl);
        const octokit = await loaded;
        try {
            const response = await octokit.request({
                method,
                url: path,
                headers: { "x-github-api-version": API_VERSION },
                // Octokit would print texts from outside, such as the link of a deprecation.
                request: { fetch: createFetch(http, signal), log: SILENT },
                ...body,
            });
            if (response.status >= 300)
                throw invalidAnswer(action, `redirect ${String(response.status)} to elsewhere`);
            return { status: response.status, data: response.data };
        }
        catch (thrown) {
            throw toRotationError(thrown, { place, action, now: clock.now() });
        }
    };
}
/** The permission that reads and writes the secrets of a place, as GitHub's token pages call it. */
function permissionFor(place) {
    switch (place.kind) {
        case "repo":
            return `"Secrets: read and write"`;
        case "env":
            return `"Environments: read and write"`;
        case "org":
            return `"Secrets: read and write" of the organization`;
        case "dependabot":
            return `"Dependabot secrets: read and write"`;
    }
}
/** An answer that does not have the documented shape. Worth another try: something in between may have answered. */
function invalidAnswer(action, found) {
    return errors_RotationError.of("GITHUB_ANSWER_INVALID", { action, found }, { transient: true });
}
const say = () => undefined;
const SILENT = { debug: say, info: say, warn: say, error: say };
async function loadOctokit(token, apiUrl) {
    await letRequestsLeave();
    const { getOctokit } = await Promise.all(/* import() */[__webpack_require__.e(752), __webpack_require__.e(413)]).then(__webpack_require__.bind(__webpack_require__, 2413));
    return getOctokit(token.expose(), { baseUrl: apiUrl, log: SILENT });
}
/**
 * Octokit's `fetch` over our own HTTP client: one pool of connections, one rule for proxies and timeouts, and
 * redirects are followed on the same origin only.
 */
function createFetch(http, signal) {
    return async (url, init) => {
        const { status, headers, body } = await http({
            method: init.method,
            url,
            headers: init.headers,
            ...(init.body === undefined ? {} : { body: init.body }),
            signal,
        });
        return {
            status,
            url,
            headers: new Map(Object.entries(headers)),
            text: () => Promise.resolve(body),
            arrayBuffer: () => Promise.resolve(new ArrayBuffer(0)),
        };
    };
}
function toRotationError(thrown, { place, action, now }) {
    if (thrown instanceof errors_RotationError)
        return thrown;
    if (!(thrown instanceof Error))
        return errors_RotationError.from(thrown);
    if (thrown.cause instanceof HttpFailure) {
        const { reason } = thrown.cause;
        return errors_RotationError.of("GITHUB_UNREACHABLE", { action, reason }, { cause: thrown.cause, transient: true, changed: thrown.cause.sent ? "unknown" : "no" });
    }
    const { status, response } = thrown;
    if (status === undefined || response === undefined)
        return errors_RotationError.from(thrown);
    const headers = response.headers;
    const message = readMessage(response.data);
    const accepted = headers["x-accepted-github-permissions"];
    const detail = [message, accepted === undefined ? "" : `X-Accepted-GitHub-Permissions: ${accepted}`]
        .filter((part) => part !== "")
        .join("; ");
    const options = { detail: detail === "" ? undefined : detail };
    const wait = rateLimitWait(status, headers, message, now);
    if (wait !== undefined) {
        const seconds = Math.ceil(wait / 1_000);
        return errors_RotationError.of("GITHUB_RATE_LIMITED", { action, seconds }, { ...options, transient: true, retryAfter: wait });
    }
    const permission = permissionFor(place);
    switch (status) {
        case 401:
            return errors_RotationError.of("GITHUB_UNAUTHORIZED", { action }, options);
        case 403:
            return errors_RotationError.of("GITHUB_FORBIDDEN", { place: formatPlace(place), action, permission }, options);
        case 404:
            return errors_RotationError.of("GITHUB_NOT_FOUND", { place: formatPlace(place), permission }, options);
        default: {
            if (status === 422)
                return errors_RotationError.of("GITHUB_REJECTED", { action, status }, options);
            // 408 and 409 speak of the moment, not of the request.
            if (status < 500 && status !== 408 && status !== 409) {
                const found = `status ${String(status)}`;
                return errors_RotationError.of("GITHUB_ANSWER_INVALID", { action, found }, options);
            }
            const retryAfter = parseRetryAfter(headers["retry-after"], now);
            return errors_RotationError.of("GITHUB_UNAVAILABLE", { action, status }, { ...options, transient: true, retryAfter });
        }
    }
}
/**
 * How long GitHub wants us to wait, in milliseconds; undefined if this is no rate limit: a 403 without its signs is
 * a missing permission
 * (https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately).
 */
function rateLimitWait(status, headers, message, now) {
    if (status !== 403 && status !== 429)
        return undefined;
    const asked = parseRetryAfter(headers["retry-after"], now);
    if (asked !== undefined)
        return asked;
    if (headers["x-ratelimit-remaining"] === "0") {
        const reset = Number(headers["x-ratelimit-reset"]) * 1_000;
        return Number.isFinite(reset) ? Math.max(1_000, reset + 1_000 - now) : 60_000;
    }
    return status === 429 || /secondary rate limit/i.test(message) ? 60_000 : undefined;
}
function readMessage(data) {
    if (typeof data === "object" && data !== null && "message" in data && typeof data.message === "string") {
        return data.message;
    }
    return typeof data === "string" ? data : "";
}

;// CONCATENATED MODULE: ./src/github/access.ts

/** Of a marker, which nobody is to use. */
const NOBODY = { visibility: "selected", selected_repository_ids: [] };
/** What a write of a target says besides its value: who may use it now goes on to; nothing outside organizations. */
function accessOf({ place, access }, target) {
    if (place.kind !== "org")
        return {};
    return access.get(target.secretName.toUpperCase()) ?? { visibility: target.visibility ?? "private" };
}
/** What a write of a marker says besides its value. */
function markerAccess({ kind }) {
    return kind === "org" ? NOBODY : {};
}
/**
 * Reads who may use a secret.
 *
 * @param visibility what the list of secrets says of it.
 * @param path of the secret.
 */
async function readAccess(api, { visibility, path, place, signal, }) {
    const action = "read who may use a secret";
    if (visibility === "all" || visibility === "private")
        return { visibility };
    if (visibility !== "selected")
        throw invalidAnswer(action, "no visibility");
    const ids = new Set();
    for (let page = 1;; page += 1) {
        const { data } = await api({
            method: "GET",
            path: `${path}/repositories?per_page=100&page=${String(page)}`,
            place,
            action,
            signal,
        });
        const { total_count: total, repositories } = (data ?? {});
        if (typeof total !== "number" || !Array.isArray(repositories)) {
            throw invalidAnswer(action, "no list of repositories");
        }
        const before = ids.size;
        for (const repository of repositories) {
            const { id } = (repository ?? {});
            if (typeof id !== "number")
                throw invalidAnswer(action, "a repository without id");
            ids.add(id);
        }
        if (ids.size >= total)
            return { visibility, selected_repository_ids: [...ids] };
        // A list that is not complete would take the secret from the repositories that are not in it.
        if (ids.size === before)
            throw invalidAnswer(action, "fewer repositories than it counts");
    }
}

;// CONCATENATED MODULE: ./src/github/secret-store.ts





/** Said of a write that waits for its turn. */
const PACE = "keeping to the pace that GitHub accepts";
/** GitHub's limits (https://docs.github.com/en/actions/reference/security/secrets#limits-for-secrets). */
const MOST_SECRETS = { repo: 100, env: 100, dependabot: 100, org: 1_000 };
/** The endpoint of a place's secrets, below the API's base URL, every name percent-encoded once. */
function secretsPath(place) {
    switch (place.kind) {
        case "repo":
            return `/repos/${place.owner}/${place.repo}/actions/secrets`;
        case "env":
            return `/repos/${place.owner}/${place.repo}/environments/${encodeSegment(place.environment)}/secrets`;
        case "org":
            return `/orgs/${place.org}/actions/secrets`;
        case "dependabot":
            return `/repos/${place.owner}/${place.repo}/dependabot/secrets`;
    }
}
function createSecretStore({ api, lane, clock, onWait, cache, }) {
    // A run may wait out a limit, but not the hour that GitHub's primary one can take.
    const policy = { ...readPolicy, longestRetryAfter: 15 * 60_000 };
    const again = (signal) => ({
        clock,
        signal,
        onWait: (error, milliseconds) => {
            onWait(error.message, milliseconds);
        },
    });
    const paced = (send) => lane.write(send, (milliseconds) => {
        onWait(PACE, milliseconds);
    });
    const read = (request) => lane.read(() => api(request));
    const readPublicKey = async (place, signal) => {
        const action = "read the public key";
        const path = `${secretsPath(place)}/public-key`;
        const answer = await read({ method: "GET", path, place, action, signal });
        return toPublicKey(answer, place, action);
    };
    const readContents = async (place, signal) => {
        const [publicKey, listed] = await Promise.all([
            retry(() => readPublicKey(place, signal), again(signal), policy),
            retry(() => list(read, place, signal), again(signal), policy),
        ]);
        return { publicKey, listed, claimed: new Set() };
    };
    const readAccesses = async (place, { names, listed, signal, }) => {
        if (place.kind !== "org")
            return new Map();
        const found = names.flatMap((name) => {
            const secret = listed.get(name.toUpperCase());
            return secret === undefined ? [] : [[name.toUpperCase(), secret]];
        });
        const accesses = await Promise.all(found.map(async ([name, { visibility }]) => {
            const question = { visibility, path: `${secretsPath(place)}/${name}`, place, signal };
            return [name, await retry(() => readAccess(read, question), again(signal), policy)];
        }));
        return new Map(accesses);
    };
    return {
        async open(place, names = [], signal) {
            const key = placeKey(place);
            const reading = cache?.get(key) ?? readContents(place, signal);
            cache?.set(key, reading);
            const { publicKey, listed, claimed } = await reading;
            const access = await readAccesses(place, { names, listed, signal });
            const secrets = new Map([...listed].map(([name, { updatedAt }]) => [name, updatedAt]));
            const limit = MOST_SECRETS[place.kind];
            return {
                place,
                publicKey,
                secrets,
                access,
                limit,
                claim(wanted) {
                    const missing = wanted.map((each) => each.toUpperCase()).filter((each) => !listed.has(each));
                    const all = new Set([...claimed, ...missing]);
                    const excess = listed.size + all.size - limit;
                    if (missing.length === 0 || excess <= 0) {
                        for (const each of missing)
                            claimed.add(each);
                        return 0;
                    }
                    return excess;
                },
            };
        },
        publicKey: (place) => readPublicKey(place),
        async write(place, name, body) {
            const action = `write secret ${name}`;
            const path = `${secretsPath(place)}/${name}`;
            const { status } = await paced(() => api({ method: "PUT", path, place, action, body }));
            // GitHub answers 201 or 204; a proxy's cheerful 200 proves nothing.
            if (status !== 201 && status !== 204)
                throw invalidAnswer(action, `status ${String(status)}`);
        },
        updatedAt: (place, name) => retry(async () => {
            const action = `look at secret ${name}`;
            const path = `${secretsPath(place)}/${name}`;
            try {
                const { data } = await read({ method: "GET", path, place, action });
                return readTime(data, action);
            }
            catch (thrown) {
                if (thrown instanceof errors_RotationError && thrown.code === "GITHUB_NOT_FOUND")
                    return undefined;
                throw thrown;
            }
        }, again(), policy),
        remove: (place, name) => retry(async () => {
            const action = `delete secret ${name}`;
            const path = `${secretsPath(place)}/${name}`;
            try {
                const { status } = await paced(() => api({ method: "DELETE", path, place, action }));
                if (status !== 204)
                    throw invalidAnswer(action, `status ${String(status)}`);
            }
            catch (thrown) {
                if (!(thrown instanceof errors_RotationError) || thrown.code !== "GITHUB_NOT_FOUND")
                    throw thrown;
            }
        }, again(), policy),
    };
}
async function list(api, place, signal) {
    const action = `list the secrets`;
    const secrets = new Map();
    for (let page = 1;; page += 1) {
        const path = `${secretsPath(place)}?per_page=100&page=${String(page)}`;
        const { data } = await api({ method: "GET", path, place, action, signal });
        if (!isRecord(data) || !Array.isArray(data["secrets"]) || typeof data["total_count"] !== "number") {
            throw invalidAnswer(action, "no list of secrets");
        }
        const entries = data["secrets"];
        const before = secrets.size;
        for (const entry of entries) {
            if (!isRecord(entry) || typeof entry["name"] !== "string")
                throw invalidAnswer(action, "a secret without name");
            const { visibility } = entry;
            secrets.set(entry["name"].toUpperCase(), { updatedAt: readTime(entry, action), visibility });
        }
        if (secrets.size >= data["total_count"])
            return secrets;
        // Less than GitHub itself counts is no complete list, and "missing" may be concluded from a complete one only.
        if (secrets.size === before)
            throw invalidAnswer(action, "fewer secrets than it counts");
    }
}
function toPublicKey({ data }, place, action) {
    if (!isRecord(data) || typeof data["key"] !== "string" || typeof data["key_id"] !== "string") {
        throw invalidAnswer(action, "no public key");
    }
    const key = new Uint8Array(Buffer.from(data["key"], "base64"));
    if (key.length !== 32) {
        throw errors_RotationError.of("PUBLIC_KEY_INVALID", { place: formatPlace(place), bytes: key.length });
    }
    return { keyId: data["key_id"], key };
}
function readTime(entry, action) {
    const time = isRecord(entry) ? Date.parse(String(entry["updated_at"])) : Number.NaN;
    if (Number.isNaN(time))
        throw invalidAnswer(action, "a secret without the time of its last write");
    return time;
}
function isRecord(value) {
    return typeof value === "object" && value !== null;
}
/** Percent-encodes a name for its place in a path, apostrophes too, as the path is also printed for a shell. */
function encodeSegment(name) {
    return encodeURIComponent(name).replaceAll("'", "%27");
}

;// CONCATENATED MODULE: ./src/finish.ts




const policy = { attempts: 6, firstWait: 1_000, longestWait: 15_000, longestRetryAfter: 60_000 };
/**
 * Finishes what a main step left behind: sends what is sealed and unsent, and removes the markers if the rotate
 * call was never made. Cannot seal anew. Whatever another run has taken over is left to that.
 */
async function finish(unfinished, tools) {
    const { rotation, marker, rotating, sealed } = unfinished;
    if (rotating && sealed === 0) {
        const error = errors_RotationError.of("SECRET_LOST", { rotation });
        return { rotation, lines: [], commands: [], error };
    }
    if (sealed > 0)
        return sendAll(unfinished, tools);
    // Markers that were there before still tell the truth about an earlier run.
    const lines = marker === undefined || marker.found ? [] : await removeMarkers(marker, tools);
    return { rotation, lines, commands: [], error: undefined };
}
async function sendAll({ rotation, marker, unsent }, tools) {
    const lines = [];
    const commands = [];
    let overlap;
    if (unsent.length > 0) {
        lines.push({ text: `The main step ended with ${String(unsent.length)} sealed values unsent.` });
    }
    for (const parcel of unsent) {
        const { target } = parcel;
        const name = target_formatTarget(target);
        // A job that is being cancelled is not held up for long, however many targets are left.
        const late = tools.clock.now() >= tools.deadline;
        // Looked at before each write and not once per place, as another run may begin in between.
        if (!late && marker !== undefined && (await ownership(target.place, marker, tools)) !== "own") {
            // What this run made is no longer in force, or will not be: neither send it nor tell how to.
            overlap = errors_RotationError.of("CONCURRENT_RUN", { place: formatPlace(target.place) });
            lines.push({ text: `${name}: not written.`, error: overlap });
            continue;
        }
        const error = late ? undefined : await send(parcel, marker !== undefined, tools);
        if (!late && error === undefined)
            lines.push({ text: `${name}: written.` });
        else {
            lines.push({ text: `${name}: not written.`, ...(error === undefined ? {} : { error }) });
            commands.push(commandFor(parcel, tools.host));
        }
    }
    return { rotation, lines, commands, error: overlap };
}
async function removeMarkers(marker, tools) {
    const lines = [];
    for (const place of marker.places) {
        const name = formatPlace(place);
        try {
            switch (await ownership(place, marker, tools)) {
                case "gone":
                    break;
                case "foreign":
                    lines.push({ text: `The marker in ${name} is another run's by now, and stays.` });
                    break;
                case "own":
                    await tools.store.remove(place, marker.name);
                    lines.push({ text: `The marker in ${name} is removed; nothing was rotated.` });
            }
        }
        catch (thrown) {
            const error = errors_RotationError.from(thrown);
            lines.push({ text: `The marker stays in ${name}; the next run tidies it.`, error });
        }
    }
    return lines;
}
/** Whose the marker of a place is. One that cannot be looked at, or whose time is not known, counts as our own. */
async function ownership(place, { name, times }, { store }) {
    const written = times.get(placeKey(place));
    let now;
    try {
        now = await store.updatedAt(place, name);
    }
    catch {
        return "own";
    }
    if (now === undefined)
        return "gone";
    return written === undefined || written === now ? "own" : "foreign";
}
/** @param proved whether a marker has proved that the place can be written, so that only a 422 is final. */
async function send({ target, value }, proved, { store, clock, onWait }) {
    const again = {
        clock,
        onWait: (error, milliseconds) => {
            onWait(error.message, milliseconds);
        },
    };
    const repeats = (error) => proved ? error.code !== "GITHUB_REJECTED" : error.transient;
    try {
        await retry(() => store.write(target.place, target.secretName, value), again, { ...policy, repeats });
        return undefined;
    }
    catch (thrown) {
        return errors_RotationError.from(thrown);
    }
}
function commandFor({ target, value }, host) {
    const path = `${secretsPath(target.place)}/${target.secretName}`;
    const hostname = host === "github.com" ? "" : ` --hostname ${host}`;
    const fields = Object.entries({ ...value }).flatMap(([name, field]) => typeof field === "string" ? [`-f ${name}=${quote(field)}`] : listField(name, field));
    return `gh api${hostname} --method PUT ${quote(path)} ${fields.join(" ")}`;
}
/** How `gh api` takes a list of numbers, and an empty one. */
function listField(name, items) {
    return items.length === 0
        ? [`-F ${quote(`${name}[]`)}`]
        : items.map((item) => `-F ${quote(`${name}[]=${String(item)}`)}`);
}
/** For a shell: the key's id is text from outside, and must not become a command. */
function quote(text) {
    return `'${text.replaceAll("'", `'\\''`)}'`;
}

;// CONCATENATED MODULE: ./src/github/pacing.ts

const MINUTE = { writes: 80, within: 60_000 };
const HOUR = { writes: 500, within: 3_600_000 };
/** What the writes leave of a minute's points. */
const READS = { reads: 900 - 5 * MINUTE.writes, within: 60_000 };
/** Of the 100 requests at once that GitHub allows whoever has the token. */
const READS_AT_ONCE = 16;
/** The longest that one refusal holds up everybody, in milliseconds. */
const LONGEST_HOLD = 60_000;
function createPacer(clock) {
    const announced = new Map();
    /** What is left of the reservations. */
    const owed = new Map();
    /** The lanes that wait, the one that was served last at the end. */
    const queues = new Map();
    const wishes = [];
    const writes = createLog(clock);
    const reads = createReads(clock);
    /** GitHub has asked for silence in this time, in milliseconds since 1970. */
    let held = { from: 0, until: 0 };
    let working = false;
    let wake;
    /**
     * The time of the present look at the limits. One for all that is decided in it: were it to go on in between, a write
     * that has no room yet could find nothing to wait for any more, and wait for ever.
     */
    let now = clock.now();
    /** How many writes may begin now. */
    const room = () => {
        if (now < held.until)
            return 0;
        return Math.min(...[MINUTE, HOUR].map((limit) => limit.writes - writes.within(limit.within, now)));
    };
    const reserved = () => [...owed.values()].reduce((sum, left) => sum + left, 0);
    /** Milliseconds until something that waits can go on; 0 if time alone will not help. */
    const pause = () => {
        const [wish] = wishes;
        const urgent = [...queues.keys()].some((lane) => owed.has(lane));
        const taken = urgent ? 0 : reserved();
        const ofMinute = taken + (wish === undefined || urgent ? 1 : firstBatch(wish.writes));
        const ofHour = taken + (wish === undefined || urgent ? 1 : Math.min(wish.writes, HOUR.writes));
        return Math.max(held.until - now, writes.untilAtMost(MINUTE.writes - ofMinute, MINUTE.within, now), writes.untilAtMost(HOUR.writes - ofHour, HOUR.within, now));
    };
    /** Whether so many writes would now take no longer than they do where nothing else is written. */
    const fits = (count) => {
        const leftOfHour = HOUR.writes - writes.within(HOUR.within, now) - reserved();
        return room() - reserved() >= firstBatch(count) && leftOfHour >= Math.min(count, HOUR.writes);
    };
    const grant = () => {
        // In their order: a large one must not starve behind small ones.
        for (let wish = wishes[0]; wish !== undefined && fits(wish.writes); wish = wishes[0]) {
            wishes.shift();
            owed.set(wish.lane, wish.writes);
            wish.granted();
        }
    };
    /** The lane whose turn it is: those with a reservation first, and among equals who was served longest ago. */
    const nextLane = () => {
        const free = room();
        if (free <= 0)
            return undefined;
        const lanes = [...queues.keys()];
        const urgent = lanes.find((lane) => owed.has(lane));
        if (urgent !== undefined)
            return urgent;
        // What is reserved, and what the next reservation waits for, is not for the others.
        const kept = reserved() + (wishes[0] === undefined ? 0 : firstBatch(wishes[0].writes));
        return free > kept ? lanes[0] : undefined;
    };
    const nextTurn = () => {
        const lane = nextLane();
        const queue = lane === undefined ? undefined : queues.get(lane);
        if (lane === undefined || queue === undefined)
            return undefined;
        const turn = queue.shift();
        queues.delete(lane);
        if (queue.length > 0)
            queues.set(lane, queue);
        return turn;
    };
    const work = async () => {
        for (;;) {
            now = clock.now();
            grant();
            const turn = nextTurn();
            if (turn !== undefined) {
                await turn.run();
                continue;
            }
            if (queues.size === 0 && wishes.length === 0)
                break;
            const milliseconds = pause();
            if (milliseconds > 0) {
                for (const [first] of queues.values())
                    first?.tell(milliseconds);
                for (const wish of wishes)
                    wish.tell(milliseconds);
            }
            await rest(milliseconds);
        }
        working = false;
    };
    /** Until time has passed, or something has come or gone; without a time, until then. */
    const rest = async (milliseconds) => {
        const woken = new AbortController();
        const waking = new Promise((resolve) => {
            wake = () => {
                woken.abort(new Error("woken"));
                resolve();
            };
        });
        await (milliseconds > 0 ? clock.sleep(milliseconds, woken.signal).catch(() => undefined) : waking);
        wake = undefined;
    };
    const start = () => {
        wake?.();
        if (working)
            return;
        working = true;
        void work();
    };
    const hold = (thrown) => {
        if (!(thrown instanceof errors_RotationError) || thrown.code !== "GITHUB_RATE_LIMITED")
            return;
        const time = clock.now();
        const until = time + Math.min(thrown.retryAfter ?? 0, LONGEST_HOLD);
        held = { from: time < held.until ? held.from : time, until: Math.max(held.until, until) };
    };
    const createLane = () => {
        let waited = 0;
        /** Silence that GitHub has asked for is no waiting for the pace: with it alone, nothing would ever be given up. */
        const waitedSince = (time) => {
            const until = clock.now();
            const silent = Math.min(until, held.until) - Math.max(time, held.from);
            return until - time - Math.max(0, silent);
        };
        const lane = {
            get waited() {
                return waited;
            },
            write: (send, onWait) => new Promise((resolve) => {
                const enqueuedAt = clock.now();
                const turn = {
                    tell: once(onWait),
                    async run() {
                        waited += waitedSince(enqueuedAt);
                        const left = owed.get(lane);
                        if (left !== undefined)
                            owed.set(lane, Math.max(0, left - 1));
                        const sending = writes.during(send);
                        resolve(sending);
                        await sending.catch(hold);
                    },
                };
                queues.set(lane, [...(queues.get(lane) ?? []), turn]);
                start();
            }),
            read: reads,
            announce(count) {
                announced.set(lane, count);
                return minutesFor([...announced.values()].reduce((sum, each) => sum + each, 0));
            },
            reserve: (count, signal, onWait) => new Promise((resolve, reject) => {
                const abandon = () => {
                    const at = wishes.indexOf(wish);
                    if (at >= 0)
                        wishes.splice(at, 1);
                    reject(signal.reason);
                    start();
                };
                const wish = {
                    lane,
                    writes: count,
                    granted() {
                        signal.removeEventListener("abort", abandon);
                        resolve();
                    },
                    tell: once(onWait),
                };
                if (signal.aborted) {
                    abandon();
                    return;
                }
                signal.addEventListener("abort", abandon, { once: true });
                wishes.push(wish);
                start();
            }),
            release() {
                owed.delete(lane);
                start();
            },
        };
        return lane;
    };
    return { lane: createLane };
}
/** How many of so many writes must be made at once for the rest to come in full minutes. */
function firstBatch(count) {
    return ((count - 1) % MINUTE.writes) + 1;
}
function once(onWait) {
    let told = false;
    return (milliseconds) => {
        if (told)
            return;
        told = true;
        onWait?.(milliseconds);
    };
}
/** Minutes that so many writes take at least. */
function minutesFor(writes) {
    const hours = Math.floor((writes - 1) / HOUR.writes);
    const rest = writes - hours * HOUR.writes;
    return hours * 60 + Math.floor((rest - 1) / MINUTE.writes);
}
function createLog(clock) {
    let underWay = 0;
    const ended = [];
    /** How many ended within the span: from the newest on, as most of an hour's are older than a minute. */
    const endedWithin = (span, now) => {
        const since = now - span;
        const older = ended.findLastIndex((time) => time <= since);
        return ended.length - 1 - older;
    };
    return {
        within: (span, now) => underWay + endedWithin(span, now),
        async during(send) {
            underWay += 1;
            try {
                return await send();
            }
            finally {
                underWay -= 1;
                const now = clock.now();
                ended.push(now);
                ended.splice(0, ended.length - endedWithin(HOUR.within, now));
            }
        },
        untilAtMost(count, span, now) {
            const excess = endedWithin(span, now) - count;
            const last = ended[ended.length - endedWithin(span, now) + excess - 1];
            return excess <= 0 || count < 0 || last === undefined ? 0 : last + span - now;
        },
    };
}
function createReads(clock) {
    const log = createLog(clock);
    const waiting = [];
    let underWay = 0;
    return async (send) => {
        if (underWay >= READS_AT_ONCE) {
            await new Promise((resolve) => {
                waiting.push(resolve);
            });
        }
        else
            underWay += 1;
        try {
            for (let now = clock.now(); log.within(READS.within, now) >= READS.reads; now = clock.now()) {
                await clock.sleep(Math.max(1, log.untilAtMost(READS.reads - 1, READS.within, now)));
            }
            return await log.during(send);
        }
        finally {
            const first = waiting.shift();
            // Whoever comes next takes the place over.
            if (first === undefined)
                underWay -= 1;
            else
                first();
        }
    };
}

// EXTERNAL MODULE: external "node:fs"
var external_node_fs_ = __webpack_require__(3024);
;// CONCATENATED MODULE: ./src/journal.ts



/**
 * A journal at `path`, mode 0600, which comes into being with its first line: a run that is not due needs none.
 * Its methods throw {@link RotationError} JOURNAL_UNWRITABLE.
 *
 * @param onFirst called before the file is made, to tell the post step where it will be.
 */
function createJournal(path, onFirst) {
    let begun = false;
    /** The file may be gone already when the time of a marker comes, which then no longer matters. */
    const settled = new Set();
    const say = (entry) => {
        unwritable(() => {
            if (!begun) {
                onFirst();
                writeFileSync(path, "", { mode: 0o600, flag: "wx" });
                begun = true;
            }
            // The newline in front ends what a full disk may have cut short.
            appendFileSync(path, `\n${JSON.stringify(entry)}\n`);
        });
    };
    return {
        markers: (rotation, name, places, found) => {
            say({ rotation, did: "markers", name, places, found });
        },
        stamped: (rotation, place, time) => {
            if (!settled.has(rotation))
                say({ rotation, did: "stamped", place, time });
        },
        rotating: (rotation) => {
            say({ rotation, did: "rotating" });
        },
        sealed: (rotation, target, value) => {
            say({ rotation, did: "sealed", target, value });
        },
        written: (rotation, target) => {
            say({ rotation, did: "written", target });
        },
        settled: (rotation) => {
            settled.add(rotation);
            if (begun)
                say({ rotation, did: "settled" });
        },
    };
}
/** Reads what is unfinished. A file that is not there has nothing unfinished. */
function readJournal(path) {
    let text;
    try {
        text = (0,external_node_fs_.readFileSync)(path, "utf8");
    }
    catch {
        return [];
    }
    const rotations = new Map();
    for (const line of text.split("\n")) {
        const entry = parseEntry(line);
        if (entry === undefined)
            continue;
        rotations.set(entry.rotation, [...(rotations.get(entry.rotation) ?? []), entry]);
    }
    return [...rotations].flatMap(([rotation, entries]) => entries.at(-1)?.did === "settled" ? [] : [summarize(rotation, entries)]);
}
function deleteJournal(path) {
    (0,external_node_fs_.rmSync)(path, { force: true });
}
function summarize(rotation, entries) {
    const unsent = new Map();
    const times = new Map();
    let marker;
    let rotating = false;
    let sealed = 0;
    for (const entry of entries) {
        switch (entry.did) {
            case "markers":
                marker = { ...entry, times };
                break;
            case "stamped":
                times.set(placeKey(entry.place), entry.time);
                break;
            case "rotating":
                rotating = true;
                break;
            case "sealed":
                sealed += 1;
                unsent.set(JSON.stringify(entry.target), entry);
                break;
            case "written":
                unsent.delete(JSON.stringify(entry.target));
                break;
            case "settled":
                [marker, rotating, sealed] = [undefined, false, 0];
                unsent.clear();
                times.clear();
                break;
        }
    }
    return { rotation, marker, rotating, unsent: [...unsent.values()], sealed };
}
function unwritable(act) {
    try {
        act();
    }
    catch (cause) {
        const reason = cause.code ?? "unknown reason";
        throw RotationError.of("JOURNAL_UNWRITABLE", { reason }, { cause });
    }
}
/** A line that was cut off by a kill is no JSON, and says nothing; nor does what is no entry. */
function parseEntry(line) {
    try {
        const entry = JSON.parse(line);
        if (typeof entry?.["rotation"] !== "string" || !KINDS.includes(String(entry["did"])))
            return undefined;
        const isWhole = entry["did"] !== "sealed" || (isObject(entry["target"]) && isObject(entry["value"]));
        return isWhole ? entry : undefined;
    }
    catch {
        return undefined;
    }
}
const KINDS = [
    "markers",
    "stamped",
    "rotating",
    "settled",
    "sealed",
    "written",
];
function isObject(value) {
    return typeof value === "object" && value !== null;
}

;// CONCATENATED MODULE: ./src/due.ts
const due_HOUR = 3_600_000;
const DAY = 24 * due_HOUR;
/** Decides what is due: the first rule that fits. */
function decide({ targets, markers, madeAt }, { mode, force, rotateAfter, readable, arrived = false }, now) {
    if (mode === "sync")
        return { action: "publish", reason: "mode is sync" };
    if (arrived)
        return { action: "rotate", reason: "a new secret was delivered" };
    if (force)
        return { action: "rotate", reason: "force is set" };
    if (rotateAfter === undefined)
        return { action: "rotate", reason: "no rotate-after is set" };
    const written = targets.filter((time) => time !== undefined);
    if (written.length === 0)
        return { action: "rotate", reason: "no target has the secret yet" };
    const age = now - (madeAt ?? Math.min(...written));
    const since = `${madeAt === undefined ? "the oldest target was written" : "the secret in force was made"} ${inWords(age)} ago`;
    // Schedules drift, and a weekly run with 7d must not become fortnightly.
    const enough = rotateAfter >= DAY ? rotateAfter - due_HOUR : rotateAfter;
    if (age >= enough) {
        return { action: "rotate", reason: since };
    }
    const heal = readable ? "publish" : "rotate";
    if (written.length < targets.length)
        return { action: heal, reason: "some targets lack the secret" };
    if (wasCutOff({ targets, markers })) {
        return { action: heal, reason: "a marker tells of a rotation that was cut off" };
    }
    return { action: markers.length > 0 ? "tidy" : "leave", reason: since };
}
/**
 * Whether markers tell of a rotation that did not reach every target. GitHub's times are whole seconds: a target
 * of the marker's own second counts as not newer.
 */
function wasCutOff({ targets, markers }) {
    const newest = Math.max(...markers);
    return markers.length > 0 && targets.some((time) => time === undefined || time <= newest);
}
/** A duration for people: `45 s`, `12 min`, `5 h`, `30 d`. */
function inWords(milliseconds) {
    const seconds = Math.round(milliseconds / 1_000);
    if (seconds < 120)
        return `${String(seconds)} s`;
    if (seconds < 120 * 60)
        return `${String(Math.round(seconds / 60))} min`;
    if (seconds < 48 * 3_600)
        return `${String(Math.round(seconds / 3_600))} h`;
    return `${String(Math.round(seconds / 86_400))} d`;
}

;// CONCATENATED MODULE: ./src/report.ts



/** What GitHub shows of a step: ten, the last of which we need to count the rest. */
const MOST_ANNOTATIONS = 9;
/** Below the 1 MiB at which GitHub refuses a summary, in bytes. */
const LARGEST_SUMMARY = 900_000;
/** The longest line of the log, in characters: room for a command that carries 48 KB sealed. */
const LONGEST_LINE = 100_000;
/** The longest text from outside that is shown, in characters. */
const LONGEST_DETAIL = 500;
/** The longest message, in characters: codes of providers stand in it, and the hint behind it must not be cut off. */
const LONGEST_MESSAGE = 1_000;
/**
 * Makes a text harmless for the log: secrets hidden, nothing in it that the runner could take for a command or a
 * terminal for an order, at most one line, cut at `longest` characters.
 */
function cleanLine(text, masker, longest = LONGEST_LINE) {
    const line = masker
        // Whole secrets first: what is cut or respelt before would no longer be found.
        .redact(text)
        .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
        .replace(/:(?=:)/g, ": ")
        .replaceAll("##[", "## [");
    return line.length <= longest ? line : `${line.slice(0, longest)}…`;
}
/** An error in full: code, what was found and expected, what the other side said, and the next thing to do. */
function report_describeError(error, masker) {
    return `${describeProblem(error, masker)} ${cleanLine(error.hint, masker)}`;
}
/** An error without the next thing to do. */
function describeProblem({ code, message, detail }, masker) {
    const said = detail === undefined ? "" : ` It said: "${cleanLine(detail, masker, LONGEST_DETAIL)}".`;
    return `${cleanLine(`${code}: ${message}`, masker, LONGEST_MESSAGE)}${said}`;
}
/** The last line of a rotation's log. */
function describeOutcome(outcome) {
    switch (outcome.status) {
        case "rotated":
            return "rotated: a new secret is in force and in every target";
        case "synced":
            return "synced: the secret in force is in every target";
        case "requested":
            return "requested: the provider was asked for a new secret, which comes with a later event";
        case "unchanged":
            return `unchanged: ${outcome.reason}`;
        case "planned":
            return `planned: ${outcome.due ? "due" : "not due"} (${outcome.reason})`;
        case "failed":
        case "incomplete":
        case "unknown":
            return `${outcome.status}: ${whatHolds(outcome)}`;
    }
}
/** One annotation per red rotation; where there are more than GitHub shows, the last one counts the rest. */
function annotations(reports, masker) {
    const red = reports.flatMap(({ rotation, outcome }) => isRed(outcome)
        ? [
            {
                title: cleanLine(`${rotation.name}: ${outcome.status}`, masker),
                message: `${report_describeError(outcome.error, masker)} ${whatHolds(outcome)}`,
            },
        ]
        : []);
    if (red.length <= MOST_ANNOTATIONS)
        return red;
    const rest = String(red.length - MOST_ANNOTATIONS);
    return [
        ...red.slice(0, MOST_ANNOTATIONS),
        { title: `${rest} more`, message: `${rest} more rotations are red; see the job summary.` },
    ];
}
/** The step's outputs. They hold our own words only: no text of a provider, no credential, no app id. */
function outputs(reports, mode) {
    const outcomes = reports.map(({ outcome }) => outcome);
    const due = reports.filter(({ outcome }) => outcome.status === "planned" && outcome.due);
    const plan = mode === "plan"
        ? {
            due: String(due.length > 0),
            matrix: JSON.stringify({
                include: due.map(({ rotation }) => ({
                    rotation: rotation.name,
                    environment: environmentOf(rotation.targets.map(({ place }) => place)),
                })),
            }),
        }
        : {};
    return {
        status: worstStatus(outcomes.map(({ status }) => status)),
        changed: String(outcomes.some(wasWritten)),
        ...plan,
        results: JSON.stringify(reports.map(toResult)),
    };
}
/**
 * The job summary, in GitHub's Markdown: what came of the run, then every target, then what happened to each red rotation
 * and what to do about it.
 */
function summary(reports, masker) {
    const sorted = [...reports].sort((a, b) => bySeverity(a.outcome, b.outcome));
    const cell = (text) => escapeMarkdown(cleanLine(text, masker));
    const rows = sorted.flatMap(({ rotation, outcome, endedAt }) => outcome.targets.map((target, at) => `| ${[
        at === 0 ? cell(rotation.name) : "",
        at === 0 ? `${ICONS[outcome.status]} ${outcome.status}` : "",
        cell(formatTarget(target.target)),
        `${TARGET_ICONS[target.status]} ${target.status}`,
        target.status === "written" ? toSeconds(endedAt) : "",
    ].join(" | ")} |`));
    const problem = (error) => `**${error.code}**: ${cell(describeProblem(error, masker).slice(`${error.code}: `.length))}`;
    const details = sorted.flatMap(({ rotation, outcome }) => {
        const notes = outcome.warnings.map((warning) => `- ${cell(warning)}`);
        if (!isRed(outcome))
            return notes.length === 0 ? [] : [`**${cell(rotation.name)}**`, "", ...notes, ""];
        const { error } = outcome;
        return [
            `#### ${ICONS[outcome.status]} ${cell(rotation.name)}: ${outcome.status}`,
            "",
            `**Next:** ${cell(error.hint)}`,
            "",
            problem(error),
            "",
            `- ${whatChanged(outcome)}${outcome.status === "failed" ? "; every target is as it was" : ""}.`,
            ...outcome.targets.flatMap(({ target, error: own }) => own === undefined ? [] : [`- ${cell(formatTarget(target))}: ${cell(describeProblem(own, masker))}`]),
            ...notes,
            "",
        ];
    });
    const head = [
        "| rotation | outcome | target | its status | written at |",
        "| --- | --- | --- | --- | --- |",
    ];
    return cutLines([
        ...headline(sorted.map(({ outcome }) => outcome), cell),
        ...head,
        ...rows,
        "",
        ...details,
    ]);
}
/** What came of the run, to be read at a glance. */
function headline(outcomes, cell) {
    const [worst] = outcomes;
    if (worst === undefined)
        return ["### rotate-app-secret", ""];
    const counts = new Map();
    for (const { status } of outcomes)
        counts.set(status, (counts.get(status) ?? 0) + 1);
    const result = outcomes.length === 1
        ? worst.status
        : [...counts].map(([status, count]) => `${String(count)} ${status}`).join(", ");
    const reason = worst.status === "unchanged" || worst.status === "planned" ? worst.reason : "";
    const verdict = VERDICTS[worst.status];
    return [
        `### ${ICONS[worst.status]} rotate-app-secret: ${result}`,
        "",
        // Of many rotations each has its own reason, in the log.
        reason !== "" && outcomes.length === 1 ? `**${verdict}**: ${cell(reason)}` : `**${verdict}.**`,
        "",
    ];
}
/** The job summary of a step whose inputs are wrong. */
function inputSummary(errors, masker) {
    const cell = (text) => escapeMarkdown(cleanLine(text, masker));
    return cutLines([
        `### ${ICONS.failed} rotate-app-secret: failed`,
        "",
        "**The inputs are not usable; nothing was asked of the provider or of GitHub.**",
        "",
        ...errors.map(({ code, message, hint }) => `- **${code}**: ${cell(message)} ${cell(hint)}`),
    ]);
}
/** What the post step adds to the job summary. */
function postSummary(finished, masker) {
    const cell = (text) => escapeMarkdown(cleanLine(text, masker));
    return cutLines([
        "### rotate-app-secret, post step",
        "",
        ...finished.flatMap(({ rotation, lines, commands, error }) => [
            ...(error === undefined ? [] : [`- ${cell(report_describeError(error, masker))}`]),
            ...lines.map((line) => `- ${cell(rotation)}: ${cell(describeLine(line, masker))}`),
            ...(commands.length === 0
                ? []
                : ["", "Run these once GitHub answers again; the values are sealed, and only GitHub can open them:"]),
            ...commands.flatMap((command) => ["", "```sh", cleanLine(command, masker), "```"]),
        ]),
    ]);
}
/** A line of the post step: what it did, and what went wrong with it. */
function describeLine({ text, error }, masker) {
    return error === undefined ? text : `${text} ${describeProblem(error, masker)}`;
}
/** "waiting 12 s: why". */
function describeWait(why, milliseconds) {
    return `waiting ${inWords(Math.max(1_000, milliseconds))}: ${why}`;
}
const ICONS = {
    rotated: "✅",
    synced: "✅",
    requested: "📨",
    unchanged: "➖",
    planned: "📋",
    failed: "❌",
    incomplete: "⚠️",
    unknown: "❓",
};
const TARGET_ICONS = {
    written: "✅",
    failed: "❌",
    unknown: "❓",
    skipped: "➖",
    due: "📋",
    current: "➖",
};
/** What each outcome means, for who reads nothing else. */
const VERDICTS = {
    rotated: "A new secret is in force and in every target",
    synced: "The secret in force is in every target",
    requested: "The provider was asked for a new secret, which comes with a later event",
    unchanged: "Not due",
    planned: "Nothing was changed",
    failed: "Nothing has changed: the old secret is in force, and every target is as it was",
    incomplete: "Some target does not hold the secret in force, so what uses it may be failing now",
    unknown: "It is not known which secret is in force, or whether it works, so what uses it may be failing now",
};
/** Whether the provider changed. */
function whatChanged({ provider }) {
    return {
        unchanged: "The secret in force at the provider was not changed",
        changed: "The provider has made a new secret, and the former one has ended",
        added: "The provider has made a new secret, and the former one works until it expires",
        unknown: "It is not known which secret is in force at the provider",
    }[provider];
}
/** Whether the provider changed, and which targets hold what. */
function whatHolds(outcome) {
    const { status, provider, targets } = outcome;
    const changed = whatChanged(outcome);
    if (status === "failed")
        return `${changed}; every target is as it was.`;
    const named = (wanted) => targets
        .filter((target) => wanted.includes(target.status))
        .map(({ target }) => formatTarget(target))
        .join(", ");
    const published = provider === "changed" || provider === "added" ? "the new secret" : "the secret published";
    const groups = [
        [`hold ${published}`, named(["written"])],
        ["do not hold it", named(["failed"])],
        ["may hold it", named(["unknown"])],
        ["were left as they were", named(["skipped"])],
    ];
    const said = groups.filter(([, names]) => names !== "").map(([what, names]) => `${what}: ${names}`);
    return `${changed}. Targets that ${said.join("; that ")}.`;
}
function toResult({ rotation, outcome }) {
    return {
        rotation: rotation.name,
        provider: rotation.providerId,
        status: outcome.status,
        version: outcome.version ?? null,
        rotated_at: outcome.rotatedAt === undefined ? null : toSeconds(outcome.rotatedAt),
        targets: outcome.targets.map(({ target, status, error }) => ({
            target: formatTarget(target),
            status,
            ...(error === undefined ? {} : { error: error.code }),
        })),
        ...(isRed(outcome) ? { error: outcome.error.code } : {}),
    };
}
/** The environment that a matrix job would name: the only one there is, or none. */
function environmentOf(places) {
    const names = new Set(places.map((place) => (place.kind === "env" ? place.environment : "")));
    names.delete("");
    return names.size === 1 ? ([...names][0] ?? "") : "";
}
/** `2026-11-22T03:00:00Z`. */
function toSeconds(time) {
    return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
/** Every character that could mean something in Markdown or HTML as an entity. */
function escapeMarkdown(text) {
    return (text
        .replace(/[^\p{L}\p{N} .,;:/?()'"=%+…-]/gu, (character) => `&#${String(character.codePointAt(0))};`)
        // GitHub makes links of bare addresses too.
        .replace(/:(?=\/\/)/g, "&#58;")
        .replace(/www\./gi, (www) => `${www.slice(0, 3)}&#46;`)
        // Of mail addresses and names even where they are escaped: a joiner that nobody sees breaks them.
        .replaceAll("&#64;", "&#64;&#8288;")
        // Nor is the beginning of a line to become an item of a list.
        .replace(/^(\d+)([.)])/, (_, digits, mark) => `${digits}&#${String(mark.codePointAt(0))};`));
}
function cutLines(lines) {
    let size = 0;
    const kept = [];
    for (const line of lines) {
        size += Buffer.byteLength(line) + 1;
        if (size > LARGEST_SUMMARY) {
            kept.push("", "The rest was cut; see the log.");
            break;
        }
        kept.push(line);
    }
    return `${kept.join("\n")}\n`;
}

// EXTERNAL MODULE: ./src/runner.ts + 3 modules
var src_runner = __webpack_require__(8459);
;// CONCATENATED MODULE: ./src/post-main.ts









/** How long the post step goes on trying, in milliseconds. */
const PATIENCE = 120_000;
/** Runs the post step over the journal of a main step that left work behind. */
async function postMain(path) {
    const unfinished = readJournal(path);
    if (unfinished.length === 0) {
        deleteJournal(path);
        return;
    }
    const runner = (0,src_runner/* createRunner */.ji)();
    const masker = (0,src_runner/* createMasker */.aD)(runner);
    const print = (text) => {
        runner.say((core) => {
            core.info(cleanLine(text, masker));
        });
    };
    const wait = (why, milliseconds) => {
        print(describeWait(why, milliseconds));
    };
    await runner.load();
    // The kill is over, and a second signal would only cut off the last attempt.
    for (const signal of ["SIGINT", "SIGTERM"])
        process.on(signal, () => undefined);
    const token = masker.secret((0,src_runner/* inputsFromEnvironment */.n1)()["github-token"]?.trim() ?? "");
    const clock = systemClock;
    const api = createGitHubApi({ token, apiUrl: (0,src_runner/* gitHubApiUrl */.Ly)(), http: createHttp(), clock });
    const store = createSecretStore({ api, lane: createPacer(clock).lane(), clock, onWait: wait });
    const deadline = clock.now() + PATIENCE;
    const finished = [];
    for (const rotation of unfinished) {
        finished.push(await finish(rotation, { store, clock, host: (0,src_runner/* gitHubHost */.E5)(), onWait: wait, deadline }));
    }
    for (const { rotation, lines, commands, error } of finished) {
        for (const line of lines)
            print(`${rotation}: ${describeLine(line, masker)}`);
        if (error !== undefined) {
            runner.say((core) => {
                core.setFailed(report_describeError(error, masker));
            });
        }
        if (commands.length === 0)
            continue;
        print("Run these once GitHub answers again; the values are sealed, and only GitHub can open them:");
        // Sealed values are long, and must not be cut.
        for (const command of commands)
            print(command);
        runner.say((core) => {
            core.setFailed(`PUBLISH_INCOMPLETE: ${String(commands.length)} sealed values could not be sent; run the commands in the log, or run the rotation again.`);
        });
    }
    await runner.summarize(postSummary(finished, masker));
    deleteJournal(path);
}


/***/ })

};
