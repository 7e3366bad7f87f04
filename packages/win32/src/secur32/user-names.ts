import { ERROR, Win32Error } from "@decant/hook";
import { implement } from "@decant/process";
import { COMPUTER_NAME, USER_NAME } from "../system/system-table.ts";
import { userNamesApi } from "./user-names.api.ts";

/** EXTENDED_NAME_FORMAT: "DOMAIN\user", and the numbers that are no format. */
const NAME_SAM_COMPATIBLE = 2;
const NO_FORMATS: ReadonlySet<number> = new Set([4, 5, 11]);
const CANT_ACCESS_DOMAIN_INFO = 1351;
const NONE_MAPPED = 1332;

/** The user of a machine that is in no domain: there is one form of the name, as Wine 8 has it too. */
export const userNames = implement(userNamesApi, {
  GetUserNameEx(_thread, NameFormat, lpNameBuffer, nSize) {
    if (NO_FORMATS.has(NameFormat)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if (NameFormat !== NAME_SAM_COMPATIBLE) throw new Win32Error(NONE_MAPPED);
    const name = `${COMPUTER_NAME}\\${USER_NAME}`;
    const { written, needed } = lpNameBuffer.write(name, nSize.get());
    nSize.set(written === 0 ? needed : written);
    if (written === 0) throw new Win32Error(ERROR.MORE_DATA);
    return true;
  },
  GetComputerObjectName() {
    throw new Win32Error(CANT_ACCESS_DOMAIN_INFO);
  },
  TranslateName() {
    throw new Win32Error(NONE_MAPPED);
  },
});
