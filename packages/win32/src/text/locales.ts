/** A locale: what Windows knows by a number and a name ("[MS-LCID]: Windows Language Code Identifier (LCID) Reference"). */
export interface Locale {
  readonly id: number;
  /** "en-US"; empty for the invariant locale. */
  readonly name: string;
  /** Its language alone: 9 is "en". */
  readonly isNeutral: boolean;
  /** "English (United States)". */
  readonly displayName: string;
}

export const LOCALE = {
  USER_DEFAULT: 0x400,
  SYSTEM_DEFAULT: 0x800,
  CUSTOM_DEFAULT: 0x0c00,
  CUSTOM_UI_DEFAULT: 0x1400,
  INVARIANT: 0x7f,
} as const;
/** The locale of the user and of the system. */
export const DEFAULT_LOCALE = 0x409;

/** Numbers of locales by their names; the language alone is the low ten bits of each. */
const SPECIFIC = new Map(
  `0401 ar-SA 0801 ar-IQ 0c01 ar-EG 1001 ar-LY 1401 ar-DZ 1801 ar-MA 1c01 ar-TN 2001 ar-OM 2401 ar-YE 2801 ar-SY 2c01 ar-JO 3001 ar-LB 3401 ar-KW
  3801 ar-AE 3c01 ar-BH 4001 ar-QA 0402 bg-BG 0403 ca-ES 0404 zh-TW 0804 zh-CN 0c04 zh-HK 1004 zh-SG 1404 zh-MO 0405 cs-CZ 0406 da-DK 0407 de-DE
  0807 de-CH 0c07 de-AT 1007 de-LU 1407 de-LI 0408 el-GR 0409 en-US 0809 en-GB 0c09 en-AU 1009 en-CA 1409 en-NZ 1809 en-IE 1c09 en-ZA 2009 en-JM
  2809 en-BZ 2c09 en-TT 3009 en-ZW 3409 en-PH 3c09 en-HK 4009 en-IN 4409 en-MY 4809 en-SG 0c0a es-ES 080a es-MX 100a es-GT 140a es-CR 180a es-PA
  1c0a es-DO 200a es-VE 240a es-CO 280a es-PE 2c0a es-AR 300a es-EC 340a es-CL 380a es-UY 3c0a es-PY 400a es-BO 440a es-SV 480a es-HN 4c0a es-NI
  500a es-PR 540a es-US 040b fi-FI 040c fr-FR 080c fr-BE 0c0c fr-CA 100c fr-CH 140c fr-LU 180c fr-MC 040d he-IL 040e hu-HU 040f is-IS 0410 it-IT
  0810 it-CH 0411 ja-JP 0412 ko-KR 0413 nl-NL 0813 nl-BE 0414 nb-NO 0814 nn-NO 0415 pl-PL 0416 pt-BR 0816 pt-PT 0417 rm-CH 0418 ro-RO 0818 ro-MD
  0419 ru-RU 0819 ru-MD 041a hr-HR 101a hr-BA 141a bs-Latn-BA 181a sr-Latn-BA 1c1a sr-Cyrl-BA 201a bs-Cyrl-BA 241a sr-Latn-RS 281a sr-Cyrl-RS
  2c1a sr-Latn-ME 301a sr-Cyrl-ME 041b sk-SK 041c sq-AL 041d sv-SE 081d sv-FI 041e th-TH 041f tr-TR 0420 ur-PK 0820 ur-IN 0421 id-ID 0422 uk-UA
  0423 be-BY 0424 sl-SI 0425 et-EE 0426 lv-LV 0427 lt-LT 0428 tg-Cyrl-TJ 0429 fa-IR 042a vi-VN 042b hy-AM 042c az-Latn-AZ 082c az-Cyrl-AZ
  042d eu-ES 042e hsb-DE 082e dsb-DE 042f mk-MK 0432 tn-ZA 0434 xh-ZA 0435 zu-ZA 0436 af-ZA 0437 ka-GE 0438 fo-FO 0439 hi-IN 043a mt-MT 043b se-NO
  083c ga-IE 043e ms-MY 083e ms-BN 043f kk-KZ 0440 ky-KG 0441 sw-KE 0442 tk-TM 0443 uz-Latn-UZ 0843 uz-Cyrl-UZ 0444 tt-RU 0445 bn-IN 0845 bn-BD
  0446 pa-IN 0846 pa-Arab-PK 0447 gu-IN 0448 or-IN 0449 ta-IN 044a te-IN 044b kn-IN 044c ml-IN 044d as-IN 044e mr-IN 044f sa-IN 0450 mn-MN
  0451 bo-CN 0452 cy-GB 0453 km-KH 0454 lo-LA 0456 gl-ES 0457 kok-IN 045b si-LK 045e am-ET 0461 ne-NP 0462 fy-NL 0463 ps-AF 0464 fil-PH 0465 dv-MV
  0468 ha-Latn-NG 046a yo-NG 046c nso-ZA 046d ba-RU 046e lb-LU 046f kl-GL 0470 ig-NG 0478 ii-CN 047a arn-CL 047c moh-CA 047e br-FR 0480 ug-CN
  0481 mi-NZ 0482 oc-FR 0483 co-FR 0484 gsw-FR 0485 sah-RU 0487 rw-RW 0488 wo-SN 048c prs-AF 0491 gd-GB 0492 ku-Arab-IQ`
    .split(/\s+/)
    .flatMap((word, i, words) => (i % 2 === 0 ? [[words[i + 1]!, parseInt(word, 16)] as const] : [])),
);

