import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { transformSync } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";
import { decantCommand } from "./decant.ts";

/** A block of a page: ```ts … ```, ```sh … ```. */
interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

const root = join(import.meta.dirname, "..");
const docs = join(root, "docs");
const packages = readdirSync(join(root, "packages"));
const pages = [
  "README.md",
  ...readdirSync(docs)
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
  ...packages.map((name) => `packages/${name}/README.md`),
];
const blocks = pages.flatMap(blocksOf);
const folder = mkdtempSync(join(tmpdir(), "decant-docs-"));
/** Within the repository, where the packages are found by their names. */
const scripts = join(root, `.cache/docs-${process.pid}`);
const env = {
  ...process.env,
  PATH: `${join(folder, "commands")}:${process.env["PATH"]}`,
  DECANT_CACHE: join(folder, "cache"),
  DECANT_PREFIXES: join(folder, "prefixes"),
  XDG_CONFIG_HOME: join(folder, "config"),
  XDG_RUNTIME_DIR: join(folder, "runtime"),
  NO_COLOR: "1",
};

function blocksOf(page: string): Block[] {
  const found: Block[] = [];
  const lines = readFileSync(join(root, page), "utf8").split("\n");
  for (let at = 0; at < lines.length; at++) {
    const language = /^```(\w+)$/.exec(lines[at] ?? "")?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf("```", at + 1);
    found.push({ page, line: at + 2, language, text: lines.slice(at + 1, end).join("\n") });
    at = end;
  }
  return found;
}

/** A folder that has what the pages speak of. */
beforeAll(() => {
  mkdirSync(join(folder, "commands"));
  mkdirSync(join(folder, "tools"));
  mkdirSync(scripts, { recursive: true });
  symlinkSync(decantCommand, join(folder, "commands/decant"));
  writeFileSync(join(folder, "commands/npx"), '#!/bin/sh\n[ "$1" = decant ] && shift\nexec decant "$@"\n', { mode: 0o755 });
  symlinkSync(join(root, "fixtures"), join(folder, "fixtures"));
  for (const [name, from] of [
    ["tool.exe", "hello/hello.exe"],
    ["program.exe", "hello/hello.exe"],
    ["sha256.exe", "sha256/sha256.exe"],
    ["library.dll", "library/library.dll"],
    ["tools/hello.exe", "hello/hello.exe"],
    ["simulate.exe", "vector-add/vector-add.exe"],
  ] as const) {
    // prettier-ignore
    copyFileSync(join(fixturesFolder, from), join(folder, name));
  }
  writeFileSync(join(folder, "input.txt"), "abc");
  for (const name of ["cert", "key"])
    copyFileSync(join(root, `packages/server/testdata/localhost-${name}.pem`), join(folder, `${name}.pem`));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ scripts: { package: `node ${join(scripts, "package.mjs")}` } }));
  writeFileSync(
    join(scripts, "package.mjs"),
    'import { spawnExe } from "cross-spawn-windows-exe";\nconsole.log(await spawnExe("tool.exe", ["from a build"]));\n',
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(scripts, { recursive: true });
});

/** Examples of packages of the workspace, which run from their sources. */
const isOfPackages = ({ text }: Block): boolean => text.includes('from "@decant/');

/** Hook scripts are run by the commands that name them: the first block that exports one, under that name. */
const isHookScript = ({ text }: Block): boolean => text.includes("export default");

