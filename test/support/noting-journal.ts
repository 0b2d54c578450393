import type { Journal } from "../../src/journal.ts";

/** A journal that only notes, word by word, which steps it is told of; not the markers' times. */
export function createNotingJournal(): { readonly journal: Journal; readonly said: string[] } {
  const said: string[] = [];
  const note = (word: string) => (): void => {
    said.push(word);
  };
  const journal: Journal = {
    markers: note("markers"),
    stamped: () => undefined,
    rotating: note("rotating"),
    sealed: note("sealed"),
    written: note("written"),
    settled: note("settled"),
  };
  return { journal, said };
}
