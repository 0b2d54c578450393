import { choicesOf, statuses } from "./choices.ts";

/** The form for bugs, with the providers and statuses that there are. The last option of each list is its own. */
export function bugForm(form: string): string {
  return [["provider", choicesOf("provider") ?? []] as const, ["status", statuses] as const].reduce(
    (text, [id, options]) => {
      const list = new RegExp(`(\\n    id: ${id}\\n(?:.*\\n)*?      options:\\n)((?:        - .*\\n)+)`).exec(
        text,
      );
      const [all, before, items] = list ?? [];
      if (all === undefined || before === undefined || items === undefined) {
        throw new Error(`The form for bugs has no list of options for ${id}.`);
      }
      const last = items.trimEnd().split("\n").at(-1) ?? "";
      const wanted = [...options.map((option) => `        - ${option}`), last, ""].join("\n");
      return text.replace(all, () => before + wanted);
    },
    form,
  );
}
