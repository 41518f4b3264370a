"""Start a page's kernel as it would start on a machine where nobody has set anything for IPython."""

import os
import sys

if os.environ.get("JPY_PARENT_PID", str(os.getppid())) != str(os.getppid()):
    sys.exit()  # who asked for it has ended in the meantime, and nobody would ever end it

from IPython.core import application

del application.SYSTEM_CONFIG_DIRS[:], application.ENV_CONFIG_DIRS[:]

from ipykernel import kernelapp

kernelapp.launch_new_instance()
