import { type Fields, invalid, readFields } from "./body.ts";
import { describeRepository, type Organization } from "./organization.ts";
import { cutPage } from "./pages.ts";
import type { Sharing, Visibility } from "./place.ts";
import { notFound, type Reply } from "./reply.ts";
import { BOX_FIELDS, type SecretsCall, write } from "./secrets-api.ts";

export interface OrganizationSecretsCall extends SecretsCall {
  readonly organization: Organization;
}

/**
 * Replaces who may use the secret along with its value: https://github.com/cli/cli/issues/8110.
 * A body without `visibility` is refused: https://github.com/sigstore/cosign/issues/3778.
 */
export function putOrganizationSecret(call: OrganizationSecretsCall): Reply {
  const fields = readFields(call.body, [...BOX_FIELDS, "visibility"]);
  return write(call, fields, readSharing(fields, call.organization));
}

/** What GitHub answers for a secret that is not shared with selected repositories is not confirmed: an empty list. */
export function listSelectedRepositories(call: OrganizationSecretsCall): Reply {
  const { place, parameter, organization, apiUrl } = call;
  const secret = place.get(parameter("secret"));
  if (secret === undefined) throw notFound();
  const selected = organization.repositories.filter(({ id }) => secret.selectedRepositoryIds?.includes(id));
  const { items, headers } = cutPage(selected, call);
  const repositories = items.map((repository) => describeRepository(repository, organization, apiUrl));
  return { status: 200, json: { total_count: selected.length, repositories }, headers };
}

const VISIBILITIES: readonly Visibility[] = ["all", "private", "selected"];

/**
 * Without the list of ids, or with an empty one, `selected` shares a secret with nobody:
 * https://github.com/cli/cli/pull/11217, https://github.com/integrations/terraform-provider-github/issues/842.
 */
function readSharing(fields: Fields, { repositories }: Organization): Sharing {
  const { visibility: given, selected_repository_ids: list } = fields;
  const visibility = VISIBILITIES.find((each) => each === given);
  if (visibility === undefined) {
    const text = typeof given === "string" ? given : JSON.stringify(given);
    // In the words that other routes use; of this one they are not confirmed.
    throw invalid(
      `Invalid property /visibility: \`${text}\` is not a possible value. Must be one of the following: ${VISIBILITIES.join(", ")}.`,
    );
  }
  // "You can only provide a list of repository ids when the visibility is set to selected", says the description.
  // None of the words below are confirmed, nor that the answer to a stray list or an unknown id is 422.
  if (list === undefined) return { visibility, selectedRepositoryIds: [] };
  if (visibility !== "selected") {
    throw invalid(`"selected_repository_ids" is permitted only when "visibility" is "selected".`);
  }
  if (!Array.isArray(list)) {
    throw invalid(`For 'properties/selected_repository_ids', ${JSON.stringify(list)} is not an array.`);
  }
  const ids = list.map((id: unknown, at) => {
    const number = typeof id === "string" && /^\d+$/.test(id) ? Number(id) : id;
    if (typeof number === "number" && Number.isSafeInteger(number)) return number;
    throw invalid(
      `For 'items/${String(at)}' of 'selected_repository_ids', ${JSON.stringify(id)} is not an integer.`,
    );
  });
  const unknown = ids.filter((id) => !repositories.some((repository) => repository.id === id));
  if (unknown.length > 0) {
    throw invalid(`"selected_repository_ids" has ids of no repository: ${unknown.join(", ")}.`);
  }
  return { visibility, selectedRepositoryIds: [...new Set(ids)] };
}
