"""A kata's `packages` and their dependencies are in its workers, and no other packages."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path

import pytest

from graders.errors import MissingPackage
from graders.sandbox.runtimes import runtime
from tests import workshop
from tests.shell import katas_cold
from tests.workshop import HALF, write

FRAMED = "def twice(x):\n    import pandas\n    return (2 * pandas.Series(x)).to_numpy()\n\n" + HALF
DRAWN = """
def twice(x):
    import io
    from matplotlib.figure import Figure
    figure = Figure()
    figure.subplots().plot(x)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    assert picture.getvalue().startswith(b"\\x89PNG")
    return 2.0 * x

"""


@pytest.mark.deep
@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_a_package_comes_with_its_dependencies(name: str) -> None:
    shown = {Path(path).name for path, _ in runtime(name, ["pandas"]).binds}
    assert {"pandas", "dateutil", "numpy"} <= shown
    assert not {"matplotlib", "pytest"} & shown


@pytest.mark.deep
def test_a_submission_may_import_only_its_katas_packages(tmp_path: Path) -> None:
    root = workshop.write_repository(tmp_path, [])
    toml = workshop.TOML.replace('runtime = "numpy"', 'runtime = "torch"\npackages = ["pandas", "matplotlib"]')
    toml = toml.replace("memory_mb = 512", "memory_mb = 2048")
    toml = toml.replace(
        "call_s = 3\ntest_s = 6", "call_s = 60\ntest_s = 120\ntotal_s = 300"
    )  # importing them takes long
    workshop.write_kata(root, "alpha", toml=toml)
    workshop.write_kata(root, "beta")
    for slug, kind in (("alpha", "accept"), ("beta", "wrong")):
        head = "# By a package.\n" + ("# task: twice\n" if kind == "wrong" else "")
        for name, text in (("framed", FRAMED), ("drawn", DRAWN + HALF)):
            write(root / "graders" / "hidden" / slug / kind / f"{name}.py", head + text)
    done = katas_cold("check", "--flakes", "0", cwd=root)
    assert (done.status, done.left) == (0, []), done.said
    assert "alpha: wrong rejected 1/1, seen by visible tests 1/1, accepted 3/3, diagnosed 1/1" in done.out
    assert "beta: wrong rejected 3/3" in done.out


def test_without_its_package_a_kata_is_ungraded(tmp_path: Path) -> None:
    root = workshop.write_repository(tmp_path, [])
    toml = workshop.TOML.replace('runtime = "numpy"', 'runtime = "numpy"\npackages = ["missing_package"]')
    workshop.write_kata(root, "alpha", toml=toml)
    done = katas_cold("grade", "alpha", "--against", "solutions", cwd=root)
    assert done.status == 2
    assert "not graded: this machine cannot run its tests" in done.out
    said = " ".join(done.out.replace("│", "").split())
    assert "the package missing_package is not installed. Install it:" in said
    assert "-m pip install missing_package" in said


def test_the_message_names_the_extra_that_brings_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", unknown)
    monkeypatch.setattr(importlib.metadata, "packages_distributions", dict)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "triton" else find(name))
    with pytest.raises(MissingPackage, match=r"the package triton is not installed.* pip install .*\.\[triton\]'$"):
        runtime("torch", ["triton"])
