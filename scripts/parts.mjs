/** Bundles the command as scripts: one that every run of a program needs, and parts that are loaded when something in them is first asked for. */
import { relative } from "node:path";
import { root } from "./workspace.mjs";

/** The script that is loaded first. */
export const CORE = "decant";
/** What is bundled again in a part that imports it: it is small, has no state, and what it is used for asks for its values all the time. */
const COPIED = /^packages\/wasm\//;

/** Topics of kernel32 and ntdll that few programs call, and those of the C runtimes that most do without: in the order of numbers, files, time, processes, text, C++. */
const SELDOM = new Set([
  ...listed(
    "kernel32",
    "atoms calendar console-cells console-input contexts copy-file create-process date-format fibers folder-changes job lock-file older-files path-cch processor-groups profile toolhelp ui-languages unicode-text update-resource volume",
  ),
  ...listed("ntdll", "function-tables pipe query runtime wait"),
]);
const SELDOM_IN_C =
  /^crt\/(index|conversion|floating-control|multibyte|multibyte-strings|older-runtimes|strings-and-math|locale-variants|threads|sorting|(math|files|time|processes|scanf|cxx|x86)\/[\w-]+|stdio\/(conio|scanned|wide-streams)|startup\/invalid-parameter)\.ts$/;

/** The topics that `partOf` was asked about. */
const met = new Set();

function listed(dll, topics) {
  return topics.split(" ").map((topic) => `${dll}/${topic}.ts`);
}

/**
 * Where a module goes that the core loads only when it needs it (`require`, `import()`). What such modules import goes with them, unless it is in the core, or in
 * a part above theirs.
 */
function partOf(module) {
  if (module === "packages/decant/src/commands/run.ts") return CORE;
  const [, topic] = /^packages\/win32\/src\/(.+)$/.exec(module) ?? [];
  met.add(topic);
  if (topic === undefined) return "tools";
  if (SELDOM_IN_C.test(topic)) return "runtimes";
  return /^(kernel32|ntdll|crt)\//.test(topic) && !SELDOM.has(topic) ? CORE : "windows";
}

/**
 * The scripts' options for esbuild. A module of another script is called by `require("decant:SCRIPT/MODULE")`, and is what that script's `modules` says
 * (packages/decant/bin/decant.js). Which script has which module is found out by building them all once.
 */
export async function splitCommand(entry, build, options) {
  const names = [CORE, "runtimes", "windows", "tools"];
  const asked = new Map(names.map((name) => [name, new Set()]));
  const owners = new Map();
  for (const name of names) {
    const { metafile } = await build({ ...optionsOf(name), write: false, metafile: true });
    for (const input of Object.keys(metafile.inputs)) {
      if (owners.has(input) && !COPIED.test(input)) throw new Error(`${input} would be in two scripts, as two modules`);
      owners.set(input, owners.get(input) ?? name);
    }
  }
  const gone = [...SELDOM].filter((topic) => !met.has(topic));
  if (gone.length > 0) throw new Error(`scripts/parts.mjs names topics that nothing loads: ${gone.join(", ")}`);
  return names.map(optionsOf);

  function optionsOf(name) {
    const modules = [...asked.get(name)].map((module) => `${JSON.stringify(module)}: () => require(${JSON.stringify(`./${module}`)})`);
    const contents = `exports.modules = { ${modules.join(",\n")} };\n${name === CORE ? `require(${JSON.stringify(entry)});` : ""}`;
    const plugins = [
      ...(options.plugins ?? []),
      { name: "parts", setup: (bundle) => bundle.onResolve({ filter: /./ }, resolver(bundle, name)) },
    ];
    // A part of the command is called by require, also where it is imported when it is needed.
    const supported = { "dynamic-import": false };
    return {
      ...options,
      plugins,
      supported,
      stdin: { contents, resolveDir: root, sourcefile: `${name}.cjs` },
      outfile: `${options.outdir}/${name}.js`,
      outdir: undefined,
    };
  }

  /** Resolves imports of modules that other scripts have to calls of those. */
  function resolver(bundle, name) {
    return async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === "resolving" || kind === "entry-point" || path.startsWith("node:")) return undefined;
      const resolved = await bundle.resolve(path, { importer, resolveDir, kind, pluginData: "resolving" });
      if (resolved.errors.length > 0 || resolved.external) return resolved;
      const module = relative(root, resolved.path);
      const isLater = kind === "require-call" || kind === "dynamic-import";
      const isOwn = importer === "" || importer.endsWith(`${name}.cjs`);
      const owner = owners.get(module) ?? (name === CORE && isLater && !isOwn ? partOf(module) : name);
      if (owner === name || COPIED.test(module)) return resolved;
      asked.get(owner).add(module);
      return { path: `decant:${owner}/${module}`, external: true };
    };
  }
}
