"""Layers of normalizing flows, and flows as stacks of them."""

from itertools import pairwise

import torch
from torch import nn

from reparam.guards import require_count, require_float, require_number
from reparam.laws.gaussian import LOG_2PI, as_float
from reparam.networks import mlp

LIMIT = 2.0
"""Bound on the log scale of one coupling: no layer stretches or shrinks by more than e² along a coordinate."""


def _points(name, x, d, like=None):
    require_float(name, x)
    if x.ndim != 2 or x.shape[1] != d:
        raise ValueError(f"{name} must be (n, {d}), got {tuple(x.shape)}")
    if like is not None and (x.dtype, x.device) != (like.dtype, like.device):
        raise ValueError(f"{name} must be {like.dtype} on {like.device} as the layer is, got {x.dtype} on {x.device}")
    return x


def _noise(name, x):
    if require_float(name, x).ndim != 2:
        raise ValueError(f"{name} must be (n, d), got {tuple(x.shape)}")
    return x


class Affine(nn.Module):
    r"""The layer :math:`y_j=m_j+s_jz_j`, starting as the identity; alone, it is the mean-field Gaussian.

    Parameters
    ----------
    d : int
        Dimension.
    """

    def __init__(self, d):
        super().__init__()
        d = require_count("d", d)
        self.shift = nn.Parameter(torch.zeros(d, dtype=torch.float64))
        self.log_scale = nn.Parameter(torch.zeros(d, dtype=torch.float64))

    def forward(self, z):
        """From noise to data."""
        z = _points("z", z, len(self.shift), self.shift)
        return self.shift + self.log_scale.exp() * z, self.log_scale.sum().expand(len(z))

    def inverse(self, y):
        """From data to noise."""
        y = _points("y", y, len(self.shift), self.shift)
        return (y - self.shift) / self.log_scale.exp(), self.log_scale.sum().expand(len(y))


class Coupling(nn.Module):
    r"""Affine coupling: one part of the coordinates sets scale and shift of the other. It starts as the identity.

    .. math:: y_1=z_1,\qquad y_2=z_2\,e^{s(z_1)}+t(z_1),\qquad \log\det=\sum_j s_j(z_1)

    Parameters
    ----------
    d : int
        Dimension, at least 2; the first ``d // 2`` coordinates are kept.
    hidden : sequence of int
        Widths of the hidden layers of the network for s and t; none makes t and :math:`\mathrm{artanh}(s/2)` linear.
    generator : torch.Generator
        Source of the hidden layers' initial weights.
    flip : bool
        Reverse the coordinates first, so that the other part is kept.

    Raises
    ------
    ValueError
        If ``d`` is below 2.

    References
    ----------
    :cite:t:`dinh2017density`
    """

    def __init__(self, d, hidden, generator, flip=False):
        super().__init__()
        require_count("d", d, least=2)
        self.d, self.kept, self.flip = d, d // 2, flip
        self.net = mlp((self.kept, *hidden, 2 * (d - self.kept)), generator)
        nn.init.zeros_(self.net[-1].weight)

    def _parts(self, x):
        x = x.flip(1) if self.flip else x
        kept, moved = x[:, :self.kept], x[:, self.kept:]
        raw, shift = self.net(kept).chunk(2, 1)
        return kept, moved, LIMIT * torch.tanh(raw / LIMIT), shift

    def _join(self, kept, moved):
        x = torch.cat((kept, moved), 1)
        return x.flip(1) if self.flip else x

    def forward(self, z):
        """From noise to data."""
        kept, moved, log_scale, shift = self._parts(_points("z", z, self.d, self.net[0].weight))
        return self._join(kept, moved * log_scale.exp() + shift), log_scale.sum(1)

    def inverse(self, y):
        """From data to noise: the network is evaluated, never inverted."""
        kept, moved, log_scale, shift = self._parts(_points("y", y, self.d, self.net[0].weight))
        return self._join(kept, (moved - shift) * (-log_scale).exp()), log_scale.sum(1)


class Autoregressive(nn.Module):
    r"""Each coordinate is scaled and shifted by those before it. It starts as the identity.

    .. math:: y_j=z_j\,e^{s_j}+t_j,\qquad \log\det=\sum_js_j,

    where :math:`s_j,t_j` read :math:`z_1,\dots,z_{j-1}` (*inverse autoregressive*: from noise to data at once, back
    in d passes of the network) or :math:`y_1,\dots,y_{j-1}` (*masked*: the other way round).

    Parameters
    ----------
    d : int
        Dimension.
    hidden : sequence of int
        Widths of the hidden layers of the network for s and t; none makes t and :math:`\mathrm{artanh}(s/2)` linear.
    generator : torch.Generator
        Source of the hidden layers' initial weights.
    reads : {"noise", "data"}
        What s and t read.

    Raises
    ------
    ValueError
        If ``reads`` is neither.

    References
    ----------
    :cite:t:`kingma2016improved`, :cite:t:`papamakarios2017masked`, and for the masks :cite:t:`germain2015made`
    """

    def __init__(self, d, hidden, generator, reads="noise"):
        super().__init__()
        if reads not in ("noise", "data"):
            raise ValueError(f'reads must be "noise" or "data", got {reads!r}')
        self.d, self.reads = require_count("d", d), reads
        self.net = mlp((d, *hidden, 2 * d), generator)
        nn.init.zeros_(self.net[-1].weight)
        # a hidden unit of rank k may know the first k coordinates; outputs for coordinate j only the first j
        ranks = [torch.arange(1, d + 1), *(torch.arange(width) % d for width in hidden)]
        masks = [b[:, None] >= a for a, b in pairwise(ranks)]
        masks.append((torch.arange(d)[:, None] >= ranks[-1]).repeat(2, 1))
        for k, mask in enumerate(masks):
            self.register_buffer(f"mask{k}", mask.double())

    def _parts(self, x):
        for k, linear in enumerate(self.net[::2]):
            x = nn.functional.linear(torch.tanh(x) if k else x, linear.weight * getattr(self, f"mask{k}"), linear.bias)
        raw, shift = x.chunk(2, 1)
        return LIMIT * torch.tanh(raw / LIMIT), shift

    def _move(self, x, read, back):
        log_scale, shift = self._parts(read)
        return (x - shift) * (-log_scale).exp() if back else x * log_scale.exp() + shift, log_scale.sum(1)

    def _solve(self, x, back):
        """The direction in which s and t read the answer: each pass gets one more coordinate right."""
        answer = x
        for _ in range(self.d):
            answer, _ = self._move(x, answer, back)
        return answer, self._parts(answer)[0].sum(1)

    def forward(self, z):
        """From noise to data."""
        z = _points("z", z, self.d, self.net[0].weight)
        return self._move(z, z, False) if self.reads == "noise" else self._solve(z, False)

    def inverse(self, y):
        """From data to noise."""
        y = _points("y", y, self.d, self.net[0].weight)
        return self._move(y, y, True) if self.reads == "data" else self._solve(y, True)


