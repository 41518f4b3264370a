"""Start kernels that have their libraries imported already: a page's imports cost more than many a page's cells.

One process imports the installed libraries and forks itself for each kernel, which then runs what its command says, in
a session and an environment of its own: tools/kernel.py, from its first line. Nothing of the project is imported before
the fork, and no page sees what another did. Where forking is unsafe, outside Linux, kernels start as they always do.
"""

import json
import os
import signal
import subprocess
import sys
import time

LIBRARIES = ("torch", "numpy", "scipy.special", "scipy.integrate", "scipy.optimize", "matplotlib.pyplot",
             "ipykernel.kernelapp", "ipykernel.ipkernel")


class Kernel:
    """A kernel's process, as `subprocess.Popen` would stand for it."""

    stdin = stdout = stderr = None

    def __init__(self, pid):
        self.pid = pid

    def poll(self):
        """None as long as it runs; how it ended, its parent alone knows."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0

    def wait(self):
        """Return when it has ended."""
        while self.poll() is None:
            time.sleep(0.05)
        return 0

    def send_signal(self, number):
        """Send a signal to it alone."""
        os.kill(self.pid, number)

    def terminate(self):
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self):
        """End it."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that is forked, started for the first kernel, and ended with this one."""

    def __init__(self, libraries=LIBRARIES):
        self.server, self.libraries = None, libraries

    def launch(self, cmd, env=None, cwd=None, stderr=None, **others):
        """What `jupyter_client.launcher.launch_kernel` does, with a fork in the place of a new interpreter."""
        if self.server is None:
            command = [sys.executable, "-P", os.path.abspath(__file__), *self.libraries]
            self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        job = {"command": cmd[1:], "environment": dict(os.environ if env is None else env),
               "folder": os.fspath(cwd or os.getcwd()), "quiet": stderr is not None}
        print(json.dumps(job), file=self.server.stdin, flush=True)
        return Kernel(int(self.server.stdout.readline()))

    def close(self):
        """End it; kernels that are left end by themselves as soon as they notice."""
        if self.server is not None:
            self.server.communicate()


def settle(nursery=None):
    """Let every kernel that Jupyter's client starts in this process be a fork."""
    if sys.platform.startswith("linux"):
        from jupyter_client.provisioning import local_provisioner

        local_provisioner.launch_kernel = (nursery or Nursery()).launch


def become(command, environment, folder, quiet):
    """Go on as the kernel that a command asks for: `-m module` or a file, behind options of the interpreter."""
    import runpy

    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.write(1, b"%d\n" % os.getpid())
    null = os.open(os.devnull, os.O_RDWR)
    for number, source in ((0, null), (2, null if quiet else 2), (1, 2)):
        os.dup2(source, number)
    os.chdir(folder)
    parent = os.environ["JPY_PARENT_PID"]
    os.environ.clear()
    os.environ.update(environment, JPY_PARENT_PID=parent)
    first = next(k for k, word in enumerate(command) if word == "-m" or not word.startswith("-"))
    module = command[first] == "-m"
    sys.argv = command[first + module:]
    if module:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


def serve():
    """Fork a kernel for each line that comes, and answer with its number."""
    from importlib import import_module

    os.environ.update(JPY_PARENT_PID=str(os.getpid()), MPLBACKEND="module://matplotlib_inline.backend_inline")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a kernel ended
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it is told, and ends it
    for name in sys.argv[1:]:
        import_module(name)
    for line in sys.stdin:
        if not os.fork():
            return become(**json.loads(line))


if __name__ == "__main__":
    serve()
