"""`katas explain`, typed by a learner, and what points to it after a pass."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from graders.output.terminal_markdown import as_text, shown
from tests import workshop
from tests.at_terminal import AtTerminal
from tests.learner.test_learning import typed
from tests.workshop import ADDED, AFTER, SOLUTION, katas, write

TEXT = """\
After Twice
===========

Why it works
------------

A vector plus itself is twice the vector: 2 xₖ = xₖ + xₖ, and

    ∂L/∂xₖ = 2

Other ways
----------

  def doubled(vector):
      return vector + vector  # a line of code that only people who have passed may see

In PyTorch
----------
In practice
-----------
A question to think about
-------------------------

What is twice 0?

(Answer: see the end of this text.)

Where it comes back
-------------------

Answer
------

It is 0.
"""
POINTER = "katas diff alpha: your files next to the solution; katas explain alpha: why it works"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return workshop.write_clone(tmp_path / "my kätas", ["alpha", "beta"], "# Alpha\n")


def progress_of(root: Path) -> dict[str, str]:
    return {"NN_KATAS_PROGRESS": str(root / "progress.sqlite")}


def test_explanation_opens_after_a_pass(root: Path) -> None:
    before = typed(root, "explain", "alpha")
    assert (before.status, before.out) == (2, "")
    assert before.err.startswith("katas: You have not passed alpha yet. ")
    assert before.err.count("\n") == 1
    write(root / "katas" / "alpha" / "twice.py", SOLUTION)
    graded = katas("grade", "alpha", cwd=root, env=progress_of(root))
    assert graded.out.replace("\n", " ").rstrip().endswith(POINTER)
    after = typed(root, "explain", "alpha")
    assert (after.status, after.out, after.err) == (0, TEXT, "")


def test_anyway_shows_it_before_a_pass_and_says_so(root: Path) -> None:
    done = typed(root, "explain", "alpha", "--anyway")
    assert (done.status, done.out) == (0, TEXT)
    assert done.err == "katas: you have not passed alpha yet. This explanation shows how others solve it.\n"


@pytest.mark.deep
def test_a_failed_or_foreign_submission_points_nowhere(root: Path) -> None:
    write(root / "katas" / "alpha" / "twice.py", ADDED)
    assert "katas explain" not in typed(root, "grade", "alpha").said
    assert "katas explain" not in typed(root, "grade", "alpha", "--against", "solutions").said
    write(root / "katas" / "alpha" / "twice.py", SOLUTION)
    assert "katas explain" not in typed(root, "grade", "alpha", "--format", "markdown").said
    (root / "solutions" / "alpha" / "after.md").unlink()
    assert "katas explain" not in typed(root, "grade", "alpha").said


@pytest.mark.parametrize("words", [["explain", "alpha"], ["explain", "alpha", "--anyway"]])
def test_missing_explanation_gives_one_message(root: Path, words: list[str]) -> None:
    place = root / "solutions" / "alpha" / "after.md"
    place.unlink()
    done = typed(root, *words)
    assert (done.status, done.out) == (2, "")
    assert done.err == f"katas: {place}: alpha has no explanation. If you teach, you can write one there.\n"
    assert "there is no kata `betta`" in typed(root, "explain", "betta").err
    for name in ("solutions", "graders/hidden"):  # a handout
        shutil.rmtree(root / name)
    done = typed(root, *words)
    assert done.err == f"katas: {place}: there is no explanation here. Ask your instructor for it.\n"


def test_explanation_is_folded_to_the_terminal(root: Path) -> None:
    words = "A long paragraph with many words, all of them short. " * 5
    write(root / "solutions" / "alpha" / "after.md", AFTER.replace("What is twice 0?", words))
    command = [workshop.KATAS, "explain", "alpha", "--anyway"]
    with AtTerminal(command, root, columns=40, lines=60, env=progress_of(root)) as terminal:
        assert terminal.end().status == 0
        lines = terminal.rows()
    assert "A long paragraph with many words, all of" in lines


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (r"\frac{\partial L}{\partial \tilde h_i}", "∂L/∂h\u0303ᵢ"),
        (r"\sigma^2 = \frac{2}{(1 + a^2)\, \mathrm{fan}_{\mathrm{in}}}", "σ² = 2/((1 + a²) fan_in)"),
        (r"-\log \sum_j e^{l_j} - l_t", "-log Σⱼ e^(lⱼ) − lₜ"),
        (r"f(z) = \begin{cases} 1 & z > 0 \\ 0 & \text{otherwise} \end{cases}", "f(z) = 1 if z > 0; 0 otherwise"),
        (r"a, \qquad \tfrac12\, n \quad \text{with ReLU}", "a,   ½ n   with ReLU"),
        (r"(W x_k)^\top \approx 5 \cdot 10^{-6}", "(W xₖ)ᵀ ≈ 5 · 10⁻⁶"),
        (r"\Delta_{k+1} \odot \varphi'(Z_k)", "Δₖ₊₁ ⊙ φ′(Zₖ)"),
        (r"\underbrace{x}_{y}", r"\underbrace{x}_{y}"),
        (r"\frac{1}", r"\frac{1}"),
        ("x_", "x_"),
        ("10 }", "10"),
    ],
)
def test_formulas_become_text(formula: str, text: str) -> None:
    assert as_text(formula) == text


def test_dollars_and_stars_in_code_stay() -> None:
    assert shown("`a $x$ **b**` and $x_1$ **c**\n\n```sh\necho $x **\n```\n", 80) == (
        "`a $x$ **b**` and x₁ c\n\n  echo $x **"
    )
