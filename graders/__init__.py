"""The harness of nn-katas: it runs a submission in a worker and judges the results in a different process.

Only `Judge`, `Verdict` and `KataError` are public; everything else may change. Their type stubs are in __init__.pyi.
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
    """Import a public name only on first use: workers import this package too, but need none of these names."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PLACES[name]), name)
