"""What a tool does when it is told to end: once, however often it is told."""

import os
import signal

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def on_ending(act):
    """Ctrl-C, or being told to end, calls ``act()`` and ends this process at once."""
    def end(number, frame):
        for again in SIGNALS:  # make tells its children what the terminal has told them already
            signal.signal(again, signal.SIG_IGN)
        act()
        os._exit(128 + number)

    for number in SIGNALS:
        signal.signal(number, end)
