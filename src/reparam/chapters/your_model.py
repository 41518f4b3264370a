"""A clinic of faults, each told by the bench, and three models on real data."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.distributions import Bernoulli, Independent, Normal

from reparam import bench, digits, noise
from reparam.bundled import bundled
from reparam.checks import CheckFailed


@dataclass(frozen=True)
class Diagnosis:
    """What the bench said of a step with a fault, as far as the page states it, and of the mended one."""

    kind: str
    pattern: str

    def __repr__(self):
        pattern = f" ({self.pattern})" if self.pattern else ""
        return f"with the fault:  ✗ {self.kind}{pattern}\nmended:          ✓ right"


def examine(says, broken, mended, parameters, law=None, intended=None, **options):
    """Ask the bench of a step with a fault and of the mended step; both verdicts must be those that the page states.

    Parameters
    ----------
    says : str
        Kind and, after a colon, pattern of the verdict on the first step, for instance ``"gradient: detached"``.
    broken, mended : callable
        Steps as :func:`reparam.bench.is_unbiased` takes them.
    parameters, law, intended, **options
        Passed on.

    Returns
    -------
    Diagnosis

    Raises
    ------
    CheckFailed
        If a verdict is another.
    """
    options = {"resolution": 0.2, "first": 12, "seed": noise.seed()} | options
    kind, _, pattern = says.partition(": ")
    ill = bench.is_unbiased(broken, parameters, law, intended, **options)
    if ill.right is not False or ill.kind != kind or (pattern and ill.pattern != pattern):
        raise CheckFailed(f"the step with the fault must be called {says!r}, the bench says {ill}")
    well = bench.is_unbiased(mended, parameters, law, intended, **options)
    if not well:
        raise CheckFailed(f"the mended step must be right, the bench says {well}")
    return Diagnosis(kind, pattern)


def all_right(steps, parameters, law, loss=None, **options):
    """Ask the bench of several steps for one mean, each of which must be right.

    Parameters
    ----------
    steps : list of callable
        As :func:`reparam.bench.is_unbiased` takes them, named functions.
    parameters, law, loss, **options
        Passed on.

    Returns
    -------
    str
        Their names, each with its mark.

    Raises
    ------
    CheckFailed
        If the bench does not call one of them right.
    """
    options = {"resolution": 0.3, "first": 12, "seed": noise.seed()} | options
    for step in steps:
        if not (said := bench.is_unbiased(step, parameters, law, loss, **options)):
            raise CheckFailed(f"{step.__name__} must be right, the bench says {said}")
    return ", ".join(f"{step.__name__} ✓" for step in steps)


def leaves(*starts):
    """Parameters of the clinic: float64 leaves that require a gradient, from numbers or lists.

    Parameters
    ----------
    *starts : float or list of float

    Returns
    -------
    list of Tensor
    """
    return [torch.tensor(s, dtype=torch.float64, requires_grad=True) for s in starts]


def patients():
    """Three measurements of scikit-learn's diabetes data, and the progression of the disease, all standardized.

    Returns
    -------
    measurements : Tensor, shape ``(442, 3)``
        Body mass index, blood pressure and a blood serum value.
    progression : Tensor, shape ``(442,)``
    """
    x = bundled("diabetes_data_raw.csv.gz", usecols=(2, 3, 8))
    y = (bundled("diabetes_target.csv.gz") - 152) / 77
    return torch.from_numpy((x - x.mean(0)) / x.std(0)), torch.from_numpy(y)


def bayesian_net(hidden=3, rows=60):
    r"""A small Bayesian neural net on scikit-learn's diabetes data, with a Normal guide for all its weights.

    Parameters
    ----------
    hidden : int
        Tanh units.
    rows : int
        Patients used.

    Returns
    -------
    log_joint : callable, ``(n, d) -> (n,)``
        Log density of weights and progression of the disease, in nats, for standardized data.
    parameters : dict of Tensor
        ``mean`` and ``log_sigma``, shape ``(d,)``.
    law : callable
        Makes the guide from them.
    """
    x, y = (table[:rows] for table in patients())
    sizes = [3 * hidden, hidden, hidden, 1]
    d = sum(sizes)
    prior, error = Normal(torch.zeros(d, dtype=torch.float64), 1.0), Normal(torch.zeros(rows, dtype=torch.float64), 0.7)

    def log_joint(w):
        inner, shift, outer, last = w.split(sizes, -1)
        h = torch.tanh(x @ inner.reshape(-1, 3, hidden) + shift[:, None])
        fit = (h * outer[:, None]).sum(-1) + last
        return prior.log_prob(w).sum(-1) + error.log_prob(y - fit).sum(-1)

    mean = 0.5 * torch.from_numpy(noise.generator("your_model/net").standard_normal(d))
    log_sigma = torch.full((d,), -1.5, dtype=torch.float64)
    parameters = {"mean": mean.requires_grad_(), "log_sigma": log_sigma.requires_grad_()}
    return log_joint, parameters, lambda p: Independent(Normal(p["mean"], p["log_sigma"].exp()), 1)


def binary_images(rows):
    """Handwritten digits with pixels 0 and 1.

    Parameters
    ----------
    rows : int

    Returns
    -------
    Tensor, shape ``(rows, 64)``
    """
    return torch.from_numpy((digits.load()[0][:rows] > 7).astype(np.float64))


def bernoulli_vae(images, d=2, hidden=12):
    """A variational autoencoder with Bernoulli pixels, for one minibatch.

    Parameters
    ----------
    images : Tensor, shape ``(B, 64)``
    d : int
        Latent dimension.
    hidden : int
        Tanh units of the encoder and of the decoder.

    Returns
    -------
    log_joint : callable, ``(n, B, d) -> (n,)``
        Of the minibatch, in nats.
    parameters : nn.ModuleDict
        ``encoder`` and ``decoder``.
    law : callable
        Encodes the minibatch: a law of ``(B, d)``.
    """
    weights = noise.torch_generator("your_model/vae")
    net = nn.ModuleDict({
        "encoder": nn.Sequential(nn.Linear(64, hidden), nn.Tanh(), nn.Linear(hidden, 2 * d)),
        "decoder": nn.Sequential(nn.Linear(d, hidden), nn.Tanh(), nn.Linear(hidden, 64)),
    }).double()
    for p in net.parameters():
        p.data = torch.randn(p.shape, generator=weights, dtype=torch.float64) * 0.5 / p.shape[-1] ** 0.5
    prior = Normal(torch.zeros((), dtype=torch.float64), 1.0)

    def log_joint(z):
        pixels = Bernoulli(logits=net["decoder"](z), validate_args=False).log_prob(images)
        return prior.log_prob(z).sum((1, 2)) + pixels.sum((1, 2))

    def law(p):
        mu, log_sigma = p["encoder"](images).chunk(2, -1)
        return Independent(Normal(mu, log_sigma.exp()), 2)

    return log_joint, net, law


def hidden_causes(images, d=6):
    """Binary causes of one image: bits that switch on fixed patterns of pixels.

    Parameters
    ----------
    images : Tensor, shape ``(B, 64)``
        The first is explained; the patterns are the directions in which all of them vary most.
    d : int
        How many bits.

    Returns
    -------
    log_joint : callable, ``(n, d) -> (n,)``
        Of bits and pixels, in nats.
    logits : Tensor, shape ``(d,)``
        The parameters.
    law : callable
        Makes independent bits from them.
    """
    mean = images.mean(0)
    patterns = 3 * torch.linalg.svd(images - mean, full_matrices=False).Vh[:d]
    base = torch.logit(mean.clamp(0.05, 0.95))

    def log_joint(b):
        return Bernoulli(logits=base + b @ patterns).log_prob(images[0]).sum(-1) + d * np.log(0.5)

    (logits,) = leaves([0.3 * (-1.0) ** j for j in range(d)])
    return log_joint, logits, lambda: Independent(Bernoulli(logits=logits), 1)


def looks(draws, bias):
    """The running difference of a gradient and its reference, with the bands that the bench allows.

    Parameters
    ----------
    draws : array, shape ``(n,)``
        Differences of a right gradient, one per replicate.
    bias : float
        What is added to each.

    Returns
    -------
    count, mean, allowed : array, shape ``(n - 7,)``
        From eight replicates on.
    """
    count = np.arange(1, len(draws) + 1)
    x = draws + bias
    mean, square = np.cumsum(x) / count, np.cumsum(x**2) / count
    error = np.sqrt((square - mean**2) / (count - 1).clip(1))
    limits = np.array([bench.critical(n, 1) for n in count[7:]])
    return count[7:], mean[7:], (limits * error[7:])


def draw_looks(draws, biases):
    """Figure of :func:`looks`: the mean difference for each bias, and the band that chance allows around zero."""
    from reparam.teaching import figures

    figure, ax = figures.panels(1, height=2.6)
    count, _, allowed = looks(draws, 0.0)
    ax.fill_between(count, -allowed, allowed, color=figures.MUTED, alpha=0.3, linewidth=0)
    for bias, color in zip(biases, (figures.BLUE, figures.RED), strict=True):
        ax.plot(count, looks(draws, bias)[1], color=color)
        figures.note(ax, count[-1], looks(draws, bias)[1][-1], f"bias {bias:g}", color=color)
    ax.set(xscale="log", xlabel="replicates", ylabel="gradient less reference", ylim=(-0.6, 0.6),
           title="A wrong gradient leaves the band of chance")
    return figure
