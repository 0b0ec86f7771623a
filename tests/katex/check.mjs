// Parses formulas with KaTeX, strictly: JSON of {tex, display} from standard input, JSON of what is refused on output.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const katex = createRequire(import.meta.url)(process.env.KATEX || "katex");
const refused = [];
for (const formula of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    katex.renderToString(formula.tex, { displayMode: formula.display, throwOnError: true, strict: "error" });
  } catch (error) {
    refused.push({ ...formula, error: error.message });
  }
}
console.log(JSON.stringify({ version: katex.version, refused }));
