"""Training a conditional generator with two draws per observation: the book's loop against the usual PyTorch way."""

import torch
from harness import Contest
from torch import nn
from torch.distributions import Normal
from torch.utils.data import DataLoader, TensorDataset

from reparam import noise
from reparam.chapters import conditional
from reparam.laws import scoring_rules

N, BATCH, STEPS, WIDTH, RATE = 1024, 256, 160, 32, 0.02
COPIES = 8  # independent networks that the helpers train side by side


def data():
    x = 4 * torch.from_numpy(noise.generator("benchmarks/generator").random(N)) - 2
    mean, deviation = conditional.wave(x)
    return x, mean + deviation * noise.normal("benchmarks/generator-noise", N)


def held_out(mu, sigma, y):
    return scoring_rules.crps(mu, sigma, y).mean().item()


def ours(x, y, copies=1):
    heads = conditional.Heads(WIDTH, copies, noise.torch_generator("benchmarks/heads"))
    source = noise.generator("benchmarks/batches")
    epochs = [torch.from_numpy(source.permutation(N)) for _ in range(STEPS * BATCH // N)]
    rows = torch.cat(epochs).reshape(STEPS, BATCH)
    eps = noise.normal("benchmarks/draws", STEPS, 2, copies, BATCH)

    def loss(batch):
        inputs, outputs, z = batch
        mu, sigma = heads(inputs)
        return conditional.two_draws(mu + sigma * z, outputs)

    conditional.train_copies(heads, loss, list(zip(x[rows], y[rows], eps, strict=True)), lr=RATE)
    return lambda x: [t[0] for t in heads(x)]


class Plain(nn.Module):
    """The same network, in everyday modules."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 2)).double()
        generator = noise.torch_generator("benchmarks/plain")
        with torch.no_grad():
            self.net[0].weight.normal_(generator=generator)
            self.net[0].bias.uniform_(-1, 1, generator=generator)
            self.net[2].weight.normal_(std=WIDTH**-0.5, generator=generator)
            self.net[2].bias.zero_()

    def forward(self, x):
        mu, rho = self.net(x[:, None]).unbind(-1)
        return Normal(mu, rho.exp())


def plain(x, y):
    torch.manual_seed(0)
    model = Plain()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 1e-3, STEPS)
    loader = DataLoader(TensorDataset(x, y), batch_size=BATCH, shuffle=True)
    for _ in range(STEPS * BATCH // N):
        for xb, yb in loader:
            first, second = model(xb).rsample((2,))
            loss = (0.5 * ((first - yb).abs() + (second - yb).abs()) - 0.5 * (first - second).abs()).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return lambda x: (model(x).mean, model(x).stddev)


def contests():
    """One contest, at equal loss."""
    x, y = data()
    test = torch.linspace(-2, 2, 401, dtype=torch.float64)
    truth_mean, truth_deviation = conditional.wave(test)
    fresh = truth_mean + truth_deviation * noise.normal("benchmarks/held-out", 200, 401)
    laws = [way(x, y) for way in (ours, plain)]
    with torch.no_grad():
        mine, rival = (held_out(*(t[None] for t in law(test)), fresh) for law in laws)
        best = held_out(truth_mean[None], truth_deviation[None], fresh)
    if not (abs(mine - rival) < 0.1 * rival):
        raise SystemExit(f"generator: losses differ, {mine:.4f} and {rival:.4f}")
    return [Contest(
        f"{STEPS} training steps of a conditional generator, batches of {BATCH}", "plain PyTorch",
        {"plain PyTorch": lambda: plain(x, y), "helpers of the book": lambda: ours(x, y),
         f"helpers, {COPIES} replicates at once, each": lambda: ours(x, y, COPIES)},
        aims={"plain PyTorch": ("at least", 3.0, "helpers of the book")},
        scale={f"helpers, {COPIES} replicates at once, each": 1 / COPIES},
        note=f"Held-out CRPS: {mine:.3f} with the helpers, {rival:.3f} the plain way, {best:.3f} for the truth.",
    )]
