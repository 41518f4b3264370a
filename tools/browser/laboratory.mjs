// Use the laboratory as readers do, from file:// and with no network: mouse, finger, keyboard, screen reader, paper.
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, modules, chromium] = process.argv.slice(2);
const puppeteer = createRequire(join(resolve(modules), "x.js"))("puppeteer-core");
const address = pathToFileURL(join(resolve(folder), "book/reparameterization.html")).href;
const LAB = "figure.laboratory .lab";
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const faults = [], measured = [];
const need = (good, fault) => good || faults.push(fault);

const browser = await puppeteer.launch({
  executablePath: chromium, headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

/** What a reader sees of the laboratory: texts, numbers, pictures. */
const look = (page) => page.evaluate((lab) => {
  const box = document.querySelector(lab), inside = (of) => box.querySelector(of);
  const d = (of) => inside(of)?.getAttribute("d");
  return {
    says: inside(".lab-says").textContent, line: inside(".lab-line").textContent,
    table: inside(".lab-table").textContent, noise: d(".lab-noise"), samples: d(".lab-sample"), cost: d(".lab-cost"),
    world: inside(".lab-world g").innerHTML,
    knobs: Object.fromEntries([...box.querySelectorAll(".lab-knobs label")].map((label) =>
      [label.querySelector("b").textContent, Number(label.querySelector("output").value.replace("−", "-"))])),
    pressed: [...box.querySelectorAll(".lab-presets [aria-pressed=true]")].map((button) => button.textContent).join(),
  };
}, LAB);

async function open(width, { scheme = "light", motion = "no-preference", script = true, touch = false } = {}) {
  const page = await browser.newPage();
  page.setDefaultTimeout(120_000); // a busy machine is no fault
  page.on("pageerror", (error) => faults.push(`script error: ${error.message}`));
  page.on("request", (r) => need(/^(file|data):/.test(r.url()), `asks for ${r.url()}`));
  await page.setJavaScriptEnabled(script);
  await page.setViewport({ width, height: 844, hasTouch: touch, isMobile: touch });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme },
    { name: "prefers-reduced-motion", value: motion }]);
  await page.goto(address, { waitUntil: "load" });
  if (script) await page.waitForSelector(`${LAB} .lab-handle`);
  return page;
}

/** Wait until a change is drawn, and until the sentence that tells of it has been written, 0.3 s later. */
const settle = (page) => page.evaluate(() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 400)))));

const press = async (page, title) => {
  await page.evaluate((lab, words) => [...document.querySelectorAll(`${lab} button`)]
    .find((button) => button.textContent.includes(words)).click(), LAB, title);
  await settle(page);
};

/** Where the middle of a handle is on the screen, once it is in view. */
const handle = (page, letter) => page.evaluate((lab, name) => {
  const found = [...document.querySelectorAll(`${lab} .lab-handle`)].find((g) => g.textContent === name);
  found.closest("svg").scrollIntoView({ block: "center" });
  const { left, top, width, height } = found.getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2, width, height, shown: getComputedStyle(found).display !== "none" };
}, LAB, letter);
const near = (x, y, by) => Math.abs(x - y) <= by;

async function mouse() {
  const page = await open(1366), before = await look(page);
  const at = await handle(page, "μ");
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await page.mouse.move(at.x - 30, at.y - 10, { steps: 4 });
  await page.mouse.move(at.x - 60, at.y, { steps: 4 });
  await page.mouse.up();
  await settle(page);
  const after = await look(page), unit = await page.$eval(`${LAB} .lab-world`, (s) => s.getBoundingClientRect().width / 360 * 42.5);
  need(near(before.knobs["μ"] - after.knobs["μ"], 60 / unit, 0.06), `dragging μ by 60 px moved it from ${before.knobs["μ"]} to ${after.knobs["μ"]}`);
  need(after.noise === before.noise, "dragging μ moves the noise");
  need(after.samples !== before.samples, "dragging μ leaves the samples");
  need(after.says !== before.says, "dragging μ leaves the sentence");
  await press(page, "Reset");
  need((await look(page)).world === before.world, "Reset does not lead back");
  await press(page, "New noise");
  const renewed = await look(page);
  need(renewed.noise !== before.noise && renewed.table === before.table, "new noise must change draws, and no exact number");
  await press(page, "Reset");
  const sample = await page.evaluate((lab) => {
    const { left, top, width } = document.querySelector(`${lab} .lab-world`).getBoundingClientRect();
    return { x: left + 0.6 * width, y: top + width * 0.65 };
  }, LAB);
  await page.mouse.click(sample.x, sample.y);
  await settle(page);
  need((await look(page)).world !== before.world, "a tap puts no other sample in the spotlight");
  await page.close();
}

