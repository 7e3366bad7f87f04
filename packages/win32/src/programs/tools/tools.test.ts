import { memoryHost } from "@decant/host";
import { Kernel } from "@decant/process";
import { expect, test } from "vitest";
import { win32Registry } from "../../registry.ts";
import { commandProcessor } from "../cmd/command-processor.ts";
import { programImage } from "../program-image.ts";

const LIST = "pear 12\r\nApple 3\r\nfig.txt 7\r\napple 3\r\n";

/** What a line of cmd.exe prints, with some files in the folder. The answers are Microsoft's pages' on each tool. */
async function answer(line: string, input = ""): Promise<string> {
  const host = memoryHost({
    files: { "/work/list.txt": LIST, "/work/other.txt": "no fruit\r\n", "/work/sub/deep.txt": "pear tree\r\n" },
    stdin: input,
  });
  const cmd = new Kernel({ host }).createProcess({
    image: programImage("cmd.exe", 8),
    path: "C:\\Windows\\System32\\cmd.exe",
    commandLine: `cmd.exe /c ${line}`,
    environment: [
      ["PATH", "C:\\Windows\\System32"],
      ["PATHEXT", ".COM;.EXE;.BAT;.CMD"],
    ],
    currentDirectory: "Z:\\work",
    registry: win32Registry(),
    hostMain: commandProcessor,
  });
  const { exitCode } = await cmd.kernel.run(cmd);
  return `${host.stdout.text()}${host.stderr.text()}= ${exitCode}`;
}

test.each([
  ['find "pear" list.txt', "\r\n---------- LIST.TXT\r\npear 12\r\n= 0"],
  ['find /c /i "apple" list.txt other.txt', "\r\n---------- LIST.TXT: 2\r\n\r\n---------- OTHER.TXT: 0\r\n= 0"],
  ['type list.txt | find /n /v "pple"', "[1]pear 12\r\n[3]fig.txt 7\r\n= 0"],
  ['find "none" list.txt', "\r\n---------- LIST.TXT\r\n= 1"],
  ["find none list.txt", "FIND: Parameter format not correct\r\n= 2"],
  ['findstr /n "pear fig" list.txt', "1:pear 12\r\n3:fig.txt 7\r\n= 0"],
  ['findstr /i /c:"apple 3" *.txt', "list.txt:Apple 3\r\nlist.txt:apple 3\r\n= 0"],
  ['findstr /r "^[a-f].*[0-9]$" list.txt', "fig.txt 7\r\napple 3\r\n= 0"],
  ['findstr /l "g.t" list.txt', "fig.txt 7\r\n= 0"],
  ["findstr /s /m pear *.txt", "list.txt\r\nsub\\deep.txt\r\n= 0"],
  ["findstr /vx /c:no other.txt", "no fruit\r\n= 0"],
  ["findstr nothing list.txt", "= 1"],
  ["findstr", "FINDSTR: Bad command line\r\n= 2"],
  ["sort list.txt", "Apple 3\r\napple 3\r\nfig.txt 7\r\npear 12\r\n= 0"],
  ["type list.txt | sort /r /+6", "fig.txt 7\r\npear 12\r\nApple 3\r\napple 3\r\n= 0"],
  ["sort /unique list.txt /o out.txt && type out.txt", "Apple 3\r\nfig.txt 7\r\npear 12\r\n= 0"],
  ["sort missing.txt", "The system cannot find the file specified.\r\n= 1"],
  ["where sort list.txt", "C:\\Windows\\System32\\sort.exe\r\nZ:\\work\\list.txt\r\n= 0"],
  ["where /r Z:\\work deep.*", "Z:\\work\\sub\\deep.txt\r\n= 0"],
  ["where nothing", "INFO: Could not find files for the given pattern(s).\r\n= 1"],
  ["where /q cmd", "= 0"],
  ["type list.txt | more +2", "fig.txt 7\r\napple 3\r\n= 0"],
])("%s", async (line, expected) => {
  expect(await answer(line)).toBe(expected);
});
