import { NtError, STATUS } from "@decant/hook";
import { implement } from "@decant/process";
import { functionTablesApi } from "./function-tables.api.ts";

/** A growable table is known by its own address. */
export const functionTables = implement(functionTablesApi, {
  RtlAddGrowableFunctionTable({ process }, dynamicTable, address, count, maximum, rangeBase) {
    if (address === 0 || count > maximum) throw new NtError(STATUS.INVALID_PARAMETER);
    process.handlers.dynamicTables.push({ address, count, base: Number(rangeBase & 0xffff_ffffn) });
    dynamicTable.set(address);
    return STATUS.SUCCESS;
  },
  RtlGrowFunctionTable({ process }, dynamicTable, count) {
    const { dynamicTables } = process.handlers;
    const index = dynamicTables.findIndex(({ address }) => address === dynamicTable);
    if (index >= 0) dynamicTables[index] = { ...dynamicTables[index]!, count };
  },
  RtlDeleteGrowableFunctionTable({ process }, dynamicTable) {
    const { dynamicTables } = process.handlers;
    const index = dynamicTables.findIndex(({ address }) => address === dynamicTable);
    if (index >= 0) dynamicTables.splice(index, 1);
  },
});
