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
  // What scrolls sideways can be reached from the keyboard: only while it does scroll, also once a dropdown opens or the window gets narrower.
  const wide = "div.math mjx-container, .cell_output, .output, .bd-article pre, .pst-scrollable-table-container";
  const mark = function (box) {
    if (box.scrollWidth > box.clientWidth + 1) {
      box.setAttribute("tabindex", "0");
    } else {
      box.removeAttribute("tabindex");
    }
  };
  const watch = new ResizeObserver(function (entries) { entries.forEach(function (entry) { mark(entry.target); }); });
  // In idle moments: to ask for the width of what is off the screen makes the browser lay it out.
  const boxes = [...document.querySelectorAll(wide)];
  const idle = window.requestIdleCallback || function (work) { setTimeout(work, 50); };
  const some = function () {
    boxes.splice(0, 20).forEach(function (box) { watch.observe(box); });
    if (boxes.length) idle(some); else document.documentElement.dataset.ready = "";
  };
  window.addEventListener("load", function () { idle(some); });
});
