"""A kata as a notebook: written by the command, run by a real kernel, graded by a judge that ends with it."""

from __future__ import annotations

import base64
import os
import re
import select
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

from graders import catalogue
from tests import workshop
from tests.observed import command_line, descendants
from tests.workshop import HALF, ROOT, SOLUTION, STUB, katas, write

pytestmark = pytest.mark.usefixtures("jupyter_at_home")

SLUG = "exercise03"
SOLVED = (ROOT / "solutions" / SLUG / "two_layer.py").read_text(encoding="utf-8")
ENDS_WITHIN_S = 90.0  # a process that was killed, on a busy machine
PATIENCE_S = 240  # for one cell
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
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
    """The notebook of exercise03 beside which nothing else lies, and which nobody writes to."""
    folder = tmp_path_factory.mktemp("written")
    done = katas("--root", str(ROOT), "notebook", SLUG, cwd=folder)
    assert done.status == 0, done.said
    return folder / f"{SLUG}.ipynb"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository of one small kata, with a README and a picture."""
    root = workshop.write_repository(tmp_path / "katas und mehr", ["twice"])
    write(root / "katas" / "twice" / "README.md", README)
    write(root / "katas" / "twice" / "figure.svg", PICTURE)
    return root


@pytest.fixture
def poisoned(tmp_path: Path) -> dict[str, str]:
    """An environment in which nbformat is not to be had."""
    write(tmp_path / "poison" / "nbformat.py", "raise ImportError('not installed')\n")
    return {"PYTHONPATH": str(tmp_path / "poison")}


def cells(path: Path) -> list[Any]:
    return list(nbformat.read(path, as_version=4).cells)


def source_of(path: Path, cell_id: str) -> str:
    (cell,) = (cell for cell in cells(path) if cell.id == cell_id)
    return str(cell.source)


def changed(root: Path, old: str, new: str) -> None:
    """Change the kata.toml of the small kata."""
    path = root / "katas" / "twice" / "kata.toml"
    assert old in path.read_text(encoding="utf-8")
    write(path, path.read_text(encoding="utf-8").replace(old, new))


def two_files(root: Path) -> None:
    """Give the small kata two modules and a file that is none."""
    changed(root, 'files = ["twice.py"]', 'files = ["doubles.py", "halves.py", "notes.toml"]')
    for name, function in {"doubles.py": "twice", "halves.py": "half"}.items():
        write(root / "katas" / "twice" / name, f"def {function}(x):\n    raise NotImplementedError\n")
        write(root / "solutions" / "twice" / name, SOLUTION)
    for folder in ("wrong", "accept"):  # they do not say which of the modules they replace
        shutil.rmtree(root / "graders" / "hidden" / "twice" / folder)
    for folder in ("katas", "solutions"):
        write(root / folder / "twice" / "notes.toml", "note = 0\n")


class Session:
    """A kernel in a folder, and what its cells say."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def run(self, source: str) -> str:
        """Run a cell; all that it shows, without colours."""
        self.client.nb.cells.append(nbformat.v4.new_code_cell(source))
        cell = self.client.execute_cell(self.client.nb.cells[-1], len(self.client.nb.cells) - 1)
        return shown(cell)

    @property
    def pid(self) -> int:
        return int(self.client.km.provisioner.pid)

    def judges(self) -> set[tuple[int, str]]:
        """The processes of judges that the kernel itself has started."""
        mine = {each for each in descendants(self.pid) if each.parent == self.pid}
        return {(each.pid, each.start) for each in mine if "graders.judge.zygote" in command_line(each.pid)}


def shown(cell: Any) -> str:
    texts = [output.get("text") or "\n".join(output.get("traceback", [])) for output in cell.outputs]
    return COLOUR.sub("", "\n".join(texts))


def client_of(page: Any, folder: Path) -> Any:
    sockets = tempfile.mkdtemp(dir=os.environ["JUPYTER_RUNTIME_DIR"])
    return NotebookClient(
        page,
        config=Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/socket"}}),
        timeout=PATIENCE_S,
        startup_timeout=PATIENCE_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        allow_errors=True,
    )


