"""Start a page's kernel as it would start on a machine where nobody has set anything for IPython."""

from IPython.core import application

del application.SYSTEM_CONFIG_DIRS[:], application.ENV_CONFIG_DIRS[:]

from ipykernel import kernelapp

kernelapp.launch_new_instance()
