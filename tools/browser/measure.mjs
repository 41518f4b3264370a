// Measure the pages as a reader has them, and say for each number whether it reaches its aim; a table at the end.
// A telephone is 390 px wide; a slow one has a processor four times slower and 1.6 Mbit/s, served with gzip on loopback.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { loadavg } from "node:os";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const [folder, modules, chromium, ...only] = process.argv.slice(2);
const puppeteer = createRequire(join(resolve(modules), "x.js"))("puppeteer-core");
const html = resolve(folder);
const address = (name) => pathToFileURL(join(html, name)).href;
const rows = [];
const row = (what, value, aim, met) => {
  rows.push([what, String(value), aim, met === null ? "not judged" : met ? "met" : "MISSED"]);
  console.log(`measured: ${what}: ${value}`); // the table comes at the end; who interrupts has this much
};
const faults = [];

function pages(inside) {
  return readdirSync(inside).flatMap((name) => {
    const path = join(inside, name);
    if (statSync(path).isDirectory()) return name.startsWith("_") ? [] : pages(path);
    return name.endsWith(".html") && path !== join(html, "index.html") ? [relative(html, path)] : [];
  });
}

const all = pages(html).filter((name) => name !== "search.html" && (!only.length || only.some((o) => name.includes(o))));
const browser = await puppeteer.launch({
  executablePath: chromium, headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

async function open(name, width, scheme = "light") {
  const page = await browser.newPage();
  await page.setViewport({ width, height: 844 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.goto(address(name), { waitUntil: "load" });
  await page.waitForFunction(() => "ready" in document.documentElement.dataset, { timeout: 120_000 });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return page;
}

// A telephone: formulas, lines, letters of figures, tables.
function phone() {
  const shown = (e) => e.checkVisibility({ visibilityProperty: true });
  const told = (e) => e.closest("p, li, dd, td, figcaption, div")?.textContent.trim().slice(0, 50);
  const result = { formulas: 0, cut: [], hidden: [], clipped: [], stray: [], small: [], tables: [], figures: 0 };
  for (const box of document.querySelectorAll("div.math mjx-container")) {
    if (!shown(box)) continue;
    result.formulas += 1;
    if (box.scrollWidth <= box.clientWidth + 1) continue;
    const id = box.closest("div.math").id || told(box);
    result.cut.push(`${id}: ${box.scrollWidth - box.clientWidth} px`);
    if (getComputedStyle(box).overflowX !== "auto" || box.tabIndex < 0) result.hidden.push(id);
  }
  for (const svg of document.querySelectorAll("span.math svg")) {
    if (!shown(svg) || svg.closest(".stacks thead")) continue;
    const piece = svg.getBoundingClientRect();
    for (let at = svg.parentElement; at && !at.matches("article"); at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.display === "inline" || at.matches(".pst-scrollable-table-container, thead, thead *")) continue;
      const room = at.getBoundingClientRect();
      const loose = style.overflowX === "auto" || style.overflowX === "scroll";
      if (piece.right > room.right + 1 && room.width > 0 && !loose) { result.clipped.push(told(svg)); break; }
      if (loose) break;
    }
  }
  const walker = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (!/^[,.;:!?)]/.test(text.data) || !shown(text.parentElement) || text.parentElement.closest("pre, svg, math")) continue;
    const before = text.previousSibling;
    if (!before || before.nodeType !== 1) continue;
    range.setStart(text, 0);
    range.setEnd(text, 1);
    const [mark, last] = [range.getBoundingClientRect(), [...before.getClientRects()].at(-1)];
    if (last && mark.width && mark.top > last.bottom - 2) result.stray.push(told(text.parentElement));
  }
  for (const svg of document.querySelectorAll("svg.figure, svg.panel")) {
    const width = svg.getBoundingClientRect().width;
    if (!shown(svg) || width < 5) continue;
    result.figures += 1;
    const letter = (11.2 * width) / svg.viewBox.baseVal.width;
    if (letter < 10.95) result.small.push(`${letter.toFixed(1)} px`);
  }
  for (const table of document.querySelectorAll(".bd-article table:not(.reparam-table)")) {
    if (shown(table) && table.getBoundingClientRect().right > window.innerWidth + 1) result.tables.push(told(table));
  }
  result.wide = document.documentElement.scrollWidth - window.innerWidth;
  return result;
}

const sum = { formulas: 0, cut: [], hidden: [], clipped: [], stray: [], small: [], tables: [], figures: 0 };
let stops = ["", 0], repeated = [], slabs = [], labels = 0, marks = 0;
const owner = new Map();
for (const name of all) {
  const page = await open(name, 390);
  await page.evaluate(async () => { // what was folded is measured once the page has seen it open
    document.querySelectorAll(".bd-article details").forEach((d) => { d.open = true; });
    await new Promise((done) => setTimeout(done, 300));
  });
  await page.keyboard.press("Tab"); // then the page asks what scrolls
  const found = await page.evaluate(phone);
  for (const key of Object.keys(sum)) {
    if (typeof sum[key] === "number") sum[key] += found[key];
    else sum[key].push(...found[key].map((what) => `${name}: ${what}`));
  }
  if (found.wide > 1) faults.push(`${name} scrolls sideways by ${found.wide} px at 390 px`);
  await page.close();
  const desk = await open(name, 1366, "dark");
  const seen = await desk.evaluate(() => ({
    stops: [...document.querySelectorAll("article :is(a[href], button, input, summary, [tabindex])")]
      .filter((e) => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({ visibilityProperty: true })).length,
    ids: [...document.querySelectorAll("article [id]")].map((e) => e.id).filter((id) => !/^codecell/.test(id)),
    twice: [...document.querySelectorAll("[id]")].map((e) => e.id).filter((id, i, ids) => ids.indexOf(id) !== i),
    slabs: [...document.querySelectorAll(".bd-article img, .drawn svg.figure")].filter((e) => e.localName === "img"
      ? getComputedStyle(e).filter === "none" && !e.closest(".no-invert")
      : getComputedStyle(e).getPropertyValue("--fig-paper").trim() !== "none").length,
    labels: [...document.querySelectorAll(".whisper a.checked")].filter((a) => !/\d/.test(a.textContent)).map((a) => a.textContent),
    marks: document.querySelectorAll(".whisper").length,
    raw: [...document.querySelectorAll(".cell_output pre")].filter((e) => /^\S+ ✓ /m.test(e.textContent)).length,
  }));
  if (seen.stops > stops[1] && !/checks|bibliography|api\//.test(name)) stops = [name, seen.stops];
  repeated.push(...seen.twice.map((id) => `${name}#${id}`));
  for (const id of new Set(seen.ids)) {
    if (owner.has(id)) repeated.push(`${id} in ${owner.get(id)} and ${name}`);
    owner.set(id, name);
  }
  if (seen.slabs) slabs.push(`${name}: ${seen.slabs}`);
  labels += seen.labels.length + seen.raw;
  if (seen.labels.length) faults.push(`${name}: a check mark says ${seen.labels.slice(0, 3).join(", ")}`);
  marks += seen.marks;
  await desk.close();
}
const whole = sum.formulas ? 1 - sum.cut.length / sum.formulas : 1;
row("displayed formulas whole at 390 px", `${(100 * whole).toFixed(1)} % of ${sum.formulas}`, "97 %", whole >= 0.97);
row("cut ones that do not scroll visibly", sum.hidden.length, "0", !sum.hidden.length);
row("inline formulas clipped", sum.clipped.length, "0", !sum.clipped.length);
row("lines that begin with stray punctuation", sum.stray.length, "0", !sum.stray.length);
row("tables cut at 390 px", sum.tables.length, "0", !sum.tables.length);
row("figures with letters under 11 px at 390 px", `${sum.small.length} of ${sum.figures}`, "0", !sum.small.length);
row("pages with light slabs in dark mode", slabs.length, "0", !slabs.length);
row("most Tab stops in a chapter's text", `${stops[1]} (${stops[0]})`, "", true);
row("ids that repeat in the book", repeated.length, "0", !repeated.length);
row("check marks with a private label, or outputs left", `${labels} of ${marks}`, "0", !labels);
for (const [what, list] of Object.entries({ cut: sum.cut, clipped: sum.clipped, stray: sum.stray, table: sum.tables,
  small: sum.small, slab: slabs, id: repeated })) faults.push(...list.slice(0, 12).map((f) => `${what}: ${f}`));

// A slow telephone, and what comes over the wire.
const types = { html: "text/html; charset=utf-8", css: "text/css", js: "text/javascript", svg: "image/svg+xml", png: "image/png" };
const server = createServer((request, response) => {
  try {
    const path = join(html, decodeURIComponent(request.url.split("?")[0]));
    const body = gzipSync(readFileSync(path));
    response.writeHead(200, { "content-type": types[path.split(".").at(-1)] ?? "application/octet-stream",
      "content-encoding": "gzip", "content-length": body.length });
    response.end(body);
  } catch {
    response.writeHead(404);
    response.end();
  }
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const host = `http://127.0.0.1:${server.address().port}/`;

const chapters = all.filter((name) => /^book\/[a-z_]+\.html$/.test(name));
const heavy = chapters.map((name) => {
  const text = readFileSync(join(html, name), "utf8").replace(/<svg class="(?:figure|lab)[^]*?<\/svg>|[A-Za-z0-9+/=]{2000,}/g, "")
    .replace(/<template data-text[^]*?<\/template>/g, "");
  const own = [...text.matchAll(/(?:src|href)="(\.\.\/_static\/[^"?]+\.(?:js|css))/g)].map((m) => join(html, "book", m[1]));
  const bytes = [...new Set(own)].reduce((total, path) => total + gzipSync(readFileSync(path)).length, 0);
  return [bytes + gzipSync(Buffer.from(text)).length, name];
}).sort((a, b) => b[0] - a[0]);
if (heavy.length) row("heaviest chapter without figures, gzip", `${Math.round(heavy[0][0] / 1000)} kB (${heavy[0][1]})`, "900 kB", heavy[0][0] <= 900_000);

const longest = [...chapters].sort((a, b) => statSync(join(html, b)).size - statSync(join(html, a)).size)[0];
// On a machine that others use, too, the clock tells of them: the processor time of the page's thread does not.
async function slow(name, quiet) {
  const page = await browser.newPage(), client = await page.createCDPSession();
  await client.send("Performance.enable");
  await page.setViewport({ width: 390, height: 844, isMobile: true, hasTouch: true });
  let bytes = 0;
  page.on("response", (answer) => { bytes += Number(answer.headers()["content-length"] ?? 0); });
  if (quiet) {
    await page.emulateNetworkConditions({ download: 200_000, upload: 100_000, latency: 150 });
    await page.emulateCPUThrottling(4);
  }
  await page.evaluateOnNewDocument(() => {
    window.times = {};
    window.requestIdleCallback = () => {}; // what waits until all is shown is no part of the wait
    const styled = () => [...document.querySelectorAll('link[rel="stylesheet"]')].every((link) => link.sheet);
    const look = () => {
      const ready = document.body && document.querySelectorAll("article mjx-container svg").length > 0 && styled();
      if (ready && document.documentElement.scrollHeight > 900) window.times.first ??= performance.now();
      if (ready && document.readyState !== "loading") window.times.whole ??= performance.now();
      if (!window.times.whole) setTimeout(look, 20);
    };
    look();
  });
  await page.goto(host + name, { waitUntil: "load", timeout: 90_000 });
  await page.waitForFunction(() => window.times.whole, { timeout: 60_000 });
  const times = await page.evaluate(() => window.times);
  const worked = (await client.send("Performance.getMetrics")).metrics.find((m) => m.name === "ThreadTime").value;
  await page.close();
  return { ...times, reckoned: 4 * worked + bytes / 200_000 + 0.45, worked, bytes };
}
if (longest) {
  const load = loadavg()[0], quiet = load < 2, tries = [];
  do tries.push(await slow(longest, true)); while (!quiet && tries.length < 3); // what else runs can only add to the best of three
  const told = quiet ? longest : `${longest}, the best of three at load ${load.toFixed(0)}`;
  const clock = (name, what, aim) => {
    const best = Math.min(...tries.map((one) => one[what]));
    row(`slow phone: ${name}`, `${(best / 1000).toFixed(1)} s (${told})`, `${aim} s`, best <= 1000 * aim || (quiet ? false : null));
  };
  clock("first formulas readable", "first", 4);
  clock("whole longest chapter", "whole", 8);
  const { reckoned, worked, bytes } = await slow(longest, false);
  row("the same, reckoned", `${reckoned.toFixed(1)} s: 4 x ${worked.toFixed(2)} s of processor time, ${Math.round(bytes / 1000)} kB`, "8 s", reckoned <= 8);
}
server.close();

// Search, cards, folds, references, sliders.
const WORDS = ["IWAE", "logvar", "surrogate", "stop_gradient", "annealing", "beta-VAE", "Rao-Blackwell", "REINFORCE",
  "likelihood ratio", "negative loss", "gradient None", "NaN", "density greater than one", "rsample", "ELBO", "Gumbel",
  "log-derivative", "straight-through", "control variate", "sticking the landing", "reparametrization", "baseline",
  "why negative elbo", "stop gradient", "log variance", "kl annealing", "posterior collapse", "gumbel softmax nan", "reparamaterisation",
  "probability density greater than 1", "loss is nan", "sample vs rsample", "how many samples", "backprop through sampling", "std",
  "MultivariateNormal", "mse loss vae", "argmax gradient", "free bits", "VIMCO", "evolution strategies", "REBAR", "normalizing flow"];
if (!only.length) {
  const lost = [], helpers = [], unmarked = [];
  for (const words of WORDS) {
    const page = await browser.newPage();
    await page.goto(`${address("search.html")}?q=${encodeURIComponent(words)}`, { waitUntil: "load" });
    const links = await page.$$eval("#search-results li a", (found) => found.map((a) => a.href));
    if (!links.length) lost.push(words);
    else {
      if (links[0].includes("/api/")) helpers.push(words);
      await page.goto(links[0], { waitUntil: "load" });
      const there = await page.evaluate(() => ({ marks: document.querySelectorAll("mark.found").length,
        place: !!document.getElementById(decodeURIComponent(location.hash.slice(1))), top: window.scrollY }));
      if (!there.marks || !there.place) unmarked.push(words);
    }
    await page.close();
  }
  row("searches that find nothing", `${lost.length} of ${WORDS.length} ${lost.join(", ")}`, "0", !lost.length);
  row("searches led by a helper", `${helpers.length} ${helpers.join(", ")}`, "0", !helpers.length);
  row("first results that open no section or mark no word", `${unmarked.length} ${unmarked.join(", ")}`, "0", !unmarked.length);

  const page = await open("book/bibliography.html", 1366);
  const entries = await page.$$eval("div.citation", (found) => found.map((e) =>
    [e.textContent.trim().slice(0, 40), !!e.querySelector("a[href^=http]") || /ISBN/i.test(e.textContent)]));
  const bare = entries.filter(([, linked]) => !linked);
  row("references without a link or ISBN", `${bare.length} of ${entries.length} ${bare.map((e) => e[0]).join("; ")}`, "0", !bare.length);
  await page.close();
}
const kinds = { equation: /#equation-/, claim: /#(?!equation|fig|id)[a-z0-9-]+$/, citation: /bibliography.html#/ };
const shown = { equation: 0, claim: 0, citation: 0 };
for (const name of chapters.slice(0, 6)) {
  const page = await open(name, 1366);
  for (const [kind, pattern] of Object.entries(kinds)) {
    let tries = 0;
    for (const link of await page.$$("article a.reference.internal")) {
      if (shown[kind] >= 3 || tries >= 6) break;
      if (!pattern.test(await link.evaluate((a) => a.getAttribute("href")))) continue;
      if (!(await link.evaluate((a) => a.checkVisibility()))) continue;
      tries += 1;
      await link.hover();
      const card = await page.waitForSelector(".hover-card", { timeout: 700 }).catch(() => null);
      if (card) shown[kind] += 1;
      await page.mouse.move(0, 0);
      await page.keyboard.press("Escape");
    }
  }
  await page.close();
}
row("hover cards seen for equations, claims, citations", Object.values(shown).join(", "), "3 each",
  only.length || Object.values(shown).every((n) => n >= 3));

let folded = 0, opened = 0, asked = 0, named = 0, sliders = 0, bad = [], unseen = [];
for (const name of chapters) {
  const page = await open(name, 1366);
  folded += await page.$$eval("details.folded", (found) => found.length);
  named += await page.$$eval("details.folded > summary", (found) => found.filter((e) => e.textContent.trim().length > 8).length);
  // a folded part itself, and an equation in another one
  const ids = await page.evaluate(() => ["details.folded[id]:not([open])", "details.folded:not([open]) div.math[id]"]
    .map((what) => document.querySelector(what)?.id).filter(Boolean));
  asked += ids.length;
  for (const id of ids) {
    opened += await page.evaluate(async (id) => {
      location.hash = id;
      await new Promise((done) => setTimeout(done, 60));
      const target = document.getElementById(id);
      return target.closest("details").open && target.checkVisibility();
    }, id);
  }
  const found = await page.$$eval(".reparam-slider", (all) => all.map((box) => ({
    wide: box.querySelector("input").getBoundingClientRect().width / box.getBoundingClientRect().width,
    caption: !!box.closest("figure")?.querySelector("figcaption"), value: +box.querySelector("input").value,
    last: +box.querySelector("input").max })));
  sliders += found.length;
  bad.push(...found.filter((s) => s.wide < 0.7 || !s.caption).map((s) => `${name}: ${s.caption ? "narrow" : "no caption"}`));
  // The browser's own find, as an address can ask for it: words that stand in a folded part.
  const words = await page.evaluate(() => {
    document.querySelectorAll("details.folded").forEach((d) => { d.open = false; });
    const text = document.createTreeWalker(document.querySelector("details.folded") ?? document.createElement("p"), NodeFilter.SHOW_TEXT);
    while (text.nextNode()) {
      const words = text.currentNode.data.trim().split(/\s+/);
      if (words.length >= 5 && !text.currentNode.parentElement.closest("summary, svg, math, pre, script")) return words.slice(0, 5).join(" ");
    }
    return null;
  });
  if (words) {
    await page.goto("about:blank");
    await page.goto(`${address(name)}#:~:text=${encodeURIComponent(words).replace(/-/g, "%2D")}`, { waitUntil: "load" });
    await page.waitForFunction(() => document.querySelector("details.folded[open]"), { timeout: 10_000 }).catch(() => unseen.push(`${name}: ${words}`));
  }
  await page.close();
}
row("folded parts, with titles that say which", `${named} of ${folded}`, "all", named >= folded);
row("links into folded parts that open them", `${opened} of ${asked}`, "all", opened === asked);
row("chapters whose folded words the browser's find does not see", unseen.length, "0", !unseen.length);
faults.push(...unseen.map((f) => `not found in a fold: ${f}`));
row("sliders not of full width, or without number and caption", `${bad.length} of ${sliders}`, "0", !bad.length);
faults.push(...bad.map((f) => `slider: ${f}`));

await browser.close();
for (const fault of faults) console.log(fault);
const width = Math.max(...rows.map((r) => r[0].length));
for (const [what, value, aim, met] of rows) console.log(`${what.padEnd(width)}  ${value}${aim ? `  (aim: ${aim}) ${met}` : ""}`);
process.exit(rows.some((r) => r[3] === "MISSED") ? 1 : 0);
