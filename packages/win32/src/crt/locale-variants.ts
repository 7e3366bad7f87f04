import { alias, api, fn, OPAQUE, type AliasDeclaration, type FunctionDeclaration, type Implementation } from "@decant/hook";
import type { Thread } from "@decant/process";
import { BOTH, CDECL, MSVCRT, UCRT } from "./dlls.ts";
import { msvcrtFormatted } from "./stdio/formatted.ts";

/** Functions of which there is a variant that takes a locale last. */
const NAMES =
  `isalnum isalpha iscntrl isdigit isgraph islower isprint ispunct isspace isupper isxdigit iswalnum iswalpha iswcntrl iswctype iswdigit
  iswgraph iswlower iswprint iswpunct iswspace iswupper iswxdigit tolower toupper towlower towupper atoi atol _atoi64 _wtoi _wtol _wtof _wtoi64
  strtol strtoul _strtoi64 _strtoui64 wcstol wcstoul _wcstoi64 _wcstoui64 _stricmp _strnicmp _stricoll _strnicoll strcoll _strncoll _strlwr _strupr
  _strlwr_s _strupr_s strxfrm _wcsicmp _wcsnicmp _wcsicoll _wcsnicoll wcscoll _wcsncoll _wcslwr _wcsupr _wcslwr_s _wcsupr_s wcsxfrm strftime wcsftime
  mbstowcs wcstombs mbstowcs_s wcstombs_s mbtowc wctomb wctomb_s mblen _mbstrlen _memicmp _isctype isleadbyte isblank iswblank`.split(
    /\s+/,
  );

function variantOf(name: string): string {
  return `${name.startsWith("_") ? "" : "_"}${name}_l`;
}

/** The variants with a locale, which is the process's: they are the functions themselves, as the caller takes the argument back. */
export const localeVariants: Implementation<Thread, object> = { table: api(BOTH, variants(), CDECL), bodies: {} };

/** The ucrt's, of functions that msvcrt has none of. */
export const ucrtLocaleVariants = api(
  UCRT,
  {
    ___mb_cur_max_l_func: alias("___mb_cur_max_func"),
    _strtold_l: alias("_strtod_l"), _wcstold_l: alias("_wcstod_l"), _wcstof_l: alias("wcstof"), _strtoll_l: alias("strtoll"), _strtoull_l: alias("strtoull"),
    _wcstoll_l: alias("wcstoll"), _wcstoull_l: alias("wcstoull"), _strtoimax_l: alias("strtoimax"), _strtoumax_l: alias("strtoumax"), _atoll_l: alias("atoll"),
  },
  CDECL,
); // prettier-ignore

function variants(): Record<string, AliasDeclaration> {
  return Object.fromEntries(NAMES.map((name) => [variantOf(name), alias(name)]));
}

const LOCALE = ["locale", OPAQUE] as const;

/** The variants of printf and kin, which take a locale before the values. */
export function withLocale({ table, bodies }: typeof msvcrtFormatted): Implementation<Thread, object> {
  const entries = Object.entries(table.declarations) as [keyof typeof bodies, FunctionDeclaration][];
  const declarations = entries.map(([name, { result, parameters }]) => [
    variantOf(name),
    fn(result, ...parameters.slice(0, -1), LOCALE, parameters.at(-1)!),
  ]);
  const implementations = entries.map(([name]) => {
    const body = bodies[name] as (thread: Thread, ...args: unknown[]) => unknown;
    return [variantOf(name), (thread: Thread, ...args: unknown[]) => body(thread, ...args.slice(0, -2), args.at(-1))];
  });
  return { table: api(MSVCRT, Object.fromEntries(declarations), CDECL), bodies: Object.fromEntries(implementations) };
}

export const msvcrtFormattedInLocale = withLocale(msvcrtFormatted);
