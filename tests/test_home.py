"""The files that a host of repositories reads: workflow, forms, citation; and where the book is published."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import address
import home
import pytest
import yaml
from check_jsonschema import main as check_schema
from click.testing import CliRunner

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
