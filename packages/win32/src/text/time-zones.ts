/** A time zone of Windows ("Default Time Zones"), with the place in the tz database that follows the same rules ("CLDR windowsZones"). */
export interface TimeZone {
  /** The key's name in the registry, and what it is called in winter. */
  readonly name: string;
  readonly daylightName: string;
  /** "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna". */
  readonly display: string;
  readonly place: string;
}

/** A moment in each year, as a SYSTEMTIME of a rule says it: the nth day of the week in a month (5 is the last), at a time of day. */
export interface ZoneRule {
  readonly month: number;
  readonly dayOfWeek: number;
  readonly nth: number;
  readonly hour: number;
  readonly minute: number;
}

/** A zone's rules in one year, as TIME_ZONE_INFORMATION has them: minutes that UTC is ahead of local time. */
export interface ZoneRules {
  readonly bias: number;
  readonly daylightBias: number;
  /** When winter time and summer time start; undefined where there is no summer time. */
  readonly toStandard: ZoneRule | undefined;
  readonly toDaylight: ZoneRule | undefined;
}

/** The year by whose rules zones are shown. */
const DISPLAY_YEAR = 2022;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Names, places, and the cities that Windows shows. */
const ZONES = `Dateline|Etc/GMT+12|International Date Line West
UTC-11|Etc/GMT+11|Coordinated Universal Time-11
Aleutian|America/Adak|Aleutian Islands
Hawaiian|Pacific/Honolulu|Hawaii
Marquesas|Pacific/Marquesas|Marquesas Islands
Alaskan|America/Anchorage|Alaska
UTC-09|Etc/GMT+9|Coordinated Universal Time-09
Pacific Standard Time (Mexico)|America/Tijuana|Baja California
UTC-08|Etc/GMT+8|Coordinated Universal Time-08
Pacific|America/Los_Angeles|Pacific Time (US & Canada)
US Mountain|America/Phoenix|Arizona
Mountain Standard Time (Mexico)|America/Mazatlan|La Paz, Mazatlan
Mountain|America/Denver|Mountain Time (US & Canada)
Yukon|America/Whitehorse|Yukon
Central America|America/Guatemala|Central America
Central|America/Chicago|Central Time (US & Canada)
Easter Island|Pacific/Easter|Easter Island
Central Standard Time (Mexico)|America/Mexico_City|Guadalajara, Mexico City, Monterrey
Canada Central|America/Regina|Saskatchewan
SA Pacific|America/Bogota|Bogota, Lima, Quito, Rio Branco
Eastern Standard Time (Mexico)|America/Cancun|Chetumal
Eastern|America/New_York|Eastern Time (US & Canada)
Haiti|America/Port-au-Prince|Haiti
Cuba|America/Havana|Havana
US Eastern|America/Indianapolis|Indiana (East)
Turks And Caicos|America/Grand_Turk|Turks and Caicos
Paraguay|America/Asuncion|Asuncion
Atlantic|America/Halifax|Atlantic Time (Canada)
Venezuela|America/Caracas|Caracas
Central Brazilian|America/Cuiaba|Cuiaba
SA Western|America/La_Paz|Georgetown, La Paz, Manaus, San Juan
Pacific SA|America/Santiago|Santiago
Newfoundland|America/St_Johns|Newfoundland
Tocantins|America/Araguaina|Araguaina
E. South America|America/Sao_Paulo|Brasilia
SA Eastern|America/Cayenne|Cayenne, Fortaleza
Argentina|America/Buenos_Aires|City of Buenos Aires
Greenland|America/Godthab|Greenland
Montevideo|America/Montevideo|Montevideo
Magallanes|America/Punta_Arenas|Punta Arenas
Saint Pierre|America/Miquelon|Saint Pierre and Miquelon
Bahia|America/Bahia|Salvador
UTC-02|Etc/GMT+2|Coordinated Universal Time-02
Azores|Atlantic/Azores|Azores
Cape Verde|Atlantic/Cape_Verde|Cabo Verde Is.
UTC|UTC|Coordinated Universal Time
GMT|Europe/London|Dublin, Edinburgh, Lisbon, London
Greenwich|Atlantic/Reykjavik|Monrovia, Reykjavik
Sao Tome|Africa/Sao_Tome|Sao Tome
Morocco|Africa/Casablanca|Casablanca
W. Europe|Europe/Berlin|Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna
Central Europe|Europe/Budapest|Belgrade, Bratislava, Budapest, Ljubljana, Prague
Romance|Europe/Paris|Brussels, Copenhagen, Madrid, Paris
Central European|Europe/Warsaw|Sarajevo, Skopje, Warsaw, Zagreb
W. Central Africa|Africa/Lagos|West Central Africa
GTB|Europe/Bucharest|Athens, Bucharest
Middle East|Asia/Beirut|Beirut
Egypt|Africa/Cairo|Cairo
E. Europe|Europe/Chisinau|Chisinau
West Bank|Asia/Hebron|Gaza, Hebron
South Africa|Africa/Johannesburg|Harare, Pretoria
FLE|Europe/Kiev|Helsinki, Kyiv, Riga, Sofia, Tallinn, Vilnius
Israel|Asia/Jerusalem|Jerusalem
South Sudan|Africa/Juba|Juba
Kaliningrad|Europe/Kaliningrad|Kaliningrad
Sudan|Africa/Khartoum|Khartoum
Libya|Africa/Tripoli|Tripoli
Namibia|Africa/Windhoek|Windhoek
Jordan|Asia/Amman|Amman
Arabic|Asia/Baghdad|Baghdad
Syria|Asia/Damascus|Damascus
Turkey|Europe/Istanbul|Istanbul
Arab|Asia/Riyadh|Kuwait, Riyadh
Belarus|Europe/Minsk|Minsk
Russian|Europe/Moscow|Moscow, St. Petersburg
E. Africa|Africa/Nairobi|Nairobi
Volgograd|Europe/Volgograd|Volgograd
Iran|Asia/Tehran|Tehran
Arabian|Asia/Dubai|Abu Dhabi, Muscat
Astrakhan|Europe/Astrakhan|Astrakhan, Ulyanovsk
Azerbaijan|Asia/Baku|Baku
Russia Time Zone 3|Europe/Samara|Izhevsk, Samara
Mauritius|Indian/Mauritius|Port Louis
Saratov|Europe/Saratov|Saratov
Georgian|Asia/Tbilisi|Tbilisi
Caucasus|Asia/Yerevan|Yerevan
Afghanistan|Asia/Kabul|Kabul
West Asia|Asia/Tashkent|Ashgabat, Tashkent
Ekaterinburg|Asia/Yekaterinburg|Ekaterinburg
Pakistan|Asia/Karachi|Islamabad, Karachi
Qyzylorda|Asia/Qyzylorda|Astana
India|Asia/Calcutta|Chennai, Kolkata, Mumbai, New Delhi
Sri Lanka|Asia/Colombo|Sri Jayawardenepura
Nepal|Asia/Katmandu|Kathmandu
Central Asia|Asia/Bishkek|Bishkek
Bangladesh|Asia/Dhaka|Dhaka
Omsk|Asia/Omsk|Omsk
Myanmar|Asia/Rangoon|Yangon (Rangoon)
SE Asia|Asia/Bangkok|Bangkok, Hanoi, Jakarta
Altai|Asia/Barnaul|Barnaul, Gorno-Altaysk
W. Mongolia|Asia/Hovd|Hovd
North Asia|Asia/Krasnoyarsk|Krasnoyarsk
N. Central Asia|Asia/Novosibirsk|Novosibirsk
Tomsk|Asia/Tomsk|Tomsk
China|Asia/Shanghai|Beijing, Chongqing, Hong Kong, Urumqi
North Asia East|Asia/Irkutsk|Irkutsk
Singapore|Asia/Singapore|Kuala Lumpur, Singapore
W. Australia|Australia/Perth|Perth
Taipei|Asia/Taipei|Taipei
Ulaanbaatar|Asia/Ulaanbaatar|Ulaanbaatar
Aus Central W.|Australia/Eucla|Eucla
Transbaikal|Asia/Chita|Chita
Tokyo|Asia/Tokyo|Osaka, Sapporo, Tokyo
North Korea|Asia/Pyongyang|Pyongyang
Korea|Asia/Seoul|Seoul
Yakutsk|Asia/Yakutsk|Yakutsk
Cen. Australia|Australia/Adelaide|Adelaide
AUS Central|Australia/Darwin|Darwin
E. Australia|Australia/Brisbane|Brisbane
AUS Eastern|Australia/Sydney|Canberra, Melbourne, Sydney
West Pacific|Pacific/Port_Moresby|Guam, Port Moresby
Tasmania|Australia/Hobart|Hobart
Vladivostok|Asia/Vladivostok|Vladivostok
Lord Howe|Australia/Lord_Howe|Lord Howe Island
Bougainville|Pacific/Bougainville|Bougainville Island
Russia Time Zone 10|Asia/Srednekolymsk|Chokurdakh
Magadan|Asia/Magadan|Magadan
Norfolk|Pacific/Norfolk|Norfolk Island
Sakhalin|Asia/Sakhalin|Sakhalin
Central Pacific|Pacific/Guadalcanal|Solomon Is., New Caledonia
Russia Time Zone 11|Asia/Kamchatka|Anadyr, Petropavlovsk-Kamchatsky
New Zealand|Pacific/Auckland|Auckland, Wellington
UTC+12|Etc/GMT-12|Coordinated Universal Time+12
Fiji|Pacific/Fiji|Fiji
Chatham Islands|Pacific/Chatham|Chatham Islands
UTC+13|Etc/GMT-13|Coordinated Universal Time+13
Tonga|Pacific/Tongatapu|Nuku'alofa
Samoa|Pacific/Apia|Samoa
Line Islands|Pacific/Kiritimati|Kiritimati Island`;

