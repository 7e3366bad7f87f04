import { FOLDERS } from "../system/system-table.ts";

const {
  profile,
  roaming,
  local,
  localLow,
  windows,
  system,
  systemX86,
  programFiles,
  programFilesX86,
  commonFiles,
  commonFilesX86,
  programData,
} = FOLDERS;
const { documents, desktop, fonts, profiles, public: publicFolder } = FOLDERS;
const startMenu = `${roaming}\\Microsoft\\Windows\\Start Menu`;
const commonStartMenu = `${programData}\\Microsoft\\Windows\\Start Menu`;

/** A folder that the shell knows: by its KNOWNFOLDERID, and by its CSIDL where it has one. */
export interface KnownFolder {
  readonly guid: string;
  readonly csidl: number | undefined;
  readonly path: string;
  /** What a 32-bit program is told. */
  readonly pathX86?: string;
}

/** GUIDs, CSIDLs and paths (KnownFolders.h, shlobj.h). */
export const KNOWN_FOLDERS: readonly KnownFolder[] = [
  folder("b4bfcc3a-db2c-424c-b029-7fe99a87c641", 0x10, desktop),
  folder("fdd39ad0-238f-46af-adb4-6c85480369c7", 0x05, documents),
  folder("374de290-123f-4565-9164-39c4925e467b", undefined, `${profile}\\Downloads`),
  folder("4bd8d571-6d19-48d3-be97-422220080e43", 0x0d, `${profile}\\Music`),
  folder("33e28130-4e1e-4676-835a-98395c3bc3bb", 0x27, `${profile}\\Pictures`),
  folder("18989b1d-99b5-455b-841c-ab7c74e4ddfc", 0x0e, `${profile}\\Videos`),
  folder("1777f761-68ad-4d8a-87bd-30b759fa33dd", 0x06, `${profile}\\Favorites`),
  folder("bfb9d5e0-c6a9-404c-b2b2-ae6db6af4968", undefined, `${profile}\\Links`),
  folder("56784854-c6cb-462b-8169-88e350acb882", undefined, `${profile}\\Contacts`),
  folder("4c5c32ff-bb9d-43b0-b5b4-2d72e54eaaa4", undefined, `${profile}\\Saved Games`),
  folder("7d1d3a04-debb-4115-95cf-2f29da2920da", undefined, `${profile}\\Searches`),
  folder("3eb685db-65f9-4cf6-a03a-e3ef65729f3d", 0x1a, roaming),
  folder("f1b32785-6fba-4fcf-9d55-7b8e7f157091", 0x1c, local),
  folder("a520a1a4-1780-4ff6-bd18-167343c5af16", undefined, localLow),
  folder("5e6c858f-0e22-4760-9afe-ea3317b67173", 0x28, profile),
  folder("0762d272-c50a-4bb0-a382-697dcd729b80", undefined, profiles),
  folder("dfdf76a2-c82a-4d63-906a-5644ac457385", undefined, publicFolder),
  folder("c4aa340d-f20f-4863-afef-f87ef2e6ba25", 0x19, `${publicFolder}\\Desktop`),
  folder("ed4824af-dce4-45a8-81e2-fc7965083634", 0x2e, `${publicFolder}\\Documents`),
  folder("3d644c9b-1fb8-4f30-9b45-f670235f79c0", undefined, `${publicFolder}\\Downloads`),
  folder("3214fab5-9757-4298-bb61-92a9deaa44ff", 0x35, `${publicFolder}\\Music`),
  folder("b6ebfb86-6907-413c-9af7-4fc2abf07cc5", 0x36, `${publicFolder}\\Pictures`),
  folder("2400183a-6185-49fb-a2d8-4a392a602ba3", 0x37, `${publicFolder}\\Videos`),
  folder("62ab5d82-fdc1-4dc3-a9dd-070d1d495d97", 0x23, programData),
  folder("905e63b6-c1bf-494e-b29c-65b732d3d21a", 0x26, programFiles, programFilesX86),
  folder("6d809377-6af0-444b-8957-a3773f02200e", undefined, programFiles),
  folder("7c5a40ef-a0fb-4bfc-874a-c0f2e0b9fa8e", 0x2a, programFilesX86),
  folder("f7f1ed05-9f6d-47a2-aaae-29d317c6f066", 0x2b, commonFiles, commonFilesX86),
  folder("6365d5a7-0f0d-45e5-87f6-0da56b6a4f7d", undefined, commonFiles),
  folder("de974d24-d9c6-4d3e-bf91-f4455120b917", 0x2c, commonFilesX86),
  folder("5cd7aee2-2219-4a67-b85d-6c9ce15660cb", undefined, `${local}\\Programs`),
  folder("bcbd3057-ca5c-4622-b42d-bc56db0ae516", undefined, `${local}\\Programs\\Common`),
  folder("f38bf404-1d43-42f2-9305-67de0b28fc23", 0x24, windows),
  folder("1ac14e77-02e7-4e5d-b744-2eb1ae5198b7", 0x25, system, systemX86),
  folder("d65231b0-b2f1-4857-a4ce-a8e7c6ea7d27", 0x29, systemX86),
  folder("fd228cb7-ae11-4ae3-864c-16f3910ab8fe", 0x14, fonts),
  folder("625b53c3-ab48-4ec1-ba1f-a1ef4146fc19", 0x0b, startMenu),
  folder("a77f5d77-2e2b-44c3-a6a2-aba601054a51", 0x02, `${startMenu}\\Programs`),
  folder("b97d20bb-f46a-4c97-ba10-5e3608430854", 0x07, `${startMenu}\\Programs\\Startup`),
  folder("a4115719-d62e-491d-aa7c-e74b8be3b067", 0x16, commonStartMenu),
  folder("0139d44e-6afe-49f2-8690-3dafcae6ffb8", 0x17, `${commonStartMenu}\\Programs`),
  folder("82a5ea35-d9cd-47c5-9629-e15d2f714e6e", 0x18, `${commonStartMenu}\\Programs\\Startup`),
  folder("8983036c-27c0-404b-8f08-102d10dcfd74", 0x09, `${roaming}\\Microsoft\\Windows\\SendTo`),
  folder("ae50c081-ebd2-438a-8655-8a092e34987a", 0x08, `${roaming}\\Microsoft\\Windows\\Recent`),
  folder("a63293e8-664e-48db-a079-df759e0509f7", 0x15, `${roaming}\\Microsoft\\Windows\\Templates`),
  folder("352481e8-33be-4251-ba85-6007caedcf9d", 0x20, `${local}\\Microsoft\\Windows\\INetCache`),
  folder("2b0f765d-c0e9-4171-908e-08a611b84ff6", 0x21, `${local}\\Microsoft\\Windows\\INetCookies`),
  folder("d9dc8a3b-b784-432e-a781-5a1130a75963", 0x22, `${local}\\Microsoft\\Windows\\History`),
];

/** A folder by its KNOWNFOLDERID, in lower case without braces. */
export function knownFolderByGuid(guid: string): KnownFolder | undefined {
  return KNOWN_FOLDERS.find((known) => known.guid === guid);
}

/** A folder by its CSIDL. */
export function knownFolderByCsidl(csidl: number): KnownFolder | undefined {
  // CSIDL_DESKTOP is the root of the name space, which lies in the same folder.
  return KNOWN_FOLDERS.find((known) => known.csidl === (csidl === 0 ? 0x10 : csidl));
}

function folder(guid: string, csidl: number | undefined, path: string, pathX86?: string): KnownFolder {
  return { guid, csidl, path, ...(pathX86 !== undefined && { pathX86 }) };
}
