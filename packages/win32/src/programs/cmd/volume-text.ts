import { volumeSerial } from "../../files/attributes.ts";
import { volumeLabel } from "../../files/volume-information.ts";

/** What `vol` and `dir` say of a drive, in two lines. */
export function volumeText(path: string): string {
  const letter = path.slice(0, 1).toUpperCase();
  const serial = volumeSerial(path).toString(16).toUpperCase().padStart(8, "0");
  return ` Volume in drive ${letter} is ${volumeLabel(letter)}\r\n Volume Serial Number is ${serial.slice(0, 4)}-${serial.slice(4)}\r\n`;
}
