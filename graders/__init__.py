"""The harness of nn-katas, which runs a submission in a worker process and judges the results in another process.

Only `Judge`, `Verdict` and `KataError` are public. Their type stubs are in __init__.pyi.
"""

from __future__ import annotations

from typing import Any

_PLACES = {
    "Judge": "graders.judge.client",
    "KataError": "graders.errors",
    "Verdict": "graders.verdict",
    "__version__": "graders.version",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use, because workers import this package without needing its public names."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PLACES[name]), name)
