// Tells what a first visit downloads from target/site, compressed as it is served, and fails when that is over budget.
// The page itself is not in the folder; end2end/tests/size.hydrate.spec.ts weighs the real first visit, page included.
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";

const BUDGET = 300_000;
// A page with live streams, and the headers of all responses.
const RESERVED_FOR_HTML = 10_000;
const site = process.env.SITE_ROOT ?? "target/site";

const files = readdirSync(site, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name));

/** What crosses the network: the precompressed file when there is one, unless compression made it larger. */
const weigh = (file) => Math.min(statSync(file).size, existsSync(`${file}.br`) ? statSync(`${file}.br`).size : Infinity);

// Chunks of lazily loaded pages are fetched when such a page is opened, not on the first visit.
const isLazy = (file) => /(^|\/)(split|chunk)[^/]*$/.test(file);
const styles = files.filter((file) => file.endsWith(".css"));
const css = styles.map((file) => readFileSync(file, "utf8")).join("");
const isUsedFont = (file) => file.endsWith(".woff2") && css.includes(file.split("/").at(-1));
const kinds = { CSS: (file) => file.endsWith(".css"), JavaScript: (file) => file.endsWith(".js") && !isLazy(file),
  WebAssembly: (file) => file.endsWith(".wasm") && !isLazy(file), Fonts: isUsedFont };

const row = (kind, name, raw, sent) =>
  console.log(`${kind.padEnd(12)}${String(raw).padStart(10)}${String(sent).padStart(10)}  ${name}`);

let total = 0;
row("", "", "bytes", "sent");
for (const [kind, belongs] of Object.entries(kinds)) {
  for (const file of files.filter(belongs)) {
    const sent = weigh(file);
    total += sent;
    row(kind, relative(site, file), statSync(file).size, sent);
  }
}
const allowed = BUDGET - RESERVED_FOR_HTML;
row("First visit", `of at most ${allowed}, with ${RESERVED_FOR_HTML} kept for the page itself`, "", total);
for (const file of files.filter((file) => isLazy(file) && !/\.(br|gz)$/.test(file))) {
  row("later", relative(site, file), statSync(file).size, weigh(file));
}
if (total > allowed) {
  console.error(`The first visit would download ${total} bytes, ${total - allowed} more than allowed.`);
  process.exit(1);
}
