/** A request that has passed authentication and found its repository. */
export interface Call {
  /** `OWNER/REPO`, as it is called now. */
  readonly repository: string;
  /** What a name in braces in the route's path stands for, percent-decoded; empty where it has none such. */
  readonly parameter: (name: string) => string;
  /** What the address of every route begins with. */
  readonly apiUrl: string;
  /** The address asked for, by the repository's id and without its query. */
  readonly address: string;
  readonly query: URLSearchParams;
  readonly body: string;
  /** Of the API, as a date. */
  readonly version: string;
  /** Milliseconds. */
  readonly now: number;
}
