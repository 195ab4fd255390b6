// In the book, links to files of the source tree lead nowhere: they are shown as what they name.
(function () {
  "use strict";
  const root = new URL(typeof path_to_root === "undefined" ? "." : path_to_root || ".", location.href);
  for (const link of document.querySelectorAll("main a[href]")) {
    const href = link.getAttribute("href");
    if (/^[a-z]+:|^#/.test(href) || new URL(href, location.href).href.startsWith(root.href)) continue;
    const name = document.createElement("span");
    name.title = `${href.replace(/^(\.\.\/)+/, "").replace(/\.html($|#)/, ".md$1")} in the source tree`;
    name.append(...link.childNodes);
    link.replaceWith(name);
  }
})();
