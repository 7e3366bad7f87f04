import type { Style } from "./terminal.ts";

type Paint = (style: Style, text: string) => string;

/** What `decant --help` prints. */
export function helpText(paint: Paint): string {
  const head = (text: string): string => paint("bold", text);
  return `${head("decant")} runs programs made for Windows, and for CUDA, on machines that have neither.

${head("Usage")}
  decant [run] [options] program.exe [arguments…]   run a Windows program
  decant inspect program.exe                         say what it is, what it imports, and which of that is mapped
  decant prefix [list|where|reset|copy]              C: drives that stay between runs
  decant cache [show|clear]                          what is kept of translated programs between runs
  decant kernel list|run module.ptx                  show and run the kernels of a CUDA module
  decant serve [options]                             let CUDA programs on other machines compute here
  decant token add|list|revoke                       who may use that server
  decant top [url]                                   watch it
  decant shim FOLDER                                 write a launcher for each .exe, for a PATH
  decant install --binfmt|--wine FOLDER              let other programs start Windows programs through Decant
  decant doctor                                      what works on this machine, and what would not

${head("Examples")}
  decant hello.exe one "two words"
  decant run --timeout 10 --trace 'kernel32!*File*' tool.exe input.txt
  decant run --gpu ws://gpu-host:9440 simulate.exe
  decant kernel run saxpy.ptx saxpy --block 32 --scalar u32:3 --scalar f32:2 --in f32:1,2,3 --inout f32:10,20,30
  decant inspect tool.exe

Each command has its own --help. --version prints the version.
Options go before the program; what follows it is the program's own. The exit code is the program's (its low 8 bits, and 1 where that would make
0 of a failure; --json has it whole); 124 after --timeout, 2 for a command line that is wrong.
`;
}
