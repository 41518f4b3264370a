"""A test bench for a reader's own model: is this gradient right, and which estimator should be used?

Needs nothing of the book: ``from reparam import bench``.
"""

from reparam.bench.choice import compare
from reparam.bench.given import Unusable
from reparam.bench.outcome import Comparison
from reparam.bench.run import Verdict
from reparam.bench.statistics import critical
from reparam.bench.verdict import is_unbiased

__all__ = ["Comparison", "Unusable", "Verdict", "compare", "critical", "is_unbiased"]
