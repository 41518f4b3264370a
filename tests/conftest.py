"""Tests run in the environment that the build gives its kernels; watch.py runs first in every kernel they start."""

import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROFILE = ROOT / "_build" / "ipython"
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "book" / "_ext")]

import pytest
import surroundings


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # the workers inherit what the first process has made
        surroundings.prepare()
        kept = {name: value for name, value in os.environ.items() if name.startswith("PYTEST_")}
        clean = surroundings.clean()
        os.environ.clear()
        os.environ.update(clean, **kept, IPYTHONDIR=str(PROFILE))
        startup = PROFILE / "profile_default" / "startup"
        startup.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / "watch.py", startup)
    if config.getoption("nbval", False):
        import warm

        warm.settle()
        start_twice()


def start_twice():
    """A kernel that could not start because another program was quicker at one of its ports is started once more."""
    from nbval import kernel

    start = kernel.start_new_kernel

    def again(**options):
        try:
            return start(**options)
        except RuntimeError:
            return start(**options)

    kernel.start_new_kernel = again


LONGEST = ["test_bootstrap", "test_build", "test_bad_days", "test_surroundings", "test_publish", "test_lab",
           "test_warm"]


def pytest_collection_modifyitems(items):
    """Files that take long come first, so that workers who take one file after the other end together."""
    for item in items:
        if hasattr(item, "output_timeout"):
            item.output_timeout = 60  # nbval's own 5 seconds are few for a kernel on a busy machine
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


@pytest.fixture
def book(tmp_path):
    """A small book, not built yet."""
    from samples.book import Book

    return Book(tmp_path)


@pytest.fixture(scope="session")
def first(tmp_path_factory):
    """A book that was built once."""
    from samples.book import Book

    made = Book(tmp_path_factory.mktemp("first"))
    assert sorted(made.green()) == ["book/apart", "book/uses"]
    return made


@pytest.fixture
def built(first, tmp_path):
    """A copy of it: building takes longer than most tests."""
    return first.twin(tmp_path)
