"""Make of the built book one folder that any web host can serve, `_build/site`, and the notebooks' branch beside it.

Usage: publish.py

The site is the book with a page for addresses that do not exist, a picture for links that people share, robots.txt and,
once `_config.yml` knows where the book is published, a sitemap. `_build/notebooks` holds the notebooks that pages offer
and what Binder has to install for them.
"""

import os
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), name)
                for name in ("tools", "book/_ext")]
import surroundings

if __name__ == "__main__":
    surroundings.enter()

import re
import shutil
from html import escape, unescape
from statistics import NormalDist

import address
import build
import markup

TITLE = "The reparameterization trick"
NEEDED = ("numpy", "scipy", "matplotlib", "scikit-learn")  # by the notebooks, beside torch and the package itself
LOST = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>There is no such page &#8212; {title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }}
li {{ margin: 0.3rem 0; }}
input, button {{ font: inherit; padding: 0.3rem 0.6rem; }}
</style>
</head>
<body>
<main>
<h1>There is no such page</h1>
<p>Under the table of contents this address has probability zero.
Perhaps the page has moved: the search knows them all.</p>
<form action="{base}search.html">
<label>Search this book <input type="search" name="q"></label> <button>Search</button>
</form>
<ul>
{links}
</ul>
</main>
{script}</body>
</html>
"""
# without an address nobody knows how deep the book lies on its host: the nearest folder above that has its inventory
FIND = """<script>
(async () => {
  const parts = location.pathname.split("/");
  for (let depth = parts.length - 1; depth > 0; depth -= 1) {
    const base = parts.slice(0, depth).join("/") + "/";
    const answer = await fetch(base + "objects.inv", { method: "HEAD" });
    if (!answer.ok) continue;
    for (const link of document.querySelectorAll("a")) link.href = base + link.getAttribute("href").slice(1);
    document.querySelector("form").action = base + "search.html";
    return;
  }
})();
</script>
"""


def title_of(html):
    """A page's own title."""
    return unescape(re.search(r"<title>(.*?)(?: &#8212; .*?)?</title>", html, re.DOTALL)[1]).strip()


def opening(html):
    """The first paragraph of a page, as text of at most 200 characters."""
    start, end = markup.article(html)
    for found in re.finditer(r"<p>(.*?)</p>", html[start:end], re.DOTALL):
        text = unescape(markup.words(re.sub(r"<(svg|mjx-assistive-mml)\b.*?</\1>", "…", found[1], flags=re.DOTALL)))
        if len(text) > 60:
            return text if len(text) <= 200 else text[:200].rsplit(" ", 1)[0] + " …"
    return ""


def tags(html, name, site):
    """What a page tells those who show a link to it.

    Parameters
    ----------
    html : str
    name : str
        The page's path in the site.
    site : str
        Where the book is published; without it there is no picture, since its address must be whole.
    """
    found = {"og:type": "article", "og:site_name": TITLE, "og:title": title_of(html), "og:description": opening(html)}
    if site:
        found |= {"og:url": site + name, "og:image": f"{site}social.png", "og:image:width": "1200",
                  "og:image:height": "630", "og:image:alt": "Noise, and the samples that hang on it: z = μ + σ ε"}
    lines = [f'<meta property="{key}" content="{escape(value)}" />' for key, value in found.items() if value]
    if site:
        lines.append('<meta name="twitter:card" content="summary_large_image" />')
    return "\n".join(lines) + "\n"


def lost(pages, site):
    """The page for addresses that do not exist; its links work at whatever depth it is shown."""
    base = re.sub(r"https?://[^/]+", "", site) or "/"
    links = "\n".join(f'<li><a href="{base}{name}">{escape(title)}</a></li>' for name, title in pages.items())
    return LOST.format(title=TITLE, base=base, links=links, script="" if site else FIND)


def door(target, site):
    """The page at the root: it leads to the book's first page."""
    there = f'<link rel="canonical" href="{site}{target}" />\n' if site else ""
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8" /><title>{TITLE}</title>\n{there}'
            f'<meta http-equiv="Refresh" content="0; url={target}" /></head>'
            f'<body><a href="{target}">{TITLE}</a></body></html>\n')


def sitemap(names, site):
    """All pages that a search engine should know."""
    places = "".join(f"<url><loc>{escape(site + name)}</loc></url>\n" for name in names)
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
            f"{places}</urlset>\n")


