import { array, AddressType, USHORT, type CallingThread } from "@decant/hook";
import { PAGE } from "@decant/memory";
import { C_CLASSES } from "./classes.ts";

const TABLE = array(USHORT, C_CLASSES.length);

/** A variable that points to a table of character classes, which is made with it: programs look there with no call. */
class ClassTableType extends AddressType {
  constructor() {
    super("unsigned short*");
  }

  override store(thread: CallingThread, address: number): void {
    const table = thread.memory.allocate(TABLE.size(thread.pointerSize), PAGE.READWRITE);
    if (table === undefined) return;
    TABLE.store(thread, table, C_CLASSES);
    // Behind the entry of EOF.
    super.store(thread, address, table + 2);
  }
}

/** The type of _pctype and _pwctype. Its initial value is the "C" locale's table, whatever is given. */
export const CLASS_TABLE = new ClassTableType();
