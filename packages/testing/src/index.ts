export { double, type HostArgument, type GuestPlace as Place } from "@decant/hook";
export { guest, type Guest, type GuestOptions } from "./guest.ts";
export type { Callback } from "./stub-machine.ts";