async function presets() {
  const page = await open(1366), seen = new Set();
  for (const button of await page.$$(`${LAB} .lab-presets button`)) {
    const title = await button.evaluate((b) => b.textContent);
    await press(page, title);
    const now = await look(page);
    need(now.pressed === title, `preset ${title} is not marked`);
    seen.add(now.line + now.world);
  }
  need(seen.size === 5, `five presets show ${seen.size} pictures`);
  await press(page, "A constant");
  const before = await look(page), at = await handle(page, "c");
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await page.mouse.move(at.x, at.y - 20, { steps: 3 });
  await page.mouse.up();
  await settle(page);
  const after = await look(page), rows = (s) => s.table.match(/path.*?score/)[0];
  need(after.knobs.c > before.knobs.c, "dragging c upwards does not raise it");
  need(rows(after) === rows(before), "a constant changes the path's numbers");
  need(after.table !== before.table, "a constant does not change the score function's numbers");
  await page.close();
}

async function keyboard() {
  const page = await open(1366), before = await look(page);
  await page.focus(`${LAB} .lab-knobs input`);
  await page.keyboard.press("ArrowRight");
  await settle(page);
  const after = await look(page);
  need(near(after.knobs["μ"], before.knobs["μ"] + 0.05, 1e-9), "an arrow key does not move μ by its step");
  need(after.says !== before.says, "an arrow key leaves the sentence");
  const [text, shown] = await page.$eval(`${LAB} .lab-knobs input`, (i) => [i.getAttribute("aria-valuetext"), i.nextSibling.value]);
  need(text === shown, "what the slider says is not what it shows");
  await page.focus(`${LAB} .lab-presets button:nth-child(4)`);
  await page.keyboard.press("Enter");
  await settle(page);
  need((await look(page)).pressed === "A step", "Enter does not open a preset");
  await page.select(`${LAB} select`, "wave");
  await settle(page);
  need((await look(page)).cost !== before.cost, "choosing a cost does not draw it");
  const names = await page.$$eval(`${LAB} :is(button, input, select)`, (all) => all.filter((e) =>
    !(e.getAttribute("aria-label") || e.textContent).trim()).length);
  need(names === 0, `${names} controls have no name`);
  await page.close();
}

async function finger() {
  const page = await open(390, { touch: true }), before = await look(page), client = await page.createCDPSession();
  const small = await page.$$eval(`${LAB} :is(button, select, .lab-knobs label, .lab-knobs input)`, (all) =>
    all.filter((e) => e.getBoundingClientRect().height < 44).map((e) => e.textContent));
  need(!small.length, `lower than 44 px: ${small.join(", ")}`);
  const at = await handle(page, "σ");
  need(Math.min(at.width, at.height) >= 44, `the handle of σ is ${Math.round(at.width)} px wide for a finger`);
  const scrolled = await page.evaluate(() => scrollY);
  const touch = (type, x, y) => client.send("Input.dispatchTouchEvent", { type, touchPoints: type === "touchEnd" ? [] : [{ x, y }] });
  await touch("touchStart", at.x, at.y);
  for (let i = 1; i <= 8; i++) await touch("touchMove", at.x + 3 * i, at.y + 2 * i);
  await touch("touchEnd");
  await settle(page);
  const after = await look(page);
  need(after.knobs["σ"] > before.knobs["σ"] + 0.3, `a finger moved σ from ${before.knobs["σ"]} to ${after.knobs["σ"]}`);
  need(after.knobs["μ"] === before.knobs["μ"], "moving σ moves μ");
  need((await page.evaluate(() => scrollY)) === scrolled, "the page scrolls while a handle is dragged");
  const wide = await page.$eval(LAB, (box) => document.documentElement.scrollWidth > innerWidth + 1 ||
    [...box.querySelectorAll("*")].some((e) => !e.ownerSVGElement && e.getBoundingClientRect().right > innerWidth + 1));
  need(!wide, "the laboratory is wider than a telephone");
  const letters = await page.$$eval(`${LAB} svg text`, (all) => Math.min(...all.map((t) =>
    parseFloat(getComputedStyle(t).fontSize) * t.ownerSVGElement.getScreenCTM().a)));
  need(letters >= 11, `letters of ${letters.toFixed(1)} px on a telephone`);
  await page.close();
}

