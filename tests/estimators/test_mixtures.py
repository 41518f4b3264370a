"""The conditional path of a mixture: against its formula in the plane, and unbiased for every parameter."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from reparam.chapters.paths import TwoBumps
from reparam.estimators import mixtures

F64 = torch.float64
BUMPS = TwoBumps(0.35, (0.7, -0.5), 0.8)
Z, MASSES = BUMPS.nodes(0.25)
CENTRES = torch.tensor([[0.7, -0.5], [-0.7, 0.5]], dtype=F64)


def moved(z, w, centres=CENTRES, log_s=None):
    log_s = torch.full((2, 2), np.log(0.8), dtype=F64) if log_s is None else log_s
    return mixtures.conditional_path(torch.from_numpy(z), torch.stack([w, 1 - w], 1).log(), centres, log_s)


def weights(n):
    return torch.full((n,), 0.35, dtype=F64, requires_grad=True)


@pytest.mark.parametrize("coordinate", [0, 1])
def test_the_weight_moves_draws_as_the_formula_says(coordinate):
    w = weights(len(Z))
    path = moved(Z, w)
    assert torch.equal(path.detach(), torch.from_numpy(Z))
    speed = torch.autograd.grad(path[:, coordinate].sum(), w)[0].numpy()
    seen = MASSES > 1e-12
    np.testing.assert_allclose(speed[seen], BUMPS.by_coordinates(Z)[seen, coordinate], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("z", [9.0, -8.0])
def test_digits_are_kept_far_out_on_both_sides(z):
    w = torch.tensor([0.4], dtype=F64, requires_grad=True)
    path = mixtures.conditional_path(torch.tensor([[z]], dtype=F64), torch.stack([w, 1 - w], 1).log(),
                                     torch.tensor([[0.0], [1.0]], dtype=F64), torch.zeros(2, 1, dtype=F64))
    tail = norm.cdf if z < 0 else norm.sf
    lead = (tail(z, 0) - tail(z, 1)) * (-1 if z < 0 else 1)
    density = 0.4 * norm.pdf(z, 0) + 0.6 * norm.pdf(z, 1)
    assert torch.autograd.grad(path.sum(), w)[0].item() == pytest.approx(lead / density, rel=1e-9)


def test_gradients_of_all_parameters_are_those_of_the_closed_form():
    w, centres = weights(len(Z)), CENTRES.clone().requires_grad_()
    log_s = torch.full((2, 2), np.log(0.8), dtype=F64, requires_grad=True)
    path = moved(Z, w, centres, log_s)
    cost = path[:, 0] ** 2 + 0.5 * path[:, 1] ** 2 + path[:, 0] * path[:, 1]
    ours = torch.autograd.grad((torch.from_numpy(MASSES) * cost).sum(), (w, centres, log_s))
    one, m, log_d = (p.detach().clone().requires_grad_() for p in (torch.tensor(0.35, dtype=F64), centres, log_s))
    s2 = (2 * log_d).exp()
    # in one component: E[z1^2] + E[z2^2] / 2 + E[z1] E[z2]
    inside = m[:, 0] ** 2 + s2[:, 0] + 0.5 * (m[:, 1] ** 2 + s2[:, 1]) + m[:, 0] * m[:, 1]
    exact = torch.autograd.grad(torch.stack([one, 1 - one]) @ inside, (one, m, log_d))
    torch.testing.assert_close((ours[0].sum(), *ours[1:]), exact, rtol=1e-6, atol=1e-7)


def test_a_path_that_forgets_the_first_coordinate_is_biased():
    w = weights(len(Z))
    path = moved(Z, w)
    alone = torch.autograd.grad((path[:, 1] ** 3).sum(), w)[0].numpy()
    cut = TwoBumps(0.35, (0.7, -0.5), 0.8)
    speed = cut.by_coordinates(Z)[:, 1]
    # E[z2^3] in a bump is m2^3 + 3 m2 s^2, and the bumps are mirror images
    truth = 2 * ((-0.5) ** 3 + 3 * -0.5 * 0.64)
    assert MASSES @ alone == pytest.approx(truth, abs=1e-6)
    assert abs(MASSES @ (3 * Z[:, 1] ** 2 * speed * 0.9) - truth) > 0.1


def test_three_components_in_three_dimensions():
    z = torch.tensor([[0.1, -0.4, 0.9], [1.2, 0.3, -0.7]], dtype=F64)
    means = torch.tensor([[0.0, 1.0, 0.5], [1.0, -1.0, 0.0], [-0.5, 0.2, 0.3]], dtype=F64)
    shift = torch.zeros(3, dtype=F64, requires_grad=True)
    logs = torch.full((2, 3), -np.log(3.0), dtype=F64)
    path = mixtures.conditional_path(z, logs, means + shift, torch.zeros(3, 3, dtype=F64))
    # a shift of all means moves every draw with it
    for i in range(3):
        torch.testing.assert_close(
            torch.autograd.grad(path[:, i].sum(), shift, retain_graph=True)[0], 2 * torch.eye(3, dtype=F64)[i])


@pytest.mark.parametrize(("call", "word"), [
    (lambda: moved(Z[:3], torch.full((3,), 0.4, dtype=F64)), "cdf must|graph"),
    (lambda: mixtures.conditional_path(torch.zeros(3, 2, dtype=F64), torch.zeros(3, 2, dtype=F64), CENTRES, CENTRES),
     "log_weights must"),
    (lambda: moved(Z[:3], weights(3), CENTRES[:1]), "means must"),
], ids=["graph", "weights", "means"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
