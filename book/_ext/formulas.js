// Typeset formulas without a browser: MathJax's SVG, cut into lines for several widths of the column.
// Reads {mathjax: folder, widths: [em, ...], scale, formulas: [{tex, display}, ...]} and writes {style, glyphs, formulas}.
const { mathjax, widths, scale, formulas } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const EX = 0.442; // of MathJax's own font, in em
const EM = 16;

const inEm = (ex) => (parseFloat(ex) * EX * scale).toFixed(3).replace(/\.?0+$/, "");

// MathJax's marks for its own explorer weigh more than the drawing.
function slim(svg) {
  let text = svg.replace(/ (?:data-(?!mjx-error)[a-z-]+|xmlns(?::xlink)?|role|focusable)="[^"]*"/g, "")
    .replace(/xlink:href="#MJX-(?:NCM-)?/g, 'href="#g-').replace(/<(use|path|rect|line)([^>]*)><\/\1>/g, "<$1$2/>")
    .replace(/(width|height)="(-?[\d.]+)ex"/g, (_, name, ex) => `${name}="${inEm(ex)}em"`)
    .replace(/vertical-align: (-?[\d.]+)ex;/g, (_, ex) => `vertical-align:${inEm(ex)}em`);
  for (let before; before !== text;) {
    before = text;
    text = text.replace(/<g>(<(?:use|path|rect)[^>]*\/>)<\/g>/g, "$1").replace(/<g>((?:<use[^>]*\/>)+)<\/g>/g, "$1")
      .replace(/<g><\/g>/g, "");
  }
  return text;
}

(async () => {
  const MathJax = await require(mathjax).init({
    loader: { load: ["input/tex", "output/svg", "a11y/assistive-mml"] },
    svg: { fontCache: "global", displayOverflow: "linebreak", mtextInheritFont: true,
      linebreaks: { inline: true, width: "100%", lineleading: 0.35 } },
    startup: { typeset: false },
  });
  const adaptor = MathJax.startup.adaptor;
  const drawn = (node) => adaptor.childNodes(node).filter((e) => adaptor.kind(e) !== "mjx-assistive-mml")
    .map((e) => adaptor.outerHTML(e)).join("");

  async function draw(tex, display, width) {
    const node = await MathJax.tex2svgPromise(tex, { display, em: EM, ex: EM * EX, containerWidth: (width * EM) / scale });
    const spoken = adaptor.childNodes(node).find((e) => adaptor.kind(e) === "mjx-assistive-mml");
    const svg = drawn(node);
    const wide = Math.max(...[...svg.matchAll(/<svg style="vertical-align[^"]*"[^>]*? width="([\d.]+)ex"/g)].map((m) => +inEm(m[1])));
    return { svg: slim(svg), wide, fault: /data-mjx-error="([^"]*)"/.exec(svg)?.[1] ?? null,
      mathml: spoken ? adaptor.innerHTML(spoken).replace(/ data-[a-z-]+="[^"]*"/g, "") : "" };
  }

  const done = [];
  for (const { tex, display } of formulas) {
    if (!display) {
      done.push(await draw(tex, false, 1000));
      continue;
    }
    const versions = [];
    let first = null;
    for (const width of widths) {
      if (versions.length && versions.at(-1).wide <= width) continue;
      const version = await draw(tex, true, width);
      first ??= version;
      if (!versions.length || version.wide < versions.at(-1).wide) versions.push({ svg: version.svg, wide: version.wide });
    }
    done.push({ versions, mathml: first.mathml, fault: first.fault });
  }
  const cache = adaptor.outerHTML(MathJax.startup.output.fontCache.getCache());
  const glyphs = Object.fromEntries([...cache.matchAll(/<path id="MJX-(?:NCM-)?([^"]+)" d="([^"]*)"/g)].map((m) => [m[1], m[2]]));
  const style = adaptor.textContent(MathJax.svgStylesheet());
  process.stdout.write(JSON.stringify({ style, glyphs, formulas: done }));
})().catch((error) => { process.stderr.write(`${error?.stack ?? error}\n`); process.exit(1); });
