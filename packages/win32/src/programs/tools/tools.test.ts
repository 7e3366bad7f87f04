import { memoryHost } from "@decant/host";
import { Kernel } from "@decant/process";
import { expect, test } from "vitest";
import { win32Registry } from "../../registry.ts";
import { commandProcessor } from "../cmd/command-processor.ts";
import { programImage } from "../program-image.ts";

const LIST = "pear 12\r\nApple 3\r\nfig.txt 7\r\napple 3\r\n";

const registry = win32Registry();

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
    registry,
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
  ['ping -n 1 127.0.0.1 | find "Reply"', "Reply from 127.0.0.1: bytes=32 time<1ms TTL=128\r\n= 0"],
  ["ping -n 1 -w 0 192.0.2.1 >nul", "= 1"],
  ["ping nowhere.example", "Ping request could not find host nowhere.example. Please check the name and try again.\r\n= 1"],
  ["ping -r 1 localhost", "Bad option -r.\r\n= 1"],
  [
    "chcp 65001 >nul & md a\\b & tree /f",
    "Folder PATH listing for volume host\r\nVolume serial number is DECA-005A\r\nZ:.\r\n│   list.txt\r\n│   other.txt\r\n│   \r\n├───a\r\n│   └───b\r\n└───sub\r\n        deep.txt\r\n        \r\n= 0",
  ],
  [
    "tree sub /a",
    "Folder PATH listing for volume host\r\nVolume serial number is DECA-005A\r\nZ:\\WORK\\SUB\r\nNo subfolders exist \r\n\r\n= 0",
  ],
  [
    "certutil -hashfile other.txt",
    "SHA1 hash of other.txt:\r\n978b6304372a65b257f100f1b6b24ac0144844e7\r\nCertUtil: -hashfile command completed successfully.\r\n= 0",
  ],
  [
    "certutil -encode other.txt o.b64 >nul && certutil -decode o.b64 o.txt >nul && fc /b other.txt o.txt >nul && type o.b64",
    "-----BEGIN CERTIFICATE-----\r\nbm8gZnJ1aXQNCg==\r\n-----END CERTIFICATE-----\r\n= 0",
  ],
  [
    "certutil -hashfile none.txt",
    "CertUtil: -hashfile command FAILED: 0x80070002 (WIN32: 2)\r\nCertUtil: The system cannot find the file specified.\r\n= 2147942402",
  ],
  ["certutil -store", "CertUtil: -store is not there: only -hashfile, -encode and -decode are.\r\n= 2147942487"],
  ['tasklist /fo csv /nh /fi "imagename eq cmd.exe" | find /c "cmd.exe"', "1\r\n= 0"],
  ['tasklist /fi "imagename eq none.exe"', "INFO: No tasks are running which match the specified criteria.\r\n= 0"],
  ["tasklist /svc", "ERROR: Invalid argument/option - '/svc': it is not there in this tasklist.\r\n= 1"],
  ['start /b timeout 100 & taskkill /im timeout.exe 2>nul || taskkill /f /im timeout.exe | find /c "SUCCESS"', "1\r\n= 0"],
  ["taskkill /f /im none.exe", 'ERROR: The process "none.exe" not found.\r\n= 128'],
  [
    "reg add HKCU\\Software\\X /v N /t REG_DWORD /d 0x1f >nul && reg add hkcu\\software\\x /ve /d text /f >nul && reg add HKCU\\Software\\X\\Y /f && reg query HKCU\\Software\\X",
    "The operation completed successfully.\r\n\r\nHKEY_CURRENT_USER\\Software\\X\r\n    (Default)    REG_SZ    text\r\n    N    REG_DWORD    0x1f\r\n\r\nHKEY_CURRENT_USER\\Software\\X\\Y\r\n= 0",
  ],
  [
    'reg query "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion" /v CurrentBuild',
    "\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\r\n    CurrentBuild    REG_SZ    19045\r\n\r\n= 0",
  ],
  ["reg query HKCU\\None", "ERROR: The system was unable to find the specified registry key or value.\r\n= 1"],
  [
    "reg add HKCU\\Z /v A /d 1 >nul & reg delete HKCU\\Z /v A /f & reg query HKCU\\Z /v A & reg delete HKCU\\Z /f >nul & reg query HKCU\\Z",
    "The operation completed successfully.\r\nERROR: The system was unable to find the specified registry key or value.\r\nERROR: The system was unable to find the specified registry key or value.\r\n= 1",
  ],
  ["reg add HKCU\\Z /v A /d q\\r >nul & reg export HKCU\\Z z.reg >nul & for %i in (z.reg) do @echo %~zi", "156\r\n= 0"],
  ["reg compare a b", "ERROR: reg compare is not there: only query, add, delete and export are.\r\n= 1"],
  [
    "robocopy . out /e /njh /njs /ndl /xd out",
    "\t    New File  \t\t      38\tlist.txt\r\n\t    New File  \t\t      10\tother.txt\r\n\t    New File  \t\t      11\tdeep.txt\r\n= 1",
  ],
  ["robocopy sub out /nfl /ndl /njh /njs & robocopy sub out /nfl /ndl /njh /njs", "= 0"],
  [
    "robocopy sub out /njh /njs /ndl /nfl & copy list.txt out >nul & robocopy sub out /mir /njh /njs /ndl & dir /b out",
    "\t  *EXTRA File \t\t      38\tlist.txt\r\ndeep.txt\r\n= 0",
  ],
  ["robocopy . out *.txt /mov /njh /njs /ndl /nfl /xf other.txt & dir /b *.txt out", "other.txt\r\nlist.txt\r\n= 0"],
  [
    "robocopy none out /njh",
    "ERROR 2 (0x00000002) Accessing Source Directory Z:\\work\\none\\\r\nThe system cannot find the file specified.\r\n= 16",
  ],
  ["robocopy sub out /secfix", '\r\nERROR : Invalid Parameter #3 : "/secfix"\r\n= 16'],
  ["timeout /t 0 /nobreak", "= 0"],
  ["timeout soon", 'ERROR: Invalid syntax.\r\nType "TIMEOUT /?" for usage.\r\n= 1'],
  ["type list.txt | more +2", "fig.txt 7\r\napple 3\r\n= 0"],
])("%s", async (line, expected) => {
  expect(await answer(line)).toBe(expected);
});
