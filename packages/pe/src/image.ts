/** A machine that images are read for. */
export type Machine = "x86-64" | "x86";

/** An entry of the optional header's data directory; rva and size are 0 when there is none. */
export interface Directory {
  readonly rva: number;
  readonly size: number;
}

/** Indices into `Image.directories` (PE Format, "Optional Header Data Directories"). */
export const DIRECTORY = {
  EXPORT: 0,
  IMPORT: 1,
  RESOURCE: 2,
  EXCEPTION: 3,
  SECURITY: 4,
  BASERELOC: 5,
  DEBUG: 6,
  TLS: 9,
  LOAD_CONFIG: 10,
  BOUND_IMPORT: 11,
  IAT: 12,
  DELAY_IMPORT: 13,
  CLR: 14,
} as const;

/** Section characteristics that a loader looks at. */
export const SECTION = {
  CODE: 0x20,
  INITIALIZED_DATA: 0x40,
  UNINITIALIZED_DATA: 0x80,
  EXECUTE: 0x2000_0000,
  READ: 0x4000_0000,
  WRITE: 0x8000_0000,
} as const;

/** Subsystems (IMAGE_SUBSYSTEM_*). */
export const SUBSYSTEM = { NATIVE: 1, WINDOWS_GUI: 2, WINDOWS_CUI: 3 } as const;

/** One section of an image. */
export interface Section {
  readonly name: string;
  readonly rva: number;
  /** Bytes in memory; at least the raw size when the header says 0. */
  readonly virtualSize: number;
  readonly rawOffset: number;
  /** Bytes in the file that are mapped, never more than the file has. */
  readonly rawSize: number;
  readonly characteristics: number;
}

/** The headers of a PE image, and its file. */
export interface Image {
  readonly bytes: Uint8Array;
  readonly machine: Machine;
  /** PE32+: pointers of eight bytes. */
  readonly is64: boolean;
  readonly isDll: boolean;
  readonly characteristics: number;
  readonly dllCharacteristics: number;
  readonly timestamp: number;
  readonly checksum: number;
  /** 0 when there is none. */
  readonly entryPoint: number;
  readonly imageBase: bigint;
  readonly sectionAlignment: number;
  readonly sizeOfImage: number;
  readonly sizeOfHeaders: number;
  readonly subsystem: number;
  /** Major and minor version of the subsystem wanted. */
  readonly subsystemVersion: readonly [number, number];
  readonly stackReserve: number;
  readonly stackCommit: number;
  readonly heapReserve: number;
  readonly heapCommit: number;
  /** Sixteen entries. */
  readonly directories: readonly Directory[];
  readonly sections: readonly Section[];
  /** Whether it may be loaded away from its base: relocations are not stripped. */
  readonly relocatable: boolean;
  /** Whether it is a .NET assembly: code for another machine than a processor. */
  readonly isDotNet: boolean;
}
