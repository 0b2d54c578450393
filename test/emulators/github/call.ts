/** A request that has passed authentication and found its repository or organization. */
export interface Call {
  /** What a name in braces in the route's path stands for, percent-decoded; empty where it has none such. */
  readonly parameter: (name: string) => string;
  /** What the address of every route begins with. */
  readonly apiUrl: string;
  /** The address asked for, by the id of its repository or organization and without its query. */
  readonly address: string;
  readonly query: URLSearchParams;
  readonly body: string;
  /** Of the API, as a date. */
  readonly version: string;
  /** Milliseconds. */
  readonly now: number;
}

/** A request below `/repos/OWNER/REPO`. */
export interface RepositoryCall extends Call {
  /** `OWNER/REPO`, as it is called now. */
  readonly repository: string;
}
