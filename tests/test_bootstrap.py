"""The installation, tried on a project of two small packages, with an index on loopback in the place of PyTorch's."""

import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import installer
import psutil
import pytest
import surroundings

ROOT = Path(__file__).resolve().parents[1]
TORCH = "9.1.0"


def wheel(folder, name, version, size=0):
    """A package of one empty module."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as z:
        z.writestr(f"{name}.py", "#" * size)
        z.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        z.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """A server with the CPU build: its address, and what it was asked for."""
    folder = tmp_path_factory.mktemp("index")
    path = wheel(folder / "torch", "torch", f"{TORCH}+cpu")
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def do_GET(self):
            asked.append(self.path)
            if self.path.startswith("/slow"):
                time.sleep(300)
                return
            super().do_GET()

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    assert path.exists()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


class Project:
    """A fresh clone of a project that needs torch and one other package."""

    def __init__(self, root, links):
        self.root, self.links = root, links
        (root / "tools").mkdir(parents=True)
        for name in ("bootstrap.py", "surroundings.py", "ending.py", "installer.py"):
            shutil.copyfile(ROOT / "tools" / name, root / "tools" / name)
        (root / "tools/show.py").write_text("import sys, other, torch\nprint('shown', *sys.argv[1:])\n")
        (root / "requirements.txt").write_text(f"# pinned\nother==1.0\ntorch=={TORCH}\n")
        (root / "pyproject.toml").write_text("")
        (root / "tools/npm").mkdir()
        (root / "tools/npm/package-lock.json").write_text("{}")
        (root / "tools/npm/install.py").write_text("")
        wheel(links, "torch", TORCH)
        wheel(links, "other", "1.0")

    def with_environment(self, template, name=".venv"):
        """Put an environment there that holds pip alone, and the stamp of other requirements."""
        shutil.copytree(template, self.root / name, symlinks=True)
        (self.root / name / "installed").write_text("of other requirements")
        return self

    def command(self):
        return [sys.executable, "-E", "-s", str(self.root / "tools/bootstrap.py"), "tools/show.py", "a", "b c"]

    def environment(self, **variables):
        kept = {name: os.environ[name] for name in ("PATH", "HOME")}
        path = os.pathsep.join(p for p in kept["PATH"].split(os.pathsep) if not (Path(p) / "uv").exists())
        return {**kept, "PATH": path, "PIP_FIND_LINKS": str(self.links), "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
                "PIP_RETRIES": "0", "REPARAM_TORCH_INDEX": "http://127.0.0.1:9", **variables}

    def run(self, **variables):
        return subprocess.run(self.command(), env=self.environment(**variables), capture_output=True, text=True,
                              check=False, timeout=300)

    def green(self, **variables):
        ran = self.run(**variables)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert ran.stdout.splitlines()[-1] == "shown a b c"
        return ran

    def torch(self, venv=".venv"):
        return [p.name for p in (self.root / venv).rglob("torch-*.dist-info")]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """An environment with pip alone: making one takes longer than most tests."""
    folder = tmp_path_factory.mktemp("template") / "environment"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


@pytest.fixture
def fresh(tmp_path):
    """A project without an environment."""
    return Project(tmp_path / "a b 中" / "project", tmp_path / "links")


@pytest.fixture
def project(fresh, template):
    return fresh.with_environment(template)


def driverless():
    if installer.has_driver() or not sys.platform.startswith("linux"):
        pytest.skip("only Linux without an NVIDIA driver takes the CPU build")


def test_without_a_driver_the_cpu_build_is_taken_from_its_own_index(project, index):
    driverless()
    address, asked = index
    ran = project.green(REPARAM_TORCH_INDEX=address)
    assert "no NVIDIA driver here: taking PyTorch's CPU build" in ran.stdout
    assert project.torch() == [f"torch-{TORCH}+cpu.dist-info"]
    assert {path.split("/")[1] for path in asked} == {"torch"}  # nothing else is fetched from there
    assert project.run().stdout == "shown a b c\n"  # and the next command installs nothing


def test_an_index_that_does_not_answer_costs_seconds_and_one_line(project, index):
    driverless()
    start = time.monotonic()
    ran = project.green(REPARAM_TORCH_INDEX=index[0] + "/slow")
    assert time.monotonic() - start < 60  # it would be silent for five minutes
    assert ran.stdout.count("PyTorch's CPU index does not answer") == 1
    assert project.torch() == [f"torch-{TORCH}.dist-info"]


@pytest.mark.parametrize("where", ["variables", "file"])
def test_pip_settings_cannot_send_packages_elsewhere(project, tmp_path, where):
    elsewhere = tmp_path / "elsewhere"
    settings = {"user": "true", "target": str(elsewhere), "prefix": str(elsewhere), "root": str(elsewhere),
                "require-hashes": "true", "no-deps": "true", "only-binary": "none", "quiet": "3", "dry-run": "true"}
    if where == "file":
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        (tmp_path / "pip.conf").write_text(f"[install]\n{lines}[global]\nfind-links = {project.links}\n")
        variables = {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "PIP_FIND_LINKS": ""}
    else:
        variables = {f"PIP_{name.replace('-', '_').upper()}": value for name, value in settings.items()}
    project.green(**variables)
    assert not elsewhere.exists()
    assert project.torch() == [f"torch-{TORCH}.dist-info"]


@pytest.mark.parametrize("kind", ["folder", "link", "file"])
def test_an_environment_of_the_readers_stays_as_it_is(fresh, template, tmp_path, kind):
    project = fresh.with_environment(template, ".venv-book")
    theirs = project.root / ".venv"
    if kind == "file":
        theirs.write_text("mine")
    elif kind == "link":
        (tmp_path / "mine").mkdir()
        theirs.symlink_to(tmp_path / "mine")
    else:
        theirs.mkdir()
        (theirs / "notes").write_text("mine")
    ran = project.green()
    assert "make: .venv is not the book's own and stays as it is; using .venv-book" in ran.stderr
    assert "installing the pinned requirements into .venv-book" in ran.stdout
    assert project.torch(".venv-book") == [f"torch-{TORCH}.dist-info"]
    assert theirs.is_symlink() == (kind == "link")
    assert kind != "folder" or [p.name for p in theirs.iterdir()] == ["notes"]


def test_two_at_once_install_once(fresh):
    project = fresh
    first = subprocess.Popen(project.command(), env=project.environment(), stdout=subprocess.PIPE, text=True)
    while not (project.root / ".venv").exists():
        assert first.poll() is None
        time.sleep(0.01)
    second = project.green()
    assert first.communicate()[0].splitlines()[-1] == "shown a b c"
    assert "another make is installing here; waiting for it" in second.stderr
    assert "installing" not in second.stdout


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """A Python that takes a minute to make an environment."""
    folder = tmp_path_factory.mktemp("slow") / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "slow.pth").write_text("import sys, time; 'venv' in sys.orig_argv and time.sleep(60)\n")
    return folder / "bin" / "python"


def running(words):
    """Processes whose command has these words."""
    return [p.pid for p in psutil.process_iter(["cmdline"]) if words in " ".join(p.info["cmdline"] or [])]


def stop(command, variables, number, ready):
    """Start an installation and tell it to stop once it is ready; its exit code, its words, and how long it took."""
    process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True)
    while not ready(process):
        assert process.poll() is None
    start = time.monotonic()
    process.send_signal(number)
    errors = process.communicate(timeout=60)[1]
    return process.returncode, errors.strip(), time.monotonic() - start


@pytest.mark.parametrize(
    ("number", "moment"), [(signal.SIGINT, "venv"), (signal.SIGINT, "pip"), (signal.SIGTERM, "pip")]
)
def test_an_installation_told_to_stop_ends_at_once_with_one_line_and_goes_on_later(
    fresh, template, index, slow, number, moment
):
    project = fresh.with_environment(template) if moment == "pip" else fresh
    waits = {"PIP_INDEX_URL": index[0] + "/slow", "PIP_FIND_LINKS": ""} if moment == "pip" else {}
    command = [str(slow) if moment == "venv" else sys.executable, *project.command()[1:]]
    child = f"{slow} -E -s -m venv" if moment == "venv" else str(project.root / ".venv/bin/python")

    def ready(process):
        return "fetching" in process.stdout.readline() if moment == "pip" else running(child)

    for _ in range(3):  # what else the machine does can make it later, never earlier
        code, said, seconds = stop(command, project.environment(**waits), number, ready)
        assert said == "make: stopped; the next make goes on with the installation"
        assert code == 128 + number
        assert running(child) == []
        if seconds < 2.0:
            break
    assert seconds < 2.0
    if number == signal.SIGINT:
        project.green()
    assert not (project.root / ".venv.part").exists()


def test_a_failure_is_one_line_with_a_remedy(project):
    ran = project.run(PIP_FIND_LINKS="")
    assert ran.returncode == 1
    line = "make: pip cannot reach a package index; check the network or pip's configuration, then run make again"
    assert ran.stderr.strip() == line + " (all its words: install.log)"
    assert "other==1.0" in (project.root / "install.log").read_text()


@pytest.mark.parametrize("options", ["size=1m", "size=900m,ro"], ids=["full disk", "read-only"])
def test_a_disk_that_takes_nothing_is_one_line_with_a_remedy(tmp_path, options):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    small = [mount, "-t", "tmpfs", "tmpfs", folder]
    if not mount or subprocess.run(small, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        project = Project(folder / "project", tmp_path / "links")
        subprocess.run([mount, "-o", f"remount,{options}", folder], check=True)
        ran = project.run()
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
    assert ran.returncode == 1
    words = "copy the repository to a folder of your own" if "ro" in options else "make room, then run make again"
    assert words in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


def test_a_stamp_is_replaced_not_written_into(project):
    """Copies of an environment may share its files: what one of them writes must not reach the others."""
    project.green()
    stamp = project.root / ".venv/installed"
    twin = project.root / "twin"
    os.link(stamp, twin)
    before = twin.read_text()
    (project.root / "pyproject.toml").write_text("# changed\n")
    project.green()
    assert stamp.read_text() != before
    assert twin.read_text() == before


def test_an_environment_of_another_python_is_made_anew(project):
    config = project.root / ".venv/pyvenv.cfg"
    config.write_text("version = 3.4.0\n")
    (project.root / ".venv/installed").write_text("of another Python")
    project.green()
    assert "version = 3.4.0" not in config.read_text()


@pytest.mark.skipif(not shutil.which("uv"), reason="uv is not installed")
def test_uv_is_used_where_it_is(project, index):
    ran = project.green(PATH=os.environ["PATH"], REPARAM_TORCH_INDEX=index[0])
    assert ran.returncode == 0
    assert project.torch()


def test_what_pip_does_is_told_in_words(tmp_path):
    watch = installer.Watch(tmp_path, tmp_path, 160)
    watch.hear("Collecting numpy==2.4.6 (from -r requirements.txt (line 3))\n")
    watch.hear("  Downloading numpy-2.4.6-cp311.whl (16.6 MB)\n")
    (tmp_path / "torch-2.13.0-cp311.whl").write_bytes(bytes(61_000_000))  # the one before is larger
    (tmp_path / "numpy-2.4.6-cp311.whl").write_bytes(bytes(3_000_000))
    assert watch.state().startswith("fetching 1 of 160: numpy-2.4.6-cp311.whl (3 MB of 16.6 MB), ")
    watch.hear("Collecting scipy==1.17.1\n")
    watch.hear("  Downloading scipy-1.17.1.whl.metadata (411 kB)\n")
    assert watch.state().startswith("fetching 2 of 160: scipy-1.17.1.whl.metadata (411 kB), ")
    watch.hear("Installing collected packages: numpy, scipy\n")
    (tmp_path / "numpy-2.4.6.dist-info").mkdir()
    assert watch.state().startswith("unpacking: 1 of about 160 packages, ")


def test_a_child_gets_the_readers_index_but_no_other_setting_of_pips(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    made = surroundings.clean(reader=True)
    assert made["PIP_INDEX_URL"] == "https://index.example/simple"
    assert made["HTTPS_PROXY"] == "http://proxy.example"
    assert "PIP_USER" not in made
    assert "PIP_INDEX_URL" not in surroundings.clean()


# The commands


def make(*words, **variables):
    return subprocess.run(["make", "-s", *words], cwd=ROOT, capture_output=True, text=True, check=False,
                          env={**os.environ, **variables})


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize("command", ["book", "test", "clean", "help", "install", "mutants", "reroll", "lab"])
def test_a_command_answers_a_wrong_variable_with_its_usage(command):
    ran = make(command, "SPEED=9")
    assert ran.returncode == 2
    assert f"usage: make {command}" in ran.stderr
    assert "it takes no SPEED" in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_a_command_that_does_not_exist_is_named():
    assert "there is no command bok 20; make help lists them" in make("reroll", "bok", "20").stderr


@pytest.mark.parametrize("line", [line for line in (ROOT / "Makefile").read_text().splitlines() if ": ## " in line])
def test_every_command_is_in_help(line):
    name, _, words = line.partition(":")
    assert f"make {name} " in make("help").stdout
    assert words.split("## ")[1] in make("help").stdout