@contextmanager
def kernel(folder: Path) -> Iterator[Session]:
    client = client_of(nbformat.v4.new_notebook(), folder)
    with client.setup_kernel():
        yield Session(client)


def executed(path: Path, **replaced: str) -> dict[str, str]:
    """Run all cells as "Run all" does, some with another source; what each cell of code shows."""
    page = nbformat.read(path, as_version=4)
    for cell in page.cells:
        cell.source = replaced.get(cell.id.replace("-", "_"), cell.source)
    client = client_of(page, path.parent)
    client.allow_errors = False
    client.execute()
    return {cell.id: shown(cell) for cell in page.cells if cell.cell_type == "code"}


def copied(notebook: Path, folder: Path) -> Path:
    return Path(shutil.copy(notebook, folder))


# --------------------------------------------------------------------------------------- what is written


def test_the_notebook_is_valid_and_says_which_kernel_it_wants(notebook: Path) -> None:
    page = nbformat.read(notebook, as_version=nbformat.NO_CONVERT)
    nbformat.validate(page)
    assert (page.nbformat, page.nbformat_minor, page.metadata.kernelspec.name) == (4, 5, "python3")


def test_all_of_the_readme_is_in_it(notebook: Path) -> None:
    text = "\n".join(cell.source for cell in cells(notebook) if cell.cell_type == "markdown")
    readme = (ROOT / "katas" / SLUG / "README.md").read_text(encoding="utf-8")
    paragraphs = [part.strip() for part in readme.split("\n\n") if "](figure.svg)" not in part]
    assert [part for part in paragraphs if part not in text] == []


def test_the_stub_is_in_a_cell_that_names_its_file(notebook: Path) -> None:
    stub = (ROOT / "katas" / SLUG / "two_layer.py").read_text(encoding="utf-8")
    assert source_of(notebook, "file-1") + "\n" == f"# file: two_layer.py\n{stub}"


def test_an_example_from_the_visible_tests_is_there_to_be_tried(notebook: Path) -> None:
    assert source_of(notebook, "try-1").endswith(
        "import numpy as np\ntwo_layer_forward(np.array([1.0, -1.0]), np.eye(2), np.array([[1.0, 1.0]]))"
    )


def test_the_same_kata_gives_the_same_bytes(notebook: Path, tmp_path: Path) -> None:
    katas("--root", str(ROOT), "notebook", SLUG, "--output", "again.ipynb", cwd=tmp_path)
    assert (tmp_path / "again.ipynb").read_bytes() == notebook.read_bytes()


def test_a_picture_of_the_readme_is_inside_the_file(root: Path) -> None:
    katas("notebook", "twice", cwd=root)
    data = base64.b64encode(PICTURE.encode()).decode()
    assert source_of(root / "twice.ipynb", "readme-3") == (
        f'<img alt="A disc, black on white" src="data:image/svg+xml;base64,{data}">'
    )


def test_a_picture_that_is_not_there_is_said(root: Path) -> None:
    (root / "katas" / "twice" / "figure.svg").unlink()
    done = katas("notebook", "twice", cwd=root)
    assert done.status == 2
    assert "katas/twice/README.md: it shows figure.svg, which cannot be read" in done.err


def test_hints_stay_folded_and_come_after_the_verdict(root: Path) -> None:
    katas("notebook", "twice", cwd=root)
    assert [cell.id for cell in cells(root / "twice.ipynb")][-3:] == ["grade-1", "further-1", "further-2"]
    assert "<summary>Hint 1</summary>\n\nUse `FACTOR`.\n\n</details>" in source_of(root / "twice.ipynb", "further-1")


def test_fenced_code_is_not_taken_for_a_heading(root: Path) -> None:
    katas("notebook", "twice", cwd=root)
    assert "```python\n## no heading\n```" in source_of(root / "twice.ipynb", "readme-4")


# ------------------------------------------------------------------------------------- what the command says


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    write(tmp_path / f"{SLUG}.ipynb", "mine")
    done = katas("--root", str(ROOT), "notebook", SLUG, cwd=tmp_path)
    assert (done.status, (tmp_path / f"{SLUG}.ipynb").read_text()) == (2, "mine")
    assert f"{SLUG}.ipynb: it is there already: name another file with --output" in done.err


