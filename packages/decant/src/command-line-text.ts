/**
 * One command line from arguments, quoted so that a Windows program splits it into them again ("Parsing C command-line arguments"): backslashes
 * count only before a quotation mark.
 */
export function windowsCommandLine(args: readonly string[]): string {
  return args.map(quote).join(" ");
}

function quote(argument: string): string {
  if (argument !== "" && !/[\s"]/.test(argument)) return argument;
  const escaped = argument.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1");
  return `"${escaped}"`;
}
