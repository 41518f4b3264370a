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

import javascript
import pytest
from samples.book import Book

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r'<(?:a|link|script|img|form|source)\b[^>]*?\b(?:href|src|action)="([^"]+)"')
IDS = re.compile(r'\b(?:id|name)="([^"]+)"')
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
            kind = answer.headers.get_content_type()
            return answer.status, answer.read().decode("utf-8") if kind == "text/html" else ""
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
def sites(tmp_path_factory):
    """The book's own site, made as if there were no address, and the small book's, with one."""
    import build
    import publish

    folder = tmp_path_factory.mktemp("sites")
    publish.make_site(build.HTML, folder / "whole", "")
    small = Book(folder / "small")
    small.green()
    publish.make_site(small.root / "_build/html", folder / "addressed", SITE)
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
