/* Names for screen readers where the theme's own differ from what is shown, or are missing. */
document.addEventListener("DOMContentLoaded", function () {
  document.querySelectorAll("button[aria-label], label[aria-label], a[aria-label]").forEach(function (element) {
    const shown = element.textContent.replace(/\s+/g, " ").trim();
    if (shown && !element.getAttribute("aria-label").toLowerCase().includes(shown.toLowerCase())) {
      element.setAttribute("aria-label", element.getAttribute("aria-label") + ": " + shown);
    }
  });
  document.querySelectorAll("summary").forEach(function (element) {
    if (element.textContent.trim()) {
      element.removeAttribute("aria-label");  // its visible words name it
    } else {
      element.setAttribute("aria-label", "Show or hide the pages below");
    }
  });
  const title = document.querySelector(".bd-sidebar-primary .navbar-brand");
  if (title) {
    const box = title.closest(".sidebar-primary-item") || title;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", "Book title");
  }
  // What scrolls sideways can be reached from the keyboard, only while it does scroll. In idle moments: all must be laid out
  // for it, which book.css puts off until then.
  const wide = "div.math mjx-container, .bd-article pre, .output, .cell_output, .pst-scrollable-table-container";
  const idle = window.requestIdleCallback || function (work) { setTimeout(work, 50); };
  let waiting = false;
  function mark() {
    waiting = false;
    const kept = document.querySelector(":target") || document.elementFromPoint(innerWidth / 2, innerHeight / 2);
    const before = kept && kept.getBoundingClientRect().top;
    document.documentElement.dataset.ready = "";
    const boxes = [...document.querySelectorAll(wide)];
    const scroll = boxes.map(function (box) { return box.scrollWidth > box.clientWidth + 1; });
    boxes.forEach(function (box, i) {
      if (scroll[i]) box.setAttribute("tabindex", "0"); else box.removeAttribute("tabindex");
    });
    if (kept && Math.abs(before) < innerHeight) scrollBy({ top: kept.getBoundingClientRect().top - before, behavior: "instant" });  // what is read stays in its place
  }
  function again() {
    if (!waiting) idle(mark);
    waiting = true;
  }
  window.addEventListener("load", again);
  window.addEventListener("resize", again);
  document.addEventListener("toggle", again, true);
});
