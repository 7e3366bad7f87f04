import { WINDOWS_VERSION } from "@decant/process";
import { ANSI_CODE_PAGE, OEM_CODE_PAGE } from "../text/code-pages.ts";
import { COMPUTER_NAME, FOLDERS, USER_NAME, USER_SID, WINDOWS_EDITION } from "../system/system-table.ts";

/** What a value starts as: a text, a number (REG_DWORD), or a text with variables in it (REG_EXPAND_SZ). */
export type DefaultValue = string | number | { readonly expand: string } | Uint8Array;

/** A key of every new registry: its path from a hive's root, and values ("" is the default value). */
export type DefaultKey = readonly [path: string, values: Readonly<Record<string, DefaultValue>>];

const CURRENT_VERSION = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion";
const CURRENT_VERSION_OLD = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion";
const CONTROL = "SYSTEM\\ControlSet001\\Control";
const EXPLORER = "Software\\Microsoft\\Windows\\CurrentVersion\\Explorer";

const version: DefaultKey[1] = {
  CurrentVersion: WINDOWS_EDITION.oldVersion,
  CurrentBuild: String(WINDOWS_VERSION.build),
  CurrentBuildNumber: String(WINDOWS_VERSION.build),
  CurrentMajorVersionNumber: WINDOWS_VERSION.major,
  CurrentMinorVersionNumber: WINDOWS_VERSION.minor,
  CurrentType: "Multiprocessor Free",
  BuildLab: WINDOWS_EDITION.buildLab,
  DisplayVersion: WINDOWS_EDITION.displayVersion,
  EditionID: WINDOWS_EDITION.editionId,
  InstallationType: "Client",
  InstallDate: WINDOWS_EDITION.installDate,
  ProductName: WINDOWS_EDITION.productName,
  RegisteredOwner: USER_NAME,
  RegisteredOrganization: "",
  ReleaseId: WINDOWS_EDITION.releaseId,
  SystemRoot: FOLDERS.windows,
  PathName: FOLDERS.windows,
  UBR: WINDOWS_EDITION.revision,
};

const programFolders = (x86: boolean): DefaultKey[1] => ({
  ProgramFilesDir: x86 ? FOLDERS.programFilesX86 : FOLDERS.programFiles,
  CommonFilesDir: x86 ? FOLDERS.commonFilesX86 : FOLDERS.commonFiles,
  "ProgramFilesDir (x86)": FOLDERS.programFilesX86,
  "CommonFilesDir (x86)": FOLDERS.commonFilesX86,
  ProgramW6432Dir: FOLDERS.programFiles,
  CommonW6432Dir: FOLDERS.commonFiles,
  ProgramFilesPath: { expand: "%ProgramFiles%" },
  DevicePath: { expand: "%SystemRoot%\\inf" },
});

