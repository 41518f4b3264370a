/* What the reader does: presets, sliders, handles on the picture, play. Numbers and drawings come from the other files. */
(function (lab) {
  "use strict";

  const SECONDS = 9; // that the play takes from the first draw to the last
  const SCALE = (lab.DRAWING.WIDTH / 2 - 10) / lab.DRAWING.HALF; // pixels of the picture per unit of z
  const { COSTS, KNOBS, PRESETS, WHICH } = lab.WORDS;

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }
  const button = (label, act, attributes = {}) => {
    const made = make("button", { type: "button", ...attributes }, label);
    made.addEventListener("click", act);
    return made;
  };
  const svg = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };

  /** Bring one figure of the page to life. */
  function wake(box) {
    const names = box.dataset.presets.split(" "), full = box.dataset.size === "full";
    const part = (name) => box.querySelector(`.lab-${name}`);
    const parts = Object.fromEntries(["world", "outcome", "means"].filter(part).map((name) => [name, part(name)]));
    const held = svg("g", { "aria-hidden": "true" });
    parts.world.append(held);
    let state, chosen, frame = 0, spoken = 0, playing = 0;

    // Drawing: at most once a frame, whatever happened since

    function redraw() {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        draw();
      });
    }

    function draw() {
      for (const [name, picture] of Object.entries(parts)) picture.querySelector("g").innerHTML = lab.DRAWING[name](state);
      parts.outcome.setAttribute("viewBox", `0 0 ${lab.DRAWING.WIDTH} ${lab.DRAWING.outcomeHeight(state.shown)}`);
      part("table").innerHTML = lab.DRAWING.table(state);
      placeHandles();
      showKnobs();
      clearTimeout(spoken); // a screen reader hears where a move ends, not every step of it
      spoken = setTimeout(() => (part("says").textContent = lab.DRAWING.sentence(state)), playing ? 1500 : 300);
    }

    // Presets

    function open(name) {
      stop();
      chosen = name;
      state = lab.DRAWING.open(name, state?.seed);
      part("line").textContent = state.line;
      presets.forEach((made, i) => made.setAttribute("aria-pressed", names[i] === name));
      build();
      redraw();
    }
    const presets = names.map((name) => button(PRESETS[name].title, () => open(name), { "aria-pressed": "false" }));

    // Knobs: a slider for each number, and handles in the picture that do the same

    const sliders = {};
    const choices = make("div", { class: "lab-choices" }), knobs = make("div", { class: "lab-knobs" });

    const applies = (name) => {
      if (name === "k") return Boolean(COSTS[state.p.cost].k);
      return name !== "c" || state.p.cost !== "bound";
    };
    const offered = () => (full ? Object.keys(KNOBS) : PRESETS[chosen].knobs).filter(applies);
    const range = (name) => ({ ...KNOBS[name], ...(name === "k" ? COSTS[state.p.cost].k : {}) });

    function set(name, value) {
      const { min, max } = range(name);
      state.p[name] = magnet(name, Math.min(max, Math.max(min, value)));
      redraw();
    }

    /** The posterior, and zero, are met exactly by whoever comes near. */
    function magnet(name, value) {
      const target = state.p.cost === "bound" ? { mu: state.p.m, sigma: state.p.v }[name] : name === "c" ? 0 : undefined;
      return Math.abs(value - target) < 0.6 * KNOBS[name].step ? target : value;
    }

    function slider(name) {
      const { what, min, max, step } = range(name);
      const input = make("input", { type: "range", min, max, step, "aria-label": `${KNOBS[name].name}, ${what}` });
      const output = make("output");
      input.addEventListener("input", () => set(name, Number(input.value)));
      sliders[name] = { input, output };
      return make("label", { title: what }, make("b", {}, KNOBS[name].name), input, output);
    }

    function showKnobs() {
      for (const [name, { input, output }] of Object.entries(sliders)) {
        const shown = lab.DRAWING.fixed(state.p[name]);
        if (document.activeElement !== input || Math.abs(input.value - state.p[name]) > KNOBS[name].step) input.value = state.p[name];
        output.value = shown;
        input.setAttribute("aria-valuetext", shown);
      }
    }

    function choose(legend, options, now, act) {
      const list = make("select", { "aria-label": legend });
      for (const [value, label] of options) list.append(new Option(label, value, false, value === now));
      list.addEventListener("change", () => act(list.value));
      return list;
    }

    /** What can be set depends on the cost: made anew with it. */
    function build() {
      for (const name of Object.keys(sliders)) delete sliders[name];
      knobs.replaceChildren(...offered().map(slider));
      for (const name of Object.keys(handles)) handles[name].style.display = offered().includes(name) ? "" : "none";
      if (!full) return;
      const { cost, which } = state.p, plain = Object.entries(COSTS).filter(([name]) => name !== "bound");
      const costs = choose("cost", plain.map(([name, { name: label }]) => [name, label]), cost, (name) => {
        const { min, max } = COSTS[name].k;
        Object.assign(state.p, { cost: name, k: Math.min(max, Math.max(min, state.p.k)) });
        build();
        redraw();
      });
      const letters = choose("gradient in", Object.entries(WHICH), which, (letter) => {
        state.p.which = letter;
        redraw();
      });
      choices.replaceChildren(...(cost === "bound" ? [] : [costs]), make("label", {}, "gradient in ", letters));
    }

    const handles = Object.fromEntries(Object.entries(KNOBS).map(([name, { name: letter }]) => {
      const handle = svg("g", { class: "lab-handle" }), label = svg("text", { y: 4 });
      label.textContent = letter;
      handle.append(svg("circle", { r: 24 }), svg("circle", { r: 9 }), label);
      handle.addEventListener("pointerdown", (event) => grab(event, name));
      held.append(handle);
      return [name, handle];
    }));

    function placeHandles() {
      const places = lab.DRAWING.handles(state, offered());
      for (const [name, handle] of Object.entries(handles)) {
        handle.style.display = places[name] ? "" : "none";
        if (places[name]) handle.setAttribute("transform", `translate(${places[name].map((v) => v.toFixed(1))})`);
      }
    }

    /** Where fingers' targets overlap, the nearest handle is meant. */
    function nearest(event) {
      const { left, width, top } = parts.world.getBoundingClientRect(), unit = lab.DRAWING.WIDTH / width;
      const x = (event.clientX - left) * unit, y = (event.clientY - top) * unit;
      const places = Object.entries(lab.DRAWING.handles(state, offered()));
      return places.reduce((best, [name, at]) => {
        const far = Math.hypot(at[0] - x, at[1] - y);
        return far < best.far ? { far, name } : best;
      }, { far: Infinity }).name;
    }

    function grab(event) {
      const name = nearest(event), handle = handles[name], unit = lab.DRAWING.WIDTH / parts.world.getBoundingClientRect().width;
      const from = state.p[name], height = lab.DRAWING.heights(state.p).unit, { step } = KNOBS[name];
      event.preventDefault();
      event.currentTarget.setPointerCapture(event.pointerId);
      const captured = event.currentTarget;
      handle.classList.add("lab-held");
      const move = (at) => {
        const right = (at.clientX - event.clientX) * unit / SCALE, up = (event.clientY - at.clientY) * unit / height;
        set(name, Math.round((from + (name === "c" ? up : right)) / step) * step);
      };
      const end = () => {
        handle.classList.remove("lab-held");
        captured.removeEventListener("pointermove", move);
      };
      captured.addEventListener("pointermove", move);
      captured.addEventListener("lostpointercapture", end, { once: true });
    }

    /** A tap on the picture puts the nearest sample in the spotlight. */
    function choice(event) {
      const { left, width } = parts.world.getBoundingClientRect();
      const z = ((event.clientX - left) * lab.DRAWING.WIDTH / width - lab.DRAWING.WIDTH / 2) / SCALE;
      const far = Array.from(state.eps.subarray(0, lab.DRAWING.STRINGS), (eps) => Math.abs(lab.at(state.p, eps) - z));
      state.spot = far.indexOf(Math.min(...far));
      redraw();
    }
    parts.world.addEventListener("click", (event) => event.target.closest(".lab-handle") || choice(event));

    // Play: draws one by one, faster and faster; where motion is unwelcome, ten times as many at each press

    const still = matchMedia("(prefers-reduced-motion: reduce)");
    const player = button("▶ Draw by draw", () => (still.matches ? leap() : playing ? stop() : play()));

    function leap() {
      show(state.n >= lab.DRAWING.DRAWS ? 1 : Math.min(state.n * 10, lab.DRAWING.DRAWS));
    }

    function show(n) {
      Object.assign(state, { n, spot: n < lab.DRAWING.STRINGS ? n - 1 : 0 });
      redraw();
    }

    function play() {
      const begun = performance.now();
      player.textContent = "❚❚ Stop";
      const next = (now) => {
        const part = Math.min(1, Math.max(0, now - begun) / 1000 / SECONDS);
        show(Math.round(lab.DRAWING.DRAWS ** part));
        playing = part < 1 ? requestAnimationFrame(next) : 0;
        if (!playing) stop();
      };
      playing = requestAnimationFrame(next);
    }

    function stop() {
      cancelAnimationFrame(playing);
      playing = 0;
      player.textContent = "▶ Draw by draw";
    }

    function renew() {
      state.seed += 1;
      state.eps = lab.noise(state.seed, lab.DRAWING.DRAWS);
      redraw();
    }

    function reset() {
      state.seed = undefined;
      open(chosen);
    }

    const buttons = make("div", { class: "lab-buttons" }, player, button("New noise", renew), button("Reset", reset));
    const below = make("div", { class: "lab-below" }, buttons, choices);
    const row = make("div", { class: "lab-presets", role: "group", "aria-label": "Presets" }, ...presets);
    if (names.length > 1) part("line").before(row);
    part("grid").after(knobs, below);
    open(names[0]);
    draw();
  }

  const start = () => document.querySelectorAll(".lab").forEach(wake);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})(globalThis.laboratory);
