import { readFields, readString } from "./body.ts";
import type { Reply } from "./reply.ts";

/**
 * The only GraphQL query answered is the one with which gh looks up the ids of the repositories that a secret is
 * shared with: https://github.com/cli/cli/blob/v2.23.0/pkg/cmd/secret/set/http.go. Throws on any other, as it is not
 * emulated.
 *
 * @param idOf the id of `OWNER/REPO`, or `undefined` where it cannot be seen.
 */
export function answerGraphQl(body: string, idOf: (repository: string) => number | undefined): Reply {
  const query = readString(readFields(body, ["query"]), "query");
  const lookUps = [...query.matchAll(LOOK_UP)];
  if (lookUps.length === 0 || !/^query\s+\w+\s*\{\s*\}$/.test(query.replaceAll(LOOK_UP, "").trim())) {
    throw new Error("Of GraphQL the GitHub emulator knows only the look-up of repositories' ids.");
  }
  const found = lookUps.map(([, alias = "", owner = "", name = ""]) => {
    const repository = `${String(JSON.parse(owner))}/${String(JSON.parse(name))}`;
    return { alias, repository, id: idOf(repository) };
  });
  const errors = found
    .filter(({ id }) => id === undefined)
    .map(({ alias, repository }) => ({
      type: "NOT_FOUND",
      path: [alias],
      // https://github.com/cli/cli/issues/436
      message: `Could not resolve to a Repository with the name '${repository}'.`,
    }));
  const data = found.map(({ alias, id }) => [alias, id === undefined ? null : { databaseId: id }] as const);
  return {
    status: 200,
    json: { data: Object.fromEntries(data), ...(errors.length === 0 ? {} : { errors }) },
  };
}

const STRING = String.raw`("(?:[^"\\]|\\.)*")`;
const LOOK_UP = new RegExp(
  String.raw`(\w+):\s*repository\(\s*owner:\s*${STRING},\s*name:\s*${STRING}\s*\)\s*\{\s*databaseId\s*\}`,
  "g",
);
