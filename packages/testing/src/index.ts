export { double, type Argument, type DoubleArgument, type Place } from "./arguments.ts";
export { guest, type Guest, type GuestOptions } from "./guest.ts";
export type { Callback } from "./stub-machine.ts";
