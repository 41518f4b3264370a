/* From numbers to pictures: functions that return SVG and HTML as text. The same text is the static figure of the build and
   of print. A state is {p, shown, eps, n, spot}: parameters, estimators, noise, draws used, the draw in the spotlight. */
(function (lab) {
  "use strict";

  const WIDTH = 360, HALF = 4; // of every picture in pixels; of the z-axis, to both sides of 0
  const STRINGS = 22, TANGENTS = 12;
  const WORLD = { height: 312, cost: [50, 156], peak: 172, z: 234, eps: 288 };
  const x = (z) => WIDTH / 2 + (WIDTH / 2 - 10) * z / HALF;
  const words = () => lab.WORDS;

  // Text

  const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const fixed = (value, digits = 2) => (Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value).toFixed(digits).replace("-", "−");
  const whole = (value) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");

  /** Three digits, whatever the size. */
  function short(value) {
    if (value === 0) return "0";
    if (Math.abs(value) >= 1000) return whole(value);
    const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
    return digits > 8 ? value.toExponential(1).replace("e-", " · 10^−") : fixed(value, digits);
  }
  const tick = (value) => String(Number(value.toPrecision(3))).replace("-", "−");
  const round = (v) => String(Math.round(v * 10) / 10);

  // Pieces of SVG

  const text = (left, top, what, kind = "", anchor = "start") =>
    `<text x="${round(left)}" y="${round(top)}" class="${kind}" text-anchor="${anchor}">${escape(what)}</text>`;
  const path = (d, kind) => `<path d="${d}" class="${kind}"/>`;
  const line = (x1, y1, x2, y2, kind) => path(`M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}`, kind);
  const through = (points) => "M" + points.map(([a, b]) => `${round(a)} ${round(b)}`).join("L");
  const dot = (cx, cy, r) => `M${round(cx - r)} ${round(cy)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
  const window_ = (top, bottom, inside) => // what reaches beyond is cut off
    `<svg x="0" y="${top}" width="${WIDTH}" height="${bottom - top}" viewBox="0 ${top} ${WIDTH} ${bottom - top}">` +
    `${inside}</svg>`;
  const grid = (count, f) => Array.from({ length: count + 1 }, (_, i) => f(i / count));

  // The world: noise, strings, samples, q, and the cost above them

  /** Heights of the cost's panel: they always include 0, from which heights are measured. */
  function heights(p) {
    const { low, high } = words().COSTS[p.cost];
    const from = Math.min(0, low + p.c), to = Math.max(0, high + p.c), [top, bottom] = WORLD.cost;
    const unit = (bottom - top) / (1.08 * (to - from));
    return { unit, y: (f) => bottom - unit * (f - from + 0.04 * (to - from)) };
  }

  /** Height of q above the z-axis, in pixels; very narrow laws are drawn less high than they are. */
  function bell(p, z) {
    const height = Math.min(46 / p.sigma, WORLD.z - WORLD.peak);
    return WORLD.z - height * Math.exp(-(((z - p.mu) / p.sigma) ** 2) / 2);
  }

  /** Where the handles stand that can be dragged. */
  function handles({ p }, knobs) {
    const place = words().COSTS[p.cost].place, { y } = heights(p), all = {
      mu: [x(p.mu), bell(p, p.mu)],
      sigma: [x(p.mu + p.sigma), bell(p, p.mu + p.sigma)],
      k: place === undefined ? null : [x(p.k), y(place + p.c)],
      c: p.cost === "bound" ? null : [WIDTH - 16, y(p.c)],
    };
    return Object.fromEntries(Object.entries(all).filter(([name, at]) => at && knobs.includes(name)));
  }

  function curve(p, f, y, kind) {
    const edge = words().COSTS[p.cost].place === undefined ? [] : [p.k - 1e-9, p.k + 1e-9]; // a kink or a jump is drawn sharp
    const places = [...grid(240, (t) => HALF * (2 * t - 1)), ...edge].sort((a, b) => a - b);
    return path(through(places.map((z) => [x(z), Math.max(-500, Math.min(800, y(f(z))))])), kind);
  }

  function tangent(p, z, height, slope, y, unit, length) {
    const scale = (WIDTH / 2 - 10) / HALF, rise = -slope * unit / scale, half = length / 2 / Math.hypot(1, rise);
    return `M${round(x(z) - half)} ${round(y(height) - half * rise)}L${round(x(z) + half)} ${round(y(height) + half * rise)}`;
  }

  const logJoint = (p) => (z) => p.evidence + lab.logNormal(z, p.m, p.v);

  function costPanel(s, samples) {
    const { p, shown, spot } = s, { y, unit } = heights(p), few = samples.slice(0, TANGENTS);
    const cost = (z) => lab.cost(p, z), z = samples[spot], on = (name) => shown.includes(name);
    const scored = on("score") || on("baseline"), b = on("score") ? 0 : lab.bestConstant(p);
    let inside = line(0, y(0), WIDTH, y(0), "lab-zero");
    if (scored) {
      if (p.which === "mu") {
        const corners = [[x(p.mu), y(b)], [x(z), y(b)], [x(z), y(cost(z))], [x(p.mu), y(cost(z))]];
        inside += path(through(corners) + "Z", "lab-box");
      }
      inside += path(few.map((w) => through([[x(w), y(b)], [x(w), y(cost(w))]])).join(""), "lab-stem");
      inside += line(x(z), y(b), x(z), y(cost(z)), "lab-stem lab-spot");
    }
    if (on("total")) inside += tangents(p, few, z, logJoint(p), (w) => -(w - p.m) / p.v ** 2, y, unit, "total");
    inside += curve(p, cost, y, "lab-cost");
    if (on("path")) inside += tangents(p, few, z, cost, (w) => lab.slope(p, w), y, unit, "path");
    inside += path(few.map((w) => dot(x(w), y(cost(w)), 2)).join(""), "lab-point") + path(dot(x(z), y(cost(z)), 3.5), "lab-point");
    return window_(WORLD.cost[0] - 6, WORLD.cost[1] + 6, inside);
  }

  function tangents(p, few, z, f, slope, y, unit, name) {
    const all = few.map((w) => tangent(p, w, f(w), slope(w), y, unit, 22)).join("");
    return (name === "total" ? curve(p, f, y, "lab-joint") : "") + path(all, `lab-${name} lab-thin`) +
      path(tangent(p, z, f(z), slope(z), y, unit, 44), `lab-${name}`);
  }

  /** What the draw in the spotlight says, in numbers; one line for each estimator. */
  function votes({ p, shown, eps, spot }) {
    const e = eps[spot], z = lab.at(p, e), factor = p.which === "mu" ? "" : ` × σε = ${fixed(lab.motion(p, e))}`;
    const slope = (value, end) => `slope ${fixed(value)}${factor}${factor ? end : ""}`;
    const product = (h, of) => `${of} ${fixed(h)} × score ${fixed(lab.score(p, e))} = ${fixed(h * lab.score(p, e))}`;
    const lines = {
      path: () => slope(lab.slope(p, z), ` → ${fixed(lab.slope(p, z) * lab.motion(p, e))}`),
      score: () => product(lab.cost(p, z), "height"),
      baseline: () => product(lab.cost(p, z) - lab.bestConstant(p), "height − b*"),
      total: () => `total ${fixed(lab.slope(p, z) * lab.motion(p, e) - lab.score(p, e))}`,
    };
    return shown.map((name, i) => text(WIDTH - 4, 12 + 15 * i, lines[name](), `lab-name lab-${name}`, "end")).join("");
  }

  /** The noise, the strings, the samples, q, and the cost seen by both kinds of estimator. */
  function world(s) {
    const { p, eps, spot } = s, samples = Array.from(eps.subarray(0, STRINGS), (e) => lab.at(p, e));
    const { COSTS } = words(), formula = `f(z) = ${COSTS[p.cost].formula}${p.c ? " + c" : ""}`;
    const law = grid(120, (t) => p.mu + 4 * p.sigma * (2 * t - 1)).map((z) => [x(z), bell(p, z)]);
    const strings = samples.map((z, i) => through([[x(eps[i]), WORLD.eps], [x(z), WORLD.z]])).join("");
    const ticks = Array.from(eps.subarray(0, STRINGS), (e) => `M${round(x(e))} ${WORLD.eps - 4}v8`).join("");
    const scale = [-3, -2, -1, 0, 1, 2, 3];
    return text(4, 12, formula, "lab-name lab-ink") + votes(s) + costPanel(s, samples) +
      window_(WORLD.peak - 12, WORLD.z, path(through(law) + "Z", "lab-law")) +
      (p.cost === "bound" ? posterior(p) : "") +
      line(4, WORLD.z, WIDTH - 4, WORLD.z, "lab-axis") + line(4, WORLD.eps, WIDTH - 4, WORLD.eps, "lab-axis") +
      path(strings, "lab-string") + line(x(eps[spot]), WORLD.eps, x(samples[spot]), WORLD.z, "lab-string lab-spot") +
      path(ticks, "lab-noise") + path(samples.map((z) => dot(x(z), WORLD.z, 2.6)).join(""), "lab-sample") +
      path(dot(x(samples[spot]), WORLD.z, 4), "lab-sample") +
      text(4, WORLD.z - 6, "samples z", "lab-name lab-ink") + text(4, WORLD.eps - 6, "noise ε", "lab-name lab-muted") +
      scale.map((t) => text(x(t), WORLD.eps + 18, fixed(t, 0), "lab-muted", "middle")).join("");
  }

  function posterior(p) {
    const other = { mu: p.m, sigma: p.v }, points = grid(120, (t) => p.m + 4 * p.v * (2 * t - 1));
    return path(through(points.map((z) => [x(z), bell(other, z)])), "lab-posterior") +
      text(x(p.m + 1.6 * p.v) + 3, bell(other, p.m + 1.6 * p.v) - 4, "posterior", "lab-name lab-truth");
  }

  // The outcome: gradients of single draws, and their running mean

  const STEPS = [1, 1.5, 2, 3, 5, 7, 10];
  /** The next larger of 1, 1.5, 2, 3, 5, 7, 10, ...: a scale that stands still while a knob moves a little. */
  function nice(value) {
    const power = 10 ** Math.floor(Math.log10(value || 1));
    return power * STEPS.find((step) => step * power >= value * (1 - 1e-9));
  }

  const sd = (name, p) => Math.sqrt(lab.exact(name, p).variance);
  const widest = ({ p, shown }) => Math.max(...shown.map((name) => sd(name, p)));
  const CELLS = 61;

  const ROW = 18; // of a histogram's label
  const tall = (shown) => (shown.length > 2 ? 34 : 50);
  const outcomeHeight = (shown) => 54 + shown.length * (tall(shown) + ROW);

  function outcome(s) {
    const { p, shown } = s, target = lab.truth(p), first = 32, step = tall(shown) + ROW, bottom = first + shown.length * step;
    const reach = nice(Math.max(1.2 * Math.abs(target) + 2.2 * widest(s), 1e-3));
    const across = (g) => WIDTH / 2 + (WIDTH / 2 - 10) * g / reach;
    const anchor = Math.abs(target) < 0.7 * reach ? "middle" : target > 0 ? "end" : "start";
    return text(4, 12, `gradient in ${words().WHICH[p.which]}, one draw each`, "lab-name lab-ink") +
      shown.map((name, i) => bars(s, name, reach, first + (i + 1) * step)).join("") +
      line(4, bottom, WIDTH - 4, bottom, "lab-axis") +
      line(across(target), first - 2, across(target), bottom, "lab-truth lab-dashed") +
      text(across(target), first - 6, `truth ${fixed(target)}`, "lab-name lab-truth", anchor) +
      [-reach, 0, reach].map((g, i) => text(across(g), bottom + 16, tick(g), "lab-muted", ANCHORS[i])).join("") +
      shown.map((name, i) => label(name, p, first + 12 + i * step)).join("");
  }

  const ANCHORS = ["start", "middle", "end"];

  function label(name, p, top) {
    const { name: who, from } = words().estimator(name, p);
    return text(4, top, from ? `${who}: ${from}` : who, `lab-name lab-${name}`) +
      text(WIDTH - 4, top, `sd ${short(sd(name, p))}`, `lab-name lab-${name}`, "end");
  }

  /** The count that fills a row: the highest, unless it is a spike that would hide all the rest. */
  function full(counts) {
    const [most, next] = [...counts].sort((a, b) => b - a);
    return next && most > 4 * next ? 1.5 * next : Math.max(most, 1);
  }

  /** One histogram. A cell that is cut off, and what lies outside the axis, is told in numbers. */
  function bars({ p, shown, eps, n }, name, reach, bottom) {
    const { counts, below, above } = lab.histogram(lab.draws(name, p, eps.subarray(0, n)), -reach, reach, CELLS);
    const most = full(counts), width = (WIDTH - 20) / CELLS, left = (i) => 10 + i * width;
    const shapes = counts.map((count, i) => (count ? `M${round(left(i))} ${bottom}` +
      `v${round(-tall(shown) * Math.min(1, count / most))}h${round(width - 0.6)}V${bottom}Z` : "")).join("");
    const cut = counts.findIndex((count) => count > most);
    return path(shapes, `lab-bars lab-${name}`) + line(4, bottom, WIDTH - 4, bottom, "lab-zero") +
      (cut < 0 ? "" : text(left(cut) - 4, bottom - tall(shown) + 14, whole(counts[cut]), "lab-muted", "end")) +
      (below ? text(4, bottom - 4, `◂ ${whole(below)}`, "lab-muted") : "") +
      (above ? text(WIDTH - 4, bottom - 4, `${whole(above)} ▸`, "lab-muted", "end") : "");
  }

  const MEANS = { height: 150, top: 20, bottom: 126 };

  function means(s) {
    const { p, shown, eps, n } = s, target = lab.truth(p), all = eps.length;
    const bias = Math.max(...shown.map((name) => Math.abs(lab.exact(name, p).mean - target)));
    const reach = nice(Math.max(1.1 * widest(s), 1.4 * bias, 1e-3)), middle = (MEANS.top + MEANS.bottom) / 2;
    const across = (i) => 10 + (WIDTH - 20) * Math.log(i) / Math.log(all);
    const y = (g) => middle - (MEANS.bottom - MEANS.top) / 2 * Math.max(-1.5, Math.min(1.5, (g - target) / reach));
    const inside = shown.map((name) => band(name, p, across, y, all)).join("") +
      shown.map((name) => track(name, p, eps.subarray(0, n), across, y)).join("") +
      line(4, middle, WIDTH - 4, middle, "lab-truth lab-dashed");
    return text(4, 12, "mean of the first n draws", "lab-name lab-ink") +
      text(WIDTH - 4, 12, "bands: ± 2 standard errors", "lab-muted", "end") +
      window_(MEANS.top, MEANS.bottom, inside) + line(4, MEANS.bottom, WIDTH - 4, MEANS.bottom, "lab-axis") +
      [1, 10, 100, 1000].map((i) => text(across(i), MEANS.bottom + 15, `${i === 1 ? "n = " : ""}${whole(i)}`, "lab-muted", i === 1 ? "start" : "middle")).join("");
  }

  function band(name, p, across, y, all) {
    const { mean, variance } = lab.exact(name, p), stops = grid(60, (t) => all ** t);
    const edge = (sign) => stops.map((i) => [across(i), y(mean + sign * 2 * Math.sqrt(variance / i))]);
    return path(through([...edge(1), ...edge(-1).reverse()]) + "Z", `lab-band lab-${name}`);
  }

  function track(name, p, eps, across, y) {
    const mean = lab.runningMean(lab.draws(name, p, eps)), last = eps.length;
    const stops = [...new Set(grid(180, (t) => Math.round(last ** t)))];
    return path(through(stops.map((i) => [across(i), y(mean[i - 1])])), `lab-${name} lab-track`);
  }

  // Words: the table of draws, and the sentence

  const SHARE = 0.05, MOST = 1e7;

  function verdict(name, p) {
    const draws = lab.needed(name, p, SHARE);
    if (Number.isFinite(draws)) return draws > MOST ? `${short(draws / 1e6)} million` : whole(draws);
    return Math.abs(lab.exact(name, p).mean - lab.truth(p)) > 1e-9 ? "never: it is biased" : "the truth is 0";
  }

  function table({ p, shown }) {
    const rows = shown.map((name) => {
      const draws = lab.needed(name, p, SHARE), share = Number.isFinite(draws) ? Math.log(draws) / Math.log(MOST) : 0;
      const length = share ? `<span class="lab-length" style="--share:${round(100 * Math.min(1, share))}%"></span>` : "";
      return `<tr class="lab-${name}"><th scope="row">${escape(words().estimator(name, p).name)}</th>` +
        `<td>${short(lab.exact(name, p).variance)}</td><td>${length}<span>${verdict(name, p)}</span></td></tr>`;
    });
    return `<thead><tr><th scope="col">estimator</th><th scope="col">variance<span class="lab-more"> of one draw</span></th>` +
      `<th scope="col">draws for 5 %</th></tr></thead><tbody>${rows.join("")}</tbody>`;
  }

  /** What is seen, as one sentence for each estimator. */
  function sentence({ p, shown, eps, n }) {
    const part = (name) => {
      const mean = lab.runningMean(lab.draws(name, p, eps.subarray(0, n)))[n - 1];
      const wrong = Math.abs(lab.exact(name, p).mean - lab.truth(p)) > 1e-9 ? " (biased)" : "";
      return `${words().estimator(name, p).long} ${fixed(mean)} ± ${fixed(sd(name, p) / Math.sqrt(n))}${wrong}`;
    };
    return `The gradient in ${words().WHICH[p.which]} is ${fixed(lab.truth(p))}. ` +
      `Mean of ${whole(n)} draw${n === 1 ? "" : "s"}: ${shown.map(part).join(", ")}.`;
  }

  const ALT = {
    world: "Noise values on a line at the bottom, each tied by a string to its sample above; over the samples the density of q, and " +
      "over it the cost with the slope and the height at some of the samples.",
    outcome: "Histograms of the gradients of single draws, one for each estimator, on one axis, with the true gradient marked.",
    means: "The running mean of the gradients over the number of draws, inside bands that narrow around the truth.",
  };

  const picture = (name, height, inside) => `<svg class="lab-${name}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${ALT[name]}">` +
    `<g>${inside}</g></svg>`;

  const PARTS = { world, outcome, means, table, sentence };

  /** A state's whole figure, as it stands before any script runs, and on paper. The small one does without the means. */
  function markup(s, size) {
    const draws = `<table class="lab-table">${table(s)}</table>`, full = size === "full";
    return `<p class="lab-line">${escape(s.line)}</p><div class="lab-grid">${picture("world", WORLD.height, world(s))}` +
      `<div class="lab-out">${picture("outcome", outcomeHeight(s.shown), outcome(s))}` +
      `${full ? picture("means", MEANS.height, means(s)) : draws}</div></div>${full ? draws : ""}` +
      `<p class="lab-says" role="status">${escape(sentence(s))}</p>`;
  }

  const SEED = 216, DRAWS = 2000; // a seed whose first numbers, the ones with strings, spread well
  /** The state that a preset starts from. */
  function open(name, seed = SEED) {
    const { line, p, shown, spot = 0 } = words().PRESETS[name];
    return { line, p: { ...p }, shown, eps: lab.noise(seed, DRAWS), n: DRAWS, spot, seed };
  }

  Object.assign(lab, { DRAWING: { ...PARTS, HALF, MEANS, WIDTH, WORLD, fixed, handles, heights, markup, nice, open, outcomeHeight,
    STRINGS, DRAWS } });
})((globalThis.laboratory ??= {}));
