/** Value types ("Registry Value Types"). */
export const REG = {
  NONE: 0,
  SZ: 1,
  EXPAND_SZ: 2,
  BINARY: 3,
  DWORD: 4,
  DWORD_BIG_ENDIAN: 5,
  LINK: 6,
  MULTI_SZ: 7,
  RESOURCE_LIST: 8,
  FULL_RESOURCE_DESCRIPTOR: 9,
  RESOURCE_REQUIREMENTS_LIST: 10,
  QWORD: 11,
} as const;

/** Rights to a key ("Registry Key Security and Access Rights"). */
export const KEY = {
  QUERY_VALUE: 1,
  SET_VALUE: 2,
  CREATE_SUB_KEY: 4,
  ENUMERATE_SUB_KEYS: 8,
  NOTIFY: 0x10,
  CREATE_LINK: 0x20,
  WOW64_64KEY: 0x100,
  WOW64_32KEY: 0x200,
  DELETE: 0x1_0000,
  READ: 0x2_0019,
  WRITE: 0x2_0006,
  ALL_ACCESS: 0xf_003f,
} as const;
