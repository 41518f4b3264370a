/* Links into a folded part open it, where the browser does not do so itself. What is folded prints unfolded, except
   the solutions. Copying buttons and check marks are left out of the Tab order; one button unfolds the checks. */
(function () {
  function open() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    let closed = false;
    for (let at = target; at; at = at.parentElement) {
      if (at.localName === "details" && !at.open) closed = at.open = true;
    }
    if (closed) target.scrollIntoView();
  }

  function offer() {
    const marks = document.querySelectorAll(".whisper details");
    const article = document.querySelector("article.bd-article");
    if (!marks.length || !article) return;
    const line = document.createElement("p"), button = document.createElement("button");
    line.className = "whispers";
    button.type = "button";
    button.textContent = "Show what the " + marks.length + " check marks of this page stand for";
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", function () {
      const shown = button.getAttribute("aria-pressed") === "false";
      button.setAttribute("aria-pressed", String(shown));
      marks.forEach(function (mark) { mark.open = shown; });
    });
    line.append(button);
    article.append(line);
  }

  window.addEventListener("hashchange", open);
  document.addEventListener("DOMContentLoaded", function () {
    open();
    offer();
  });
  window.addEventListener("load", function () {
    document.querySelectorAll("button.copybtn").forEach(function (button) { button.tabIndex = -1; });
  });
  let folded = [];
  window.addEventListener("beforeprint", function () {
    folded = [...document.querySelectorAll(".bd-article details:not([open]):not(.solution):not(.whisper details)")];
    folded.forEach(function (part) { part.open = true; });
  });
  window.addEventListener("afterprint", function () { folded.forEach(function (part) { part.open = false; }); });
})();
