"""Bits and costs of them that several tests share."""

import numpy as np

from reparam.estimators import structure

THETA = np.array([0.3, 0.6, 0.8])
STATES = structure.bit_states(3)
WEIGHTS = structure.bit_weights(STATES, THETA)
ELL, TARGET = -0.8, 0.3  # the logit of a single bit, and where its cost is zero


def cost(b):
    """A cost of three bits that is no sum over them."""
    return (b.sum(1) - 1.2) ** 3


def one(y):
    """A cost of one bit."""
    return (y - TARGET) ** 2


def slope(y):
    """Its slope."""
    return 2 * (y - TARGET)
