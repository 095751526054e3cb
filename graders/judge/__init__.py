"""The trusted side: pytest plugin, the `kata` handle, scoring, diagnosis, zygotes, and `Judge`, the Python API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graders.judge.api import Judge

__all__ = ["Judge"]


def __getattr__(name: str) -> Any:
    """Imported when it is asked for: the zygote's process starts without it."""
    if name != "Judge":
        raise AttributeError(name)
    from graders.judge.api import Judge

    return Judge
