export { windowsPath, FileSystem, HOST_DRIVE, PROFILE_FOLDER, SYSTEM_DRIVE, TEMP_FOLDER } from "./files/file-system.ts";
export { prepareProcess } from "./prepare-process.ts";
export { ProcessState } from "./process-state.ts";
export { codePage, textCodec, ANSI_CODE_PAGE, OEM_CODE_PAGE, type CodePage } from "./text/code-pages.ts";
export { win32Registry, type Win32Functions } from "./registry.ts";
export { sessionEnvironment } from "./system/system-table.ts";
