/* Search in the book's sections: what a reader types, or another word for it. Chapters come before helpers. */
(function () {
  // What people type, and what it is called here. A word on the left also finds the words on the right.
  const SYNONYMS = {
    "iwae": ["importance-weighted", "several draws inside the logarithm"],
    "logvar": ["log-variance", "log variance", "log σ²", "log deviation", "log-deviation"],
    "log_var": ["log-variance", "log variance", "log deviation", "log-deviation"],
    "surrogate": ["surrogate", "score function", "detach"],
    "stop_gradient": ["detach"],
    "stop gradient": ["detach"],
    "stop-gradient": ["detach"],
    "annealing": ["kl that rises", "warm-up", "rises from", "β", "beta", "temperature"],
    "beta-vae": ["β-vae", "β", "weight of the kl"],
    "rao-blackwell": ["conditioning", "own-term", "own term", "leave-one-out", "local expectation"],
    "reinforce": ["score function"],
    "likelihood ratio": ["score function"],
    "log-derivative": ["score function"],
    "policy gradient": ["score function"],
    "negative loss": ["density may exceed one", "exceed one", "exceeds one", "log density"],
    "density greater than one": ["density may exceed one", "exceed one", "exceeds one", "above one"],
    "gradient none": ["rsample", "detach", "no gradient"],
    "grad none": ["rsample", "detach", "no gradient"],
    "nan": ["not a number", "overflow", "infinite", "infinity"],
    "straight-through": ["straight-through", "straight through"],
    "gumbel": ["gumbel", "concrete"],
    "concrete": ["concrete", "gumbel"],
    "variational autoencoder": ["vae"],
    "normalizing flow": ["flow"],
    "normalising flow": ["flow"],
    "stl": ["sticking the landing", "path derivative"],
    "pathwise": ["pathwise", "reparameterization"],
    "reparametrization": ["reparameterization"],
    "reparameterisation": ["reparameterization"],
    "reparametrisation": ["reparameterization"],
    "control variate": ["control variate", "baseline"],
    "baseline": ["baseline", "control variate"],
    "posterior collapse": ["collapse"],
    "mutual information": ["mutual information", "information"],
    "evidence lower bound": ["elbo", "evidence lower bound"],
    "elbo": ["elbo", "evidence lower bound"],
    "svi": ["sgvi", "stochastic gradient variational"],
    "bbvi": ["black box", "score function"],
    "mcmc": ["markov", "metropolis"],
  };
  const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replace(/[‐‑–]/g, "-");
  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = (words) => new RegExp("(?<![\\p{L}\\p{N}])" + escaped(plain(words)).replace(/[-_\s]+/g, "[-_\\s]*"), "gu");

  // The parts of a query, each with all its names: the longest synonym first, then single words.
  function parts(query) {
    let rest = plain(query).trim().replace(/\s+/g, " ");
    const found = [];
    for (const name of Object.keys(SYNONYMS).sort((a, b) => b.length - a.length)) {
      const at = new RegExp("(^| )" + escaped(name) + "(?= |$)");
      if (at.test(rest)) {
        rest = rest.replace(at, "$1").replace(/\s+/g, " ").trim();
        found.push([name, ...SYNONYMS[name]]);
      }
    }
    return [...found, ...rest.split(" ").filter(Boolean).map((word) => [word])];
  }

  const count = (text, words) => (plain(text).match(pattern(words)) || []).length;

  function score(section, names) {
    let best = 0;
    names.forEach((name, i) => {
      const worth = 20 * Math.min(count(section.title, name), 1) + 6 * Math.min(count(section.page, name), 1) +
        Math.min(count(section.text, name), 6);
      best = Math.max(best, i === 0 ? worth : 0.8 * worth);
    });
    return best;
  }

  /* Sections that hold every part of the query, best first: {section, score}. */
  function find(query, sections) {
    const wanted = parts(query);
    if (!wanted.length) return [];
    const ranks = { chapter: 1, lookup: 0.6, helper: 0.25 };
    return sections.map((section) => {
      const each = wanted.map((names) => score(section, names));
      const total = each.some((s) => s === 0) ? 0 : each.reduce((a, b) => a + b);
      return { section, score: total * ranks[section.kind] };
    }).filter((result) => result.score > 0).sort((a, b) => b.score - a.score);
  }

  // The words around the first hit, and which names of the query a section holds.
  function excerpt(section, query) {
    const names = parts(query).flat().filter((name) => count(section.text, name) || count(section.title, name));
    const at = Math.max(0, Math.min(...names.map((name) => plain(section.text).search(pattern(name))).filter((i) => i >= 0), Infinity));
    const start = Number.isFinite(at) ? Math.max(0, section.text.lastIndexOf(" ", Math.max(0, at - 70))) : 0;
    return { names, text: (start ? "… " : "") + section.text.slice(start, start + 220).trim() + " …" };
  }

  globalThis.finder = { find, parts, excerpt, pattern, SYNONYMS };
  if (typeof document === "undefined") return;

  function marked(text, names) {
    const box = document.createElement("p");
    box.className = "context";
    let rest = text;
    const all = names.map((name) => pattern(name).source).join("|");
    if (!all) return Object.assign(box, { textContent: text });
    for (let hit; (hit = new RegExp(all, "iu").exec(rest)); rest = rest.slice(hit.index + hit[0].length)) {
      const mark = document.createElement("mark");
      mark.className = "found";
      mark.textContent = hit[0];
      box.append(rest.slice(0, hit.index), mark);
    }
    box.append(rest);
    return box;
  }

  document.addEventListener("DOMContentLoaded", function () {
    const box = document.getElementById("search-results");
    if (!box || !globalThis.bookSections) return;
    const query = new URLSearchParams(location.search).get("q") || "";
    document.querySelectorAll('input[name="q"]').forEach(function (input) { input.value = query; });
    const found = find(query, globalThis.bookSections).slice(0, 40);
    const told = document.createElement("p"), list = document.createElement("ul");
    told.setAttribute("role", "status");
    told.textContent = !query ? "" : found.length ? `“${query}” is found in ${found.length === 40 ? "40 or more" : found.length} sections.`
      : `Nothing is found for “${query}”. The glossary and the list of symbols may help.`;
    list.className = "search";
    for (const { section } of found) {
      const { names, text } = excerpt(section, query);
      const item = document.createElement("li"), link = document.createElement("a"), where = document.createElement("span");
      link.href = `${section.path}?find=${encodeURIComponent(names.join("|"))}#${section.id}`;
      link.textContent = section.title;
      where.textContent = section.title === section.page ? "" : ` in ${section.page}`;
      item.append(link, where, marked(text, names));
      list.append(item);
    }
    box.replaceChildren(told, list);
  });
})();
