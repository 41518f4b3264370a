"""What a tool does when it is told to end: once, however often it is told."""

import os
import signal
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_HELD, _WAITING = [], []


def on_ending(act):
    """Ctrl-C, or being told to end, calls ``act()`` and ends this process at once."""
    begun = []

    def end(number, frame):
        if _HELD:
            _WAITING.append(number)
        elif not begun:  # make tells its children what the terminal has told them already
            begun.append(number)
            act()
            os._exit(128 + number)

    for number in SIGNALS:
        signal.signal(number, end)


@contextmanager
def held():
    """Being told to end takes effect after this block, so that nothing is started of which nobody knows yet."""
    _HELD.append(True)
    try:
        yield
    finally:
        _HELD.pop()
        if _WAITING and not _HELD:
            os.kill(os.getpid(), _WAITING.pop())
