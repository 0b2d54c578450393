import { type Fields, invalid, readBoolean, readFields, readObject, readString } from "./body.ts";
import type { RepositoryCall } from "./call.ts";
import { Refusal, type Reply } from "./reply.ts";

/** An event that a request has made, for workflows to start at. */
export type Dispatch = RepositoryDispatch | WorkflowDispatch;

export interface RepositoryDispatch {
  readonly event: "repository_dispatch";
  /** `OWNER/REPO`, as it was called then. */
  readonly repository: string;
  readonly eventType: string;
  /** `client_payload`; empty where none was sent. */
  readonly payload: Fields;
  /** Milliseconds on the emulator's clock. */
  readonly at: number;
}

export interface WorkflowDispatch {
  readonly event: "workflow_dispatch";
  /** `OWNER/REPO`, as it was called then. */
  readonly repository: string;
  /** Its file's name or its id, as in the path. */
  readonly workflow: string;
  readonly ref: string;
  /** Empty where none were sent. */
  readonly inputs: Fields;
  /** Milliseconds on the emulator's clock. */
  readonly at: number;
}

export interface DispatchCall extends RepositoryCall {
  /** Takes note of an event, and tells the id of the run that it starts. */
  readonly dispatch: (dispatch: Dispatch) => number;
}

/** Whether a workflow listens is not asked: GitHub answers the same. */
export function createRepositoryDispatch({ repository, body, now, dispatch }: DispatchCall): Reply {
  const fields = readFields(body, ["event_type"], ["client_payload"]);
  const eventType = readString(fields, "event_type");
  const payload = readObject(fields, "client_payload");
  if (eventType.length > LONGEST_TYPE) {
    // https://github.com/github/docs/issues/16469
    throw invalid(
      `Only ${String(LONGEST_TYPE)} characters are allowed; ${String(eventType.length)} were supplied.`,
    );
  }
  // By the description's minimum length; the words are not confirmed.
  if (eventType === "") throw invalid("At least 1 character is required; only 0 were supplied.");
  refuseTooMany(payload, MOST_PAYLOAD_PROPERTIES);
  refuseTooLarge("client_payload", payload);
  dispatch({ event: "repository_dispatch", repository, eventType, payload, at: now });
  return { status: 204 };
}

/** This emulator holds no files: every workflow and every ref is taken to exist, and to have its inputs. */
export function createWorkflowDispatch({
  repository,
  parameter,
  apiUrl,
  body,
  version,
  now,
  dispatch,
}: DispatchCall): Reply {
  const fields = readFields(body, ["ref"], ["inputs", "return_run_details"]);
  const ref = readString(fields, "ref");
  const inputs = readObject(fields, "inputs");
  const details = readBoolean(fields, "return_run_details");
  refuseTooMany(inputs, MOST_INPUTS);
  refuseTooLarge("inputs", inputs);
  const workflow = parameter("workflow");
  const run = dispatch({ event: "workflow_dispatch", repository, workflow, ref, inputs, at: now });
  // https://github.blog/changelog/2026-02-19-workflow-dispatch-api-now-returns-run-ids; always so as of 2026-03-10:
  // https://docs.github.com/en/rest/about-the-rest-api/breaking-changes
  if (version === "2022-11-28" && !details) return { status: 204 };
  const path = `${repository}/actions/runs/${String(run)}`;
  return {
    status: 200,
    json: {
      workflow_run_id: run,
      run_url: `${apiUrl}/repos/${path}`,
      html_url: `https://github.com/${path}`,
    },
  };
}

/** https://docs.github.com/en/rest/repos/repos#create-a-repository-dispatch-event */
const LONGEST_TYPE = 100;
const MOST_PAYLOAD_PROPERTIES = 10;
/** https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event */
const MOST_INPUTS = 25;
/** Of JSON: https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows */
const MOST_CHARACTERS = 65_535;

/** The words: https://github.com/prowler-cloud/prowler/pull/12370. */
function refuseTooMany(object: Fields, most: number): void {
  const count = Object.keys(object).length;
  if (count > most) {
    throw invalid(`No more than ${String(most)} properties are allowed; ${String(count)} were supplied.`);
  }
}

/** The words, for `client_payload`: https://github.com/lukasoppermann/design-tokens/issues/155. */
function refuseTooLarge(name: string, object: Fields): void {
  if (JSON.stringify(object).length > MOST_CHARACTERS) throw new Refusal(422, `${name} is too large.`);
}
