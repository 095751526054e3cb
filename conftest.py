"""Registers the plugin of the katas, once; a security test that is skipped fails the run."""

from __future__ import annotations

import sys

import pytest

try:
    import msgspec  # noqa: F401
except ModuleNotFoundError:
    print(
        "The katas' packages are not installed for this pytest. In a clone, activate the environment first: "
        ". .venv/bin/activate. Without a clone, use the pytest that was installed with nn-katas.",
        file=sys.stderr,
    )
    sys.exit(pytest.ExitCode.USAGE_ERROR)

pytest_plugins = ["graders.pytest_plugin.plugin"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.skipped and item.get_closest_marker("security"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: a security test must not be skipped ({report.longrepr[-1]})"
    return report
