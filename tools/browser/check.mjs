// Open every page as readers do, from file:// and with no network: light, dark and 390 px wide, and print it.
// For each view: no accessibility violation (axe-core), no error in the console, no request that leaves the book's
// folder, and what inside.js asks: nothing cut off, no prose that scrolls sideways, a focus ring, legible figures.
// For each page: at most 900 kB (gzip) without separate figures, sliders that answer the keyboard, a PDF that keeps
// its pictures, links that lead somewhere. For the book: search finds, and previous and next lead through it.
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const [folder, modules, chromium, ...only] = process.argv.slice(2);
const require = createRequire(join(resolve(modules), "x.js"));
const puppeteer = require("puppeteer-core");
const scripts = [readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"),
  readFileSync(new URL("inside.js", import.meta.url), "utf8")];

const MODES = [
  { name: "light", scheme: "light", width: 1280 },
  { name: "dark", scheme: "dark", width: 1280 },
  { name: "390 px", scheme: "light", width: 390 },
];
const PAPER = 680; // A4 without the margins that book.css sets, in CSS pixels
const LIMIT = 900_000;
const html = resolve(folder);
const root = pathToFileURL(html).href;
const address = (name) => pathToFileURL(join(html, name)).href;

function pages(inside) {
  return readdirSync(inside).flatMap((name) => {
    const path = join(inside, name);
    if (statSync(path).isDirectory()) return name.startsWith("_") ? [] : pages(path);
    return name.endsWith(".html") && path !== join(html, "index.html") ? [relative(html, path)] : [];
  });
}

