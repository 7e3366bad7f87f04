import { painter, type Style } from "./terminal.ts";

type Paint = (style: Style, text: string) => string;

/** Writes a command's help for the terminal that it goes to, or as it is into a file or a pipe. */
export function writeHelp(text: string): void {
  process.stdout.write(helpPage(text, painter(process.stdout), process.stdout.columns));
}

/** Help with its headings marked, and no line wider than the terminal but for examples, which are there to be copied. What is cut goes on below where its text begins. */
export function helpPage(text: string, paint: Paint, columns = Infinity): string {
  return text
    .split("\n")
    .map((line) => (/^ *decant /.test(line) ? line : folded(line, columns)))
    .map((line) => line.replace(/^([A-Z][a-z]+$|Usage:)/, (heading) => paint("bold", heading)))
    .join("\n");
}

function folded(line: string, columns: number): string {
  if (line.length <= columns) return line;
  // Behind an option and its gap, or behind the line's own indentation.
  const indent = /^ +\S.*?\S {2,}(?=\S)/.exec(line)?.[0].length ?? /^ */.exec(line)![0].length;
  const room = columns - indent;
  const at = line.lastIndexOf(" ", columns);
  if (room < 20 || at <= indent) return line;
  return `${line.slice(0, at)}\n${folded(" ".repeat(indent) + line.slice(at + 1), columns)}`;
}

/** What `decant --help` prints. */
export const generalHelp = `decant runs programs made for Windows, and for CUDA, on machines that have neither.

Usage
  decant [run] [options] program.exe [arguments…]    run a Windows program
  decant inspect program.exe                         say what it is, what it imports, and which of that is mapped
  decant prefix [list|where|reset|copy]              C: drives that stay between runs
  decant cache [show|clear]                          what is kept of translated programs between runs
  decant daemon [status|start|stop]                  a process that stays, and runs programs faster
  decant kernel list|run module.ptx                  show and run the kernels of a CUDA module
  decant serve [options]                             let CUDA programs on other machines compute here
  decant token add|list|revoke                       who may use that server
  decant top [url]                                   watch it
  decant shim FOLDER                                 write a launcher for each .exe, for a PATH
  decant install --binfmt|--wine FOLDER              let other programs start Windows programs through Decant
  decant doctor                                      what works on this machine, and what would not

Examples
  decant hello.exe one "two words"
  decant run --timeout 10 --trace 'kernel32!*File*' tool.exe input.txt
  decant run --gpu ws://gpu-host:9440 simulate.exe
  decant kernel run saxpy.ptx saxpy --block 32 --scalar u32:3 --scalar f32:2 --in f32:1,2,3 --inout f32:10,20,30
  decant inspect tool.exe

Each command has its own --help. --version prints the version.
Options go before the program; what follows it is the program's own. The exit code is the program's (its low 8 bits, and 1 where that would make 0 of a failure; --json has it whole); 124 after --timeout, 2 for a command line that is wrong.
`;
