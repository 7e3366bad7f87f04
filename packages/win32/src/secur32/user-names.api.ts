import { api, BOOLEAN, DWORD, inout, INT, TBUF, text, TSTR } from "@decant/hook";

/** Names of users and machines, in the forms that directories know ("GetUserNameEx"). */
export const userNamesApi = api(["secur32", "sspicli"], {
  GetUserNameEx: text(BOOLEAN, ["NameFormat", INT], ["lpNameBuffer", TBUF], ["nSize", inout(DWORD)]),
  GetComputerObjectName: text(BOOLEAN, ["NameFormat", INT], ["lpNameBuffer", TBUF], ["nSize", inout(DWORD)]),
  TranslateName: text(
    BOOLEAN,
    ["lpAccountName", TSTR],
    ["AccountNameFormat", INT],
    ["DesiredNameFormat", INT],
    ["lpTranslatedName", TBUF],
    ["nSize", inout(DWORD)],
  ),
});