describe("every code block of the docs runs", () => {
  const typescript = blocks.filter(({ language }) => language === "ts");
  test("there are some", () => {
    expect(typescript.length).toBeGreaterThan(8);
  });

  const named = typescript.map((block) => [`${block.page}:${block.line}`, block] as const);

  test.each(named.filter(([, block]) => !isHookScript(block) && !isOfPackages(block)))("%s", (_, block) => {
    const recordings = join(folder, "recordings");
    if (block.text.includes("recordings/") && !existsSync(recordings)) recordTool(recordings);
    // What is run is the bundle, as users have it.
    const bundle = (entry = "/index"): string => JSON.stringify(pathToFileURL(join(root, `packages/decant/dist${entry}.js`)).href);
    const { code } = transformSync(block.text, { loader: "ts", format: "esm" });
    const file = `${sourceOf(block)}.mjs`;
    writeFileSync(
      file,
      code.replaceAll(/from "decant(\/\w+)?"/g, (_all, entry?: string) => `from ${bundle(entry)}`),
    );
    const { NODE_TEST_CONTEXT: _context, ...rest } = env as NodeJS.ProcessEnv;
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], { cwd: folder, env: rest, encoding: "utf8" });
    expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
  });

  test.each(named.filter(([, block]) => isHookScript(block)))("%s, as a hook script", (_, block) => {
    const file = join(folder, "script.ts");
    writeFileSync(file, block.text);
    const args = ["run", "--hook", file, "sha256.exe", "input.txt"];
    const shown = execFileSync("decant", args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
    expect(shown).toContain("input.txt");
  });

  test("examples of the packages' READMEs, in one process", () => {
    const examples = typescript.filter(isOfPackages);
    expect(new Set(examples.map(({ page }) => page)).size).toBe(packages.length - 1);
    const files = examples.map((block) => {
      writeFileSync(`${sourceOf(block)}.ts`, block.text);
      return `${sourceOf(block)}.ts`;
    });
    writeFileSync(join(scripts, "tsconfig.json"), JSON.stringify({ extends: join(root, "tsconfig.json"), compilerOptions: { paths } }));
    const runner = join(scripts, "examples.mts");
    writeFileSync(runner, files.map((file) => `await import(${JSON.stringify(file)});\n`).join(""));
    const { NODE_TEST_CONTEXT: _context, ...rest } = env as NodeJS.ProcessEnv;
    const args = ["--tsconfig", join(scripts, "tsconfig.json"), runner];
    const { status, stdout, stderr } = spawnSync(join(root, "node_modules/.bin/tsx"), args, { cwd: root, env: rest, encoding: "utf8" });
    expect({ status, stdout, stderr }).toMatchObject({ status: 0, stdout: expect.stringContaining("12, 24, 36") });
  });

  test("TypeScript of the docs is right by its types", () => {
    const files = typescript.map((block) => {
      const file = `${sourceOf(block)}.ts`;
      writeFileSync(file, block.text.replaceAll(/from "decant(\/\w+)?"/g, 'from "#decant$1"'));
      return file;
    });
    const config = join(scripts, "tsconfig.json");
    writeFileSync(
      config,
      JSON.stringify({
        extends: join(root, "tsconfig.json"),
        compilerOptions: { paths },
        include: [],
        files: [join(root, "types/webassembly.d.ts"), ...files],
      }),
    );
    const { stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", config], { cwd: root, encoding: "utf8" });
    expect(stdout).toBe("");
  });
});

/** Packages by their names, wherever the file lies. */
const paths = { "@decant/*": [join(root, "packages/*/src/index.ts")] };

/** Where a block's text goes, without the extension. */
function sourceOf({ page, line }: Block): string {
  return join(scripts, `${page.replaceAll(/\W/g, "-")}-${line}`);
}

test("links of the docs lead to files and headings that are there", () => {
  const headings = (page: string): string[] =>
    [...readFileSync(join(root, page), "utf8").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    );
  const broken = [...pages, "CONTRIBUTING.md"].flatMap((page) =>
    [...readFileSync(join(root, page), "utf8").matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)]
      .filter(([, path = "", heading]) => {
        const target = path === "" ? page : join(dirname(page), path);
        return !existsSync(join(root, target)) || (heading !== undefined && !headings(target).includes(heading));
      })
      .map(([link]) => `${page}: ${link}`),
  );
  expect(broken).toEqual([]);
});

