import { type GitHubApi, invalidAnswer } from "./api.ts";
import type { OpenPlace } from "./secret-store.ts";
import type { Place, Target } from "./target.ts";

/**
 * Which repositories may use an organization's secret, in the shape of GitHub's request body. Every write says it, so
 * one that did not say what holds would change it
 * (https://docs.github.com/en/rest/actions/secrets#create-or-update-an-organization-secret).
 */
export interface Access {
  readonly visibility: "all" | "private" | "selected";
  /** With `selected` only. */
  readonly selected_repository_ids?: readonly number[];
}

/** Of a marker, which nobody is to use. */
const NOBODY: Access = { visibility: "selected", selected_repository_ids: [] };

/** What a write of a target says besides its value: who may use it now goes on to; nothing outside organizations. */
export function accessOf({ place, access }: OpenPlace, target: Target): Partial<Access> {
  if (place.kind !== "org") return {};
  return access.get(target.secretName.toUpperCase()) ?? { visibility: target.visibility ?? "private" };
}

/** What a write of a marker says besides its value. */
export function markerAccess({ kind }: Place): Partial<Access> {
  return kind === "org" ? NOBODY : {};
}

/**
 * Reads who may use a secret.
 *
 * @param visibility what the list of secrets says of it.
 * @param path of the secret.
 */
export async function readAccess(
  api: GitHubApi,
  {
    visibility,
    path,
    place,
    signal,
  }: {
    readonly visibility: unknown;
    readonly path: string;
    readonly place: Place;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Access> {
  const action = "read who may use a secret";
  if (visibility === "all" || visibility === "private") return { visibility };
  if (visibility !== "selected") throw invalidAnswer(action, "no visibility");
  const ids = new Set<number>();
  for (let page = 1; ; page += 1) {
    const { data } = await api({
      method: "GET",
      path: `${path}/repositories?per_page=100&page=${String(page)}`,
      place,
      action,
      signal,
    });
    const { total_count: total, repositories } = (data ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof total !== "number" || !Array.isArray(repositories)) {
      throw invalidAnswer(action, "no list of repositories");
    }
    const before = ids.size;
    for (const repository of repositories as readonly unknown[]) {
      const { id } = (repository ?? {}) as { readonly id?: unknown };
      if (typeof id !== "number") throw invalidAnswer(action, "a repository without id");
      ids.add(id);
    }
    if (ids.size >= total) return { visibility, selected_repository_ids: [...ids] };
    // A list that is not complete would take the secret from the repositories that are not in it.
    if (ids.size === before) throw invalidAnswer(action, "fewer repositories than it counts");
  }
}
