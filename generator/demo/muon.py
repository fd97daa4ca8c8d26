"""Muon: steepest descent for matrices, in at most half of AdamW's steps on this model.

Momentum SGD moves a matrix mostly along its few strongest directions. Muon replaces the momentum
by the nearest matrix whose singular values are all about one, so that every direction is learnt at
the same pace. A singular value decomposition would give it; five Newton-Schulz steps, matrix
products only, come near enough. Matrices of one shape are updated together.

torch has an optimiser of this name, but it multiplies in bfloat16, which costs most of a second a
step on processors without such instructions. Source: Keller Jordan et al., Muon: an optimizer for
hidden layers in neural networks, https://kellerjordan.github.io/posts/muon/.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_QUINTIC = (3.4445, -4.7750, 2.0315)  # coefficients of Jordan's odd polynomial, tuned for few steps
_N_STEPS = 5
_TINY = 1e-7


class Muon:
    """Updates matrices in place from their gradients."""

    def __init__(self, matrices: Iterable[torch.nn.Parameter], *, momentum: float = 0.95) -> None:
        import torch

        self._momentum = momentum
        self._groups: dict[torch.Size, list[torch.nn.Parameter]] = defaultdict(list)
        for matrix in matrices:
            self._groups[matrix.shape].append(matrix)
        self._averages = {
            shape: torch.zeros(len(group), *shape) for shape, group in self._groups.items()
        }

    def step(self, learning_rate: float) -> None:
        """Move every matrix against its gradient."""
        import torch

        with torch.no_grad():
            for (n_rows, n_columns), group in self._groups.items():
                direction = orthogonalize(self._with_momentum(group))
                scale = max(1.0, n_rows / n_columns) ** 0.5
                for matrix, update in zip(group, direction, strict=True):
                    matrix.sub_(update, alpha=learning_rate * scale)

    def _with_momentum(self, group: list[torch.nn.Parameter]) -> torch.Tensor:
        """Average the gradients over time, and look one step ahead (Nesterov)."""
        import torch

        gradients = torch.stack([matrix.grad for matrix in group if matrix.grad is not None])
        average = self._averages[group[0].shape].lerp_(gradients, 1 - self._momentum)
        return gradients.lerp(average, self._momentum)


def orthogonalize(matrices: torch.Tensor) -> torch.Tensor:
    """Pull all singular values of each matrix towards one.

    Args:
        matrices: shape (n, rows, columns).

    Returns:
        Same shape and singular vectors; the singular values lie roughly in [0.7, 1.2].
    """
    is_tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if is_tall else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + _TINY)  # no singular value above one
    a, b, c = _QUINTIC
    for _ in range(_N_STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    orthogonal: torch.Tensor = x.mT if is_tall else x
    return orthogonal