/** Of HKEY_LOCAL_MACHINE. */
export const MACHINE_KEYS: readonly DefaultKey[] = [
  ["HARDWARE\\DESCRIPTION\\System", { Identifier: "AT/AT COMPATIBLE" }],
  ["SAM", {}],
  ["SECURITY", {}],
  [CURRENT_VERSION, version],
  ["SOFTWARE\\Wow6432Node\\Microsoft\\Windows NT\\CurrentVersion", version],
  [CURRENT_VERSION_OLD, programFolders(false)],
  ["SOFTWARE\\Wow6432Node\\Microsoft\\Windows\\CurrentVersion", programFolders(true)],
  [`${CURRENT_VERSION_OLD}\\Run`, {}],
  [`${CURRENT_VERSION_OLD}\\RunOnce`, {}],
  [`${CURRENT_VERSION_OLD}\\Uninstall`, {}],
  [`${CURRENT_VERSION_OLD}\\App Paths`, {}],
  [`${CURRENT_VERSION_OLD}\\Policies\\System`, { EnableLUA: 1 }],
  [
    `${CURRENT_VERSION_OLD}\\Explorer\\Shell Folders`,
    { "Common AppData": FOLDERS.programData, "Common Documents": `${FOLDERS.public}\\Documents` },
  ],
  [`${CURRENT_VERSION}\\AppCompatFlags`, {}],
  [`${CURRENT_VERSION}\\Fonts`, {}],
  [`${CURRENT_VERSION}\\FontSubstitutes`, {}],
  [`${CURRENT_VERSION}\\Image File Execution Options`, {}],
  [
    `${CURRENT_VERSION}\\ProfileList`,
    {
      ProfilesDirectory: { expand: "%SystemDrive%\\users" },
      Public: { expand: "%SystemDrive%\\users\\Public" },
      ProgramData: { expand: "%SystemDrive%\\ProgramData" },
    },
  ],
  [`${CURRENT_VERSION}\\ProfileList\\${USER_SID}`, { ProfileImagePath: { expand: FOLDERS.profile } }],
  ["SOFTWARE\\Microsoft\\Cryptography", { MachineGuid: WINDOWS_EDITION.machineGuid }],
  ["SOFTWARE\\Classes\\.txt", { "": "txtfile", "Content Type": "text/plain", PerceivedType: "text" }],
  ["SOFTWARE\\Classes\\.exe", { "": "exefile", "Content Type": "application/x-msdownload" }],
  ["SOFTWARE\\Classes\\.htm", { "": "htmlfile", "Content Type": "text/html" }],
  ["SOFTWARE\\Classes\\.html", { "": "htmlfile", "Content Type": "text/html" }],
  ["SOFTWARE\\Classes\\.xml", { "": "xmlfile", "Content Type": "text/xml" }],
  ["SOFTWARE\\Classes\\.png", { "": "pngfile", "Content Type": "image/png" }],
  ["SOFTWARE\\Classes\\.jpg", { "": "jpegfile", "Content Type": "image/jpeg" }],
  ["SOFTWARE\\Classes\\.gif", { "": "giffile", "Content Type": "image/gif" }],
  ["SOFTWARE\\Classes\\txtfile", { "": "Text Document" }],
  ["SOFTWARE\\Classes\\exefile", { "": "Application" }],
  ["SOFTWARE\\Classes\\CLSID", {}],
  ["SOFTWARE\\Classes\\Interface", {}],
  ["SOFTWARE\\Classes\\TypeLib", {}],
  ["SOFTWARE\\Policies\\Microsoft\\Windows", {}],
  ["SOFTWARE\\ODBC", {}],
  ["SYSTEM\\Select", { Current: 1, Default: 1, Failed: 0, LastKnownGood: 1 }],
  [CONTROL, { CurrentUser: "USERNAME", SystemStartOptions: "" }],
  [`${CONTROL}\\ComputerName\\ComputerName`, { ComputerName: COMPUTER_NAME }],
  [`${CONTROL}\\ComputerName\\ActiveComputerName`, { ComputerName: COMPUTER_NAME }],
  [`${CONTROL}\\FileSystem`, { LongPathsEnabled: 0, NtfsDisable8dot3NameCreation: 1, SymlinkLocalToLocalEvaluation: 1 }],
  [`${CONTROL}\\Nls\\CodePage`, { ACP: String(ANSI_CODE_PAGE), OEMCP: String(OEM_CODE_PAGE), MACCP: "10000" }],
  [`${CONTROL}\\Nls\\Language`, { Default: "0409", InstallLanguage: "0409" }],
  [`${CONTROL}\\Nls\\Locale`, { "": "00000409" }],
  [`${CONTROL}\\Nls\\Sorting\\Versions`, { "": "00060305" }],
  [`${CONTROL}\\ProductOptions`, { ProductType: "WinNT" }],
  [
    `${CONTROL}\\Session Manager\\Environment`,
    {
      ComSpec: { expand: "%SystemRoot%\\system32\\cmd.exe" },
      OS: "Windows_NT",
      PATH: { expand: "%SystemRoot%\\system32;%SystemRoot%;%SystemRoot%\\system32\\wbem" },
      PATHEXT: ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC",
      PROCESSOR_ARCHITECTURE: "AMD64",
      TEMP: { expand: "%SystemRoot%\\TEMP" },
      TMP: { expand: "%SystemRoot%\\TEMP" },
      windir: { expand: "%SystemRoot%" },
    },
  ],
  [`${CONTROL}\\Session Manager\\KnownDLLs`, {}],
  [`${CONTROL}\\Windows`, { Directory: { expand: "%SystemRoot%" }, SystemDirectory: { expand: "%SystemRoot%\\system32" }, CSDVersion: 0 }],
  ["SYSTEM\\ControlSet001\\Hardware Profiles\\Current", {}],
  [
    "SYSTEM\\ControlSet001\\Services\\Tcpip\\Parameters",
    { Hostname: COMPUTER_NAME.toLowerCase(), Domain: "", DataBasePath: { expand: "%SystemRoot%\\System32\\drivers\\etc" } },
  ],
];

