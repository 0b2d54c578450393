import type { Call } from "./call.ts";

/** Pages of 30, at most 100. GitHub's answer to a `per_page` or `page` out of range is not confirmed: the nearest one. */
export function cutPage<Item>(
  all: readonly Item[],
  { query, address }: Pick<Call, "query" | "address">,
): { readonly items: readonly Item[]; readonly headers: Readonly<Record<string, string>> } {
  const perPage = Math.min(100, positive(query.get("per_page")) ?? 30);
  const page = positive(query.get("page")) ?? 1;
  const link = linkHeader(address, query, page, Math.max(1, Math.ceil(all.length / perPage)));
  return {
    items: all.slice((page - 1) * perPage, page * perPage),
    headers: link === "" ? {} : { link },
  };
}

function positive(text: string | null): number | undefined {
  const number = Number(text ?? "");
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

/** https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api#using-link-headers */
function linkHeader(address: string, query: URLSearchParams, page: number, last: number): string {
  const to = (target: number, rel: string): string => {
    const there = new URLSearchParams(query);
    there.set("page", String(target));
    return `<${address}?${there.toString()}>; rel="${rel}"`;
  };
  return [
    ...(page > 1 ? [to(Math.min(page - 1, last), "prev")] : []),
    ...(page < last ? [to(page + 1, "next"), to(last, "last")] : []),
    ...(page > 1 ? [to(1, "first")] : []),
  ].join(", ");
}
