"""Stubs begin as the starter code in the course's description of the challenges does."""

from __future__ import annotations

import pytest

from tests.kata_modules import importable
from tests.workshop import ROOT


@pytest.mark.parametrize("place", ["katas", "solutions"])
def test_a_deep_network_keeps_its_depth_and_activation(place: str) -> None:
    with importable(ROOT / "katas" / "challenge1", ROOT / place / "challenge1") as imported:
        kind = imported("vanishing").DeepNetwork
        network = kind.__new__(kind)
        try:
            network.__init__(4, "relu")
        except NotImplementedError:
            assert place == "katas"
    assert (network.n_layers, network.activation) == (4, "relu")
