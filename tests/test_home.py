"""The book's home on the web: workflow, forms, citation, what its pages say once there is an address, and before."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import address
import home
import markup
import publish
import pytest
import yaml
from check_jsonschema import main as check_schema
from click.testing import CliRunner
from samples.book import Book

ROOT = Path(__file__).resolve().parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "book.yml"
FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"
URL = "https://github.com/someone/the-trick"
FILES = {
    "github-workflows": [WORKFLOW], "github-issue-config": [FORMS / "config.yml"],
    "github-issue-forms": [FORMS / name for name in address.FORMS.values()],
    "citation-file-format": [ROOT / "CITATION.cff"],
}


@pytest.mark.parametrize("schema", FILES)
def test_a_file_is_as_its_published_schema_says(schema):
    ran = CliRunner().invoke(check_schema, ["--builtin-schema", f"vendor.{schema}", *map(str, FILES[schema])])
    assert ran.exit_code == 0, ran.output


def test_a_linter_of_workflows_finds_nothing():
    command = [Path(sys.executable).with_name("zizmor"), "--offline", "--quiet", "--no-progress", "--persona=pedantic"]
    ran = subprocess.run([*command, WORKFLOW], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_workflow_runs_the_readmes_command_where_the_readme_says():
    text = WORKFLOW.read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    matrix = jobs["test"]["strategy"]["matrix"]["include"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={matrix[0]['python']}"
    assert {entry["system"].split("-")[0] for entry in matrix} == {"ubuntu", "macos"}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    runs = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert runs[0] == "make test"
    assert "    make test" in readme
    commands = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {run.split()[1] for run in runs if run.startswith("make ")} <= set(commands)


def test_every_action_is_pinned_to_a_commit_with_its_version_beside_it():
    used = re.findall(r"uses: (.*)", WORKFLOW.read_text(encoding="utf-8"))
    assert len(used) >= 8
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in used)


def test_a_form_has_the_field_that_a_page_fills_in():
    for name in address.FORMS.values():
        fields = yaml.safe_load((FORMS / name).read_text(encoding="utf-8"))["body"]
        assert "page" in [field["id"] for field in fields]


def test_the_citation_has_the_packages_version_and_the_address():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["version"] == project["version"]
    assert citation.get("repository-code", "") == address.settings()[0]
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {citation['version']}" in changes


@pytest.mark.parametrize("url", ["github.com/a/b", "http://github.com/a/b", f"{URL}.git", f"{URL}/", f"{URL}/tree/main",
                                 "https://example.org/a/b", "https://github.com/a"])
def test_what_is_no_address_of_a_repository_is_refused(url):
    with pytest.raises(ValueError, match=r"must be empty or .*/OWNER/NAME, got"):
        address.published(url)


@pytest.mark.parametrize(
    ("url", "base", "site"),
    [("", "", ""), (URL, "", "https://someone.github.io/the-trick/"), ("", "https://b.org/x", "https://b.org/x/"),
     ("https://github.com/Some-One/some-one.github.io", "", "https://some-one.github.io/"),
     (URL, "https://b.org/", "https://b.org/")],
    ids=["unknown", "project", "elsewhere", "person", "domain"],
)
def test_where_the_book_is_published_follows_from_the_repository(url, base, site):
    assert address.published(url, base) == site


def test_the_citation_is_bibtex_with_balanced_braces():
    citation = {"title": "T: t", "authors": [{"name": "A, B"}], "date-released": "2026-11-28", "version": "1"}
    entry = home.bibtex(citation, "u")
    assert entry.startswith("@book{")
    assert "{{T: t}}" in entry
    assert "author = {{A, B}}" in entry
    assert "url    = {u}" in entry
    assert entry.count("{") == entry.count("}")
    assert "url" not in home.bibtex(citation)


# The pages, before there is an address (the book itself) and with one (a small book)


@pytest.fixture(scope="module")
def addressed(tmp_path_factory):
    """The small book, built with an address, and made a site."""
    book = Book(tmp_path_factory.mktemp("addressed"))
    book.swap("_config.yml", '  url: ""', f'  url: "{URL}"')
    book.write("book/index.md", "# A small book\n\nOne paragraph that is long enough to describe a page to others.\n\n"
                                "```{cite-this-book}\n```\n")
    book.green()
    return book


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
    assert f"--initial-branch={address.BRANCH}" in WORKFLOW.read_text()
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
    assert json.loads((branch / "book/uses.ipynb").read_text())["cells"]
