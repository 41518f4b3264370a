"""Data that ship with scikit-learn, read from its folder: to import it takes a second or two, to read them none."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np


def bundled(name, **options):
    """One of scikit-learn's tables.

    Parameters
    ----------
    name : str
        A file of ``sklearn/datasets/data``.
    **options
        Passed on to :func:`numpy.loadtxt`.

    Returns
    -------
    array, shape ``(rows, columns)``, or ``(rows,)`` of a single column

    Raises
    ------
    ValueError
        If scikit-learn has no such file.
    """
    path = Path(find_spec("sklearn").submodule_search_locations[0], "datasets", "data", str(name))
    if not path.is_file():
        raise ValueError(f"name must be a table of scikit-learn's, got {name!r}")
    return np.loadtxt(path, **options)
