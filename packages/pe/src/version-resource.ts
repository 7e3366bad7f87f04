/** What a version resource says: numbers, and texts by the names that "StringFileInfo BLOCK" lists. */
export interface VersionInfo {
  /** Major, minor, build, revision; of the file and of the product. */
  readonly version: readonly [number, number, number, number];
  readonly isDll: boolean;
  readonly strings: Readonly<Record<string, string>>;
}

const FIXED_SIGNATURE = 0xfeef_04bd;
const VOS_NT_WINDOWS32 = 0x0004_0004;
const FILE_TYPE = { APP: 1, DLL: 2 } as const;
const ENGLISH_UNICODE = "040904B0";

/** The bytes of an RT_VERSION resource in English and UTF-16 ("VS_VERSIONINFO structure"). */
export function buildVersionResource({ version, isDll, strings }: VersionInfo): Uint8Array {
  const texts = Object.entries(strings).map(([name, value]) => block(name, 1, utf16(`${value}\0`), value.length + 1));
  const table = block(ENGLISH_UNICODE, 1, [], 0, texts);
  const translation = block("Translation", 0, words(0x409, 1200), 4);
  return Uint8Array.from(
    block("VS_VERSION_INFO", 0, fixedInfo(version, isDll), 52, [
      block("StringFileInfo", 1, [], 0, [table]),
      block("VarFileInfo", 1, [], 0, [translation]),
    ]),
  );
}

function fixedInfo([major, minor, build, revision]: VersionInfo["version"], isDll: boolean): number[] {
  const high = major * 0x1_0000 + minor;
  const low = build * 0x1_0000 + revision;
  return [
    FIXED_SIGNATURE,
    0x1_0000,
    high,
    low,
    high,
    low,
    0x3f,
    0,
    VOS_NT_WINDOWS32,
    isDll ? FILE_TYPE.DLL : FILE_TYPE.APP,
    0,
    0,
    0,
  ].flatMap((value) => words(value & 0xffff, value >>> 16));
}

/** wLength, wValueLength, wType, key, value and children, each at a multiple of four. */
function block(key: string, type: 0 | 1, value: readonly number[], valueLength: number, children: readonly number[][] = []): number[] {
  const bytes = [...words(0, valueLength, type), ...utf16(`${key}\0`)];
  align(bytes);
  bytes.push(...value);
  for (const child of children) {
    align(bytes);
    bytes.push(...child);
  }
  bytes.splice(0, 2, ...words(bytes.length));
  return bytes;
}

function align(bytes: number[]): void {
  while (bytes.length % 4 !== 0) bytes.push(0);
}

function words(...values: number[]): number[] {
  return values.flatMap((value) => [value & 0xff, (value >>> 8) & 0xff]);
}

function utf16(text: string): number[] {
  return words(...Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)));
}