/** Neutral locales whose names are not the first part of a specific one's, or whose numbers are not the low bits. */
const NEUTRAL: readonly (readonly [string, number])[] = [["zh-Hans", 4], ["zh", 0x7804], ["zh-Hant", 0x7c04], ["sr", 0x7c1a], ["bs", 0x781a], ["hr", 0x1a], ["no", 0x14], ["nb", 0x7c14], ["nn", 0x7814], ["hsb", 0x2e], ["dsb", 0x7c2e]]; // prettier-ignore

let byName: Map<string, Locale> | undefined;
let byId: Map<number, Locale> | undefined;

/** A locale by its number, those that stand for the default resolved; undefined when there is none. */
export function findLocale(id: number): Locale | undefined {
  const sorted = id & 0xf_ffff;
  const isDefault =
    sorted === 0 ||
    sorted === LOCALE.USER_DEFAULT ||
    sorted === LOCALE.SYSTEM_DEFAULT ||
    sorted === LOCALE.CUSTOM_DEFAULT ||
    sorted === LOCALE.CUSTOM_UI_DEFAULT;
  // The sort order is in bits 16 to 19, and does not change what a locale is.
  return localesById().get(isDefault ? DEFAULT_LOCALE : sorted & 0xffff);
}

/** A locale by its name in any case; undefined stands for the user's. */
export function findLocaleByName(name: string | undefined): Locale | undefined {
  if (name === undefined || name.toLowerCase() === "!x-sys-default-locale") return findLocale(DEFAULT_LOCALE);
  return localesByName().get(name.toLowerCase());
}

/** All locales, by their names. */
export function allLocales(): Locale[] {
  return [...localesByName().values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function localesByName(): Map<string, Locale> {
  return (byName ??= makeLocales());
}

function localesById(): Map<number, Locale> {
  return (byId ??= new Map([...localesByName().values()].map((locale) => [locale.id, locale])));
}

function makeLocales(): Map<string, Locale> {
  const locales = new Map<string, Locale>();
  const add = (name: string, id: number, isNeutral: boolean): void => {
    const key = name.toLowerCase();
    if (!locales.has(key)) locales.set(key, new KnownLocale(name, id, isNeutral));
  };
  add("", LOCALE.INVARIANT, false);
  for (const [name, id] of NEUTRAL) add(name, id, true);
  for (const [name, id] of SPECIFIC) {
    add(name, id, false);
    const language = name.slice(0, name.indexOf("-"));
    if (!NEUTRAL.some(([neutral]) => neutral === language)) add(language, id & 0x3ff, true);
  }
  return locales;
}

class KnownLocale implements Locale {
  readonly id: number;
  readonly name: string;
  readonly isNeutral: boolean;

  constructor(name: string, id: number, isNeutral: boolean) {
    this.name = name;
    this.id = id;
    this.isNeutral = isNeutral;
  }

  get displayName(): string {
    if (this.name === "") return "Invariant Language (Invariant Country)";
    return new Intl.DisplayNames("en-US", { type: "language", languageDisplay: "standard" }).of(this.name) ?? this.name;
  }
}
