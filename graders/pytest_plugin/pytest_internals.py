"""The private parts of pytest that this project uses, in this module alone: any release may change them.

Therefore `pyproject.toml` admits only tested major versions, and test_pytest_internals.py reports what has changed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

OUTCOMES = (pytest.skip.Exception, pytest.fail.Exception)
"""The exceptions of `pytest.skip`, `pytest.fail` and `pytest.xfail`, which `except Exception` does not catch."""


def ends_or_skips(fault: BaseException) -> bool:
    """Return whether pytest skips a test, expects it to fail or ends the run if the test raises this exception."""
    unittest = sys.modules.get("unittest")
    skips = (pytest.skip.Exception, pytest.xfail.Exception, pytest.exit.Exception)
    return isinstance(fault, skips) or (unittest is not None and isinstance(fault, unittest.SkipTest))


_OWN = "graders.pytest_plugin.plugin"  # its fixtures use nothing of a request except its node, config and path


def run_once(item: pytest.Item) -> None:
    """Run a test as pytest does, but without reports, and without the slow set-up if only our fixtures are used."""
    test: Any = item
    fixtures = {name: found[-1].func for name, found in test._fixtureinfo.name2fixturedefs.items()}
    plain = test.cls is None and not hasattr(test, "callspec") and fixtures.keys() >= set(test._fixtureinfo.argnames)
    if plain and all(function.__module__ == _OWN for function in fixtures.values()):
        request = SimpleNamespace(node=item, config=item.config, path=item.path)
        test.funcargs = {name: function(request) for name, function in fixtures.items()}
        try:
            item.runtest()
        finally:
            test.funcargs = None
        return
    if not test._request:  # the test has already run while the suite server warmed up
        test._initrequest()
    state = item.session._setupstate
    try:
        state.setup(item)
        item.runtest()
    finally:
        state.teardown_exact(None)
        test._request = False
        test.funcargs = None


def failure_text(item: pytest.Item, fault: BaseException) -> str:
    """Return the text that pytest would print for a test that raised `fault`."""
    return str(item.repr_failure(pytest.ExceptionInfo.from_exception(fault)))


def argument_names(item: pytest.Function) -> tuple[str, ...]:
    """Return the names of the fixtures that the test function takes as arguments."""
    return tuple(item._fixtureinfo.argnames)


def settings_file(folder: Path) -> Path | None:
    """Return the file from which pytest reads its settings for `folder`, or None."""
    from _pytest.config.findpaths import locate_config

    _, file, settings, *_ = locate_config(folder, [folder])
    return None if settings is None else file
