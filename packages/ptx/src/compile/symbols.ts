import { PtxError } from "../error.ts";
import type { PtxFunction, PtxModule, Variable } from "../parse/ast.ts";

/** Where a variable lies in its own window: shared and local offsets, the parameter block, or the module's memory. */
export interface Placement {
  readonly space: "shared" | "local" | "param" | "module" | "dynamic-shared";
  readonly offset: number;
}

/** A variable in the module's own device memory. */
export interface ModuleVariable {
  readonly variable: Variable;
  readonly offset: number;
}

const GAP = 256;
const MAX_WINDOW = 1 << 26;

/** Places module variables one after the other with gaps, so that an overrun of one never reaches the next unseen. */
export function placeModuleVariables(module: PtxModule): { variables: ModuleVariable[]; bytes: number } {
  const variables: ModuleVariable[] = [];
  let at = 0;
  const add = (variable: Variable): void => {
    if (variable.space !== "global" && variable.space !== "const" && variable.space !== "tex") return;
    if (variable.linkage === "extern") {
      throw new PtxError(variable.line, `unresolved extern variable '${variable.name}'`, { kind: "unresolved" });
    }
    at = align(at, Math.max(variable.align, 16));
    variables.push({ variable, offset: at });
    at = align(at + Math.max(variable.size, variable.space === "tex" ? 8 : 0), GAP) + GAP;
    if (at > 2 ** 31) throw new PtxError(variable.line, "module variables are too large");
  };
  for (const variable of module.variables) add(variable);
  for (const { body } of module.functions) for (const variable of body?.variables ?? []) add(variable);
  return { variables, bytes: at };
}

/** Where everything is that one kernel can name. */
export interface KernelSymbols {
  readonly placements: ReadonlyMap<Variable, Placement>;
  readonly parameters: readonly { readonly name: string; readonly offset: number; readonly size: number }[];
  readonly parameterBytes: number;
  readonly sharedBytes: number;
  /** More shared memory may follow, as much as the launch says. */
  readonly hasDynamicShared: boolean;
  readonly localBytes: number;
}

export function placeKernelSymbols(module: PtxModule, kernel: PtxFunction, moduleVariables: readonly ModuleVariable[]): KernelSymbols {
  const placements = new Map<Variable, Placement>();
  for (const { variable, offset } of moduleVariables) placements.set(variable, { space: "module", offset });
  const parameters: { name: string; offset: number; size: number }[] = [];
  let parameterBytes = 0;
  for (const parameter of kernel.parameters) {
    if (!("space" in parameter)) throw new PtxError(kernel.line, "a kernel parameter cannot be a register");
    const offset = align(parameterBytes, parameter.align);
    placements.set(parameter, { space: "param", offset });
    parameters.push({ name: parameter.name, offset, size: parameter.size });
    parameterBytes = offset + parameter.size;
  }
  if (parameterBytes > 32764)
    throw new PtxError(kernel.line, `parameters of '${kernel.name}' take ${parameterBytes} bytes; 32764 are allowed`);
  const windows = { shared: 0, local: 0 };
  const used = [...module.variables, ...(kernel.body?.variables ?? [])];
  for (const variable of used) {
    if (variable.space !== "shared" && variable.space !== "local") continue;
    if (variable.space === "shared" && variable.linkage === "extern") {
      placements.set(variable, { space: "dynamic-shared", offset: 0 });
      continue;
    }
    const offset = align(windows[variable.space], variable.align);
    placements.set(variable, { space: variable.space, offset });
    windows[variable.space] = offset + variable.size;
    if (windows[variable.space] > MAX_WINDOW) throw new PtxError(variable.line, `.${variable.space} variables are too large`);
  }
  const hasDynamicShared = [...placements.values()].some(({ space }) => space === "dynamic-shared");
  return { placements, parameters, parameterBytes, sharedBytes: windows.shared, hasDynamicShared, localBytes: align(windows.local, 16) };
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
