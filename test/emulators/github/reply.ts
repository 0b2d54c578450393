/** What GitHub answers, before the headers that every answer carries. */
export interface Reply {
  readonly status: number;
  /** Sent as JSON; left out for an answer without a body. */
  readonly json?: unknown;
  /** Sent as it is, in place of `json`. */
  readonly html?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown to refuse a request with GitHub's own error body: `message`, `documentation_url`, `status`. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }

  /** `docs` is the page of the route that refused. */
  toReply(docs: string): Reply {
    return {
      status: this.status,
      json: { message: this.message, documentation_url: docs, status: String(this.status) },
      headers: this.headers,
    };
  }
}

/** The same words for "there is no such thing" and "this token may not see it". */
export function notFound(): Refusal {
  return new Refusal(404, "Not Found");
}
