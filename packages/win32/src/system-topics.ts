import type { ApiTable, Implementation } from "@decant/hook";
import { registryKeys } from "./advapi32/registry-keys.ts";
import { registryValues } from "./advapi32/registry-values.ts";
import { accessControl } from "./advapi32/access-control.ts";
import { eventLog } from "./advapi32/event-log.ts";
import { noDisplays } from "./gdi32/no-displays.ts";
import { eventTracing } from "./advapi32/event-tracing.ts";
import { serviceControl } from "./advapi32/service-control.ts";
import { sidCalls } from "./advapi32/sid-calls.ts";
import { tokens } from "./advapi32/tokens.ts";
import { capi } from "./crypto/capi.ts";
import { capiKeys } from "./crypto/capi-keys.ts";
import { cngKeyPairs } from "./crypto/cng-key-pairs.ts";
import { cng } from "./crypto/cng.ts";
import { certificates } from "./crypt32/certificates.ts";
import { chains } from "./crypt32/chains.ts";
import { objectDecoding } from "./crypt32/object-decoding.ts";
import { stores } from "./crypt32/stores.ts";
import { textEncoding } from "./crypt32/text-encoding.ts";
import { imageHelpApi } from "./dbghelp/image-help.api.ts";
import { stackWalk } from "./dbghelp/stack-walk.ts";
import { debugSymbols } from "./dbghelp/symbols.ts";
import { kernel32System } from "./kernel32/index-system.ts";
import { automation } from "./oleaut32/automation.ts";
import { errorInfo } from "./oleaut32/error-info.ts";
import { classObjects } from "./ole32/class-objects.ts";
import { combaseApi } from "./ole32/com.api.ts";
import { runtimeStrings } from "./ole32/runtime-strings.ts";
import { com, commonControls, windowsRuntime } from "./ole32/com.ts";
import { psapiApi } from "./psapi/psapi.api.ts";
import { uuid } from "./rpcrt4/uuid.ts";
import { commandLine } from "./shell32/command-line.ts";
import { explicitAccess } from "./advapi32/explicit-access.ts";
import { fileInfo } from "./shell32/file-info.ts";
import { fileOperation } from "./shell32/file-operation.ts";
import { folders, userProfile } from "./shell32/folders.ts";
import { clipboard } from "./user32/clipboard.ts";
import { characters } from "./user32/characters.ts";
import { imageLoading } from "./user32/images.ts";
import { keyboard } from "./user32/keyboard.ts";
import { messages } from "./user32/messages.ts";
import { rectangles } from "./user32/rectangles.ts";
import { noWindows } from "./user32/no-windows.ts";
import { userText } from "./user32/text.ts";
import { windowStation } from "./user32/window-station.ts";
import { dialogs } from "./comdlg32/dialogs.ts";
import { networkDrives } from "./mpr/network-drives.ts";
import { devices } from "./setupapi/devices.ts";
import { sound } from "./winmm/sound.ts";
import { adapters } from "./iphlpapi/adapters.ts";
import { suspend } from "./powrprof/suspend.ts";
import { dnsQueries } from "./dnsapi/queries.ts";
import { accounts } from "./netapi32/accounts.ts";
import { userNames } from "./secur32/user-names.ts";
import { sessions } from "./wtsapi32/sessions.ts";
import { download } from "./urlmon/download.ts";
import { winInet } from "./wininet/internet.ts";
import { winHttp } from "./winhttp/requests.ts";
import { trust } from "./wintrust/trust.ts";
import { shellStrings } from "./shlwapi/strings.ts";
import { shellPaths } from "./shlwapi/paths.ts";
import { shellStreamsApi } from "./shlwapi/streams.api.ts";
import { shellUrls } from "./shlwapi/urls.ts";
import { version } from "./version/version.ts";
import { addresses } from "./ws2_32/addresses.ts";
import { socketExtensions } from "./mswsock/extensions.ts";
import { databases } from "./ws2_32/databases.ts";
import { winsock1Api } from "./ws2_32/databases.api.ts";
import { socketIo } from "./ws2_32/socket-io.ts";
import { socketOptions } from "./ws2_32/socket-options.ts";
import { socketWaits } from "./ws2_32/socket-waits.ts";
import { sockets } from "./ws2_32/sockets.ts";

/** What programs ask of Windows besides files, processes, the console and the C runtime. */
export const systemTopics = [
  ...kernel32System,
  automation,
  errorInfo,
  capi,
  capiKeys,
  characters,
  clipboard,
  eventLog,
  noDisplays,
  cng,
  cngKeyPairs,
  textEncoding,
  certificates,
  objectDecoding,
  stores,
  chains,
  debugSymbols,
  imageHelpApi,
  stackWalk,
  imageLoading,
  keyboard,
  messages,
  noWindows,
  rectangles,
  classObjects,
  com,
  combaseApi,
  runtimeStrings,
  commonControls,
  windowsRuntime,
  fileInfo,
  fileOperation,
  folders,
  userProfile,
  uuid,
  commandLine,
  psapiApi,
  registryKeys,
  registryValues,
  accessControl,
  explicitAccess,
  accounts,
  dnsQueries,
  eventTracing,
  winHttp,
  winInet,
  download,
  serviceControl,
  sessions,
  shellStrings,
  trust,
  userNames,
  adapters,
  devices,
  dialogs,
  networkDrives,
  sound,
  shellPaths,
  shellUrls,
  suspend,
  shellStreamsApi,
  sidCalls,
  tokens,
  userText,
  version,
  addresses,
  databases,
  winsock1Api,
  socketExtensions,
  socketIo,
  socketOptions,
  socketWaits,
  sockets,
  windowStation,
] as const satisfies readonly (Implementation | ApiTable)[];