/** Of HKEY_CURRENT_USER. */
export const USER_KEYS: readonly DefaultKey[] = [
  ["Console", { ScreenBufferSize: 0x0019_0050, WindowSize: 0x0019_0050, VirtualTerminalLevel: 1 }],
  [
    "Control Panel\\International",
    {
      Locale: "00000409",
      LocaleName: "en-US",
      iCalendarType: "1",
      iCountry: "1",
      iCurrDigits: "2",
      iCurrency: "0",
      iDate: "0",
      iDigits: "2",
      iFirstDayOfWeek: "6",
      iFirstWeekOfYear: "0",
      iLZero: "1",
      iMeasure: "1",
      iNegCurr: "0",
      iNegNumber: "1",
      iPaperSize: "1",
      iTime: "0",
      iTimePrefix: "0",
      iTLZero: "0",
      NumShape: "1",
      s1159: "AM",
      s2359: "PM",
      sCountry: "United States",
      sCurrency: "$",
      sDate: "/",
      sDecimal: ".",
      sGrouping: "3;0",
      sLanguage: "ENU",
      sList: ",",
      sLongDate: "dddd, MMMM d, yyyy",
      sMonDecimalSep: ".",
      sMonGrouping: "3;0",
      sMonThousandSep: ",",
      sNativeDigits: "0123456789",
      sNegativeSign: "-",
      sPositiveSign: "",
      sShortDate: "M/d/yyyy",
      sShortTime: "h:mm tt",
      sThousand: ",",
      sTime: ":",
      sTimeFormat: "h:mm:ss tt",
      sYearMonth: "MMMM yyyy",
    },
  ],
  ["Control Panel\\International\\Geo", { Nation: "244", Name: "US" }],
  ["Control Panel\\Desktop", {}],
  ["Environment", { TEMP: FOLDERS.temporary, TMP: FOLDERS.temporary }],
  ["Software\\Classes", {}],
  ["Software\\Microsoft\\Windows NT\\CurrentVersion", {}],
  ["Software\\Microsoft\\Windows\\CurrentVersion\\Run", {}],
  ["Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings", { ProxyEnable: 0 }],
  [
    `${EXPLORER}\\Shell Folders`,
    { AppData: FOLDERS.roaming, "Local AppData": FOLDERS.local, Personal: FOLDERS.documents, Desktop: FOLDERS.desktop },
  ],
  [
    `${EXPLORER}\\User Shell Folders`,
    {
      AppData: { expand: "%USERPROFILE%\\AppData\\Roaming" },
      "Local AppData": { expand: "%USERPROFILE%\\AppData\\Local" },
      Personal: { expand: "%USERPROFILE%\\Documents" },
      Desktop: { expand: "%USERPROFILE%\\Desktop" },
    },
  ],
  [
    "Volatile Environment",
    {
      APPDATA: FOLDERS.roaming,
      HOMEDRIVE: "C:",
      HOMEPATH: FOLDERS.profile.slice(2),
      LOCALAPPDATA: FOLDERS.local,
      USERDOMAIN: COMPUTER_NAME,
      USERNAME: USER_NAME,
      USERPROFILE: FOLDERS.profile,
    },
  ],
];
