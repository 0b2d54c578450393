import { savedJournalPath } from "./runner.ts";

const path = savedJournalPath();
// Nearly every run has nothing left to do: then nothing is loaded either.
if (path !== undefined) {
  const { postMain } = await import("./post-main.ts");
  await postMain(path);
}
