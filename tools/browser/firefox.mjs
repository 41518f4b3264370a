// The book in Firefox, from file:// and with no network: every page opens without an error, its formulas and figures have
// their size, a card shows, a link opens what is folded, and the search answers. Skipped where there is no Firefox.
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, modules] = process.argv.slice(2);
const puppeteer = createRequire(join(resolve(modules), "x.js"))("puppeteer-core");
const found = ["firefox", "firefox-esr"].map((name) => {
  try {
    return execFileSync("sh", ["-c", `command -v ${name}`]).toString().trim();
  } catch {
    return "";
  }
}).find(Boolean);
if (!found) {
  console.log("Firefox: skipped, there is none");
  process.exit(0);
}
const html = resolve(folder);
const address = (name) => pathToFileURL(join(html, name)).href;
const faults = [];
let cut = 0, all = 0;
const browser = await puppeteer.launch({ browser: "firefox", executablePath: found, headless: true });
const pages = readdirSync(join(html, "book")).filter((name) => name.endsWith(".html")).map((name) => `book/${name}`);
for (const name of pages) {
  const page = await browser.newPage();
  const heard = (text) => !/^Invalid markup/.test(text) && faults.push(`${name}: ${text}`); // Firefox counts while the page still comes
  page.on("pageerror", (error) => heard(error.message));
  page.on("console", (said) => said.type() === "error" && heard(said.text()));
  await page.setViewport({ width: 390, height: 844 });
  await page.goto(address(name), { waitUntil: "load" });
  const seen = await page.evaluate(async () => {
    await new Promise((done) => setTimeout(done, 500)); // it has not laid out all that is loaded
    const flat = [...document.querySelectorAll("mjx-container svg, svg.figure, svg.panel")].filter((e) => e.checkVisibility() &&
      !e.closest(".drawn, .picture:has(svg.panel)") && !e.getBoundingClientRect().height).length;
    const cut = [...document.querySelectorAll("div.math mjx-container")].filter((e) => e.checkVisibility() &&
      e.scrollWidth > e.clientWidth + 1).length;
    const parts = { mfrac: 2, msup: 2, msub: 2, mover: 2, munder: 2, msubsup: 3, munderover: 3 };
    const broken = [...document.querySelectorAll(Object.keys(parts))].filter((e) => e.children.length !== parts[e.localName]).length;
    const fold = document.querySelector("details.folded[id]");
    if (fold) location.hash = fold.id;
    await new Promise((done) => setTimeout(done, 80));
    return { flat, broken, cut, all: document.querySelectorAll("div.math").length, opens: !fold || fold.open,
      wide: document.documentElement.scrollWidth - window.innerWidth };
  });
  if (seen.flat) faults.push(`${name}: ${seen.flat} drawings without a size`);
  if (seen.broken) faults.push(`${name}: ${seen.broken} pieces of MathML without their parts`);
  cut += seen.cut;
  all += seen.all;
  if (!seen.opens) faults.push(`${name}: a link does not open what is folded`);
  if (seen.wide > 1) faults.push(`${name}: scrolls sideways by ${seen.wide} px`);
  await page.close();
}
if (cut > 0.03 * all) faults.push(`${cut} of ${all} formulas are cut on a telephone`);
const page = await browser.newPage();
await page.goto(`${address("search.html")}?q=rsample`, { waitUntil: "load" });
if (!(await page.$("#search-results li a"))) faults.push("the search finds nothing");
const version = await browser.version();
await browser.close();
for (const fault of faults) console.log(`Firefox: ${fault}`);
console.log(`${version}: ${pages.length} pages, ${cut} of ${all} formulas scroll on a telephone, ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
