"""Where the book lives on the web, and all that follows from it: said once, in ``_config.yml``.

``repository: url`` is the one place. While it is empty no page has a link to report a mistake or to run a page
elsewhere, and what needs an address is left out.
"""

import re
from pathlib import Path
from urllib.parse import urlencode

import yaml

ROOT = Path(__file__).resolve().parents[1]
REPOSITORY = re.compile(r"https://github\.com/([\w-]+)/([\w.-]+)(?<!\.git)")
BRANCH = "notebooks"  # where the workflow puts the notebooks; main holds pages only
FORMS = {"sentence": "a-sentence-is-false.yml", "line": "i-could-not-follow-a-line.yml"}


def owner_and_name(url):
    """The two parts of a repository's address, or None for none.

    Raises
    ------
    ValueError
        If it is neither empty nor ``https://github.com/OWNER/NAME``.
    """
    found = REPOSITORY.fullmatch(url)
    if url and not found:
        raise ValueError(f"_config.yml: repository: url must be empty or https://github.com/OWNER/NAME, got {url!r}")
    return found and found.groups()


def published(url, base=""):
    """Address of the published book, with a slash at its end: ``base`` if given, else GitHub Pages', else nothing."""
    parts = owner_and_name(url)
    if base or not parts:
        return base and base.rstrip("/") + "/"
    host = f"{parts[0].lower()}.github.io"
    return f"https://{host}/" if parts[1].lower() == host else f"https://{host}/{parts[1]}/"


def report(url, form, page):
    """Address of an issue form, ``sentence`` or ``line``, with the page filled in."""
    return f"{url}/issues/new?{urlencode({'template': FORMS[form], 'page': page})}"


def elsewhere(url, page):
    """What runs a page's notebook on another machine: names and addresses."""
    owner, name = owner_and_name(url)
    return {"Colab": f"https://colab.research.google.com/github/{owner}/{name}/blob/{BRANCH}/{page}.ipynb",
            "Binder": f"https://mybinder.org/v2/gh/{owner}/{name}/{BRANCH}?urlpath=lab/tree/{page}.ipynb"}


def settings():
    """(address of the repository, of the published book) that ``_config.yml`` tells; empty where it tells none.

    Raises
    ------
    ValueError
        If the first is no address of a repository.
    """
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    url = (config.get("repository") or {}).get("url") or ""
    return url, published(url, (config.get("html") or {}).get("baseurl") or "")
