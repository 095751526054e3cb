"""Notebooks: written by the command, run by a real kernel, graded by a judge that ends with the kernel."""

from __future__ import annotations

import ast
import base64
import os
import re
import select
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from graders import catalogue
from tests import shell, workshop
from tests.kernels import Session, client_of, kernel, nbformat, shown
from tests.observed import descendants
from tests.shell import katas_cold
from tests.workshop import HALF, ROOT, SOLUTION, STUB, edit, write

pytestmark = pytest.mark.usefixtures("jupyter_at_home")

SLUG = "exercise03"
SOLVED = (ROOT / "solutions" / SLUG / "two_layer.py").read_text(encoding="utf-8")
ENDS_WITHIN_S = 90.0  # for a killed process to end, on a busy machine
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle cx="4" cy="4" r="3"/></svg>\n'
README = """\
# Twice

Multiply.

## The maths

![A disc, black
on white](figure.svg)

A disc.

```python
## no heading
```

## Hints

<details>
<summary>Hint 1</summary>

Use `FACTOR`.

</details>

## What to read next

Nothing.
"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The notebook of exercise03, alone in its folder. Tests do not change it."""
    folder = tmp_path_factory.mktemp("written")
    done = typed(folder, SLUG)
    assert done.status == 0, done.said
    return folder / f"{SLUG}.ipynb"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository of one small kata, with a README and a picture."""
    root = workshop.write_repository(tmp_path / "katas und mehr", ["twice"])
    write(root / "katas" / "twice" / "README.md", README)
    write(root / "katas" / "twice" / "figure.svg", PICTURE)
    return root


def cells(path: Path) -> list[Any]:
    return list(nbformat.read(path, as_version=4).cells)


def source_of(path: Path, cell_id: str) -> str:
    (cell,) = (cell for cell in cells(path) if cell.id == cell_id)
    return str(cell.source)


def typed(folder: Path, *words: str, root: Path = ROOT) -> shell.Finished:
    """Run `katas notebook` in a folder."""
    return shell.katas_here("--root", str(root), "notebook", *words, cwd=folder)


def two_files(root: Path) -> None:
    """Give the small kata two modules and a file that is not a module."""
    names = 'files = ["doubles.py", "halves.py", "notes.toml"]'
    edit(root / "katas" / "twice" / "kata.toml", 'files = ["twice.py"]', names)
    for name, function in {"doubles.py": "twice", "halves.py": "half"}.items():
        write(root / "katas" / "twice" / name, f"def {function}(x):\n    raise NotImplementedError\n")
        write(root / "solutions" / "twice" / name, SOLUTION)
    for folder in ("wrong", "accept"):  # they do not name the module that they replace
        shutil.rmtree(root / "graders" / "hidden" / "twice" / folder)
    for folder in ("katas", "solutions"):
        write(root / folder / "twice" / "notes.toml", "note = 0\n")


# --------------------------------------------------------------------------------------- what is written


def test_the_notebook_has_the_readme_and_the_stub(notebook: Path) -> None:
    page = nbformat.read(notebook, as_version=nbformat.NO_CONVERT)
    nbformat.validate(page)
    assert (page.nbformat, page.nbformat_minor, page.metadata.kernelspec.name) == (4, 5, "python3")
    text = "\n".join(cell.source for cell in page.cells if cell.cell_type == "markdown")
    readme, stub = (ROOT / "katas" / SLUG / name for name in ("README.md", "two_layer.py"))
    parts = [part.strip() for part in readme.read_text(encoding="utf-8").split("\n\n")]
    assert [part for part in parts if part not in text and "](figure.svg)" not in part] == []
    assert source_of(notebook, "file-1") + "\n" == f"# file: two_layer.py\n{stub.read_text(encoding='utf-8')}"
    assert source_of(notebook, "try-1").startswith("# Try it here: two_layer_forward")


@pytest.fixture(scope="module")
def exercises(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The notebook of all exercises, alone in its folder."""
    folder = tmp_path_factory.mktemp("all")
    done = typed(folder, "--all")
    assert (done.status, done.said.splitlines()[0].split(";")[0]) == (0, "written: exercises.ipynb")
    return folder / "exercises.ipynb"


