/* From file:// a browser shows a notebook as text, whatever its link asks; so its text comes as a script and is saved. */
(function () {
  if (location.protocol !== "file:") return;
  window.reparamNotebook = function (name, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/x-ipynb+json" }));
    link.download = name;
    link.click();
  };
  document.addEventListener("click", function (event) {
    const link = event.target.closest('a[download][href$=".ipynb"]');
    if (!link) return;
    event.preventDefault();
    const script = document.createElement("script");
    script.src = link.href + ".js";
    document.head.append(script);
  });
})();
