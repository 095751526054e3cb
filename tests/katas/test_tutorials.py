"""The tutorials run from the first cell to the last, and their numbers agree with the text."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.kernels import client_of, nbformat, written_to
from tests.late import Late

inputtransformer = Late("IPython.core.inputtransformer2")

run_by_a_kernel = pytest.mark.usefixtures("jupyter_at_home", "fonts_at_home")

ROOT = Path(__file__).parents[2]
TUTORIALS = ROOT / "docs" / "tutorials"
SINGLE, DOUBLE = float(np.finfo(np.float32).eps), float(np.finfo(np.float64).eps)


@pytest.fixture(scope="module")
def fonts_at_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make Matplotlib's list of fonts before a cell needs it, because making it slowly gives a message on stderr."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLCONFIGDIR", str(tmp_path_factory.mktemp("matplotlib")))
        subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], capture_output=True, check=True)
        yield


def results(name: str, expressions: str, pictures: int) -> dict[str, Any]:
    """Run a tutorial. Return the values of comma-separated expressions after the last cell.

    Check that nothing was written to stderr and that the tutorial drew this number of pictures.
    """
    page = nbformat.read(TUTORIALS / f"{name}.ipynb", as_version=4)
    names = [each.strip() for each in expressions.split(",")]
    asked = "{" + ", ".join(f"{each!r}: {each}" for each in names) + "}"
    page.cells.append(
        nbformat.v4.new_code_cell(f"import json\nprint(json.dumps({asked}, default=lambda x: x.tolist()))")
    )
    client_of(page, TUTORIALS).execute()
    outputs = [output for cell in page.cells if cell.cell_type == "code" for output in cell.outputs]
    assert written_to(outputs, "stderr") == ""
    assert sum("image/png" in output.get("data", {}) for output in outputs) == pictures
    return json.loads(written_to(page.cells[-1].outputs, "stdout"))


@pytest.mark.deep
@run_by_a_kernel
def test_automatic_differentiation_from_scratch() -> None:
    asked = "best_step, best_error, small_example, worst, losses, accuracy, difference, second, changed, leaf, x"
    found = results("autograd_from_scratch", asked, pictures=3)
    assert 1e-7 < found["best_step"] < 1e-4
    assert 1e-13 < found["best_error"] < 1e-10
    assert found["small_example"] == [64, 32, 16, 16]
    assert found["worst"] < 1e-9
    assert found["losses"][0] > 0.5 > 0.1 > found["losses"][-1]
    assert found["accuracy"] > 0.97
    assert found["difference"] < 100 * DOUBLE
    assert "retain_graph" in found["second"]
    assert "modified by an inplace operation" in found["changed"]
    assert "leaf" in found["leaf"]
    assert found["x"] == [2, 3]


@pytest.mark.deep
@run_by_a_kernel
def test_an_mlp_on_mnist_trains_as_with_pytorch() -> None:
    asked = "losses, losses_theirs, gradient_difference, accuracy, accuracy_theirs, same, size"
    found = results("train_an_mlp_on_mnist", asked, pictures=4)
    ours, theirs = np.array(found["losses"]), np.array(found["losses_theirs"])
    assert len(ours) == len(theirs) == 189
    assert abs(ours[0] - np.log(10)) < 0.1
    assert ours[-20:].mean() < 0.5
    assert np.abs(ours - theirs).max() < 16 * SINGLE  # measured: a difference of 2 · SINGLE
    assert found["gradient_difference"] < SINGLE
    assert found["accuracy"] > 0.87
    assert abs(found["accuracy"] - found["accuracy_theirs"]) <= 0.002
    assert found["same"]
    assert 0 < found["size"] - 4 * 101_770 < 1000


@pytest.mark.deep
@run_by_a_kernel
def test_a_small_convolutional_net() -> None:
    found = results(
        "a_small_convolutional_net", "worst, equivariance, sizes, losses, accuracies, after_two", pictures=4
    )
    assert found["worst"] < 16 * SINGLE
    assert found["equivariance"] == 0
    assert found["sizes"] == [5_258, 101_770]
    assert np.mean(found["losses"][-50:]) < 0.3
    assert found["accuracies"][0] > max(0.92, found["accuracies"][1])
    assert found["after_two"][0] > found["after_two"][1] + 0.05


@pytest.mark.parametrize("path", sorted(TUTORIALS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_tutorial_is_committed_without_outputs(path: Path) -> None:
    page = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(page)
    assert [cell.id for cell in page.cells if cell.get("outputs") or cell.get("execution_count")] == []
    assert max(len(line) for cell in page.cells for line in cell.source.splitlines()) <= 120


def test_tutorials_import_names_that_the_project_has() -> None:
    imports: dict[str, None] = {}
    for path in sorted(TUTORIALS.glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        code = inputtransformer.TransformerManager().transform_cell(
            "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        )
        nodes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import | ast.ImportFrom)]
        imports |= dict.fromkeys(
            text for node in nodes if re.search(r"\b(graders|your_framework)\b", text := ast.unparse(node))
        )
    assert len(imports) >= 3
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "solutions" / "meta")])}
    subprocess.run([sys.executable, "-c", "\n".join(imports)], check=True, env=env)


def test_every_tutorial_is_run() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [path.stem for path in TUTORIALS.glob("*.ipynb") if f'"{path.stem}"' not in text] == []
