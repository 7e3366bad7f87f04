import { api, fn, infallible, INT, LONG, LONGLONG, STATUS } from "@decant/hook";
import { implement, raise, type GuestGenerator, type Thread } from "@decant/process";
import { BOTH, CDECL } from "../dlls.ts";

/** div and ldiv: structs of two 32-bit numbers, which both processors return in registers, the quotient in the low half. */
export const divisionApi = api(
  BOTH,
  {
    div: fn(infallible(LONGLONG), ["numer", INT], ["denom", INT]),
    ldiv: fn(infallible(LONGLONG), ["numer", LONG], ["denom", LONG]),
  },
  CDECL,
);

export const division = implement(divisionApi, { div: divide, ldiv: divide });

function* divide(thread: Thread, numer: number, denom: number): GuestGenerator<bigint> {
  if (denom === 0) {
    const address = thread.memory.u32(thread.rsp);
    const description = "a division by zero";
    yield* raise(thread, { code: STATUS.INTEGER_DIVIDE_BY_ZERO, flags: 0, address, parameters: [], description });
  }
  const quotient = BigInt.asUintN(32, BigInt(Math.trunc(numer / denom)));
  return BigInt.asIntN(64, (BigInt.asUintN(32, BigInt(numer % denom)) << 32n) | quotient);
}