/** Windows' zones, from west to east. */
export const TIME_ZONES: readonly TimeZone[] = ZONES.split("\n").map((line) => {
  const [short = "", place = "", cities = ""] = line.split("|");
  const isWhole = short.startsWith("UTC") || / \(Mexico\)$|Time Zone \d+$/.test(short);
  const name = isWhole ? short : `${short} Standard Time`;
  return {
    name,
    daylightName: name.replace("Standard Time", "Daylight Time"),
    place,
    get display() {
      const minutes = -zoneRules(place, DISPLAY_YEAR).bias;
      const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) => String(part).padStart(2, "0"));
      return `(UTC${place === "UTC" ? "" : `${minutes < 0 ? "-" : "+"}${hours}:${rest}`}) ${cities}`;
    },
  };
});

/** Windows' zone for a place of the tz database: the one that names it, or the first with the same rules this year. */
export function zoneOfPlace(place: string, year: number): TimeZone {
  const known = place === "Etc/UTC" || place === "GMT" || place === "Etc/GMT" ? "UTC" : place;
  const exact = TIME_ZONES.find((zone) => zone.place === known);
  if (exact !== undefined) return exact;
  const rules = JSON.stringify(zoneRules(place, year));
  return TIME_ZONES.find((zone) => JSON.stringify(zoneRules(zone.place, year)) === rules) ?? TIME_ZONES.find(({ name }) => name === "UTC")!;
}

