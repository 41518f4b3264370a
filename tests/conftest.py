"""Every kernel that a test starts runs watch.py before its first cell."""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROFILE = ROOT / "_build" / "ipython"


def pytest_configure(config):
    os.environ["IPYTHONDIR"] = str(PROFILE)
    if not hasattr(config, "workerinput"):  # the workers find what the first process has copied
        startup = PROFILE / "profile_default" / "startup"
        startup.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / "watch.py", startup)
