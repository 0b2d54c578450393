import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Kind } from "./run-case.ts";

/** One way to break the built action: texts of dist, and what stands there instead. */
export interface Sabotage {
  /** What the action then does, as a sentence without its end. */
  readonly name: string;
  readonly patches: readonly { readonly find: string; readonly put: string }[];
  /** The ids of cases that must notice, with what they must take it for. */
  readonly noticedBy: Readonly<Record<string, Kind>>;
}

/** Each breaks one promise, and no more. */
export const SABOTAGES: readonly Sabotage[] = [
  {
    name: "the HTTP layer repeats a request whose answer was lost, the rotate call too",
    patches: [
      {
        find: "return exchange(await dispatcherFor(url), url, request);",
        put: "const dispatcher = await dispatcherFor(url); return exchange(dispatcher, url, request).catch(() => exchange(dispatcher, url, request));",
      },
    ],
    noticedBy: {
      "authing/rotate/refresh-1/reset-after/once": "wrong outcome",
      "csms/rotate/rotate-1/reset-after/once": "wrong outcome",
    },
  },
  {
    name: "a new secret is masked after the first write only",
    patches: [
      {
        find: "return masker.secret(value);",
        put: "{ (globalThis.later ??= []).push(() => masker.mask(value)); return masker.secret.call({ mask: () => true }, value); }",
      },
      {
        find: "await send(parcel);",
        put: "await send(parcel); globalThis.later?.forEach((mask) => mask());",
      },
    ],
    noticedBy: {
      "authing/rotate/env.put.APP_SECRET-1/sigkill-after-main/once": "leak",
    },
  },
  {
    name: "no marker is written",
    patches: [{ find: "survey.markers.write(at, seal.value)", put: "Promise.resolve()" }],
    noticedBy: {
      "authing/rotate/env.put.APP_SECRET-1/sigkill-before-all/once": "not healed",
      "cloudroom/rotate/env.put.APP_SECRET-1/sigkill-before-all/once": "lost",
      "feishu-inbox/rotate/env.put.APP_TICKET-1/sigkill-after-all/once": "not healed",
    },
  },
  {
    name: "a lost answer is taken for a refusal, and called `failed`",
    patches: [
      {
        find: `{ cause, transient: true, changed: "unknown" }`,
        put: `{ cause, transient: true, changed: "no" }`,
      },
    ],
    noticedBy: {
      "authing/rotate/refresh-1/reset-after/once": "wrong outcome",
      "cloudroom/rotate/update-1/cut-off/once": "wrong outcome",
    },
  },
  {
    name: "the body of an answer is logged",
    patches: [
      {
        find: "resolve({ status, headers, body });",
        put: "console.log(body); resolve({ status, headers, body });",
      },
    ],
    noticedBy: {
      "authing/rotate/login-1/429/once": "leak",
      "csms/rotate/version-1/500/once": "leak",
      "feishu-inbox/rotate/inbox-2/envelope-twice/once": "leak",
    },
  },
  {
    name: "the journal is not written",
    patches: [{ find: "const say = (entry) => {", put: "const say = (entry) => { return;" }],
    noticedBy: {
      "authing/rotate/env.put.APP_SECRET-1/sigkill-before-main/once": "wrong outcome",
      "feishu-dispatch/rotate/env.put.APP_TICKET-1/sigkill-before-main/once": "wrong outcome",
    },
  },
];

/** Patches the dist below a folder, wherever it holds the texts. Throws unless each stands there once in some file. */
export async function sabotage(action: string, { patches }: Sabotage): Promise<void> {
  const dist = join(action, "dist");
  const names = (await readdir(dist, { recursive: true })).filter((name) => name.endsWith(".js"));
  const files = await Promise.all(
    names.map(async (name) => ({ path: join(dist, name), text: await readFile(join(dist, name), "utf8") })),
  );
  for (const { find, put } of patches) {
    const holders = files.filter(({ text }) => text.includes(find));
    const once = holders.every(({ text }) => text.split(find).length === 2);
    if (holders.length === 0 || !once) {
      throw new Error(`dist does not hold "${find}" exactly once: mend the sabotage.`);
    }
    for (const file of holders) {
      file.text = file.text.replace(find, () => put);
      await writeFile(file.path, file.text);
    }
  }
}
