"""The site: served as a web host would, every link of it followed, at the root of a host and deep inside."""

import http.server
import json
import re
import struct
import subprocess
import threading
import urllib.error
import urllib.request
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from xml.etree import ElementTree

import address
import build
import javascript
import markup
import publish
import pytest
from samples.book import Book

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r'<(?:a|link|script|img|form|source)\b[^>]*?\b(?:href|src|action)="([^"]+)"')
IDS = re.compile(r'\b(?:id|name)="([^"]+)"')
URL = "https://github.com/someone/the-trick"
SITE = "https://someone.github.io/the-trick/"


def host(folder, prefix):
    """Serve a folder below a prefix; what does not exist is answered with 404.html, as hosts of pages do."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path):
            inside = unquote(urlsplit(path).path).removeprefix(prefix)
            return str(folder / inside) if unquote(path).startswith(prefix) else str(folder / "nowhere")

        def send_error(self, code, *words):
            body = (folder / "404.html").read_bytes()
            self.send_response(code)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def get(url):
    """(status, text) of an address; text only of pages."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            kind, content = answer.headers.get_content_type(), answer.read()
            return answer.status, content.decode("utf-8") if kind == "text/html" else ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode("utf-8")


def crawl(start):
    """Follow every link from a page as far as it stays on its host; return pages seen and what was broken."""
    seen, waiting, broken, anchors = {}, [start], [], []
    while waiting:
        url = waiting.pop()
        if url in seen:
            continue
        status, text = get(url)
        seen[url] = set(map(unescape, IDS.findall(text)))
        if status != 200:
            broken.append((url, status))
        for link in map(unescape, LINK.findall(text)):
            there, anchor = urldefrag(urljoin(url, link))
            if urlsplit(there).netloc == urlsplit(start).netloc:
                waiting.append(there)
                if anchor and there.endswith(".html"):
                    anchors.append((url, there, unquote(anchor)))
    broken += [(where, f"{there}#{anchor}") for where, there, anchor in anchors if anchor not in seen[there]]
    return seen, broken


@pytest.fixture(scope="module")
def addressed(tmp_path_factory):
    """The small book, built with an address."""
    book = Book(tmp_path_factory.mktemp("addressed"))
    book.swap("_config.yml", '  url: ""', f'  url: "{URL}"')
    book.write("book/index.md", "# A small book\n\nOne paragraph that is long enough to describe a page to others.\n\n"
                                "```{cite-this-book}\n```\n")
    book.green()
    return book


@pytest.fixture(scope="module")
def sites(tmp_path_factory, addressed):
    """The book's own site, made as if there were no address, and the small book's, with one."""
    folder = tmp_path_factory.mktemp("sites")
    publish.make_site(build.HTML, folder / "whole", build.toc_pages(), "")
    pages = ["book/index", "book/uses", "book/apart", "book/checks"]
    publish.make_site(addressed.root / "_build/html", folder / "addressed", pages, SITE)
    return folder


@pytest.mark.parametrize(("name", "prefix"), [("whole", "/"), ("whole", "/a/b/"), ("addressed", "/the-trick/")])
def test_every_link_of_the_site_leads_somewhere(sites, name, prefix):
    server = host(sites / name, prefix)
    try:
        seen, broken = crawl(f"http://127.0.0.1:{server.server_port}{prefix}book/index.html")
        lost = get(f"http://127.0.0.1:{server.server_port}{prefix}book/no/such/page")
    finally:
        server.shutdown()
        server.server_close()
    assert broken == []
    assert len(seen) > (60 if name == "whole" else 10)
    assert lost[0] == 404
    assert "There is no such page" in lost[1]
    if name == "addressed":  # links from the root of the host, whatever the depth
        links = [link for link in LINK.findall(lost[1]) if not link.startswith("http")]
        assert links
        assert all(link.startswith("/the-trick/") for link in links)
        assert {f"http://127.0.0.1:{server.server_port}{link}" for link in links} <= set(seen)


BROWSER = """
const here = "/a/b/", names = ["/book/index.html", "/book/elbo.html"];
const anchors = names.map((href) => ({ href, getAttribute: () => href }));
const form = {};
globalThis.location = { pathname: "/a/b/book/no/such/page" };
globalThis.fetch = async (url) => ({ ok: url === here + "objects.inv" });
globalThis.document = { querySelectorAll: () => anchors, querySelector: () => form };
setTimeout(() => console.log(JSON.stringify([...anchors.map((a) => a.href), form.action])), 50);
"""


