// What the browser test asks of an open page, from within it. Each answer is a list of faults in words.
window.book = (() => {
  // These may scroll sideways.
  const WIDE = "mjx-container, span.math, pre, .cell_output, .output, .pst-scrollable-table-container";
  const PAPERLESS = ".bd-sidebar-primary, .bd-sidebar-secondary, .bd-header, .bd-header-article, .prev-next-footer, " +
    ".bd-footer, .toggle-button, .copybtn, .headerlink, .hover-card, .bd-article :is(details.hide > summary, button, input)";

  const name = (e) => {
    const words = (e.getAttribute("aria-label") || e.textContent).replace(/\s+/g, " ").trim().slice(0, 50);
    return `<${e.localName}${e.className ? " class=" + JSON.stringify(e.getAttribute("class")) : ""}> ${words}`;
  };
  const seen = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getBoundingClientRect().width > 2;
  const own = () => [...document.querySelectorAll(".bd-article, .bd-article *")]
    .filter((e) => !e.parentElement.closest("mjx-container, svg") && !e.closest(".headerlink, .copybtn"));

  // Contrast of two colours after WCAG 2; a colour is painted over those of its ancestors.
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
    return colour.startsWith("color(") ? [255 * r, 255 * g, 255 * b, a] : [r, g, b, a];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[3] * top[i] + (1 - top[3]) * below[i]);
  const background = (e) => {
    const layers = [];
    for (let at = e; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    return layers.reduceRight((below, top) => over(top, below), [255, 255, 255]);
  };
  const linear = (part) => (part <= 10.31 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const contrast = (colour, e) => {
    const below = background(e);
    const [low, high] = [light(over(parse(colour), below)), light(below)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  // Nothing is cut off; what scrolls sideways is no prose and can be reached from the keyboard.
  function layout({ scrolling, room }) {
    const faults = [];
    const excess = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (excess > 1) faults.push(`the page scrolls sideways by ${excess} px`);
    for (const e of document.querySelectorAll(".bd-sidebar-secondary, .bd-sidebar-primary")) {
      const more = e.scrollWidth - e.clientWidth;
      if (seen(e) && more > 1) faults.push(`${more} px too wide: ${name(e)}`);
    }
    for (const e of own().filter(seen)) {
      const more = e.scrollWidth - e.clientWidth;
      if (!e.clientWidth || more <= 1) continue;
      const flow = getComputedStyle(e).overflowX;
      if (flow === "hidden" || flow === "clip") faults.push(`hides ${more} px of ${name(e)}`);
      else if (flow === "visible") {
        if (!e.closest(WIDE) || !scrolling) faults.push(`${more} px too wide: ${name(e)}`);
      } else if (!scrolling) faults.push(`cut off by ${more} px: ${name(e)}`);
      else if (!e.matches(WIDE)) faults.push(`prose scrolls by ${more} px: ${name(e)}`);
      else if (e.tabIndex < 0) faults.push(`scrolls, but not from the keyboard: ${name(e)}`);
      else if (room && e.matches(".math, .math *, pre")) faults.push(`${more} px wider than the column: ${name(e)}`);
    }
    return faults;
  }

  // Formulas, drawings and pictures, which axe does not look at, can be seen.
  function legible() {
    const faults = [];
    for (const e of document.querySelectorAll(".bd-article mjx-container")) {
      if (seen(e) && contrast(getComputedStyle(e).color, e) < 4.5) faults.push(`faint formula: ${name(e)}`);
    }
    for (const e of document.querySelectorAll(".bd-article img")) {
      if (!e.naturalWidth) faults.push(`picture is missing: ${e.alt}`);
      if (!e.closest(".picture") && e.alt.trim().length < 20) faults.push(`picture without a description: "${e.alt}"`);
      if (Math.min(...background(e)) < 255 && getComputedStyle(e.closest(".picture, img")).filter === "none") faults.push(`picture with dark letters on a dark ground: ${e.alt}`);
      const bytes = e.src.startsWith("data:") ? (e.src.length - e.src.indexOf(",")) * 0.75 : 0;
      if (bytes > 25_000) faults.push(`picture of ${Math.round(bytes / 1000)} kB: ${e.alt}`);
    }
    const raw = document.querySelectorAll("mjx-merror").length;
    if (raw) faults.push(`${raw} formulas that MathJax cannot read`);
    return faults;
  }

  // Whatever can have the focus shows it: a ring of 2 px or more with contrast 3 : 1. Call it after a press of Tab.
  function focus() {
    const faults = [];
    const stops = [...document.querySelectorAll("a[href], button, input, summary, [tabindex]")]
      .filter((e) => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({ visibilityProperty: true }));
    for (const e of stops) {
      e.focus({ preventScroll: true });
      const style = getComputedStyle(e);
      if (document.activeElement !== e) faults.push(`cannot be focused: ${name(e)}`);
      else if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) faults.push(`no ring: ${name(e)}`);
      else if (contrast(style.outlineColor, e.parentElement) < 3) faults.push(`faint ring: ${name(e)}`);
    }
    const formulas = stops.filter((e) => e.closest("mjx-container") && e.scrollWidth <= e.clientWidth + 1).length;
    if (formulas) faults.push(`${formulas} formulas stop the Tab key without need`);
    document.activeElement.blur();
    return faults;
  }

  // On paper: what folds is open except the solutions, sliders a still picture with its value, and nothing to click.
  function paper() {
    const faults = [...document.querySelectorAll(PAPERLESS)].filter(seen).map((e) => `on paper, too: ${name(e)}`);
    for (const e of document.querySelectorAll(".reparam-slider :is(.picture, output), .drawn")) {
      if (!seen(e)) faults.push(`not on paper: ${name(e)}`);
    }
    for (const e of document.querySelectorAll(".bd-article details:not(.whisper details)")) {
      if (e.open === e.matches(".solution")) faults.push(`${e.open ? "open" : "folded"} on paper: ${name(e)}`);
    }
    for (const e of own().filter(seen)) { // paper takes the first moment
      if (getComputedStyle(e).animationName !== "none") faults.push(`fades in on paper: ${name(e)}`);
    }
    if (contrast(getComputedStyle(document.body).color, document.documentElement) < 7) {
      faults.push("letters too faint for paper");
    }
    return faults;
  }

  // axe says nothing of outlines of letters, yet takes most of its time for them: formulas keep size, text and MathML.
  function lighten() {
    document.querySelectorAll("mjx-container svg").forEach((svg) => {
      svg.querySelectorAll("defs, path, use, rect, line").forEach((e) => e.remove());
      for (const g of [...svg.querySelectorAll("g")].reverse()) if (!g.hasChildNodes()) g.remove();
    });
  }

  return { layout, legible, focus, paper, lighten };
})();