def picture(path):
    """Draw the picture for shared links, 1200 by 630: eleven draws of noise, and the samples that hang on them."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(12, 6.3), dpi=100, facecolor="#0f1b2d", layout="none")
    figure.text(0.06, 0.78, "The reparameterization trick", color="white", fontsize=40, weight="bold")
    figure.text(0.06, 0.68, "executable lecture notes, checked by every build", color="#a9bdd6", fontsize=22)
    figure.text(0.06, 0.36, r"$z=\mu+\sigma\,\epsilon$", color="#f2a154", fontsize=54)
    gradient = r"\nabla_{\!\mu,\sigma}"
    figure.text(0.06, 0.16, rf"${gradient}\,\mathbb{{E}}\,f(z)=\mathbb{{E}}\,{gradient}f(\mu+\sigma\,\epsilon)$",
                color="#63b3f5", fontsize=27)
    axes = figure.add_axes([0.52, 0.08, 0.45, 0.5], facecolor="none")
    axes.axis("off")
    noise, samples = NormalDist(), NormalDist(1.6, 0.6)
    epsilon, z = ([law.inv_cdf((k + 0.5) / 11) for k in range(11)] for law in (noise, samples))
    grid = [k / 50 for k in range(-160, 200)]
    axes.plot(grid, [0.9 * noise.pdf(x) for x in grid], color="#63b3f5", lw=3)
    axes.plot(grid, [1.5 + 0.9 * samples.pdf(x) for x in grid], color="#f2a154", lw=3)
    for low, high in zip(epsilon, z, strict=True):
        axes.plot([low, high], [0, 1.5], color="#a9bdd6", lw=1)
    axes.plot(epsilon, [0] * 11, "o", color="#63b3f5", ms=9)
    axes.plot(z, [1.5] * 11, "o", color="#f2a154", ms=9)
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def make_site(html, target, names, site):
    """Write the folder.

    Parameters
    ----------
    html, target : Path
        The built book, and the new folder, which replaces an old one.
    names : list of str
        Its pages, in order, the first one first.
    site : str
        Where it will be published; empty if that is not known.
    """
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(html, target)
    titles = {}
    for path in sorted(target.rglob("*.html")):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(target).as_posix()
        if "bd-article" in text:
            titles[name] = title_of(text)
            path.write_text(text.replace("</head>", tags(text, name, site) + "</head>", 1), encoding="utf-8")
    listed = [f"{name}.html" for name in names]
    first = listed[0]
    (target / "index.html").write_text(door(first, site), encoding="utf-8")
    shown = {name: titles[name] for name in listed if name.count("/") == first.count("/")}
    (target / "404.html").write_text(lost(shown, site), encoding="utf-8")
    (target / ".nojekyll").touch()  # or the host would leave out what begins with an underscore
    (target / "robots.txt").write_text("User-agent: *\nAllow: /\n" + f"Sitemap: {site}sitemap.xml\n" * bool(site))
    picture(target / "social.png")
    if site:
        (target / "sitemap.xml").write_text(sitemap(listed, site), encoding="utf-8")


def make_notebooks(html, target, url):
    """Write the branch that Colab and Binder open: the notebooks that pages offer, and what Binder installs."""
    shutil.rmtree(target, ignore_errors=True)
    for path in sorted((html / "_sources").rglob("*.ipynb")):
        new = target / path.relative_to(html / "_sources")
        new.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, new)
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)$", (address.ROOT / "requirements.txt").read_text(), re.MULTILINE))
    lines = ["--extra-index-url https://download.pytorch.org/whl/cpu", f"torch=={pinned['torch']}+cpu"]
    lines += [f"{name}=={pinned[name]}" for name in NEEDED]
    lines += [f"reparam @ git+{url}"] if url else []
    (target / "requirements.txt").write_text("\n".join(lines) + "\n")
    (target / "README.md").write_text(f"# {TITLE}: its notebooks\n\nWritten by the build of the book. Do not edit.\n")


def main():
    if len(sys.argv) > 1:
        print("usage: make site (it takes no arguments; make help lists the commands)", file=sys.stderr)
        return 2
    url, site = address.settings()
    make_site(build.HTML, build.BUILD / "site", build.toc_pages(), site)
    make_notebooks(build.HTML, build.BUILD / "notebooks", url)
    if not site:
        print("no address in _config.yml yet: no sitemap, and no picture for shared links")
    print(build.BUILD / "site")
    return 0


if __name__ == "__main__":
    sys.exit(main())
