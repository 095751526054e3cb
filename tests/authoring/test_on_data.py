"""`katas check KATA --data NAME`, from a downloaded archive in its own format to a verdict with measured numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.datasets import formats
from graders.datasets.sources import DataSet, place_of
from tests import workshop
from tests.datasets.test_fetching import SETS
from tests.shell import Finished, katas_cold
from tests.workshop import write

LEAST = 3  # examples that the hidden test wants; of the small data sets, only reviews has fewer
TOML = workshop.TOML.replace('files = ["twice.py"]', 'files = ["twice.py", "results/*"]').replace(
    'runtime = "numpy"\n', f'runtime = "numpy"\noptional_data = {list(SETS)}\n'.replace("'", '"')
)
PROGRAM = """
if __name__ == "__main__":
    import pathlib, sys
    from graders import datasets
    assert sys.argv[1] == "--data" and datasets.folder(sys.argv[2]).is_dir()
    pathlib.Path("results").mkdir()
    pathlib.Path("results/data.txt").write_text(sys.argv[2])
"""
HIDDEN = f"""
from graders import datasets

@task("half")
def test_there_are_examples(kata):
    inputs, labels = datasets.kept_back(kata.text("results/data.txt"))
    assert len(inputs) == len(labels)
    kata.measure("examples", len(labels), "at least {LEAST}")
    assert len(labels) >= {LEAST}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of two katas. One is graded on the data that its results name."""
    root = workshop.write_repository(tmp_path_factory.mktemp("on_data"), ["plain"])
    workshop.write_kata(root, "searched", toml=TOML, solution=workshop.SOLUTION + PROGRAM)
    write(root / "graders/hidden/searched/test_hidden.py", workshop.HIDDEN + HIDDEN)
    write(root / "solutions/searched/results/old.txt", "made on other data")
    return root


def checked(root: Path, room: Path, name: str, *words: str) -> Finished:
    return katas_cold("--root", str(root), "check", *words, "--data", name, env={"NN_KATAS_DATA": str(room)})


@pytest.mark.parametrize("name", SETS)
def test_check_prints_what_it_measured_beside_its_limit(
    name: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NN_KATAS_DATA", str(tmp_path))
    form, shown, kept_back, files = SETS[name]
    for file, content in files.items():
        (tmp_path / file).write_bytes(content)
    place_of(name).mkdir()
    small = DataSet("small", "this test", "none", form, shown, kept_back, 0.1)
    formats.write(small, {file: tmp_path / file for file in files}, place_of(name))
    done = checked(root, tmp_path, name)
    first, measured, *others = done.out.splitlines()
    assert measured == f"  half: examples: {kept_back:.3f}, at least {LEAST}"
    if kept_back >= LEAST:
        assert (done.status, first, others) == (0, f"searched on {name}: passed, 3 of 3 points", [])
    else:
        assert (done.status, first) == (1, f"searched on {name}: failed, 2 of 3 points")
        assert [line.partition(" is failed: ")[0] for line in others] == ["  half: test_there_are_examples"]


def test_a_data_set_that_is_not_here_is_named(root: Path, tmp_path: Path) -> None:
    done = checked(root, tmp_path, "cifar10", "searched")
    assert (done.status, done.out) == (2, "")
    assert "the data set cifar10 is not downloaded yet: run `katas data fetch cifar10`" in done.err


@pytest.mark.parametrize(("name", "slug"), [("mnist", "searched"), ("cifar10", "plain")])
def test_a_data_set_on_which_nothing_is_graded_is_refused(name: str, slug: str, root: Path, tmp_path: Path) -> None:
    done = checked(root, tmp_path, name, slug)
    assert done.status == 2
    assert f"--data {name}: no kata here is graded on it." in done.err
    assert ("searched (mnist-full, cifar10, reviews)" in done.err) == (slug == "searched")


def test_a_solution_that_fails_on_the_data_is_named(root: Path, tmp_path: Path) -> None:
    (tmp_path / "cifar10-1").mkdir()  # its arrays are missing, so the program's assertion fails
    done = checked(root, tmp_path, "cifar10", "searched")
    assert done.status == 2
    assert "searched: its solution ended with status 1 on cifar10." in done.err
