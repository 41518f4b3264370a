"""A plugin that comes before all others (`pytest -p tests.early`), for what they would import and nobody here needs."""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # as in tools/build.py: seconds for each process of a test run
