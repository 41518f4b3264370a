/* What a link leads to, an equation, a claim or a reference, is shown beside it: with the mouse, and with the keyboard
   while the link has the focus. Escape closes the card; the mouse may move onto it. */
(function () {
  const KINDS = ".math, .proof, .exercise, .citation, .caption";
  let card, link, waiting;

  function content(anchor) {
    const address = anchor.getAttribute("href");
    if (!address || !address.includes("#")) return null;
    if (address.startsWith("#")) {
      const target = document.getElementById(decodeURIComponent(address.slice(1)));
      if (!target || !target.matches(KINDS)) return null;
      const box = target.getBoundingClientRect();
      if (box.top >= 0 && box.bottom <= window.innerHeight && box.height) return null;  // it can be seen anyway
      return [target.cloneNode(true)];
    }
    const template = document.querySelector('.cards template[data-for="' + CSS.escape(address) + '"]');
    return template ? [...template.content.cloneNode(true).children] : null;
  }

  function close() {
    clearTimeout(waiting);
    if (card) card.remove();
    if (link) link.removeAttribute("aria-describedby");
    card = link = null;
  }

  function show(anchor) {
    close();
    const parts = content(anchor);
    if (!parts) return;
    card = document.createElement("div");
    card.className = "hover-card";
    card.id = "hover-card";
    card.setAttribute("role", "tooltip");
    parts.forEach(function (part) { card.append(part); });
    card.querySelectorAll("[id]").forEach(function (e) { e.removeAttribute("id"); });
    card.querySelectorAll(".headerlink, script, button").forEach(function (e) { e.remove(); });
    card.querySelectorAll("a, summary, [tabindex]").forEach(function (e) { e.setAttribute("tabindex", "-1"); });
    (document.querySelector("article.bd-article") || document.body).append(card);
    const box = anchor.getBoundingClientRect(), width = card.offsetWidth, height = card.offsetHeight;
    const below = box.bottom + height + 12 < window.innerHeight || box.top < height + 12;
    card.style.left = Math.max(8, Math.min(box.left, window.innerWidth - width - 16)) + "px";
    card.style.top = (below ? box.bottom + 6 : Math.max(8, box.top - height - 6)) + "px";
    link = anchor;
    link.setAttribute("aria-describedby", "hover-card");
    card.addEventListener("mouseenter", function () { clearTimeout(waiting); });
    card.addEventListener("mouseleave", leave);
  }

  function leave() {
    clearTimeout(waiting);
    waiting = setTimeout(close, 200);
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll('.bd-article a[href*="#"]:not(.headerlink)').forEach(function (anchor) {
      anchor.addEventListener("pointerenter", function (event) {
        if (event.pointerType === "touch") return;
        clearTimeout(waiting);
        waiting = setTimeout(show, 150, anchor);
      });
      anchor.addEventListener("pointerleave", leave);
      anchor.addEventListener("focus", function () { if (anchor.matches(":focus-visible")) show(anchor); });
      anchor.addEventListener("blur", close);
    });
    document.addEventListener("keydown", function (event) { if (event.key === "Escape") close(); });
    window.addEventListener("scroll", function () { if (card && !card.matches(":hover")) close(); }, { passive: true });
  });
})();
