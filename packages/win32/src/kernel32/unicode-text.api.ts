import { api, BOOL, CALLBACK, DWORD, fn, INT, LCID, LONG, LPCWSTR, LPWSTR_BUF, LPCWCH, optional, orElse, out, PVOID, TBUF, text } from "@decant/hook"; // prettier-ignore

const LENGTH = orElse(INT, 0);
const FOUND = orElse(INT, -1);
const FIND = [
  ["dwFindNLSStringFlags", DWORD],
  ["lpStringSource", LPCWCH],
  ["cchSource", INT],
  ["lpStringValue", LPCWCH],
  ["cchValue", INT],
  ["pcchFound", optional(out(INT))],
] as const;

/** Normal forms and domain names ("NormalizeString", "IdnToAscii"): kernel32 has them too. */
export const normalizationApi = api(["kernel32", "normaliz"], {
  NormalizeString: fn(LENGTH, ["NormForm", INT], ["lpSrcString", LPCWCH], ["cwSrcLength", INT], ["lpDstString", LPWSTR_BUF], ["cwDstLength", INT]), // prettier-ignore
  IsNormalizedString: fn(BOOL, ["NormForm", INT], ["lpString", LPCWCH], ["cwLength", INT]),
  IdnToAscii: fn(LENGTH, ["dwFlags", DWORD], ["lpUnicodeCharStr", LPCWCH], ["cchUnicodeChar", INT], ["lpASCIICharStr", LPWSTR_BUF], ["cchASCIIChar", INT]), // prettier-ignore
  IdnToUnicode: fn(LENGTH, ["dwFlags", DWORD], ["lpASCIICharStr", LPCWCH], ["cchASCIIChar", INT], ["lpUnicodeCharStr", LPWSTR_BUF], ["cchUnicodeChar", INT]), // prettier-ignore
});

/** Text searched as a locale has it, and the lists of code pages and places ("National Language Support Functions"). */
export const unicodeTextApi = api("kernel32", {
  FindNLSString: fn(FOUND, ["Locale", LCID], ...FIND),
  FindNLSStringEx: fn(
    FOUND,
    ["lpLocaleName", LPCWSTR],
    ...FIND,
    ["lpVersionInformation", PVOID],
    ["lpReserved", PVOID],
    ["sortHandle", PVOID],
  ),
  FindStringOrdinal: fn(
    FOUND,
    ["dwFindStringOrdinalFlags", DWORD],
    ["lpStringSource", LPCWCH],
    ["cchSource", INT],
    ["lpStringValue", LPCWCH],
    ["cchValue", INT],
    ["bIgnoreCase", BOOL],
  ),
  EnumSystemCodePagesA: fn(BOOL, ["lpCodePageEnumProc", CALLBACK], ["dwFlags", DWORD]),
  EnumSystemCodePagesW: fn(BOOL, ["lpCodePageEnumProc", CALLBACK], ["dwFlags", DWORD]),
  ResolveLocaleName: fn(LENGTH, ["lpNameToResolve", LPCWSTR], ["lpLocaleName", LPWSTR_BUF], ["cchLocaleName", INT]),
  ConvertDefaultLocale: fn(LCID, ["Locale", LCID]),
  GetUserGeoID: fn(LONG, ["GeoClass", DWORD]),
  GetGeoInfo: text(LENGTH, ["Location", LONG], ["GeoType", DWORD], ["lpGeoData", TBUF], ["cchData", INT], ["LangId", DWORD]),
  VerLanguageName: text(DWORD, ["wLang", DWORD], ["szLang", TBUF], ["cchLang", DWORD]),
});
