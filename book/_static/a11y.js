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
  // What scrolls sideways can be reached from the keyboard, only while it does scroll. The browser must lay out what is off
  // the screen to tell: so what is likely is asked in an idle moment (formulas.py marks what is too wide for a telephone),
  // the rest when somebody presses Tab, once after each change of the layout.
  const likely = "mjx-container.long, .output:has(table), .cell_output:has(table), .pst-scrollable-table-container";
  const all = likely + ", div.math mjx-container, .bd-article pre, .output, .cell_output";
  const idle = window.requestIdleCallback || function (work) { setTimeout(work, 50); };
  let stale = true;
  function mark(which) {
    const boxes = [...document.querySelectorAll(which)];
    const scroll = boxes.map(function (box) { return box.scrollWidth > box.clientWidth + 1; });
    boxes.forEach(function (box, i) {
      if (scroll[i]) box.setAttribute("tabindex", "0"); else box.removeAttribute("tabindex");
    });
  }
  function again() {
    stale = true;
    idle(function () {
      mark(likely);
      document.documentElement.dataset.ready = "";
    });
  }
  window.addEventListener("load", again);
  window.addEventListener("resize", again);
  document.addEventListener("toggle", again, true);
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Tab" || !stale) return;
    stale = false;
    mark(all);
  }, true);
});
