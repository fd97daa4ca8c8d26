"""Sampling options: values out of range and values without effect are refused."""

import math

import pytest

from sc2_attrib.generator.sampling import Sampling
from sc2_attrib.index.errors import UsageError


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_new_tokens": 0}, "max_new_tokens is 0; it must be at least 1"),
        ({"num_beams": 0}, "num_beams is 0; it must be at least 1"),
        ({"top_k": -1}, "top_k is -1; it must be at least 0"),
        ({"top_p": 0.0}, "top_p is 0.0; it must be above 0 and at most 1"),
        ({"top_p": 1.5}, "top_p is 1.5"),
        ({"top_p": math.nan}, "top_p is nan"),
        ({"temperature": 0.0}, "temperature is 0.0; it must be a finite number above 0"),
        ({"temperature": math.inf}, "temperature is inf"),
        ({"seed": -1}, "seed is -1; it must be between 0 and"),
        ({"seed": 2**64}, "seed is 18446744073709551616"),
    ],
)
def test_values_out_of_range_are_refused(options: dict[str, float], message: str) -> None:
    """The message names the option, its value and the rule."""
    with pytest.raises(UsageError, match=message):
        Sampling(do_sample=True, **options)  # type: ignore[arg-type]  # a table of values


@pytest.mark.parametrize("options", [{"temperature": 0.8}, {"top_p": 0.9}, {"top_k": 10}])
def test_values_without_effect_are_refused(options: dict[str, float]) -> None:
    """Greedy decoding ignores these, so giving one without do_sample is a mistake."""
    (name,) = options
    with pytest.raises(UsageError, match=f"{name} is .* acts only with do_sample"):
        Sampling(**options)  # type: ignore[arg-type]  # a table of values
    Sampling(do_sample=True, **options)  # type: ignore[arg-type]  # a table of values


@pytest.mark.parametrize("options", [{}, {"seed": 2**64 - 1}, {"num_beams": 4}])
def test_values_at_the_edge_are_accepted(options: dict[str, int]) -> None:
    """Defaults and extreme legal values make a Sampling."""
    Sampling(**options)  # type: ignore[arg-type]  # a table of values


def test_filters_can_be_switched_off() -> None:
    """`top_k` 0 and `top_p` 1 mean no filter."""
    assert Sampling(do_sample=True, top_k=0, top_p=1.0).top_k == 0
