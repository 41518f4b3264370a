"""The outcome of a comparison: figures, a table for terminals and notebooks, a plot, a recommendation in words."""

from dataclasses import dataclass, field
from html import escape

import numpy as np


@dataclass
class Row:
    """One estimator's figures for one group of parameters, or for all.

    ``mean_norm`` is the length of the mean gradient, ``variance`` the sum of the variances of its entries for one
    gradient, ``price`` the seconds (or evaluations) of one gradient, ``product`` variance × price,
    ``signal`` the length of the mean over the standard deviation; errors are relative.
    """

    way: str
    group: str
    mean_norm: float
    variance: float
    variance_error: float
    price: float
    price_error: float
    biased: bool = False

    @property
    def product(self):
        return self.variance * self.price

    @property
    def signal(self):
        return self.mean_norm / self.variance**0.5 if self.variance > 0 else float("inf")

    @property
    def error(self):
        return float(np.hypot(self.variance_error, self.price_error))


@dataclass
class Comparison:
    """What :func:`compare` found; ``recommendation`` says it in words."""

    rows: list
    unit: str
    draws: int
    recommendation: str = ""
    winner: str = ""
    runner_up: str = ""
    significant: bool = False
    left_out: dict = field(default_factory=dict)

    def total(self, way):
        """The row of all parameters of one estimator."""
        return next(r for r in self.rows if r.way == way and r.group == "all")

    def _cells(self):
        head = ["estimator", "parameters", "mean", "variance", "±", self.unit, "product", "signal"]
        body = [[r.way + (" (biased here)" if r.biased else ""), r.group, f"{r.mean_norm:.3g}", f"{r.variance:.3g}",
                 f"{r.variance_error:.0%}", f"{r.price:.3g}", f"{r.product:.3g}", f"{r.signal:.2g}"] for r in self.rows]
        return head, body

    def _bars(self):
        totals = [r for r in self.rows if r.group == "all"]
        logs = np.log10([max(r.product, 1e-300) for r in totals])
        low = min((x for x in logs if x > -299), default=0) - 0.3
        widths = np.clip((logs - low) / max(logs.max() - low, 1e-9), 0, 1)
        return [(r.way, round(30 * w)) for r, w in zip(totals, widths, strict=True)]

    def __repr__(self):
        head, body = self._cells()
        widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
        lines = ["  ".join(c.ljust(w) if i < 2 else c.rjust(w)
                           for i, (c, w) in enumerate(zip(row, widths, strict=True))) for row in [head, *body]]
        bars = [f"{way:<22} {'█' * width}" for way, width in self._bars()]
        return "\n".join([*lines, "", f"variance × {self.unit}, all parameters, logarithmic:", *bars, "",
                          self.recommendation])

    def _repr_html_(self):
        head, body = self._cells()
        top = "".join(f'<th scope="col">{escape(c)}</th>' for c in head)
        rows = "".join(f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(c)}</td>" for c in rest)
                       + "</tr>" for first, *rest in body)
        return (f'<table class="table reparam-table"><caption>One gradient of {self.draws} draws: its {self.unit}, and '
                f"variance times these</caption><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table>"
                f"<p>{escape(self.recommendation)}</p>")

    def plot(self, ax=None):
        """Bars of variance × price on a logarithmic axis, with their errors; returns the matplotlib axes."""
        from matplotlib import pyplot

        ax = ax or pyplot.subplots(figsize=(6, 2.6), layout="constrained")[1]
        totals = [r for r in self.rows if r.group == "all" and r.product > 0]
        ax.barh([r.way for r in totals], [r.product for r in totals], xerr=[3 * r.error * r.product for r in totals])
        ax.set_xscale("log")
        ax.set_xlabel(f"variance × {self.unit}")
        ax.invert_yaxis()
        return ax


def recommend(found, interrupted=False):
    """Fill in the winner, the runner-up, whether their order is significant, and the sentence."""
    totals = sorted((r for r in found.rows if r.group == "all" and not r.biased), key=lambda r: r.product)
    best, second = totals[0], totals[1] if len(totals) > 1 else None
    found.winner, found.runner_up = best.way, second.way if second else ""
    text = "interrupted; " if interrupted else ""
    if best.product == 0:
        found.significant = True
        text += f"Take {best.way}: it has no noise at all, at {best.price:.3g} {found.unit} a gradient."
    elif second is None:
        text += f"Take {best.way}: no other estimator applies."
    else:
        ratio = second.product / best.product
        found.significant = bool(np.log(ratio) > 3 * np.hypot(best.error, second.error))
        quieter = "less variance" if best.variance < second.variance else f"fewer {found.unit}"
        text += f"Take {best.way}: variance × {found.unit} is {ratio:.3g} times smaller than with "
        text += f"{second.way}, by {quieter}."
        if not found.significant:
            text = (f"{best.way} or {second.way}: the order of the two is not significant with these rounds (a ratio "
                    f"of {ratio:.3g}). Take the simpler one, or more rounds.")
    for r in found.rows:
        if r.biased and r.group == "all":
            text += f" {r.way} is biased here: the loss jumps, or hides slopes."
    found.recommendation = text
