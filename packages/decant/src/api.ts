/** Everything that mappings of one's own are made with: the language of declarations, hooks, and what implementations wait with. */
export * from "@decant/hook";
export {
  guestCall as callGuest,
  guestCall64 as callGuest64,
  implement,
  sleep,
  wait,
  waitFor,
  type Process,
  type Thread,
} from "@decant/process";
export { win32Registry, type Win32Functions } from "@decant/win32";
