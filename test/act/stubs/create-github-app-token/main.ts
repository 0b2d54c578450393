import { appendFileSync } from "node:fs";

const { env } = process;
for (const name of ["CLIENT-ID", "PRIVATE-KEY"]) {
  if ((env[`INPUT_${name}`] ?? "") === "") throw new Error(`The input ${name} is empty.`);
}
const token = env["STUB_APP_TOKEN"] ?? "";
console.log(`::add-mask::${token}`);
appendFileSync(env["GITHUB_OUTPUT"] ?? "", `token=${token}\n`);
