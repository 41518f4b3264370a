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
  document.querySelectorAll("div.math, .cell_output pre, div.highlight pre, table.ledger, .pst-scrollable-table-container")
    .forEach(function (box) {
      if (box.scrollWidth > box.clientWidth + 1 && !box.hasAttribute("tabindex")) {
        box.setAttribute("tabindex", "0");
      }
    });
});
