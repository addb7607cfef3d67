// Writes src/reasons.ts from docs/errors.md, which is generated from the library's own table: the
// browser then names and explains a reason as the server does. With --check it only compares.
import { readFileSync, writeFileSync } from "node:fs";
import { argv, exit } from "node:process";
import { fileURLToPath } from "node:url";
import { format } from "prettier";

const page = new URL("../../../docs/errors.md", import.meta.url);
const file = new URL("../src/reasons.ts", import.meta.url);

/** Reads the rows of the table under a heading. */
function rows(markdown, heading) {
  const start = markdown.indexOf(`\n## ${heading}\n`);
  if (start < 0) throw new Error(`docs/errors.md has no section "${heading}"`);
  const section = markdown.slice(start + 1).split("\n## ")[0];
  return section
    .split("\n")
    .filter((line) => /^\| (-?\d+|–) \|/.test(line))
    .map((line) => line.slice(2, -2).split(" | "));
}

/** Makes the text of src/reasons.ts. */
export async function source(markdown) {
  const chinese = new Map(rows(markdown, "错误原因").map((row) => [row[2], row]));
  const entries = rows(markdown, "Reasons")
    .filter(([code]) => code !== "–") // these never reach a client
    .map(([code, trtc, name, check, message, remedy]) => {
      const zh = chinese.get(name);
      if (!zh || zh[0] !== code) throw new Error(`docs/errors.md: ${name} is not in both tables`);
      const text = { en: message, zh: zh[4] };
      return [
        name.replaceAll("`", ""),
        { code: +code, trtc: +trtc, check, text, remedy: { en: remedy, zh: zh[5] } },
      ];
    });
  if (entries.length < 15) throw new Error(`docs/errors.md: only ${entries.length} reasons found`);
  const body = `// Generated from docs/errors.md by npm run gen. Do not edit.

/** A sentence in the two languages of the users. */
export interface Text {
  readonly en: string;
  readonly zh: string;
}

/** What is known about one reason for a refusal. */
export interface ReasonInfo {
  /** The account system's code, as 70001; of rights it is the client SDK's. */
  readonly code: number;
  /** The code of TRTC's client SDKs. */
  readonly trtc: number;
  /** The check that finds it. */
  readonly check: string;
  /** What it means. */
  readonly text: Text;
  /** What to do about it. */
  readonly remedy: Text;
}

/** Every reason for which a server refuses, by its stable name. */
export const REASONS = ${JSON.stringify(Object.fromEntries(entries))} as const satisfies Record<string, ReasonInfo>;
`;
  return format(body, { parser: "typescript", printWidth: 100 });
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const want = await source(readFileSync(page, "utf8"));
  if (!argv.includes("--check")) {
    writeFileSync(file, want);
  } else if (readFileSync(file, "utf8") !== want) {
    console.error("src/reasons.ts is stale: run npm run gen");
    exit(1);
  }
}
