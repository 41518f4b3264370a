"""Forked kernels are processes of their own, and none outlives who started it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import warm

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kernels are forked on Linux alone")
TELL = """import json, os, sys
seen = json, os.getcwd(), os.environ.get("PLACE"), sys.argv[1:], __name__, os.getsid(0) == os.getpid()
sys.modules["json"] = None
open(sys.argv[1], "w").write(repr(seen[1:]))
"""


def asleep(nursery, tmp_path):
    """A kernel that does nothing for a minute."""
    script = tmp_path / "sleep.py"
    script.write_text("import time; time.sleep(60)")
    return nursery.launch([sys.executable, "-P", str(script)])


def ended(pids):
    """Whether all of these processes end within seconds."""
    end = time.monotonic() + 30  # on a busy machine; the sleepers sleep for longer
    while any(map(psutil.pid_exists, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(psutil.pid_exists, pids))


@pytest.fixture
def nursery():
    made = warm.Nursery(libraries=["json"])
    yield made
    made.close()


def test_each_fork_has_its_own_folder_environment_and_modules(nursery, tmp_path):
    (tmp_path / "tell.py").write_text(TELL)
    for number in ("1", "2"):  # the second finds json although the first has spoilt it
        kernel = nursery.launch([sys.executable, "-P", str(tmp_path / "tell.py"), number],
                                env={"PLACE": number}, cwd=tmp_path)
        assert kernel.wait() == 0
        assert (tmp_path / number).read_text() == repr((str(tmp_path), number, [number], "__main__", True))


def test_a_module_is_run_as_one(nursery, tmp_path):
    kernel = nursery.launch([sys.executable, "-Xfrozen_modules=off", "-m", "zipfile", "-c", "made.zip", __file__],
                            cwd=tmp_path)
    kernel.wait()
    assert (tmp_path / "made.zip").stat().st_size


def test_a_kernel_runs_until_it_is_told_to_end(nursery, tmp_path):
    kernel = asleep(nursery, tmp_path)
    assert kernel.poll() is None
    assert os.getpgid(kernel.pid) == kernel.pid  # a signal to its group reaches nobody else
    kernel.terminate()
    kernel.wait()
    assert kernel.poll() == 0


def test_the_process_that_forks_ends_with_the_one_that_started_it(tmp_path):
    code = ("import json, sys, time; sys.path.insert(0, sys.argv[1]); import warm; made = warm.Nursery([])\n"
            "one = made.launch([sys.executable, '-P', sys.argv[2]])\n"
            "print(json.dumps([made.server.pid, one.pid]), flush=True); time.sleep(60)")
    (tmp_path / "end.py").write_text("import os, time\nparent = int(os.environ['JPY_PARENT_PID'])\n"  # maybe dead
                                     "while os.getppid() == parent: time.sleep(0.02)\n")  # as a kernel's poller does
    owner = subprocess.Popen([sys.executable, "-c", code, str(Path(warm.__file__).parent), str(tmp_path / "end.py")],
                             stdout=subprocess.PIPE, text=True)
    pids = json.loads(owner.stdout.readline())
    owner.kill()
    owner.communicate()
    assert ended(pids)


LOOK = """import os, sys, warnings
import torch, numpy, scipy.special, scipy.integrate, scipy.optimize
from matplotlib import pyplot
{
    "settings": {k: v for k, v in os.environ.items() if k != "JPY_PARENT_PID"}, "folder": os.getcwd(),
    "python": (sys.executable, sys.path, sys.flags, sys.argv[0], __name__, os.getsid(0) == os.getpid()),
    "streams": (type(sys.stdout), sys.stdout.encoding, type(sys.stderr)),
    "warnings": sorted(set(map(str, warnings.filters))), "style": dict(pyplot.rcParams),
    "numbers": (torch.get_num_threads(), torch.get_default_dtype(), numpy.get_printoptions()),
    "shell": (get_ipython().ast_node_interactivity, get_ipython().profile_dir.location),
    "modules": sorted(m for m in sys.modules if m.split(".")[0] in ("reparam", "pytest", "xdist")),
}
"""


def test_a_forked_kernel_is_what_a_started_one_is(monkeypatch, tmp_path):
    import nbformat
    from jupyter_client.provisioning import local_provisioner
    from nbclient import NotebookClient

    def seen():
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(LOOK)])
        client = NotebookClient(notebook, kernel_name="python3", shutdown_kernel="immediate",
                                resources={"metadata": {"path": str(tmp_path)}})
        client.execute()
        return notebook.cells[0].outputs[0]["data"]["text/plain"].splitlines()

    nursery = warm.Nursery()
    monkeypatch.setattr(local_provisioner, "launch_kernel", local_provisioner.launch_kernel)
    warm.settle(nursery)
    forked = seen()
    nursery.close()
    monkeypatch.undo()
    assert forked == seen()
