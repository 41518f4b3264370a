"""Say how far the pages are: on a terminal in one line that changes, elsewhere in a line when a page starts or ends."""

import contextlib
import json
import shutil
import sys
import threading
import time


class Progress:
    """Pages done, pages running and seconds left, which are guessed from what each page took the last time.

    Parameters
    ----------
    record : Path
        Where the seconds of each page are kept from build to build.
    waiting : list of str
        Pages to be executed.
    jobs : int
        How many run at a time.
    """

    def __init__(self, record, waiting, jobs):
        self.record, self.waiting, self.jobs = record, list(waiting), jobs
        self.running, self.done, self.total = {}, 0, len(waiting)
        self.terminal = sys.stdout.isatty()
        self.finished = threading.Event()
        try:
            self.seconds = {str(name): float(value) for name, value in json.loads(record.read_text()).items()}
        except (OSError, ValueError, AttributeError, TypeError):
            self.seconds = {}

    def __enter__(self):
        if self.terminal and self.total:
            self.ticker = threading.Thread(target=self._tick, daemon=True)
            self.ticker.start()
        return self

    def __exit__(self, *problem):
        self.finished.set()
        if self.terminal and self.total:
            self.ticker.join()
            self._show("")
        with contextlib.suppress(OSError):  # a guess is no reason to fail
            self.record.write_text(json.dumps(self.seconds))

    def started(self, name):
        self.waiting.remove(name)
        self.running[name] = time.monotonic()
        if not self.terminal:
            print(f"executing {name}", flush=True)

    def ended(self, name, seconds):
        del self.running[name]
        self.done += 1
        self.seconds[name] = round(seconds, 2)
        if not self.terminal:
            print(f"{name} took {seconds:.1f} s; {self.state()}", flush=True)

    def left(self):
        """Seconds until the last page is done, if each takes what it took before."""
        usual = sum(self.seconds.values()) / len(self.seconds) if self.seconds else 6.0
        now = time.monotonic()
        todo = [self.seconds.get(name, usual) for name in self.waiting]
        todo += [max(self.seconds.get(name, usual) - (now - since), 0.5) for name, since in self.running.items()]
        return max(sum(todo) / self.jobs, max(todo, default=0.0))

    def state(self):
        return f"{self.done} of {self.total} pages done, about {self.left():.0f} s left"

    def _tick(self):
        while not self.finished.wait(0.25):
            names = ", ".join(name.split("/")[-1] for name in self.running)
            self._show(f"{self.state()}; running {names}")

    def _show(self, text):
        width = shutil.get_terminal_size().columns - 1
        sys.stdout.write("\r" + text[:width].ljust(width) + ("" if text else "\r"))
        sys.stdout.flush()
