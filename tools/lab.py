"""Open the chapters as notebooks in JupyterLab, in a folder of the reader's own: nothing under book/ is ever written.

Usage: lab.py [--author] [options of JupyterLab]

The notebooks of the last build are copied into notebooks/ and stay there. One that the reader has changed is never
written again: when the book has changed, its new version lies beside it. --author opens the book's own pages instead.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import build
import surroundings

ROOT = Path(surroundings.ROOT)
MADE = ROOT / "_build" / "html" / "_sources" / "book"
FOLDER = ROOT / "notebooks"
RECORD = ".offered.json"
QUIET = {"fetchNews": "false", "checkForUpdates": False}
KNOWN = re.compile(r"--(?:author|no-browser|allow-root|debug|(?:ip|port|browser)=\S+|[A-Z]\w+\.\w+=.*)")
USAGE = 'usage: make lab [ARGS="--author --no-browser --allow-root --ip=... --port=... --ServerApp.option=..."]'
HEADING = re.compile(r"^# (.*)$", re.MULTILINE)
START = """# The reparameterization trick: notebooks

This folder is yours. Open a chapter, run it, change it, save it: the book's own pages stay as they are, and what you
have changed is kept. When the book has changed, its new version of a notebook that you changed appears beside yours,
with *(new)* in its name. Each exercise has a blank cell; its solution is folded below.

{chapters}
"""


def digest(path):
    """What a file holds, as hexadecimal digits; empty if there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def candidates(folder, name):
    """Where a version of a notebook may go: its own name, then names beside it."""
    path = Path(name)
    yield folder / name
    yield folder / f"{path.stem} (new){path.suffix}"
    number = 2
    while True:
        yield folder / f"{path.stem} (new {number}){path.suffix}"
        number += 1


def place(source, folder, record):
    """Copy one file to the first place where nothing of the reader's is lost.

    Parameters
    ----------
    source : Path
        What the last build made.
    folder : Path
        The reader's.
    record : dict of str to str
        Digests of what was written earlier, by file name; brought up to date.

    Returns
    -------
    Path or None
        None if this version is there already.
    """
    new = digest(source)
    for path in candidates(folder, source.name):
        known = record.get(path.name)
        if path.is_file() and known == new:
            return None  # this version was offered here; whatever the reader made of it stays
        if not path.is_file() or digest(path) == known:
            path.write_bytes(source.read_bytes())
            record[path.name] = new
            return path


def offer(sources, folder):
    """Bring a reader's folder up to date.

    Parameters
    ----------
    sources : list of Path
    folder : Path
        Made if it does not exist.

    Returns
    -------
    list of str
        Names of new versions that lie beside a file that the reader has changed.
    """
    folder.mkdir(exist_ok=True)
    store = folder / RECORD
    record = json.loads(store.read_text(encoding="utf-8")) if store.is_file() else {}
    written = [place(source, folder, record) for source in sources]
    store.write_text(json.dumps(record, indent=1), encoding="utf-8")
    return [path.name for path, source in zip(written, sources, strict=True) if path and path.name != source.name]


def trust(sources):
    """Sign what the book made: JupyterLab shows no vector graphic of a notebook that nobody has vouched for."""
    import nbformat
    from nbformat.sign import NotebookNotary

    notary = NotebookNotary(data_dir=os.path.join(surroundings.OURS, "data"))
    for source in sources:
        notary.sign(nbformat.read(source, as_version=4))


def start_page(names, made):
    """The text of the start page: a link to each chapter, by its title."""
    def link(name):
        cells = json.loads((made / name).read_text(encoding="utf-8"))["cells"]
        title = next(m[1] for cell in cells if (m := HEADING.search("".join(cell["source"]))))
        return f"- [{title}]({name})"

    return START.format(chapters="\n".join(map(link, names)))


def chapters():
    """File names of the notebooks, in the order of the table of contents."""
    names = [f"{page.removeprefix('book/')}.ipynb" for page in build.toc_pages()]
    return [name for name in names if (MADE / name).is_file()]


def settings(author):
    """Write JupyterLab's defaults: how Markdown opens, and no news; return their folder."""
    viewer = "Jupytext Notebook" if author else "Markdown Preview"
    folder = Path(surroundings.OURS) / "lab" / ("author" if author else "reader")
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": viewer, "myst": viewer}},
             "@jupyterlab/apputils-extension:notification": QUIET}
    (folder / "overrides.json").write_text(json.dumps(texts, indent=1), encoding="utf-8")
    page = {"disabledExtensions": {} if author else {"jupyterlab-myst": True}}  # the notebooks are plain Markdown
    (folder / "page_config.json").write_text(json.dumps(page), encoding="utf-8")
    return folder


def prepare():
    """Build the book if it has changed and fill the reader's folder; True if there is something to open."""
    built = subprocess.run([sys.executable, str(ROOT / "tools" / "build.py")], check=False).returncode == 0
    names = chapters()
    if not built and names:
        print("the book does not build; opening the notebooks of the last build that ended well")
    if names:
        trust([MADE / name for name in names])
        for name in offer([MADE / name for name in names], FOLDER):
            print(f"you have changed {name.partition(' (new')[0]}.ipynb; the book's new version is {name}")
        (FOLDER / "start.md").write_text(start_page(names, MADE), encoding="utf-8")
    return bool(names)


def command(author, more):
    """The command that starts JupyterLab."""
    root, first = (ROOT, "book/index.md") if author else (FOLDER, "start.md")
    return [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}",
            f"--LabApp.default_url=/lab/tree/{first}", f"--LabApp.app_settings_dir={settings(author)}", *more]


def main(arguments):
    if not all(map(KNOWN.fullmatch, arguments)):
        print(USAGE, file=sys.stderr)
        return 2
    more = [argument for argument in arguments if argument != "--author"]
    author = len(more) < len(arguments)
    surroundings.prepare()
    if not author and not prepare():
        return 1
    line = command(author, more)
    os.chdir(ROOT if author else FOLDER)
    os.execv(line[0], line)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
