/** Bundles packages/decant into packages/decant/dist: the command people run, with no start-up cost for what it does not use. */
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { splitCommand } from "./parts.mjs";
import { root } from "./workspace.mjs";

// esbuild names modules by where they are from the current folder.
process.chdir(root);
const { build } = await import("esbuild");
const dist = join(root, "packages/decant/dist");

/** Stands for the hash of the whole bundle, which is known when it is written. */
const UNKNOWN_BUILD = "the hash of this build";

/** Folders of packages that are not ours. */
const foreign = new Set();

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const shared = {
  outdir: dist,
  bundle: true,
  platform: "node",
  target: "node20",
  // Names stay: the trace shows kernel objects by their classes, and reports of bugs have stacks.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  // bufferutil and utf-8-validate are ws's optional native parts, koffi ours; msgpackr's extractor is native too.
  external: ["bufferutil", "utf-8-validate", "msgpackr-extract", "koffi"],
  logLevel: "warning",
};
// The command is one script, an expression that bin/decant.js evaluates: a script can bring the code that V8 compiled last time, a module of Node 20 cannot.
// What a run does not import, a script does not evaluate either.
const script = {
  ...shared,
  format: "cjs",
  banner: { js: `// ${UNKNOWN_BUILD}\n(function (require, module, exports, decantUrl, decantScripts) {` },
  footer: { js: "})" },
  define: { DECANT_BUILD: JSON.stringify(UNKNOWN_BUILD), "import.meta.url": "decantUrl" },
};
const topicLoaders = await makeImages();
// Decoder and translator are a script of their own, which a run from the translation cache does not load. The CUDA DLLs are evaluated when they are first called for.
const separate = {
  name: "separate",
  setup(bundle) {
    bundle.onLoad({ filter: /\/x86\/src\/engine\/load-translation\.ts$/ }, () => ({
      contents: 'export function loadTranslation() { return decantScripts.load("translation"); }',
    }));
    bundle.onLoad({ filter: /\/nvcuda\/src\/load-nvcuda\.ts$/ }, () => ({
      contents: 'export function loadNvcuda() { return require("./nvcuda.ts"); }',
    }));
    bundle.onLoad({ filter: /\/win32\/src\/load-topics\.ts$/ }, () => ({ contents: topicLoaders }));
    bundle.onLoad({ filter: /\/decant\/src\/import-module\.ts$/ }, () => ({ contents: "export const { importModule } = decantScripts;" }));
    bundle.onLoad({ filter: /\/win32\/src\/guest-images\/load-image\.ts$/ }, () => ({
      contents: "export function loadImage(name) { return decantScripts.read(`${name}.dll`); }",
    }));
    bundle.onLoad({ filter: /\/x86\/src\/load-module\.ts$/ }, () => ({
      contents: "export function loadModule(name) { return decantScripts.read(`${name}.wasm`); }",
    }));
  },
};
for (const part of await splitCommand("./packages/decant/src/main.ts", build, { ...script, plugins: [separate] })) await bundle(part);
// What gives a run to the daemon is a script of its own: most of its time is Node's.
await bundle({ ...script, entryPoints: { client: join(root, "packages/decant/src/daemon/client.ts") } });
await bundle({ ...script, entryPoints: { translation: join(root, "packages/x86/src/engine/translation.ts") } });
await bundle({
  ...shared,
  entryPoints: {
    index: join(root, "packages/decant/src/index.ts"),
    api: join(root, "packages/decant/src/api.ts"),
    testing: join(root, "packages/decant/src/testing.ts"),
    "nvidia-process": join(root, "packages/compute/src/nvidia/nvidia-process.ts"),
  },
  format: "esm",
  // What the entries have in common is there once: their classes have to be the same.
  splitting: true,
  chunkNames: "part-[hash]",
  // Bundled CommonJS packages still call require for Node's own modules.
  banner: {
    js: 'import { createRequire as decantCreateRequire } from "node:module"; const require = decantCreateRequire(import.meta.url);',
  },
  define: { DECANT_BUILD: JSON.stringify(UNKNOWN_BUILD) },
});
await buildModules();
await writeGuestImages();
stampBuild();
const fromX86 = createRequire(join(root, "packages/x86/package.json"));
copyFileSync(fromX86.resolve("iced-x86/iced_x86_bg.wasm"), join(dist, "iced_x86_bg.wasm"));
foreign.add(dirname(fromX86.resolve("iced-x86/package.json")));
writeLicences();

/** Builds, and remembers what of other packages goes into it. */
async function bundle(options) {
  const { metafile } = await build({ ...options, metafile: true });
  for (const input of Object.keys(metafile.inputs)) {
    const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
    if (folder !== undefined && !folder.includes("node_modules/@decant/")) foreign.add(folder);
  }
}

/** The licence of everything in the bundle that somebody else wrote. A package without one fails the build. */
function writeLicences() {
  const sections = [...foreign]
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      if (license === undefined) throw new Error(`${name} is bundled, and has no licence`);
      // A package that only names its licence says so in its package.json.
      const text = file === undefined ? `Its package.json says: ${license}.` : readFileSync(join(folder, file), "utf8").trim();
      return `${name} ${version} (${license})\n\n${text}\n`;
    });
  const head =
    "dist/ is built from Decant's own sources (MIT, see LICENSE) and from the npm packages below. iced_x86_bg.wasm is iced-x86's as it is.\n";
  writeFileSync(join(dist, "THIRD-PARTY-LICENCES.txt"), [head, ...sections].join(`\n${"-".repeat(80)}\n\n`));
}

