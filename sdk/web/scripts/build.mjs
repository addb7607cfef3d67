// Makes dist: the modules with their types, and usersig-web.js, which is all of it with LiveKit's
// SDK in one file for pages without a bundler. Beside it lie the licences of what is in it.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const livekit = "node_modules/livekit-client/dist/livekit-client.esm.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const read = (file) => readFileSync(file, "utf8");

/** Lists the packages in the single file: LiveKit's SDK comes with others bundled into it. */
function contained() {
  const sources = JSON.parse(read(`${livekit}.map`)).sources.join("\n");
  return Object.entries(JSON.parse(read("package-lock.json")).packages)
    .map(([path, about]) => ({ path, name: path.replace(/^.*node_modules\//, ""), ...about }))
    .filter(
      ({ name }) =>
        ["livekit-client", "@livekit/protocol"].includes(name) ||
        (name !== "" && sources.includes(`node_modules/${name}/`)),
    );
}

/** Collects the packages' licences, and the notices that stand only in their sources. */
function licences(packages) {
  const texts = packages.map(({ name, version, path, license }) => {
    const file = readdirSync(path).find((f) => /^licen[cs]e/i.test(f));
    return `${name} ${version} (${license})\n\n${file ? read(`${path}/${file}`).trim() : ""}`;
  });
  const comments = read(livekit).match(/\/\*[^]*?\*\/|(?:\/\/.*\n\s*)+/g) ?? [];
  const notices = new Set(comments.filter((c) => /copyright/i.test(c)).map((c) => c.trim()));
  return [...texts, ...notices].join(`\n\n${"-".repeat(80)}\n\n`) + "\n";
}

rmSync("dist", { recursive: true, force: true });
execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });

const packages = contained();
const list = packages.map(({ name, version, license }) => `${name} ${version} (${license})`);
await build({
  entryPoints: ["src/global.ts"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  outfile: "dist/usersig-web.js",
  legalComments: "none",
  banner: {
    js: `/*! usersig-web ${JSON.parse(read("package.json")).version}, Apache-2.0. It contains ${list.join(", ")}. Licences and notices: usersig-web.LICENSES.txt */`,
  },
});
writeFileSync("dist/usersig-web.LICENSES.txt", licences(packages));
