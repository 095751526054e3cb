"""Lines that a learner tries: what they can import, and what the page gets of them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from graders import catalogue
from graders.errors import KataError
from graders.judge.client import Judge
from katas_page.files import starter
from katas_page.tryout import STOPPED, Tryouts
from tests import workshop
from tests.learner.test_learning import README
from tests.workshop import ROOT, SOLUTION, STUB, write

Try = Callable[[str], dict[str, Any]]
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workshop.write_clone(tmp_path_factory.mktemp("tried") / "katas", ["alpha"], README)


@pytest.fixture(scope="module")
def tryouts(root: Path) -> Iterator[Tryouts]:
    with closing(Tryouts(Judge(root))) as found:
        yield found


@pytest.fixture
def attempt(root: Path, tryouts: Tryouts) -> Try:
    write(root / "katas/alpha/twice.py", SOLUTION)
    return lambda text: tryouts.run(catalogue.load(root, "alpha"), text)


def tried(root: Path, slug: str, text: str, **settings: Any) -> dict[str, Any]:
    """Run lines in a process of their own."""
    with closing(Tryouts(Judge(root, **settings))) as tryouts:
        return tryouts.run(catalogue.load(root, slug), text)


def test_output_and_value(attempt):
    found = attempt("import sys\nfrom twice import twice\nprint('a')\nprint('b', file=sys.stderr)\ntwice(3.0)\n")
    assert (found["output"], found["value"], found["fault"]) == ("a\nb\n", "6.0", "")
    assert attempt("None\n")["value"] == ""
    assert attempt("x = 1\n")["value"] == ""
    assert attempt("")["fault"] == ""


def test_an_idle_fork_server_ends_and_the_next_lines_start_another(root: Path) -> None:
    with closing(Tryouts(Judge(root))) as tryouts:
        tryouts.idle_s = 0.0
        for _ in range(2):
            assert tryouts.run(catalogue.load(root, "alpha"), "1 + 1\n")["value"] == "2"
            deadline = time.monotonic() + PATIENCE_S
            while tryouts._servers and time.monotonic() < deadline:
                os.sched_yield()
            assert not tryouts._servers


def test_the_lines_are_a_program_that_imports_the_files(attempt):
    assert attempt("import factors, twice\nfactors.FACTOR, twice.half(1)\n")["value"] == "(2.0, 0.5)"
    lines = "import dataclasses\n@dataclasses.dataclass\nclass Point:\n    x: int\n(__name__, Point(1))\n"
    assert attempt(lines)["value"] == "('__main__', Point(x=1))"


def test_a_traceback_has_the_learners_lines_only(attempt, root):
    write(root / "katas/alpha/twice.py", "import numpy as np\n\ndef twice(x):\n    return np.zeros(2) @ np.zeros(3)\n")
    lines = "from twice import twice\n\ntwice(1)\n"
    assert attempt(lines)["fault"].splitlines()[:-1] == [
        "Traceback (most recent call last):",
        '  File "try.py", line 3, in <module>',
        "    twice(1)",
        '  File "twice.py", line 4, in twice',
        "    return np.zeros(2) @ np.zeros(3)",
    ]
    assert attempt("print(1)\nx = = 2\n")["fault"].startswith('  File "try.py", line 2\n')
    chained = attempt("try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise ValueError('two') from None\n")["fault"]
    assert chained.endswith("ValueError: two\n")
    assert "trying.py" not in attempt("def f(): f()\nf()\n")["fault"]


def test_a_missing_package_and_a_stub_are_explained(attempt, root):
    assert attempt("import scipy\n")["fault"].endswith("the kata's own files)")
    write(root / "katas/alpha/twice.py", STUB)
    assert attempt("from twice import half\nhalf(1)\n")["fault"].endswith("(half in twice.py is not written yet)")
    assert "Half the number x." in attempt("from twice import half\nhelp(half)\n")["output"]


def test_a_file_that_is_not_text_is_named(attempt, root):
    (root / "katas/alpha/twice.py").write_bytes(b"\xff\xfe")
    with pytest.raises(KataError, match=r"twice\.py: it is not UTF-8"):
        attempt("1\n")


def test_a_new_run_stops_the_one_before(attempt):
    found: list[Any] = []
    first = threading.Thread(target=lambda: found.append(attempt("import time\ntime.sleep(60)\n")))
    first.start()
    time.sleep(0.3)
    assert attempt("1 + 1\n")["value"] == "2"
    first.join(30)
    assert found[0]["fault"] == STOPPED


def test_weaker_confinement_than_required_is_refused(root):
    with pytest.raises(KataError, match="confinement is partial, but full is required"):
        tried(root, "alpha", "1\n", require="full", confinement="partial")


def test_the_functions_of_earlier_katas_can_be_imported():
    found = tried(ROOT, "milestone1", "import affine, network, training\nprint(1)\n")
    assert (found["output"], found["fault"]) == ("1\n", "")


PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('ä²')\nplt.show()\n"


@pytest.mark.deep
def test_a_kata_without_packages_can_plot(attempt):
    pytest.importorskip("matplotlib")
    for _ in range(2):
        found = attempt(PLOT)
        assert (found["output"], found["fault"]) == ("", "")
        assert [each[:22] for each in found["figures"]] == ["data:image/png;base64,"]
    assert catalogue.load(ROOT, "exercise01").packages == ()  # so that gradings have none


def test_matplotlib_is_imported_only_for_lines_or_files_that_name_it(root):
    pytest.importorskip("matplotlib")
    kata, loaded = catalogue.load(root, "alpha"), "import sys\n'mat{}' in sys.modules\n"
    write(root / "katas/alpha/twice.py", SOLUTION)
    with closing(Tryouts(Judge(root))) as tryouts:
        assert tryouts.run(kata, loaded.format("' + 'plotlib"))["value"] == "False"
        write(root / "katas/alpha/twice.py", "import matplotlib\n" + SOLUTION)
        assert tryouts.run(kata, "import twice\n" + loaded.format("' + 'plotlib"))["value"] == "True"
        write(root / "katas/alpha/twice.py", SOLUTION)
        assert tryouts.run(kata, loaded.format("' + 'plotlib"))["value"] == "True"  # it is there already


def test_a_machine_without_matplotlib_says_so(root, monkeypatch):
    monkeypatch.setattr("katas_page.tryout.is_installed", lambda _: False)
    found = tried(root, "alpha", "import matplotlib.pyplot\n")
    assert found["fault"].splitlines()[-1] == "matplotlib is not installed: pip install matplotlib"


@pytest.mark.deep  # it imports PyTorch and matplotlib
def test_figures_are_sent_as_pictures():
    found = tried(ROOT, "challenge1", "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.figure()\n")
    assert found["fault"] == ""
    assert [each[:22] for each in found["figures"]] == ["data:image/png;base64,"] * 2


@pytest.mark.parametrize(
    ("slug", "lines"),
    [
        (
            "exercise01",
            "import numpy as np\nfrom affine import affine\n\nprint(affine(\n"
            "    W=np.array([[1.0, 2.0], [3.0, 4.0]]),\n    x=np.array([2.0, -1.0]),\n"
            "    b=np.array([2.0, -1.0]),\n))\n",
        ),
        (  # from the function's description
            "exercise00",
            "import numpy as np\nfrom shapes import add_row\n\nprint(add_row(\n"
            "    table=np.array([[1.0, 2.0, 5.0], [5.0, 4.0, 1.0]]),\n    row=np.array([10.0, 20.0, 30.0]),\n))\n",
        ),
        # from the README
        ("exercise02", "import numpy as np\nfrom relu import relu\n\nprint(relu(z=np.array([-1.0, 0.0, 2.0])))\n"),
        ("exercise06", "from gradient_check import numerical_gradient\n\nhelp(numerical_gradient)\n"),
        ("exercise07", "from initialization import xavier_std\n\nprint(xavier_std(fan_in=3, fan_out=3))\n"),
        ("meta", "import your_framework\n\nprint(dir(your_framework))\n"),
    ],
)  # fmt: skip
def test_the_first_lines_call_the_first_function(slug, lines):
    assert starter(catalogue.load(ROOT, slug)) == lines


@pytest.mark.parametrize("text", ["def twice(x):\n", "def twice(x: int | None, *, y: float, z: str = ''):\n"])
def test_the_first_lines_run_and_only_import_a_file_with_a_mistake(attempt, root, text):
    path = write(root / "katas/alpha/twice.py", f"{text}    return 1\n")
    assert attempt(starter(catalogue.load(root, "alpha")))["fault"] == ""
    write(path, text)
    assert starter(catalogue.load(root, "alpha")) == "import twice\n\nprint(dir(twice))\n"
