// Open every page as readers do: light, dark and 390 px wide, from file:// and with no network.
// For each: no accessibility violation (axe-core), no error in the console, no request that leaves the book's folder,
// no sideways scrolling, at most 450 kB (gzip) without figures and MathJax; and math, sliders, search and focus work.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const [html, modules, chromium, ...only] = process.argv.slice(2);
const require = createRequire(join(resolve(modules), "x.js"));
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const MODES = [
  { name: "light", scheme: "light", width: 1280 },
  { name: "dark", scheme: "dark", width: 1280 },
  { name: "390 px", scheme: "light", width: 390 },
];
const LIMIT = 450_000;
const root = pathToFileURL(resolve(html)).href;

function pages(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name.startsWith("_") ? [] : pages(path);
    return name.endsWith(".html") ? [path] : [];
  });
}

function weight(urls) {
  let total = 0;
  for (const url of urls) {
    const path = fileURLToPath(url.split(/[?#]/)[0]);
    if (!/mathjax|_images/.test(path)) {
      let bytes = readFileSync(path);
      if (path.endsWith(".html")) bytes = Buffer.from(bytes.toString().replace(/[A-Za-z0-9+/=]{2000,}/g, ""));
      total += gzipSync(bytes).length;
    }
  }
  return total;
}

const start = () => puppeteer.launch({
  executablePath: chromium, headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const faults = [];
let opened = 0;

async function open(browser, path, mode) {
  const page = await browser.newPage();
  const seen = new Set();
  const say = (text) => faults.push(`${path.slice(resolve(html).length + 1)} (${mode.name}): ${text}`);
  page.on("console", (m) => m.type() === "error" && say(`console: ${m.text()}`));
  page.on("pageerror", (e) => say(`script error: ${e.message}`));
  page.on("request", (r) => {
    if (r.url().startsWith("file:")) seen.add(r.url());
    if (!r.url().startsWith(root) && !r.url().startsWith("data:")) say(`asks for ${r.url()}`);
  });
  page.on("requestfailed", (r) => say(`did not get ${r.url()}`));
  await page.setViewport({ width: mode.width, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: mode.scheme }]);
  await page.goto(pathToFileURL(path).href, { waitUntil: "load" });
  await page.evaluate(async () => {
    if (document.querySelector('script[src*="mathjax"]')) await window.MathJax.startup.promise;
  });
  return { page, seen, say };
}

const wanted = pages(resolve(html)).filter((p) => !only.length || only.some((o) => p.includes(o)));
const waiting = [...wanted];

async function look(path, browser) {
  for (const mode of MODES) {
    const { page, seen, say } = await open(browser, path, mode);
    opened += 1;
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"], preload: false }));
    for (const v of violations) say(`axe ${v.id}: ${v.nodes.length} × ${v.nodes[0].html.slice(0, 160)} (${v.help})`);
    const wide = await page.evaluate(() => {
      const room = document.documentElement.clientWidth;
      return document.documentElement.scrollWidth > room + 1 ? document.documentElement.scrollWidth - room : 0;
    });
    if (wide) say(`scrolls sideways by ${wide} px`);
    const raw = await page.evaluate(() => document.querySelectorAll("mjx-merror, .MathJax_Error").length);
    if (raw) say(`${raw} formulas that MathJax cannot read`);
    const sliders = await page.$$(".reparam-slider input[type=range]");
    for (const slider of mode.name === "light" ? sliders : []) {
      await slider.focus();
      const state = () => slider.evaluate((s) => {
        const box = s.closest(".reparam-slider");
        return [box.querySelector("img").src.length + box.querySelector("img").src.slice(-400),
          s.getAttribute("aria-valuetext"), getComputedStyle(s).outlineStyle].join(" ");
      });
      const before = await state();
      await page.keyboard.press("ArrowLeft");
      if (before === (await state())) say("a slider does not answer the keyboard");
    }
    if (mode.name === "light") {
      const kilobytes = weight(seen);
      if (kilobytes > LIMIT) say(`weighs ${Math.round(kilobytes / 1000)} kB without figures and MathJax`);
    }
    await page.close();
  }
}

async function readAll() { // a browser of its own for each reader, since only one page of a browser has the focus
  const browser = await start();
  while (waiting.length) await look(waiting.shift(), browser);
  await browser.close();
}

await Promise.all([readAll(), readAll()]);

if (!only.length) {
  const browser = await start();
  const { page, say } = await open(browser, join(resolve(html), "search.html"), MODES[0]);
  await page.goto(pathToFileURL(join(resolve(html), "search.html")).href + "?q=reparameterization");
  try {
    await page.waitForFunction(() => document.querySelectorAll("#search-results li").length > 3, { timeout: 20_000 });
  } catch {
    say("search finds nothing");
  }
  await browser.close();
}
for (const fault of new Set(faults)) console.log(fault);
console.log(`${opened} page views, ${new Set(faults).size} faults`);
process.exit(faults.length ? 1 : 0);
