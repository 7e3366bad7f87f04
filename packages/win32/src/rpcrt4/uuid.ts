import { guidText, type Out } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { uuidApi } from "../ole32/com.api.ts";
import { parseGuid, randomGuid, type GuidValue } from "../ole32/guids.ts";

const RPC_S_OK = 0;
const RPC_S_INVALID_STRING_UUID = 1705;
const RPC_S_OUT_OF_MEMORY = 14;
const NIL: GuidValue = { Data1: 0, Data2: 0, Data3: 0, Data4: new Uint8Array(8) };

export const uuid = implement(uuidApi, {
  UuidCreate({ process }, Uuid) {
    Uuid.set(randomGuid(process));
    return RPC_S_OK;
  },
  // What is sequential on Windows names the machine's network card; nobody needs that.
  UuidCreateSequential({ process }, Uuid) {
    Uuid.set(randomGuid(process));
    return RPC_S_OK;
  },
  UuidCreateNil(_thread, NilUuid) {
    NilUuid.set(NIL);
    return RPC_S_OK;
  },
  UuidToStringA: (thread, Uuid, StringUuid) => giveText(thread, guidText(Uuid), StringUuid, 1),
  UuidToStringW: (thread, Uuid, StringUuid) => giveText(thread, guidText(Uuid), StringUuid, 2),
  UuidFromStringA: ({ memory }, StringUuid, Uuid) => parse(StringUuid === 0 ? undefined : memory.cstring(StringUuid), Uuid),
  UuidFromStringW: ({ memory }, StringUuid, Uuid) => parse(StringUuid === 0 ? undefined : memory.wstring(StringUuid), Uuid),
  UuidEqual(_thread, Uuid1, Uuid2, Status) {
    Status.set(RPC_S_OK);
    return guidText(Uuid1) === guidText(Uuid2) ? 1 : 0;
  },
  UuidIsNil(_thread, Uuid, Status) {
    Status.set(RPC_S_OK);
    return guidText(Uuid) === guidText(NIL) ? 1 : 0;
  },
  RpcStringFreeA: (thread, String) => freeText(thread, String),
  RpcStringFreeW: (thread, String) => freeText(thread, String),
});

function giveText({ process, memory }: Thread, text: string, result: Out<number>, unit: 1 | 2): number {
  const address = process.heap.allocate(unit * (text.length + 1));
  if (address === 0) return RPC_S_OUT_OF_MEMORY;
  if (unit === 2) memory.setWstring(address, text);
  else
    memory.write(
      address,
      Uint8Array.from(`${text}\0`, (letter) => letter.charCodeAt(0)),
    );
  result.set(address);
  return RPC_S_OK;
}

function freeText({ process }: Thread, place: Out<number>): number {
  process.heap.free(place.get());
  place.set(0);
  return RPC_S_OK;
}

/** NULL stands for the nil UUID. */
function parse(text: string | undefined, result: Out<GuidValue, Partial<GuidValue>>): number {
  const guid = text === undefined ? NIL : parseGuid(text);
  if (guid === undefined) return RPC_S_INVALID_STRING_UUID;
  result.set(guid);
  return RPC_S_OK;
}
