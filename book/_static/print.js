/* Paper is white: what a dark page would print in light letters is printed as on the light page. */
(function () {
  const root = document.documentElement;
  let theme;
  window.addEventListener("beforeprint", function () {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
  });
  window.addEventListener("afterprint", function () { root.dataset.theme = theme; });
})();