def test_without_an_address_the_page_for_lost_readers_finds_the_book_above_it(sites):
    script = re.search(r"<script>(.*?)</script>", (sites / "whole/404.html").read_text(), re.DOTALL)[1]
    ran = subprocess.run([javascript.node(), "-e", BROWSER + script], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == ["/a/b/book/index.html", "/a/b/book/elbo.html", "/a/b/search.html"]


def test_the_picture_for_shared_links_has_the_size_that_its_tags_say(sites):
    picture = (sites / "addressed/social.png").read_bytes()
    assert struct.unpack(">II", picture[16:24]) == (1200, 630)
    assert len(picture) < 200_000
    html = (sites / "addressed/book/uses.html").read_text()
    assert f'<meta property="og:image" content="{SITE}social.png" />' in html
    assert f'<meta property="og:url" content="{SITE}book/uses.html" />' in html
    assert '<meta property="og:title" content="A page that uses a helper" />' in html


def test_without_an_address_there_is_nothing_that_needs_one(sites):
    assert not (sites / "whole/sitemap.xml").exists()
    assert "Sitemap" not in (sites / "whole/robots.txt").read_text()
    html = (sites / "whole/book/elbo.html").read_text()
    assert "og:title" in html
    assert re.search(r'og:description" content="[^"]{60,}"', html)
    assert "og:image" not in html


def test_the_sitemap_lists_every_page_of_the_book(sites):
    tree = ElementTree.parse(sites / "addressed/sitemap.xml")
    places = {place.text for place in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")}
    files = {path.relative_to(sites / "addressed").as_posix() for path in (sites / "addressed/book").rglob("*.html")}
    assert places == {SITE + name for name in files}
    assert f"Sitemap: {SITE}sitemap.xml" in (sites / "addressed/robots.txt").read_text()
    assert (sites / "addressed/.nojekyll").exists()


# What pages say with an address, and before


def page(folder, name):
    return (folder / "_build" / "html" / f"{name}.html").read_text(encoding="utf-8")


def test_with_an_address_every_page_asks_for_mistakes_and_notebooks_run_elsewhere(addressed):
    for name in ("book/index", "book/uses", "book/checks", "search"):
        html = page(addressed.root, name)
        for form in address.FORMS.values():
            assert f"{URL}/issues/new?template={form}&amp;page={name.replace('/', '%2F')}" in html
        assert ("colab.research.google.com" in html) == (name == "book/uses")
        assert ("mybinder.org" in html) == (name == "book/uses")
    assert f"someone/the-trick/blob/{address.BRANCH}/book/uses.ipynb" in page(addressed.root, "book/uses")
    assert f"--initial-branch={address.BRANCH}" in (ROOT / ".github/workflows/book.yml").read_text()
    assert "url = {https://someone.github.io/the-trick/}" in markup.words(page(addressed.root, "book/index"))
    assert '<link rel="canonical" href="https://someone.github.io/the-trick/book/uses.html"' in page(
        addressed.root, "book/uses")


@pytest.mark.skipif(bool(address.settings()[0]), reason="the book has an address")
def test_without_an_address_no_page_links_to_one():
    for path in (ROOT / "_build" / "html" / "book").glob("*.html"):
        html = path.read_text(encoding="utf-8")
        for words in ("Found a mistake", "issues/new", "colab.research", "mybinder", 'rel="canonical"'):
            assert words not in html, path.name


def test_the_landing_page_says_how_to_cite_with_a_button_that_copies():
    html = page(ROOT, "book/index")
    assert "reparameterization-trick" in html
    assert 'class="highlight-bibtex' in html
    assert "copybutton.js" in html


def test_an_address_that_is_none_stops_the_build_with_one_line(addressed):
    addressed.swap("_config.yml", URL, "example.org")
    addressed.red("_config.yml: repository: url must be empty or https://github.com/OWNER/NAME, got 'example.org'")
    addressed.swap("_config.yml", "example.org", URL)


def test_what_binder_installs_is_pinned_and_comes_from_the_address(addressed):
    branch = addressed.root / "_build/notebooks"
    publish.make_notebooks(addressed.root / "_build/html", branch, URL)
    lines = (branch / "requirements.txt").read_text().splitlines()
    assert lines[-1] == f"reparam @ git+{URL}"
    assert all("==" in line for line in lines[1:-1])
    cells = json.loads((branch / "book/uses.ipynb").read_text())["cells"]
    assert f"pip install --quiet git+{URL}" in "".join(cells[1]["source"])
