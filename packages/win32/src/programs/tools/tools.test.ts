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
  ["xcopy /i /s Z:\\work\\sub copy", "Z:\\work\\sub\\deep.txt\r\n1 File(s) copied\r\n= 0"],
  ["xcopy /s /e /i /q . Z:\\all && dir /b /s Z:\\all\\sub", "3 File(s) copied\r\nZ:\\all\\sub\\deep.txt\r\n= 0"],
  ["xcopy /l list.txt out\\", "list.txt\r\n1 File(s)\r\n= 0"],
  ["xcopy list.txt new.txt && type new.txt", `list.txt\r\n1 File(s) copied\r\n${LIST}= 0`],
  ["xcopy nothing out", "0 File(s) copied\r\nFile not found - nothing\r\n= 4"],
  ["xcopy /# list.txt out", "Invalid switch - /#\r\n= 4"],
  ["xcopy /exclude:other.txt /i . out", "/exclude:other.txt is not there in this xcopy\r\n= 4"],
  ["xcopy /d:1-1-2020 list.txt out\\", "/d:1-1-2020 is not there in this xcopy\r\n= 4"],
  ["attrib +h list.txt && xcopy /i . out", ".\\other.txt\r\n1 File(s) copied\r\n= 0"],
  ["attrib +h list.txt && xcopy /h /i . out", ".\\list.txt\r\n.\\other.txt\r\n2 File(s) copied\r\n= 0"],
  ["xcopy /q list.txt new.txt && xcopy /d list.txt new.txt", "1 File(s) copied\r\n0 File(s) copied\r\n= 0"],
  ["xcopy /u /i . out", "0 File(s) copied\r\n= 0"],
  ["attrib list.txt", "A            Z:\\work\\list.txt\r\n= 0"],
  ["attrib +r list.txt && attrib list.txt", "A    R       Z:\\work\\list.txt\r\n= 0"],
  ["attrib +h -a list.txt && attrib list.txt", "    H        Z:\\work\\list.txt\r\n= 0"],
  ["attrib nothing", "File not found - nothing\r\n= 1"],
  ["fc list.txt list.txt", "Comparing files list.txt and LIST.TXT\r\nFC: no differences encountered\r\n\r\n= 0"],
  [
    "fc list.txt other.txt",
    `Comparing files list.txt and OTHER.TXT\r\n***** list.txt\r\n${LIST}***** OTHER.TXT\r\nno fruit\r\n*****\r\n\r\n\r\n= 1`,
  ],
  [
    "fc /b other.txt sub\\deep.txt",
    "Comparing files other.txt and SUB\\DEEP.TXT\r\n00000000: 6E 70\r\n00000001: 6F 65\r\n00000002: 20 61\r\n00000003: 66 72\r\n00000004: 72 20\r\n00000005: 75 74\r\n00000006: 69 72\r\n00000007: 74 65\r\n00000008: 0D 65\r\n00000009: 0A 0D\r\nFC: SUB\\DEEP.TXT longer than OTHER.TXT\r\n\r\n= 1",
  ],
  ["fc list.txt missing.txt", "FC: cannot open MISSING.TXT - No such file or folder\r\n= 2"],
  ["hostname", "DECANT\r\n= 0"],
  ["whoami", "decant\\user\r\n= 0"],
  ["chcp", "Active code page: 437\r\n= 0"],
  ["chcp 65001 && chcp", "Active code page: 65001\r\nActive code page: 65001\r\n= 0"],
  ["chcp 99", "Invalid code page\r\n= 1"],
  ["timeout /t 0 /nobreak", "= 0"],
  ["timeout soon", 'ERROR: Invalid syntax.\r\nType "TIMEOUT /?" for usage.\r\n= 1'],
  ["type list.txt | more +2", "fig.txt 7\r\napple 3\r\n= 0"],
])("%s", async (line, expected) => {
  expect(await answer(line)).toBe(expected);
});