const sizes = new Map(); // of what pages share, gzip
function weight(urls) {
  let total = 0;
  for (const url of urls) {
    const path = fileURLToPath(url.split(/[?#]/)[0]);
    if (/_images/.test(path)) continue;
    if (!sizes.has(path)) {
      let bytes = readFileSync(path);
      if (path.endsWith(".html")) bytes = Buffer.from(bytes.toString().replace(/[A-Za-z0-9+/=]{2000,}/g, ""));
      sizes.set(path, gzipSync(bytes).length);
    }
    total += sizes.get(path);
  }
  return total;
}

const texts = new Map();
function text(path) {
  const there = () => existsSync(path) && statSync(path).isFile();
  if (!texts.has(path)) texts.set(path, there() ? readFileSync(path, "utf8") : null);
  return texts.get(path);
}

function leads(url) {
  if (!url.startsWith("file:")) return true;
  const [path, id] = [fileURLToPath(url.split(/[?#]/)[0]), decodeURIComponent(url.split("#")[1] ?? "")];
  return text(path) !== null && (!id || text(path).includes(`id="${id}"`));
}

const faults = new Set();
const heaviest = { kilobytes: 0 };
let opened = 0;

const start = () => puppeteer.launch({
  executablePath: chromium, headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

async function open(browser, name, mode) {
  const page = await browser.newPage();
  const seen = new Set();
  const say = (fault) => faults.add(`${name} (${mode.name}): ${fault}`);
  page.on("console", (m) => m.type() === "error" && say(`console: ${m.text()}`));
  page.on("pageerror", (e) => say(`script error: ${e.message}`));
  page.on("request", (r) => {
    if (r.url().startsWith("file:")) seen.add(r.url());
    if (!r.url().startsWith(root) && !r.url().startsWith("data:")) say(`asks for ${r.url()}`);
  });
  page.on("requestfailed", (r) => say(`did not get ${r.url()}`));
  await page.setViewport({ width: mode.width, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: mode.scheme }]);
  await page.goto(address(name), { waitUntil: "load" });
  await page.waitForFunction(() => "ready" in document.documentElement.dataset, { timeout: 120_000 });
  await page.evaluate(async () => {
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  });
  for (const script of scripts) await page.evaluate(script);
  return { page, seen, say };
}

async function moveSliders(page, say) {
  for (const slider of await page.$$(".reparam-slider input[type=range]")) {
    await slider.focus();
    const state = () => slider.evaluate((s) => {
      const box = s.closest(".reparam-slider");
      return [box.querySelector(".picture").innerHTML, box.querySelector("output").value, s.getAttribute("aria-valuetext")];
    });
    const before = await state();
    const keys = ["ArrowLeft", "ArrowRight"];
    if (await slider.evaluate((s) => s.value === s.min)) keys.reverse();
    const [there, back] = keys;
    await page.keyboard.press(there);
    const after = await state();
    await page.keyboard.press(back);
    if (before.some((part, i) => part === after[i])) say("a slider does not answer the keyboard");
    if (after[1] !== after[2]) say(`a slider shows ${after[1]} but says ${after[2]}`);
    if ((await state()).some((part, i) => part !== before[i])) say("a slider does not find its way back");
  }
}

async function print(page, say) {
  const pictures = await page.evaluate(() => {
    window.addEventListener("beforeprint", () => (window.printedIn = document.documentElement.dataset.theme));
    return new Set([...document.querySelectorAll(".bd-article img")].map((e) => e.src)).size;
  });
  const pdf = Buffer.from(await page.pdf({ preferCSSPageSize: true })).toString("latin1");
  const kept = pdf.match(/\/Subtype \/Image/g)?.length ?? 0;
  if (!pdf.startsWith("%PDF") || kept < pictures) say(`its PDF has ${kept} of ${pictures} pictures`);
  if ((await page.evaluate(() => window.printedIn)) !== "light") say("prints in dark colours");
  await page.setViewport({ width: PAPER, height: 1000 });
  await page.emulateMediaType("print");
  await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
  const found = await page.evaluate(() => [...window.book.paper(), ...window.book.layout({ scrolling: false })]);
  found.forEach((fault) => say(`on paper: ${fault}`));
  opened += 1;
}

async function look(browser, name, mode) {
  const { page, seen, say } = await open(browser, name, mode);
  opened += 1;
  await page.keyboard.press("Tab");
  (await page.evaluate((room) => [...window.book.layout({ scrolling: true, room }), ...window.book.legible()],
    mode.width > 1000)).forEach(say);
  (await page.evaluate(() => window.book.focus())).forEach(say);
  if (mode.name === "light") {
    await moveSliders(page, say);
    const bytes = weight(seen);
    if (bytes > heaviest.kilobytes * 1000) Object.assign(heaviest, { kilobytes: Math.round(bytes / 1000), name });
    if (bytes > LIMIT) say(`weighs ${Math.round(bytes / 1000)} kB without figures`);
    const links = await page.$$eval("a[href]", (all) => all.map((a) => a.href));
    for (const link of new Set(links)) if (!leads(link)) say(`a link leads nowhere: ${link.replace(root, "")}`);
  }
  const { violations } = await page.evaluate(() => {
    window.book.lighten();
    return window.axe.run({ resultTypes: ["violations"], preload: false });
  });
  for (const v of violations) say(`axe ${v.id}: ${v.nodes.length} × ${v.nodes[0].html.slice(0, 160)} (${v.help})`);
  await page.close();
}

async function printed(browser, name) { // from a dark page: the harder case
  const { page, say } = await open(browser, name, { ...MODES[1], name: "printed" });
  await print(page, say);
  await page.close();
}

// The book as a whole

async function search(browser) {
  const page = await browser.newPage();
  const findable = { reparameterization: "reparameterization", "score function": "estimators", gumbel: "discrete" };
  for (const [words, target] of Object.entries(findable)) {
    await page.goto(address("book/index.html"), { waitUntil: "load" });
    await page.keyboard.down("Control");
    await page.keyboard.press("k");
    await page.keyboard.up("Control");
    await page.waitForFunction(() => document.activeElement.matches("input[type=search]"), { timeout: 120_000 });
    await page.keyboard.type(words);
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    try {
      await page.waitForFunction((t) => [...document.querySelectorAll("#search-results li a")].slice(0, 10)
        .some((a) => a.href.includes(`/${t}.html`)), { timeout: 120_000 }, target);
    } catch {
      faults.add(`search for "${words}" does not find ${target}`);
    }
  }
  await page.close();
}

function wayThrough() {
  const neighbour = (name, side) => {
    const link = text(join(html, name)).match(new RegExp(`<a class="${side}"\\s+href="([^"]+)"`));
    return link && join(dirname(name), link[1]);
  };
  const visited = ["book/index.html"];
  for (let at = visited[0]; (at = neighbour(visited.at(-1), "right-next")) && !visited.includes(at); visited.push(at)) {
    if (neighbour(at, "left-prev") !== visited.at(-1)) faults.add(`${at}: "previous" does not lead back`);
  }
  const missed = pages(html).filter((name) => name.startsWith("book/") && !visited.includes(name));
  if (missed.length) faults.add(`"next" does not lead to ${missed.join(", ")}`);
}

async function landing(browser) {
  const page = await browser.newPage();
  await page.goto(address("index.html"), { waitUntil: "load" });
  await page.waitForFunction(() => location.pathname.endsWith("/book/index.html"), { timeout: 120_000 })
    .catch(() => faults.add("index.html does not lead to the book"));
  await page.close();
}

const wanted = pages(html).filter((name) => !only.length || only.some((o) => name.includes(o)));
const size = (name) => statSync(join(html, name)).size;
const waiting = wanted.sort((a, b) => size(b) - size(a)).flatMap((name) => [
  ...MODES.map((mode) => [`${name} (${mode.name})`, (browser) => look(browser, name, mode)]),
  [`${name} (printed)`, (browser) => printed(browser, name)],
]);
if (!only.length) {
  wayThrough();
  waiting.push(["search", search], ["index.html", landing]);
}

async function work() { // a browser of its own for each reader, since only one page of a browser has the focus
  let browser = await start();
  while (waiting.length) {
    const [what, task, again] = waiting.shift();
    try {
      await task(browser);
    } catch (error) { // one page that fails must not keep the others from being read, nor a browser that somebody ended
      if (browser.connected) faults.add(`${what}: ${error.message.split("\n")[0]}`);
      else {
        browser = await start();
        if (again) faults.add(`${what}: ends the browser`);
        else waiting.push([what, task, true]);
      }
    }
  }
  await browser.close();
}

const began = Date.now();
await Promise.all([work(), work()]);
for (const fault of [...faults].sort()) console.log(fault);
console.log(`${opened} views of ${wanted.length} pages in ${Math.round((Date.now() - began) / 1000)} s, ` +
  `${faults.size} faults; heaviest: ${heaviest.name}, ${heaviest.kilobytes} kB`);
process.exit(faults.size ? 1 : 0);