class Planar(nn.Module):
    r"""Planar layer :math:`y=z+\hat u\tanh(w^\top z+b)`, with :math:`w^\top\hat u>-1` so that it inverts.

    .. math:: \hat u=u+\bigl(\log(1+e^{w^\top u})-1-w^\top u\bigr)\frac{w}{\lVert w\rVert^2}

    Parameters
    ----------
    w, u : sequence of float or Tensor, shape ``(d,)``
        Start of the direction that is looked at, and of the free parameter behind the direction of the push.
    b : float
        Start of the offset.

    Raises
    ------
    ValueError
        If ``w`` and ``u`` are not of one shape ``(d,)``, or ``w`` is zero.

    References
    ----------
    :cite:t:`rezende2015variational`
    """

    def __init__(self, w, u, b=0.0):
        super().__init__()
        w, u, b = as_float("w", w).double(), as_float("u", u).double(), require_number("b", b)
        if w.is_meta or u.is_meta:
            raise ValueError("w and u must hold numbers to start from, got a tensor on the meta device")
        if w.ndim != 1 or w.shape != u.shape or not w.any():
            raise ValueError(f"w and u must have one shape (d,) and w not vanish, got w={w.tolist()}, u={u.tolist()}")
        self.w, self.u = nn.Parameter(w.clone()), nn.Parameter(u.clone())
        self.b = nn.Parameter(torch.tensor(b, dtype=torch.float64))

    def push(self):
        r"""The vector :math:`\hat u`, shape ``(d,)``."""
        along = self.w @ self.u
        return self.u + (nn.functional.softplus(along) - 1 - along) * self.w / (self.w @ self.w)

    def _log_det(self, bend):
        return torch.log1p((self.w @ self.push()) * (1 - bend * bend))

    def forward(self, z):
        """From noise to data."""
        bend = torch.tanh(_points("z", z, len(self.w), self.w) @ self.w + self.b)
        return z + bend[:, None] * self.push(), self._log_det(bend)

    def inverse(self, y):
        r"""From data to noise: bisection for :math:`w^\top z`, then a Newton step: exact slopes, first order only."""
        target, strength = _points("y", y, len(self.w), self.w) @ self.w, self.w @ self.push()
        with torch.no_grad():
            low, high = target - strength.abs(), target + strength.abs()
            for _ in range(60):
                middle = (low + high) / 2
                above = middle + strength * torch.tanh(middle + self.b) > target
                low, high = torch.where(above, low, middle), torch.where(above, middle, high)
            slope = 1 + strength * (1 - torch.tanh(middle + self.b) ** 2)
        found = middle - (middle + strength * torch.tanh(middle + self.b) - target) / slope
        bend = torch.tanh(found + self.b)
        return y - bend[:, None] * self.push(), self._log_det(bend)


class Flow(nn.Module):
    """Layers applied one after the other to standard normal noise; their log determinants add up.

    Parameters
    ----------
    *layers : layer
        In the order from noise to data.
    """

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def stages(self, z):
        """The points after 0, 1, 2, ... layers: a list of tensors of shape ``(n, d)``."""
        points = [z]
        for layer in self.layers:
            points.append(layer(points[-1])[0])
        return points

    def forward(self, z):
        """From noise to data."""
        total = _noise("z", z).new_zeros(len(z))
        for layer in self.layers:
            z, log_det = layer(z)
            total = total + log_det
        return z, total

    def inverse(self, y):
        """From data to noise, last layer first."""
        total = _noise("y", y).new_zeros(len(y))
        for layer in reversed(self.layers):
            y, log_det = layer.inverse(y)
            total = total + log_det
        return y, total

    def log_density(self, y):
        r""":math:`\log p(y)=\log N(z;0,I)-\log\lvert\det Dg(z)\rvert` in nats, shape ``(n,)``."""
        z, log_det = self.inverse(y)
        return log_normal(z) - log_det


def log_normal(z):
    r""":math:`\log N(z;0,I)` in nats.

    Parameters
    ----------
    z : Tensor, shape ``(n, d)``

    Returns
    -------
    Tensor, shape ``(n,)``

    Raises
    ------
    ValueError
        If ``z`` is not a finite floating-point tensor of two axes.
    """
    return -0.5 * (_noise("z", z).square() + LOG_2PI).sum(1)