def test_a_file_that_is_there_is_replaced_by_force(notebook: Path, tmp_path: Path) -> None:
    write(tmp_path / f"{SLUG}.ipynb", "mine")
    done = katas("--root", str(ROOT), "notebook", SLUG, "--force", cwd=tmp_path)
    assert done.status == 0, done.said
    assert (tmp_path / f"{SLUG}.ipynb").read_bytes() == notebook.read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["exercise99"], "there is no kata `exercise99`"),
        ([SLUG, "--output", "notes.md"], "notes.md: Jupyter opens no notebook of this name"),
        ([SLUG, "--output", "nowhere/a.ipynb"], "nowhere/a.ipynb: there is no folder nowhere"),
    ],
)
def test_what_cannot_be_written_is_said_with_exit_status_2(words: list[str], said: str, tmp_path: Path) -> None:
    done = katas("--root", str(ROOT), "notebook", *words, cwd=tmp_path)
    assert (done.status, list(tmp_path.iterdir())) == (2, [])
    assert said in done.err


def test_a_kata_whose_files_import_each_other_is_refused(root: Path) -> None:
    two_files(root)
    write(root / "katas" / "twice" / "doubles.py", "from halves import half\n\n" + STUB)
    done = katas("notebook", "twice", cwd=root)
    assert (done.status, (root / "twice.ipynb").exists()) == (2, False)
    assert "twice: doubles.py can be no cell of a notebook, because it imports halves; work on the files" in done.err


def test_without_nbformat_the_command_says_what_to_install(poisoned: dict[str, str], tmp_path: Path) -> None:
    done = katas("--root", str(ROOT), "notebook", SLUG, cwd=tmp_path, env=poisoned)
    assert done.status == 2
    assert "pip install 'nn-katas[notebook]'" in done.err


def test_the_other_commands_do_without_nbformat(poisoned: dict[str, str], root: Path) -> None:
    assert katas("list", cwd=root, env=poisoned).status == 0
    assert katas("grade", "twice", "--against", "solutions", cwd=root, env=poisoned).status == 0


# ----------------------------------------------------------------------------------------- run by a kernel


def test_the_stub_fails_every_task(notebook: Path, tmp_path: Path) -> None:
    said = executed(copied(notebook, tmp_path))["grade-1"]
    kata = catalogue.load(ROOT, SLUG)
    assert "0 of 10 points" in said
    assert [task.name for task in kata.tasks if not re.search(rf"[✗⊘] {task.title}.* 0 / {task.points:g}", said)] == []
    assert "two_layer_forward is not written yet" in said


def test_the_shipped_solution_in_the_cell_passes(notebook: Path, tmp_path: Path) -> None:
    answer = f"# file: two_layer.py\n{SOLVED}"
    said = executed(copied(notebook, tmp_path), file_1=answer)["grade-1"]
    assert "10 of 10 points" in said
    assert "Graded: two_layer.py as it was run in cell [1], kept in exercise03-work/" in said
    assert (tmp_path / "exercise03-work" / "two_layer.py").read_text(encoding="utf-8") == answer


def test_a_kata_of_several_files_is_graded_from_outside_of_its_repository(root: Path, tmp_path: Path) -> None:
    two_files(root)
    done = katas("--root", str(root), "notebook", "twice", cwd=tmp_path)
    assert done.status == 0, done.said
    write(tmp_path / "twice-work" / "notes.toml", "mine = 1\n")
    said = executed(
        tmp_path / "twice.ipynb",
        file_1="# file: doubles.py\nfrom factors import FACTOR\n\ndef twice(x):\n    return FACTOR * x",
        file_2=f"# file: halves.py\n{HALF}",
    )
    assert said["prepared-1"] == "twice-work/notes.toml is there already and is left as it is\n"
    assert "3 of 3 points" in said["grade-1"], said["grade-1"]


