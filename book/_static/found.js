/* The words of a search are marked on the page that it leads to; Escape takes the marks away. */
const wordsFound = new URLSearchParams(location.search).get("find");  // now: a script of the theme cuts the address
document.addEventListener("DOMContentLoaded", function () {
  const wanted = wordsFound;
  const article = document.querySelector("article.bd-article");
  if (!wanted || !article) return;
  const names = wanted.split("|").filter(Boolean).map(function (name) {
    return name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/[-_\s]+/g, "[-_\\s]*");
  });
  const pattern = new RegExp("(?<![\\p{L}\\p{N}])(?:" + names.join("|") + ")", "iu");
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    if (!walker.currentNode.parentElement.closest("svg, script, style, math, template, button")) texts.push(walker.currentNode);
  }
  texts.forEach(function (text) {
    for (let hit; text && (hit = pattern.exec(text.data));) {
      const match = text.splitText(hit.index);
      text = match.splitText(hit[0].length);
      const mark = document.createElement("mark");
      mark.className = "found";
      match.replaceWith(mark);
      mark.append(match);
    }
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    article.querySelectorAll("mark.found").forEach(function (mark) { mark.replaceWith(...mark.childNodes); });
    article.normalize();
  });
});
