/* Search in the book's sections: what a reader types, or another word for it (synonyms.js). Chapters come before helpers. */
(function () {
  const IDLE = new Set(("a an and any are as at be been by can could do does doing for from get gets getting give gives go goes got has have how i if in into " +
    "is it its just make makes me my not of on only or s should so t than that the their there they this to use using vs versus was we what when where which " +
    "while who why will with without work would you your").split(" "));
  const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replace(/[‐‑–]/g, "-");
  const flat = (text) => plain(text).replace(/[-_\s]+/g, " ").replace(/[?!,;:"“”]+/g, "").trim();
  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const patterns = new Map(); // words are looked for in every section
  function pattern(words) {
    if (!patterns.has(words)) {
      patterns.set(words, new RegExp("(?<![\\p{L}\\p{N}])" + escaped(plain(words)).replace(/[-_\s]+/g, "[-_\\s]*") +
        (words.length < 4 ? "s?(?![\\p{L}\\p{N}])" : ""), "gu")); // the beginning of a word, or a short one whole
    }
    return patterns.get(words);
  }

  // The parts of a query, each with all its names: the longest synonym first, then single words; idle words do not count.
  function parts(query) {
    let rest = flat(query);
    const found = [], synonyms = globalThis.SYNONYMS || {};
    for (const name of Object.keys(synonyms).sort((a, b) => b.length - a.length)) {
      const at = new RegExp("(^| )" + escaped(name) + "(e?s)?(?= |$)");
      if (at.test(rest)) {
        rest = rest.replace(at, "$1").replace(/\s+/g, " ").trim();
        found.push([name, ...synonyms[name]]);
      }
    }
    const words = rest.split(" ").filter(Boolean), telling = words.filter((word) => !IDLE.has(word));
    return [...found, ...(found.length || telling.length ? telling : words).map((word) => [word])];
  }

  // Texts as they are compared, kept between queries.
  const kept = new WeakMap();
  function texts(section) {
    if (!kept.has(section)) kept.set(section, { title: plain(section.title), page: plain(section.page), text: plain(section.text) });
    return kept.get(section);
  }

  const count = (text, words) => (text.match(pattern(words)) || []).length;

  // How much a section says of one part of the query: its title, its page's title, its text (more hits count less and less).
  function worth(section, names) {
    const { title, page, text } = texts(section);
    const each = names.map((name, i) => {
      const hits = count(text, name);
      const titled = count(title, name) ? (3 + (1.5 * name.length) / title.length) * (title === page ? 1.3 : 1) : 0;
      const sum = titled + (count(page, name) ? 0.6 : 0) + (2 * hits) / (hits + 1 + text.length / 6000);
      return i ? 0.85 * sum : sum;
    });
    return Math.max(...each);
  }

  function vocabulary(sections) {
    if (!kept.has(sections)) {
      const words = sections.flatMap((section) => `${texts(section).title} ${texts(section).text}`.match(/\p{L}{4,}/gu) || []);
      kept.set(sections, [...new Set(words)]);
    }
    return kept.get(sections);
  }

  // Letters to change, add or leave out between two words; three or more count as three.
  function distance(a, b) {
    if (Math.abs(a.length - b.length) > 2) return 3;
    let row = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (let i = 1; i <= a.length; i++) {
      const next = [i];
      for (let j = 1; j <= b.length; j++) next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] !== b[j - 1])));
      row = next;
    }
    return Math.min(3, row[b.length]);
  }

  // A word that the book does not have: its beginning, else the word that is nearest to it.
  function mended(word, sections) {
    const words = vocabulary(sections);
    for (let n = word.length - 1; n >= Math.max(5, 0.6 * word.length); n--) {
      if (words.some((other) => other.startsWith(word.slice(0, n)) && other.length < word.length + 4)) return word.slice(0, n);
    }
    if (word.length < 5) return null;
    const near = words.map((other) => [distance(word, other), other]).filter(([d]) => d <= (word.length < 8 ? 1 : 2));
    return near.length ? near.sort((a, b) => a[0] - b[0])[0][1] : null;
  }

  const RANKS = [[/bibliography/, 0.3], [/checks\.html/, 0.25], [/index\.html/, 0.4], [/glossary|symbols|source_map/, 0.6]];
  const TITLES = /^[\d. ]*(exercises|summary|where to go next|what comes next)/i;
  const rank = (section) => (section.kind === "lookup" ? (RANKS.find(([path]) => path.test(section.path)) || [0, 0.7])[1] : 1) *
    (TITLES.test(section.title) ? 0.6 : 1);

  // The parts that the book knows, under names that it has.
  function wanted(query, sections) {
    const has = (names) => sections.some((section) => worth(section, names) > 0);
    return parts(query).map((names) => {
      const other = has(names) || names.length > 1 ? null : mended(names[0], sections);
      return other ? [other] : names;
    }).filter(has);
  }

  /* Sections, best first: {section, score}. Those with every part of the query lead, rare words count most, helpers come last. */
  function find(query, sections, known = wanted(query, sections)) {
    if (!known.length) return [];
    const rows = sections.map((section) => known.map((names) => worth(section, names)));
    const rare = known.map((_, i) => Math.log(1 + sections.length / rows.filter((row) => row[i] > 0).length));
    const all = rare.reduce((a, b) => a + b), phrase = flat(query);
    const found = sections.map((section, k) => {
      const cover = rows[k].reduce((sum, w, i) => sum + (w > 0) * rare[i], 0) / all;
      const together = known.length > 1 ? 4 * Math.min(count(texts(section).title, phrase), 1) + 2 * Math.min(count(texts(section).text, phrase), 1) : 0;
      return { section, score: (rows[k].reduce((sum, w, i) => sum + w * rare[i], 0) / all + together) * cover ** 3 * rank(section) };
    }).filter((result) => result.score > 0).sort((a, b) => b.score - a.score);
    const helper = (result) => result.section.kind === "helper", text = found.filter((result) => !helper(result));
    return [...text.filter((result) => result.score > 0.15 * text[0].score), ...found.filter(helper)];
  }

  // The words around the first hit, and which of the wanted names a section holds.
  function excerpt(section, every) {
    const { title, text } = texts(section);
    const names = every.filter((name) => count(text, name) || count(title, name));
    const at = Math.max(0, Math.min(...names.map((name) => text.search(pattern(name))).filter((i) => i >= 0), Infinity));
    const start = Number.isFinite(at) ? Math.max(0, section.text.lastIndexOf(" ", Math.max(0, at - 70))) : 0;
    return { names, text: (start ? "… " : "") + section.text.slice(start, start + 220).trim() + " …" };
  }

  globalThis.finder = { find };
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
    const known = wanted(query, globalThis.bookSections), every = find(query, globalThis.bookSections, known);
    const helper = (result) => result.section.kind === "helper";
    const found = [...every.filter((result) => !helper(result)).slice(0, 30), ...every.filter(helper).slice(0, 10)];
    const told = document.createElement("p"), list = document.createElement("ul");
    told.setAttribute("role", "status");
    told.textContent = !query ? "" : found.length ? `“${query}” is found in ${every.length} place${every.length === 1 ? "" : "s"}.`
      : `Nothing is found for “${query}”. The glossary and the list of symbols may help.`;
    list.className = "search";
    for (const { section } of found) {
      const { names, text } = excerpt(section, known.flat());
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
