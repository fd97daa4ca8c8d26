"""Muon against the singular value decomposition that it stands in for."""

import pytest
import torch

from sc2_attrib.generator.demo.muon import Muon, orthogonalize


@pytest.mark.parametrize("shape", [(3, 16, 16), (2, 8, 24), (1, 24, 8)])
def test_singular_values_come_near_one_and_directions_stay(shape: tuple[int, ...]) -> None:
    """The result is close to U Vᵀ: same singular vectors, values between 0.5 and 1.3."""
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    result = orthogonalize(matrices)
    left, values, right = torch.linalg.svd(matrices, full_matrices=False)
    clear = values > 0.1 * values.max(dim=-1, keepdim=True).values  # tiny ones need more steps
    rotated = left.mT @ result @ right.mT  # diagonal, if the singular vectors are the same
    diagonal = rotated.diagonal(dim1=-2, dim2=-1)
    assert torch.allclose(rotated, torch.diag_embed(diagonal), atol=1e-4)
    assert (diagonal[clear] > 0.5).all()
    assert (diagonal < 1.3).all()


def test_a_step_moves_each_matrix_against_its_own_gradient() -> None:
    """Matrices of one shape are updated together, but not mixed up."""
    generator = torch.Generator().manual_seed(2)
    matrices = [
        torch.nn.Parameter(torch.randn(rows, 8, generator=generator)) for rows in (8, 16, 8)
    ]
    before = [matrix.detach().clone() for matrix in matrices]
    for matrix in matrices:
        matrix.grad = torch.randn(matrix.shape, generator=generator)
    Muon(matrices).step(0.1)
    for matrix, old in zip(matrices, before, strict=True):
        assert matrix.grad is not None
        scale = max(1.0, matrix.shape[0] / 8) ** 0.5
        expected = old - 0.1 * scale * orthogonalize(matrix.grad[None])[0]
        assert torch.allclose(matrix, expected, atol=1e-4)


def test_it_minimises_a_quadratic() -> None:
    """Repeated steps approach the target matrix."""
    target = torch.randn(6, 6, generator=torch.Generator().manual_seed(3))
    matrix = torch.nn.Parameter(torch.zeros(6, 6))
    muon = Muon([matrix])
    for step in range(200):
        matrix.grad = matrix.detach() - target
        muon.step(0.2 * (1 - step / 200))
    assert (matrix - target).norm() < 0.1 * target.norm()
