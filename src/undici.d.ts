// Undici's Agent by its own file: its index loads three times as much as a request needs.
declare module "undici/lib/dispatcher/agent.js" {
  export { Agent as default } from "undici";
}
