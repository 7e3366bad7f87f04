import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const hostUrl = new URL("./index.ts", import.meta.url).href;
const loader = fileURLToPath(import.meta.resolve("tsx"));

/** Runs a script with `host` in scope, behind a shell pipeline. */
function run(script: string, pipeline: (command: string) => string) {
  const code = `import { nodeHost } from ${JSON.stringify(hostUrl)}; const host = nodeHost(); ${script}`;
  const command = `'${process.execPath}' --import '${loader}' --input-type=module -e "$SCRIPT"`;
  return spawnSync("bash", ["-o", "pipefail", "-c", pipeline(command)], { env: { ...process.env, SCRIPT: code }, encoding: "latin1" });
}

test("bytes of a pipe are read as they are, in pieces of the wanted size, up to the end", () => {
  const script =
    "let text = ''; for (;;) { const part = await host.stdin.read(3); if (part.length === 0) break; text += [...part].join(',') + ';'; } host.stdout.write(Buffer.from(text));";
  const { stdout } = run(script, (command) => `(printf 'a\\r\\n'; sleep 0.1; printf '\\377\\000z!') | ${command}`);
  expect(stdout).toBe("97,13,10;255,0,122;33;");
});

test("a file and /dev/null are read without waiting", () => {
  const script =
    "const part = host.stdin.read(100); host.stdout.write(Buffer.from(part instanceof Promise ? 'promise' : String(part.length)));";
  expect(run(script, (command) => `${command} < /dev/null`).stdout).toBe("0");
  expect(run(script, (command) => `${command} < /etc/passwd`).stdout).toBe("100");
});

test("nothing written is lost when the process exits at once", () => {
  const script = "host.stdout.write(Buffer.alloc(1_000_000, 'x')); process.exit(0);";
  expect(run(script, (command) => `${command} | (sleep 0.2; wc -c)`).stdout.trim()).toBe("1000000");
});

test("a reader that has gone is EPIPE", () => {
  const script = "try { for (;;) host.stdout.write(Buffer.alloc(65536)); } catch (error) { host.stderr.write(Buffer.from(error.code)); }";
  expect(run(script, (command) => `${command} | head -c 1 > /dev/null`).stderr).toBe("EPIPE");
});

test("a read that is given up does not keep the process alive", () => {
  const script = "host.stdin.read(1); setTimeout(() => { host.stdin.close(); host.stdout.write(Buffer.from('done')); }, 50);";
  const started = performance.now();
  expect(run(script, (command) => `${command} < <(exec sleep 3 2>&-)`).stdout).toBe("done");
  expect(performance.now() - started).toBeLessThan(2800);
});