const computed = new Map<string, ZoneRules>();

/** A place's rules in a year. */
export function zoneRules(place: string, year: number): ZoneRules {
  const key = `${place} ${year}`;
  let rules = computed.get(key);
  if (rules === undefined) computed.set(key, (rules = computeRules(place, year)));
  return rules;
}

/** REG_TZI_FORMAT: the biases, then the two rules as SYSTEMTIMEs ("TIME_ZONE_INFORMATION structure"). */
export function timeZoneData({ place }: TimeZone, year: number): Uint8Array {
  const { bias, daylightBias, toStandard, toDaylight } = zoneRules(place, year);
  const bytes = new Uint8Array(12 + 2 * 16);
  const view = new DataView(bytes.buffer);
  [bias, 0, daylightBias].forEach((value, i) => view.setInt32(4 * i, value, true));
  [toStandard, toDaylight].forEach((rule, i) => {
    if (rule === undefined) return;
    const fields = [0, rule.month, rule.dayOfWeek, rule.nth, rule.hour, rule.minute];
    fields.forEach((value, field) => view.setUint16(12 + 16 * i + 2 * field, value, true));
  });
  return bytes;
}

function computeRules(place: string, year: number): ZoneRules {
  const changes = changesOf(place, year);
  const january = offsetOf(place, Date.UTC(year, 0, 1));
  const july = offsetOf(place, Date.UTC(year, 6, 1));
  const standard = Math.min(january, july);
  const none = { bias: 0 - standard, daylightBias: -60, toStandard: undefined, toDaylight: undefined };
  const toDaylight = changes.find(({ after }) => after > standard);
  const toStandard = changes.find(({ after }) => after === standard);
  if (changes.length !== 2 || toDaylight === undefined || toStandard === undefined) return none;
  return {
    bias: 0 - standard,
    daylightBias: standard - toDaylight.after,
    toStandard: ruleOf(place, year, toStandard),
    toDaylight: ruleOf(place, year, toDaylight),
  };
}