def test_all_exercises_fit_in_one_notebook_between_a_set_up_cell_and_a_reflection(exercises: Path) -> None:
    ours = cells(exercises)
    shipped = [kata for kata in catalogue.load_all(ROOT) if kata.kind == "exercise"]
    assert len(shipped) == 19
    for number, kata in enumerate(shipped, start=1):
        assert f"{number}. {kata.title} (`{kata.slug}`)" in ours[0].source
        (answer,) = [cell.source for cell in ours if cell.id == f"{kata.slug}-file-1"]
        assert answer.startswith(f"# file: {kata.files[0]}\n")
        (graded,) = [cell.source for cell in ours if cell.id == f"{kata.slug}-grade-1"]
        assert f'grade("{kata.slug}", folder="{kata.slug}-work"' in graded
    assert len({cell.id for cell in ours}) == len(ours)
    assert "np.random.seed(42)" in source_of(exercises, "plots-1")
    assert 'print("Plot setup complete.")' in source_of(exercises, "plots-1")
    assert (ours[-1].cell_type, ours[-1].id) == ("markdown", "closing-1")
    assert "shapes, activations and gradients, one layer after another" in " ".join(ours[-1].source.split())


# ----------------------------------------------------------------------------------- the ten short exercises

# What each solution shows: the numbers of its printed lines, worked out by hand.
NUMBERS = {
    "Affine layer": [1.1, -1.3],
    "ReLU": [0, 0, 2, 0, 0, 1],
    "Two-layer forward": [1, 0, 1],
    "Softmax CE": [0.6652410, 0.2447285, 0.0900306, 0.4076060],
    "Affine gradient": [6, 8, -3, -4],
    "Gradient check idea": [6],
    "Initialisation scales": [0.0816497, 0.1414214],
    "Dropout": [1.5, 0, 1.5],
    "LayerNorm": [-1.2247357, 0, 1.2247357],
}
CHECKS = {
    "forward tensor shapes are correct": "shapes_are_correct",
    "model can overfit a tiny batch": "can_overfit_tiny_batch",
    "activation statistics are healthy": "activations_are_healthy",
    "gradient norms are tracked by layer": "gradients_flow",
}
SETTINGS = {
    "figure.figsize": [10.0, 6.0], "figure.dpi": 120, "font.size": 13, "axes.titlesize": 15, "axes.labelsize": 13,
    "xtick.labelsize": 11, "ytick.labelsize": 11, "legend.fontsize": 11, "legend.framealpha": 0.85,
    "lines.linewidth": 2, "axes.spines.top": False, "axes.spines.right": False, "savefig.bbox": "tight",
    "savefig.dpi": 150, "axes.grid": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The notebook of the ten short exercises, alone in its folder."""
    folder = tmp_path_factory.mktemp("ten")
    done = typed(folder, "--exercises")
    assert (done.status, done.said.splitlines()[0].split(";")[0]) == (0, "written: ten_exercises.ipynb")
    return folder / "ten_exercises.ipynb"


def test_ten_exercises_have_a_starter_and_a_folded_solution_with_the_same_numbers(ten: Path) -> None:
    kinds = [cell.id.partition("-")[0] for cell in cells(ten)]
    assert kinds == ["short", "plots", *["exercise", "starter", "solution"] * 10, "closing"]
    for number, title in enumerate([*NUMBERS, "Checklist"], start=1):
        heading, starter, solution = (
            source_of(ten, f"{kind}-{number}").splitlines() for kind in ("exercise", "starter", "solution")
        )
        assert (heading[0], starter[0], solution[0]) == (
            f"## Exercise {number}: {title}",
            "# Your answer",
            "# Solution",
        )
        given = next(place for place, line in enumerate(starter) if " = None " in line or " = {} " in line)
        assert solution[1:given] == starter[1:given]
    folded = [cell.id for cell in cells(ten) if cell.metadata.get("jupyter", {}).get("source_hidden")]
    assert folded == [f"solution-{number}" for number in range(1, 11)]


def test_ten_exercises_run_from_top_to_bottom_without_seaborn(ten: Path, tmp_path: Path) -> None:
    write(tmp_path / "seaborn.py", "raise ImportError('not installed')\n")
    page = nbformat.read(ten, as_version=4)
    page.cells.append(nbformat.v4.new_code_cell(f"HAS_SNS, {{key: mpl.rcParams[key] for key in {list(SETTINGS)}}}"))
    client_of(page, tmp_path).execute()
    said = {cell.id: shown(cell) for cell in page.cells if cell.cell_type == "code"}
    assert said["plots-1"] == "Plot setup complete.\n"
    for number, (title, numbers) in enumerate(NUMBERS.items(), start=1):
        found = re.findall(r"(?<![\w.])-?\d+\.?\d*(?:e-?\d+)?", said[f"solution-{number}"])
        assert [float(each) for each in found] == pytest.approx(numbers, rel=1e-6, abs=1e-12), title
        assert said[f"starter-{number}"] != said[f"solution-{number}"]
    assert said["solution-10"].splitlines() == [f"- {check}: {function}" for check, function in CHECKS.items()]
    (last,) = page.cells[-1].outputs
    assert ast.literal_eval(last.data["text/plain"]) == (False, SETTINGS)


def test_set_up_cell_uses_seaborn_if_it_is_installed(session: Session, ten: Path, tmp_path: Path) -> None:
    write(tmp_path / "seaborn.py", "def set_theme(**chosen):\n    print(chosen)\n")
    said = session.run("import sys; sys.modules.pop('seaborn', None)\n" + source_of(ten, "plots-1"))
    assert said == "{'style': 'whitegrid', 'palette': 'colorblind'}\nPlot setup complete.\n"
    first = session.run("print(HAS_SNS, mpl.rcParams['savefig.dpi'], np.random.rand())")
    assert first == "True 150.0 0.3745401188473625\n"


def test_katas_with_a_file_of_the_same_name_are_kept_apart(tmp_path: Path) -> None:
    root = workshop.write_repository(tmp_path / "two", ["twice", "again"])
    done = typed(root, "--all", root=root)
    assert (done.status, (root / "exercises.ipynb").exists()) == (2, False)
    assert "and one notebook cannot hold both. Write a notebook for each kata." in done.err


def test_the_readme_is_in_cells_with_its_picture_and_the_hints_come_last(root: Path) -> None:
    typed(root, "twice", root=root)
    written = root / "twice.ipynb"
    data = base64.b64encode(PICTURE.encode()).decode()
    assert source_of(written, "readme-3") == (
        f'<img alt="A disc, black on white" src="data:image/svg+xml;base64,{data}">'
    )
    assert "```python\n## no heading\n```" in source_of(written, "readme-4")  # fenced code is not split
    assert [cell.id for cell in cells(written)][-3:] == ["grade-1", "further-1", "further-2"]
    assert "<summary>Hint 1</summary>\n\nUse `FACTOR`.\n\n</details>" in source_of(written, "further-1")


def test_missing_picture_is_reported(root: Path) -> None:
    (root / "katas" / "twice" / "figure.svg").unlink()
    done = typed(root, "twice", root=root)
    assert done.status == 2
    assert "katas/twice/README.md: the picture figure.svg cannot be read" in done.err


# ------------------------------------------------------------------------------------- what the command says


def test_existing_file_is_replaced_only_with_force_and_by_the_same_bytes(notebook: Path, tmp_path: Path) -> None:
    mine = write(tmp_path / f"{SLUG}.ipynb", "mine")
    done = typed(tmp_path, SLUG)
    assert (done.status, mine.read_text()) == (2, "mine")
    assert f"{SLUG}.ipynb: the file exists already. Use another with --output" in done.err
    done = typed(tmp_path, SLUG, "--force")
    assert done.status == 0, done.said
    assert mine.read_bytes() == notebook.read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "specify one kata, e.g. `katas notebook exercise03`, or write all exercises"),
        ([SLUG, "--all"], "specify one kata, e.g. `katas notebook exercise03`, or write all exercises"),
        (["--all", "--exercises"], "or ten short ones: `katas notebook --exercises`."),
        (["exercise99"], "there is no kata `exercise99`"),
        ([SLUG, "--output", "notes.md"], "notes.md: Jupyter does not open this as a notebook"),
        ([SLUG, "--output", "nowhere/a.ipynb"], "nowhere/a.ipynb: there is no folder nowhere"),
    ],
)
def test_unwritable_notebook_is_reported_with_exit_status_2(words: list[str], said: str, tmp_path: Path) -> None:
    done = typed(tmp_path, *words)
    assert (done.status, list(tmp_path.iterdir())) == (2, [])
    assert said in done.err


def test_a_kata_whose_files_import_each_other_is_refused(root: Path) -> None:
    two_files(root)
    write(root / "katas" / "twice" / "doubles.py", "from halves import half\n\n" + STUB)
    done = typed(root, "twice", root=root)
    assert (done.status, (root / "twice.ipynb").exists()) == (2, False)
    assert "twice: doubles.py cannot be a notebook cell, because it imports halves. Work on the files" in done.err


def test_without_nbformat_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "nbformat", None)
    done = typed(tmp_path, SLUG)
    assert done.status == 2
    assert "pip install -c constraints.txt -e '.[notebook]'" in done.err


@pytest.mark.deep
def test_other_commands_work_without_nbformat(tmp_path: Path, root: Path) -> None:
    write(tmp_path / "poison" / "nbformat.py", "raise ImportError('not installed')\n")
    poisoned = {"PYTHONPATH": str(tmp_path / "poison")}
    assert katas_cold("list", cwd=root, env=poisoned).status == 0
    assert katas_cold("grade", "twice", "--against", "solutions", cwd=root, env=poisoned).status == 0


# ----------------------------------------------------------------------------------------- run by a kernel


@pytest.fixture(scope="module")
def shared_kernel(
    jupyter_at_home: None,  # noqa: ARG001 (a kernel needs its folders)
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Session]:
    """One kernel for all tests of cells' output; it keeps a judge for each repository."""
    with kernel(tmp_path_factory.mktemp("kernel")) as session:
        yield session


@pytest.fixture
def session(shared_kernel: Session, tmp_path: Path) -> Session:
    """The shared kernel in a new folder, with no cell run yet."""
    shared_kernel.run(f"%cd -q {tmp_path}\n%reset -f in\n%reset -f")
    return shared_kernel


@pytest.fixture(scope="module")
def two_file_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of one kata with two modules and a file that is not a module."""
    root = workshop.write_repository(tmp_path_factory.mktemp("two files"), ["twice"])
    two_files(root)
    return root


@pytest.mark.deep
def test_the_stub_fails_every_task(notebook: Path, session: Session, tmp_path: Path) -> None:
    said = session.run_all(Path(shutil.copy(notebook, tmp_path)))["grade-1"]
    kata = catalogue.load(ROOT, SLUG)
    assert "0 of 11 points" in said
    assert [task.name for task in kata.tasks if not re.search(rf"· {task.title}.* 0 / {task.points:g}", said)] == []
    assert "2 tasks still to do; next: two_layer_forward" in said


@pytest.mark.deep
def test_the_shipped_solution_in_the_cell_passes(notebook: Path, tmp_path: Path) -> None:
    """The one notebook that runs as "Run all" does, in a kernel of its own."""
    answer = f"# file: two_layer.py\n{SOLVED}"
    page = nbformat.read(notebook, as_version=4)
    (cell,) = (cell for cell in page.cells if cell.id == "file-1")
    cell.source = answer
    client_of(page, tmp_path).execute()
    (graded,) = (cell for cell in page.cells if cell.id == "grade-1")
    said = shown(graded)
    assert "11 of 11 points" in said
    assert "Graded: two_layer.py as last run in cell [1], saved in exercise03-work/" in said
    assert (tmp_path / "exercise03-work" / "two_layer.py").read_text(encoding="utf-8") == answer


@pytest.mark.deep
def test_two_exercises_are_graded_in_one_notebook(session: Session, exercises: Path) -> None:
    session.run(source_of(exercises, "plots-1"))
    for slug, file in {"exercise01": "affine.py", "exercise02": "relu.py"}.items():
        solved = (ROOT / "solutions" / slug / file).read_text(encoding="utf-8")
        session.run(f"# file: {file}\n{solved}")
        said = session.run(source_of(exercises, f"{slug}-grade-1"))
        assert f"Graded: {file} as last run in cell" in said
        assert "passed" in said


def test_an_endless_loop_in_a_cell_costs_one_time_limit(session: Session, tmp_path: Path) -> None:
    assert typed(tmp_path, "exercise01").status == 0
    session.run("# file: affine.py\ndef affine(W, x, b):\n    while True:\n        pass")
    said = session.run(source_of(tmp_path / "exercise01.ipynb", "grade-1"))
    assert said.count("took longer than") == 1, said


@pytest.mark.deep
def test_kata_of_several_files_is_graded_outside_its_repository(
    two_file_root: Path, session: Session, tmp_path: Path
) -> None:
    done = typed(tmp_path, "twice", root=two_file_root)
    assert done.status == 0, done.said
    assert "0 of 3 points" in session.run_all(tmp_path / "twice.ipynb")["grade-1"]
    assert (tmp_path / "twice-work" / "notes.toml").read_text(encoding="utf-8") == "note = 0\n"
    shutil.rmtree(tmp_path / "twice-work")
    write(tmp_path / "twice-work" / "notes.toml", "mine = 1\n")
    said = session.run_all(
        tmp_path / "twice.ipynb",
        file_1="# file: doubles.py\nfrom factors import FACTOR\n\ndef twice(x):\n    return FACTOR * x",
        file_2=f"# file: halves.py\n{HALF}",
    )
    assert said["prepared-1"] == "twice-work/notes.toml exists already and was not changed\n"
    assert "3 of 3 points" in said["grade-1"], said["grade-1"]


@pytest.mark.deep
def test_counterexample_can_be_pasted_into_the_notebook(session: Session) -> None:
    session.run("# file: two_layer.py\ndef two_layer_forward(x, W1, W2):\n    raise TypeError('here')")
    said = session.run(f"from graders.learner.notebook import grade\ngrade('{SLUG}')")
    _, _, pasted = said.partition("to paste:\n")
    assert "TypeError: here" in session.run(re.split(r"\n\n(?=✗|  \S)", pasted)[0].strip())


@pytest.mark.parametrize("source", ["(" * 150 + "-" * 3000, "1" + "+1" * 100_000, "x = \0"])
def test_a_cell_that_cannot_be_parsed_is_left_to_the_judge(source: str) -> None:
    from graders.learner import notebook

    assert notebook._python("affine.py", source) == source


def test_notebook_error_is_one_sentence(session: Session, tmp_path: Path) -> None:
    write(tmp_path / "mine" / "two_layer.py", "mine\n")
    session.run("from graders.learner.notebook import grade")
    unrun = session.run(f"grade('{SLUG}')")
    session.run("# file: two_layer.py\n%time 1")
    magic = session.run(f"grade('{SLUG}')")
    session.run("# file: two_layer.py\nx = 1")
    taken = session.run(f"grade('{SLUG}', 'mine')")
    lost = session.run(f"grade('{SLUG}', root='/nowhere')")
    unknown = session.run("grade('exercise99')")
    said = [" ".join(text.split()) for text in (unrun, magic, taken, lost, unknown)]
    assert said[0].startswith("katas: two_layer.py: no cell that begins with `# file: two_layer.py` has been run since")
    assert said[1].startswith("katas: two_layer.py, line 2: `%time 1` is an IPython command, not Python")
    assert said[2].startswith("katas: mine/two_layer.py: this file was not written by a notebook. Move it away")
    assert said[3] == (f'katas: root="/nowhere": it contains no katas/{SLUG}. Correct the root in this cell.')
    assert said[4].startswith("katas: exercise99: there is no folder katas/exercise99 in")
    assert (tmp_path / "mine" / "two_layer.py").read_text(encoding="utf-8") == "mine\n"


def test_outside_a_notebook_grade_names_the_command(tmp_path: Path) -> None:
    from graders.learner.notebook import NotebookError, grade

    with pytest.raises(NotebookError, match="katas grade SLUG --submission DIR"):
        grade(SLUG, tmp_path)


def ends(folder: Path, sources: list[str], *, killed: bool) -> tuple[list[str], list[set[tuple[int, str]]]]:
    """Grade each of these answers in one kernel, and end the kernel. Return the verdicts, and the judges after each.

    All processes that the kernel has started have to end, too.
    """
    verdicts, judges = [], []
    with ExitStack() as stack:
        watched = []  # a descriptor for each process; it becomes readable once the process has ended
        with kernel(folder) as session:
            session.run("from graders.learner.notebook import grade")
            for source in sources:
                session.run(f"# file: two_layer.py\n{source}")
                verdicts.append(session.run(f"grade('{SLUG}')"))
                judges.append(session.judges())
            for each in descendants(session.pid):
                with suppress(ProcessLookupError):  # a worker of that grading, which was just ending
                    watched.append(os.pidfd_open(each.pid))
                    stack.callback(os.close, watched[-1])
            if killed:
                os.kill(session.pid, signal.SIGKILL)
        assert len(watched) > 1
        assert all(select.select([each], [], [], ENDS_WITHIN_S)[0] for each in watched)
    return verdicts, judges


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")


@linux_only
def test_last_run_cell_is_graded_by_one_judge_that_ends_with_its_kernel(tmp_path: Path) -> None:
    wrong = "def two_layer_forward(x, W1, W2):\n    return x"
    verdicts, (first, second) = ends(tmp_path, [wrong, SOLVED], killed=False)
    assert "0 of 11 points" in verdicts[0]
    assert "11 of 11 points" in verdicts[1]
    assert len(first) == 1
    assert second == first
    assert list(tmp_path.iterdir()) == []


@pytest.mark.deep
@linux_only
def test_no_process_outlives_a_kernel_that_is_killed(tmp_path: Path) -> None:
    (verdict,), _ = ends(tmp_path, [SOLVED], killed=True)
    assert "11 of 11 points" in verdict