/** WebAssembly that is the same in every run is made here. */
async function buildModules() {
  const made = join(dist, "built-modules.mjs");
  await build({
    ...shared,
    outdir: undefined,
    outfile: made,
    entryPoints: [join(root, "packages/x86/src/engine/built-modules.ts")],
    format: "esm",
  });
  const { hashModule, loadModule, moduleNames } = await import(pathToFileURL(made).href);
  rmSync(made);
  writeFileSync(join(dist, "hash.wasm"), hashModule());
  for (const name of moduleNames) writeFileSync(join(dist, `${name}.wasm`), loadModule(name));
}

/**
 * The images of built-in DLLs are files beside the bundle (packages/win32/src/made). Returns what the bundle has in the place of packages/win32/src/load-topics.ts:
 * where each topic is, to be evaluated when it is needed.
 */
async function makeImages() {
  const source = join(root, "packages/win32/src");
  const files = readdirSync(source, { recursive: true }).filter((name) => /(?<!\.test|\.d)\.ts$/.test(name) && !name.includes("testdata"));
  const contents = [
    'export { makeImages } from "./made/make-images.ts";',
    'export { topics } from "./topics.ts";',
    'export { OLDER_RUNTIMES } from "./crt/dlls.ts";',
    ...files.map((name, n) => `import * as m${n} from "./${name}";`),
    `export const modules = { ${files.map((name, n) => `"./${name}": m${n}`).join(", ")} };`,
  ].join("\n");
  const outfile = join(dist, "made-images.mjs");
  await build({ ...shared, outdir: undefined, outfile, stdin: { contents, resolveDir: source }, format: "esm" });
  const made = await import(pathToFileURL(outfile).href);
  rmSync(outfile);
  for (const { dll, pointerSize, file } of made.makeImages()) writeFileSync(join(dist, imageFile(dll, pointerSize)), file);
  const places = placesOf(made.topics, made.modules);
  const dlls = [...new Set(made.topics.flatMap((topic) => (topic.table ?? topic).dlls))];
  return `
    import { decodeMadeImage } from "./made/made-image.ts";
    const topics = [${places.map(({ dlls, code }) => `{ dlls: ${JSON.stringify(dlls)}, load: () => ${code} }`).join(",\n")}];
    const suffix = (pointerSize) => (pointerSize === 8 ? "x64" : "x86");
    export function addTopics(registry) {
      registry.add(...topics);
      for (const dll of ${JSON.stringify(made.OLDER_RUNTIMES)})
        registry.addLater(dll, () => require("./crt/older-runtimes.ts").olderRuntime(dll, require("./crt/index.ts").crt));
      for (const dll of ${JSON.stringify(dlls)})
        registry.addMade(dll, (pointerSize) => decodeMadeImage(decantScripts.read(\`\${dll}-\${suffix(pointerSize)}.dll\`), (n) => topics[n].load()));
    }
    export function loadPrograms() { return require("./programs/index.ts"); }`;
}

function imageFile(dll, pointerSize) {
  return `${dll}-${pointerSize === 8 ? "x64" : "x86"}.dll`;
}

/** The DLLs of each topic, and code that evaluates it: it is what a module exports, or in a list that one exports. */
function placesOf(topics, modules) {
  const known = new Map();
  for (const [file, exported] of Object.entries(modules))
    for (const [name, value] of Object.entries(exported)) {
      const code = `require(${JSON.stringify(file)}).${name}`;
      if (Array.isArray(value)) value.forEach((each, n) => known.has(each) || known.set(each, `${code}[${n}]`));
      else known.set(value, code);
    }
  return topics.map((topic) => {
    const code = known.get(topic);
    if (code === undefined) throw new Error(`no module exports a topic of ${(topic.table ?? topic).dlls}`);
    return { dlls: (topic.table ?? topic).dlls, code };
  });
}

/** DLLs in guest code are files beside the bundle. */
async function writeGuestImages() {
  const made = join(dist, "guest-images.mjs");
  const entry = join(root, "packages/win32/src/guest-images/load-image.ts");
  await build({ ...shared, outdir: undefined, outfile: made, entryPoints: [entry], format: "esm" });
  const { imageNames, loadImage } = await import(pathToFileURL(made).href);
  rmSync(made);
  for (const name of imageNames) writeFileSync(join(dist, `${name}.dll`), loadImage(name));
}

/** What earlier builds of the translator made must never be taken for this one's. */
function stampBuild() {
  const files = readdirSync(dist).map((name) => join(dist, name));
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  const build = hash.digest("hex").slice(0, 32);
  for (const file of files) {
    if (/\.(wasm|dll)$/.test(file)) continue;
    const text = readFileSync(file, "utf8");
    if (text.includes(UNKNOWN_BUILD)) writeFileSync(file, text.replaceAll(UNKNOWN_BUILD, build));
  }
}