async function motion() {
  const count = async (page) => Number((await page.$eval(`${LAB} .lab-says`, (p) => p.textContent)).match(/([\d,]+) draws?:/)[1].replace(",", ""));
  const page = await open(1366);
  await press(page, "Draw by draw");
  await wait(1500);
  await press(page, "Stop");
  const stopped = await count(page);
  need(stopped > 1 && stopped < 200, `two seconds of play come to ${stopped} draws`);
  await page.close();
  const still = await open(1366, { motion: "reduce" });
  const steps = [];
  for (let i = 0; i < 3; i++) {
    await press(still, "Draw by draw");
    steps.push(await count(still));
  }
  need(steps.join() === "1,10,100", `with reduced motion the play goes ${steps.join(", ")}`);
  await still.close();
}

async function withoutScript() {
  const bare = await open(1366, { script: false }), live = await open(1366);
  const [before, after] = [await bare.$eval(`${LAB} .lab-world g`, (g) => g.innerHTML), (await look(live)).world];
  need(before === after, "the picture of the build is not the one that the scripts draw");
  need((await bare.$$(`${LAB} :is(button, input, select)`)).length === 0, "dead controls where no script runs");
  await live.emulateMediaType("print");
  await live.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
  const seen = (of) => live.$$eval(`${LAB} ${of}`, (all) => all.filter((e) => e.checkVisibility() && e.getBoundingClientRect().width > 2).length);
  need((await seen(":is(button, input, select, .lab-handle)")) === 0, "controls on paper");
  need((await seen(":is(.lab-world, .lab-outcome, .lab-means, .lab-table, .lab-says)")) === 5, "a part is missing on paper");
  await bare.close();
  await live.close();
}

/** Processor time of a redraw, which a busy machine does not change: numbers, markup, style and layout of all parts. */
async function speed() {
  const page = await open(1366), client = await page.createCDPSession(), rounds = 200;
  await client.send("Performance.enable");
  const spent = async () => (await client.send("Performance.getMetrics")).metrics.find((m) => m.name === "ProcessTime").value;
  const redraw = (times) => page.evaluate((lab, n) => {
    const { DRAWING } = window.laboratory, state = DRAWING.open("trick"), box = document.querySelector(lab);
    for (let i = 0; i < n; i++) {
      state.p.mu = i / n;
      for (const part of ["world", "outcome", "means"]) box.querySelector(`.lab-${part} g`).innerHTML = DRAWING[part](state);
      box.querySelector(".lab-table").innerHTML = DRAWING.table(state);
      box.getBoundingClientRect();
    }
  }, LAB, times);
  await redraw(rounds); // the compiler's part of the work is done once
  const begun = await spent();
  await redraw(rounds);
  const work = (await spent() - begun) / rounds * 1000;
  measured.push(`a redraw of 2,000 draws by two estimators takes ${work.toFixed(1)} ms of processor time`);
  need(work < 1000 / 60, `a redraw takes ${work.toFixed(1)} ms`);
  await page.close();
}

for (const part of [mouse, presets, keyboard, finger, motion, withoutScript, speed]) {
  try {
    await part();
  } catch (error) {
    faults.push(`${part.name}: ${error.message.split("\n")[0]}`);
  }
}
await browser.close();
faults.forEach((fault) => console.log(`laboratory: ${fault}`));
console.log(`laboratory: mouse, presets, keyboard, finger, motion, paper: ${faults.length} faults; ${measured.join("; ")}`);
process.exit(faults.length ? 1 : 0);