describe("every command of the docs runs", () => {
  const shell = blocks.filter(({ language }) => language === "sh");
  const commandsOf = ({ page, line, text }: Block): (readonly [string, string])[] =>
    text
      .split("\n")
      .map((command, index) => [`${page}:${line + index}`, command] as const)
      .filter(([, command]) => command.trim() !== "" && !command.startsWith("#"));
  const isRun = (command: string): boolean => !/# not run: \S/.test(command);
  const serves = (command: string): boolean => /^(?:npx )?decant serve\b/.test(command);
  const hasServer = (block: Block): boolean => commandsOf(block).some(([, command]) => serves(command));
  const commands = shell
    .filter((block) => !hasServer(block))
    .flatMap(commandsOf)
    .filter(([, command]) => isRun(command));

  test("there are some, and one that cannot be run yet", () => {
    expect(commands.length).toBeGreaterThan(15);
    const others = shell.flatMap(commandsOf).filter(([, command]) => !isRun(command));
    expect(others.map(([, command]) => command.replace(/ *#.*/, ""))).toEqual(["npm install --save-dev decant"]);
  });

  test.each(commands)("%s %s", (_, command) => {
    const { status, stderr } = spawnSync("sh", ["-c", command], { cwd: folder, env, encoding: "utf8" });
    expect({ status, stderr }).toMatchObject({ status: 0 });
  });

  // A server runs beside the lines that follow it, on a port of its own, and stops when it is told to.
  test.each(shell.filter(hasServer).map((block) => [`${block.page}:${block.line}`, block] as const))(
    "%s, with its server",
    async (_, block) => {
      const port = String(await freePort());
      let token = "";
      let server: ChildProcess | undefined;
      try {
        for (const [where, line] of commandsOf(block)) {
          const command = line.replaceAll("9440", port).replace("decant_…", token).replace("wss://host:", "wss://localhost:");
          if (serves(line)) server = await startServer(command);
          else {
            const options = { cwd: folder, env: { ...env, NODE_EXTRA_CA_CERTS: join(folder, "cert.pem") }, encoding: "utf8" } as const;
            const { status, stdout, stderr } = spawnSync("sh", ["-c", command], options);
            expect({ where, status, stderr }).toMatchObject({ status: 0 });
            token = /\bdecant_\S+/.exec(stdout)?.[0] ?? token;
          }
        }
        expect(server).toBeDefined();
      } finally {
        if (server?.exitCode === null) {
          const exit = once(server, "exit");
          server.kill("SIGTERM");
          expect(await exit).toEqual([0, null]);
        }
      }
    },
  );
});

/** A server that listens. */
async function startServer(command: string): Promise<ChildProcess> {
  const server = spawn("sh", ["-c", `exec ${command.replace(/^npx /, "")}`], { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
  await new Promise<void>((resolve, reject) => {
    let said = "";
    server.stderr.on("data", (chunk: Buffer) => {
      said += String(chunk);
      if (said.includes("listening")) resolve();
    });
    server.once("exit", () => reject(new Error(`${command}: ${said}`)));
  });
  return server;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}

describe("what other tools read", () => {
  const of = (wanted: string) => blocks.filter(({ language }) => language === wanted);

  test("is of kinds that are looked at here", () => {
    expect([...new Set(blocks.map(({ language }) => language))].toSorted()).toEqual(["dockerfile", "sh", "ts", "yaml"]);
  });

  test("a workflow is indented by twos, with known keys, and braces that close", () => {
    const keys = /^(?:jobs|test|runs-on|steps|name|uses|with|run|env|on)$/;
    for (const { page, line, text } of of("yaml"))
      for (const [index, each] of text.split("\n").entries()) {
        const where = `${page}:${line + index}`;
        const [, indent, key, value] = /^( *)(?:- )?([\w-]+):(?: (.*))?$/.exec(each) ?? [where];
        expect([where, (indent?.length ?? 1) % 2, keys.test(key ?? "")]).toEqual([where, 0, true]);
        const plain = (value ?? "").replaceAll(/"[^"]*"/g, '""');
        expect([where, plain.split("{").length, /: /.test(plain) && !plain.startsWith("{")]).toEqual([
          where,
          plain.split("}").length,
          false,
        ]);
      }
  });

  test("a Dockerfile has known instructions, a base first, and commands as JSON", () => {
    for (const { text } of of("dockerfile")) {
      const instructions = text.split("\n").map((each) => /^([A-Z]+) (.+)$/.exec(each)?.slice(1) ?? [each, ""]);
      expect(instructions[0]?.[0]).toBe("FROM");
      for (const [name, rest] of instructions) {
        expect(["FROM", "RUN", "COPY", "WORKDIR", "CMD", "ENTRYPOINT", "ENV", "USER"]).toContain(name);
        if (name === "CMD" || name === "ENTRYPOINT") expect(JSON.parse(rest!)).toContain("decant");
      }
    }
  });

  test("options that their commands are given are there", () => {
    const texts = [...of("yaml"), ...of("dockerfile")].map(({ text }) => text.replaceAll(/[[\]",]+/g, " "));
    const commands = texts.flatMap((text) => [...text.matchAll(/\bdecant +(run|install)\b([^\n&]*)/g)]);
    expect(commands.length).toBeGreaterThan(2);
    for (const [, command, rest] of commands) {
      const help = execFileSync("decant", [command!, "--help"], { env, encoding: "utf8" });
      for (const [option] of rest!.matchAll(/--[\w-]+/g)) expect(help).toContain(option);
    }
  });
});

/** What Wine answered of the tool, as test/recordings has it. */
function recordTool(into: string): void {
  mkdirSync(into);
  const recorded = JSON.parse(readFileSync(join(root, "test/recordings/hello.json"), "utf8")) as Record<string, unknown>;
  const words = "one two words --exit 3";
  expect(recorded[`hello.exe ${words}`]).toBeDefined();
  writeFileSync(join(into, "tool.json"), JSON.stringify({ [`tool.exe ${words}`]: recorded[`hello.exe ${words}`] }));
}
