// Builds, checks the types of the tests, and runs them with node's own runner.
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const run = (command, ...args) => execFileSync(command, args, { stdio: "inherit" });

try {
  run("node", "scripts/build.mjs");
  run("node_modules/.bin/tsc", "-p", "test/tsconfig.json");
  rmSync(".build", { recursive: true, force: true });
  const tests = readdirSync("test").filter((f) => f.endsWith(".test.ts"));
  await build({
    entryPoints: tests.map((f) => `test/${f}`),
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    outdir: ".build",
    outExtension: { ".js": ".mjs" },
    sourcemap: "inline",
  });
  const built = readdirSync(".build").map((f) => `.build/${f}`);
  run("node", "--enable-source-maps", "--test", ...built);
} catch (e) {
  if (typeof e.status !== "number") throw e;
  process.exitCode = 1; // what failed has said so itself
}