interface Change {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

function changesOf(place: string, year: number): Change[] {
  const changes: Change[] = [];
  for (let month = 0; month < 12; month++) {
    let from = Date.UTC(year, month, 1);
    let to = Date.UTC(year, month + 1, 1);
    const before = offsetOf(place, from);
    const after = offsetOf(place, to);
    if (before === after) continue;
    while (to - from > MINUTE) {
      const middle = Math.floor((from + to) / 2 / MINUTE) * MINUTE;
      if (offsetOf(place, middle) === before) from = middle;
      else to = middle;
    }
    changes.push({ at: to, before, after });
  }
  return changes;
}

function ruleOf(place: string, year: number, { at, before }: Change): ZoneRule {
  const local = new Date(at + before * MINUTE);
  const isLast = (of: Date): boolean => new Date(of.getTime() + 7 * DAY).getUTCMonth() !== of.getUTCMonth();
  // The fourth one is also the last in some years: another year tells.
  const nextYear = changesOf(place, year + 1).find(
    (change) => new Date(change.at + change.before * MINUTE).getUTCMonth() === local.getUTCMonth(),
  );
  const last = isLast(local) && (nextYear === undefined || isLast(new Date(nextYear.at + nextYear.before * MINUTE)));
  return {
    month: local.getUTCMonth() + 1,
    dayOfWeek: local.getUTCDay(),
    nth: last ? 5 : Math.ceil(local.getUTCDate() / 7),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
  };
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Minutes that a place's time is ahead of UTC. */
export function offsetOf(place: string, atMs: number): number {
  if (place === "UTC") return 0;
  let format = formats.get(place);
  if (format === undefined) {
    const fields = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", hourCycle: "h23" } as const;
    formats.set(place, (format = new Intl.DateTimeFormat("en-US", { timeZone: place, ...fields })));
  }
  const part = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const local = Date.UTC(part.get("year")!, part.get("month")! - 1, part.get("day"), part.get("hour"), part.get("minute"));
  return Math.round((local - Math.floor(atMs / MINUTE) * MINUTE) / MINUTE);
}
