"""Runs one collected test as pytest does, with its fixtures, but without the reports that nobody reads here."""

from __future__ import annotations

from typing import Any

import pytest


def run_once(item: pytest.Item) -> None:
    """Set up, call and tear down a test. What the test or a fixture raises is raised."""
    test: Any = item
    if not test._request:  # it has been run before, while warming up
        test._initrequest()
    state = item.session._setupstate
    try:
        state.setup(item)
        item.runtest()
    finally:
        state.teardown_exact(None)
        test._request = False
        test.funcargs = None


def told(item: pytest.Item, fault: BaseException) -> str:
    """What pytest would say of a test that raised this."""
    return str(item.repr_failure(pytest.ExceptionInfo.from_exception(fault)))
