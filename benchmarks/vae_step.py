"""Training a VAE on the 8x8 digits: batches by index, closed forms and fused Adam against the usual PyTorch way."""

import numpy as np
import torch
from harness import Contest
from sklearn.datasets import load_digits
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.utils.data import DataLoader, TensorDataset

from reparam import noise
from reparam.laws.gaussian import LOG_2PI, DiagonalGaussian
from reparam.networks import mlp

BATCH, STEPS, D, WIDTH, NOISE, RATE = 128, 220, 8, 64, 0.25, 3e-3
TRAIN = 1437


def networks():
    return tuple(mlp(sizes, noise.torch_generator(f"benchmarks/{name}"), nn.Tanh) for name, sizes in
                 (("encoder", (64, WIDTH, 2 * D)), ("decoder", (D, WIDTH, 64))))


def bound(encoder, decoder, x, eps):
    """The ELBO per image with the divergence in closed form."""
    q = DiagonalGaussian(*encoder(x).chunk(2, -1))
    error = (x - decoder(q.path(eps)[0])).square().sum(-1)
    kl = 0.5 * (q.mu.square() + (2 * q.log_sigma).exp() - 1).sum(-1) - q.log_sigma.sum(-1)
    return -0.5 * error / NOISE**2 - 64 * (np.log(NOISE) + 0.5 * LOG_2PI) - kl


def ours(x):
    encoder, decoder = networks()
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=RATE, fused=True)
    source, each = noise.generator("benchmarks/vae-batches"), TRAIN // BATCH
    epochs = [source.permutation(TRAIN)[: each * BATCH] for _ in range(-(-STEPS // each))]
    rows = np.concatenate(epochs).reshape(-1, BATCH)
    eps = noise.normal("benchmarks/vae-noise", STEPS, 1, BATCH, D)
    for row, e in zip(torch.from_numpy(rows[:STEPS]), eps, strict=True):
        loss = -bound(encoder, decoder, x[row], e).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return encoder, decoder


def plain(x):
    torch.manual_seed(0)
    encoder, decoder = networks()
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=RATE)
    loader = DataLoader(TensorDataset(x), batch_size=BATCH, shuffle=True, drop_last=True)
    done = 0
    while done < STEPS:
        for (xb,) in loader:
            mu, rho = encoder(xb).chunk(2, -1)
            q = Normal(mu, rho.exp())
            prior = Normal(torch.zeros_like(mu), torch.ones_like(mu))
            likelihood = Normal(decoder(q.rsample()), NOISE).log_prob(xb).sum(-1)
            loss = -(likelihood - kl_divergence(q, prior).sum(-1)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            done += 1
            if done == STEPS:
                break
    return encoder, decoder


def contests():
    """One contest, at equal loss."""
    pixels = torch.from_numpy(load_digits().data / 16)
    pixels = pixels[torch.from_numpy(noise.generator("benchmarks/split").permutation(len(pixels)))]
    train, test = pixels[:TRAIN], pixels[TRAIN:]
    eps = noise.normal("benchmarks/vae-test", 1, len(test), D)
    trained = [way(train) for way in (ours, plain)]
    with torch.no_grad():
        mine, rival = (bound(*networks, test, eps).mean().item() for networks in trained)
    if not abs(mine - rival) < 1.5:
        raise SystemExit(f"vae_step: bounds differ, {mine:.2f} and {rival:.2f}")
    return [Contest(
        f"{STEPS} training steps of a VAE on 8x8 digits, batches of {BATCH}", "plain PyTorch",
        {"plain PyTorch": lambda: plain(train), "helpers of the book": lambda: ours(train)},
        aims={"plain PyTorch": ("at least", 1.6, "helpers of the book")},
        note=f"Held-out ELBO: {mine:.1f} nats with the helpers, {rival:.1f} the plain way.",
    )]