def test_a_file_that_is_no_cell_is_put_beside_the_notebook(root: Path, tmp_path: Path) -> None:
    two_files(root)
    katas("--root", str(root), "notebook", "twice", cwd=tmp_path)
    assert "0 of 3 points" in executed(tmp_path / "twice.ipynb")["grade-1"]
    assert (tmp_path / "twice-work" / "notes.toml").read_text(encoding="utf-8") == "note = 0\n"


def test_what_was_run_last_is_graded_by_the_same_judge(tmp_path: Path) -> None:
    with kernel(tmp_path) as session:
        session.run("from graders.notebook import grade")
        session.run("# file: two_layer.py\ndef two_layer_forward(x, W1, W2):\n    return x")
        assert "0 of 10 points" in session.run(f"grade('{SLUG}')")
        first = session.judges()
        session.run(f"# file: two_layer.py\n{SOLVED}")
        assert "10 of 10 points" in session.run(f"grade('{SLUG}')")
        assert len(first) == 1
        assert session.judges() == first
    assert list(tmp_path.iterdir()) == []


def test_the_smallest_failing_input_can_be_pasted_into_the_notebook(tmp_path: Path) -> None:
    with kernel(tmp_path) as session:
        session.run("# file: two_layer.py\ndef two_layer_forward(x, W1, W2):\n    raise TypeError('here')")
        said = session.run(f"from graders.notebook import grade\ngrade('{SLUG}')")
        _, _, pasted = said.partition("to paste:\n")
        assert "TypeError: here" in session.run(re.split(r"\n\n\S", pasted)[0].replace("\n    ", "\n").strip())


def test_what_is_wrong_in_the_notebook_is_said_in_a_sentence(tmp_path: Path) -> None:
    write(tmp_path / "mine" / "two_layer.py", "mine\n")
    with kernel(tmp_path) as session:
        session.run("from graders.notebook import grade")
        unrun = session.run(f"grade('{SLUG}')")
        session.run("# file: two_layer.py\n%time 1")
        magic = session.run(f"grade('{SLUG}')")
        session.run("# file: two_layer.py\nx = 1")
        taken = session.run(f"grade('{SLUG}', 'mine')")
        lost = session.run(f"grade('{SLUG}', root='/nowhere')")
        unknown = session.run("grade('exercise99')")
    said = [" ".join(text.split()) for text in (unrun, magic, taken, lost, unknown)]
    assert said[0].startswith("katas: two_layer.py: no cell that begins with `# file: two_layer.py` has been run since")
    assert said[1].startswith("katas: two_layer.py, line 2: `%time 1` is IPython's and no Python")
    assert said[2].startswith("katas: mine/two_layer.py: it was not written by a notebook; move it away")
    assert said[3] == (f'katas: root="/nowhere": there is no katas/{SLUG} in it; correct the root in this cell')
    assert said[4].startswith("katas: exercise99: there is no folder katas/exercise99 in")
    assert (tmp_path / "mine" / "two_layer.py").read_text(encoding="utf-8") == "mine\n"


def test_outside_a_notebook_grade_names_the_command(tmp_path: Path) -> None:
    from graders.notebook import NotebookError, grade

    with pytest.raises(NotebookError, match="katas grade SLUG --submission DIR"):
        grade(SLUG, tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
@pytest.mark.parametrize("killed", [False, True], ids=["shut down", "killed"])
def test_no_process_outlives_the_kernel(killed: bool, tmp_path: Path) -> None:
    with kernel(tmp_path) as session:
        session.run(f"# file: two_layer.py\n{SOLVED}")
        assert "10 of 10 points" in session.run(f"from graders.notebook import grade\ngrade('{SLUG}')")
        watched = []
        for each in descendants(session.pid):
            with suppress(ProcessLookupError):  # a worker of that grading, which was ending just then
                watched.append(os.pidfd_open(each.pid))
        if killed:
            os.kill(session.pid, signal.SIGKILL)
    with ExitStack() as stack:
        for descriptor in watched:
            stack.callback(os.close, descriptor)
        assert len(watched) > 1
        assert all(select.select([each], [], [], ENDS_WITHIN_S)[0] for each in watched)  # readable once it has ended
