"""Libraries that a test imports when it first uses them, so that collecting the tests does not wait for them."""

from __future__ import annotations

import importlib
from typing import Any


class Late:
    """A library under the name of its module; importing PyTorch takes longer than collecting all tests."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


torch = Late("torch")
