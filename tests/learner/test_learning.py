"""`katas next, progress, hint, reset, solution, diff, explain`, typed by a learner in a clone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from graders import catalogue
from graders.learner import guidance
from graders.learner.progress import Progress
from graders.output.paragraphs import filled
from graders.output.terminal_markdown import as_text
from graders.output.terminal_markdown import shown as rendered
from graders.verdict import Verdict
from tests import shell, workshop
from tests.at_terminal import AtTerminal
from tests.shell import KATAS, Finished
from tests.workshop import ADDED, AFTER, ROOT, SOLUTION, STUB, write

README = """# Alpha

<details>
<summary>Hint 1: small</summary>

Add it to itself.

</details>

<details><summary>More about
vectors</summary>no hint</details>

<details>
<summary>Hint 2: all</summary>

x + x

</details>
"""

CHAIN = """
format = 1
title = "Twice"

[[questions]]
ask = "What is {x} twice?"
draw = { x = "np.array([1, 2])" }
answer = "2 * x"
otherwise = "Both numbers."
because = "Twice is a sum."

[[questions]]
ask = "Is a < b?"
choices = ["Who knows", "Yes"]
wrong = ["It is not."]
because = "Nobody knows."
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A clone in a folder with an awkward name."""
    return workshop.write_clone(tmp_path / "my kätas", ["alpha", "beta"], README)


def progress_of(root: Path) -> dict[str, str]:
    return {"NN_KATAS_PROGRESS": str(root / "progress.sqlite")}


def typed(root: Path, *words: str, cwd: Path | None = None) -> Finished:
    return shell.katas(*words, cwd=cwd or root, env=progress_of(root))


def test_next_names_the_next_kata_after_a_pass(root: Path) -> None:
    for words in (["--against", "solutions"], ["--submission", str(root / "solutions" / "alpha")]):
        assert typed(root, "grade", "alpha", *words).status == 0
    before = typed(root, "progress").out  # another person's submission is not progress
    assert before.startswith("· alpha ")
    assert "0 of 2 done, 0 points\nnext: alpha, Twice" in before
    write(root / "katas" / "alpha" / "twice.py", SOLUTION)
    assert typed(root, "grade", "alpha").status == 0
    after = typed(root, "progress").out
    assert after.startswith("✓ alpha ")
    assert "1 of 2 done, 3 points\nnext: beta, Twice" in after
    assert typed(root, "next").out.startswith("next: beta, Twice (it builds on no other kata)\n")
    assert max(map(len, after.splitlines())) <= 80


def test_hints_come_in_order_the_last_repeats_and_a_missing_one_is_reported(root: Path) -> None:
    told = [typed(root, "hint", "alpha").out for _ in range(3)]
    assert told[0] == "Hint 1: small\n\nAdd it to itself.\n\n1 more: katas hint alpha\n"
    assert told[1] == told[2] == "Hint 2: all\n\nx + x\n\nThat was the last hint.\n"
    assert typed(root, "hint", "alpha", "1").out == "Hint 1: small\n\nAdd it to itself.\n"

    done = typed(root, "hint", "alpha", "3")
    assert (done.status, done.err) == (2, "katas: alpha has no hint 3. Choose a number from 1 to 2.\n")
    assert "beta has no hints" in typed(root, "hint", "beta").err


def test_a_derivation_goes_on_where_it_stopped_and_ends_with_the_folded_formulas(root: Path) -> None:
    write(root / "katas/alpha/derive.toml", CHAIN)
    write(root / "katas/alpha/README.md", "<details>\n<summary>Show me: twice</summary>\n\n$$y = 2 x$$\n\n</details>\n")

    def derived(answers: str, *options: str) -> Finished:
        env = shell.environment(**progress_of(root))
        return shell.run(shell.KATAS, "derive", "alpha", *options, cwd=root, env=env, text=answers)

    first = derived("6\n")
    assert "1 of 2. What is [1, 2] twice?" in first.out
    assert "Not yet. 2 numbers are asked for. Both numbers." in first.out
    assert "\n> This can't be read as numbers." in derived("twice\n").out  # not "Not yet."
    assert "To go on: katas derive alpha" in first.out
    assert "y = 2 x" not in first.out
    assert "Right. Twice is a sum." in derived("[2, 4]\n").out
    unread = derived("d\n").out
    assert "1 of 2" not in unread
    assert "2 of 2. Is a < b?\n- a) " in unread
    assert "\n> Answer with a letter: a, b." in unread
    assert "y = 2 x" in derived("b\na\n").out  # the first of them may be right already
    assert "y = 2 x" in derived("").out
    assert "1 of 2" in derived("", "--again").out
    peeked = derived("?\n[2, 4]\n").out  # the question stays
    assert peeked.index("y = 2 x") < peeked.index("Right. Twice is a sum.") < peeked.index("2 of 2.")
    refused = typed(root, "derive", "beta")
    assert (refused.status, "beta has no questions" in refused.err) == (2, True)
    write(root / "katas/alpha/derive.toml", CHAIN.replace('otherwise = "Both numbers."', ""))
    assert "katas/alpha/derive.toml: question 1 is incomplete" in derived("").err


@pytest.mark.parametrize("option", [[], ["--diff"]])
def test_solution_is_shown_after_a_pass_or_with_anyway(root: Path, option: list[str]) -> None:
    before = typed(root, "solution", "alpha", *option)
    assert (before.status, before.out) == (2, "")
    assert "You have not passed alpha yet" in before.err
    assert "FACTOR * x" in typed(root, "solution", "alpha", *option, "--anyway").out
    write(root / "katas" / "alpha" / "twice.py", SOLUTION)
    with Progress(root / "progress.sqlite") as progress:
        progress.record(Verdict(kata="alpha", status="passed", graded_at="2026-03-01T10:00:00+00:00"))
    after = typed(root, "solution", "alpha", *option)
    assert after.status == 0
    assert ("are identical" if option else "FACTOR * x") in after.out


def test_diff_goes_from_own_files_to_the_solution(root: Path) -> None:
    told = typed(root, "solution", "alpha", "--diff", "--anyway").out
    for part in ("--- katas/alpha/twice.py", "\n-    raise NotImplementedError\n", "\n+    return FACTOR * x"):
        assert part in told
    (root / "solutions").rename(root / "elsewhere")
    assert "Ask your instructor for it" in typed(root, "solution", "alpha", "--anyway").err


def test_reset_backs_up_own_files(root: Path) -> None:
    assert "nothing to do" in typed(root, "reset", "alpha").out
    own = write(root / "katas" / "alpha" / "twice.py", "mine\n")
    workshop.git(root, ["commit", "-qam", "mine"])
    done = typed(root, "reset", "alpha")
    assert done.status == 0, done.said
    assert own.read_text(encoding="utf-8") == STUB
    (kept,) = (root / ".katas" / "backup").glob("alpha-*/twice.py")
    assert kept.read_text(encoding="utf-8") == "mine\n"
    assert f"backup of your files: .katas/backup/{kept.parent.name}/" in done.out


def test_reset_restores_a_removed_file(root: Path) -> None:
    (root / "katas" / "alpha" / "twice.py").unlink()
    assert "or run `katas reset alpha`" in typed(root, "grade", "alpha").err
    assert typed(root, "reset", "alpha").out == "restored: katas/alpha/twice.py\n"


def test_reset_changes_nothing_without_git(root: Path, tmp_path: Path) -> None:
    own = write(root / "katas" / "alpha" / "twice.py", "mine\n")
    (root / ".git").rename(tmp_path / "git")
    done = typed(root, "reset", "alpha")
    assert done.status == 2
    assert "git failed" in done.err
    assert own.read_text(encoding="utf-8") == "mine\n"


def test_untouched_stub_is_not_an_attempt(root: Path) -> None:
    done = typed(root, "grade", "alpha")
    assert done.status == 1
    assert "twice.py is unchanged since it was handed out: nothing to grade yet" in done.out
    assert typed(root, "progress").out.startswith("· alpha ")
    assert "next: alpha, Twice" in typed(root, "progress").out
    assert "in progress" not in typed(root, "next").out
    write(root / "katas" / "alpha" / "twice.py", STUB + "# begun\n")
    assert "handed out" not in typed(root, "grade", "alpha").out
    assert "in progress: 0 of 3 points" in typed(root, "next").out


def test_committed_answer_is_graded(root: Path) -> None:
    write(root / "katas" / "alpha" / "twice.py", ADDED)
    write(root / "katas" / "alpha" / "README.md", README + "more\n")
    workshop.git(root, ["commit", "-q", "-a", "-m", "all"])
    done = typed(root, "grade", "alpha")
    assert "1 of 3 points" in done.out
    assert "handed out" not in done.out


HINTS = [
    ("exercise01", "vector", [1, 2, 3]), ("exercise01", "batch", [2, 1, 3]), ("exercise01", "types", [3, 1, 2]),
    ("exercise02", "relu", [1, 2, 3]), ("exercise02", "derivative", [2, 1, 3]), ("exercise02", "inputs", [3, 1, 2]),
    ("exercise04", "loss", [1, 2, 3]), ("exercise04", "extremes", [2, 3, 1]), ("exercise06", "relative", [3, 1, 2]),
    ("exercise07", "scales", [1, 2, 3]), ("exercise07", "weights", [2, 1, 3]), ("exercise07", "generator", [3, 1, 2]),
    ("exercise09", "eps", [3, 1, 2]), ("exercise10", "diagnose", [1, 2, 3]), ("challenge4", "interrupted", [2, 1, 3]),
    ("challenge5", "bug2_heals", [4, 5, 6]),
]  # fmt: skip


@pytest.mark.parametrize(("slug", "task", "order"), HINTS)
def test_hints_for_the_failing_task_come_first(slug: str, task: str, order: list[int]) -> None:
    kata = catalogue.load(ROOT, slug)
    (failing,) = (each for each in kata.tasks if each.name == task)
    assert guidance.hints_for(guidance.hints_of(kata), failing) == order


def test_a_hint_has_its_title_and_what_it_is_about() -> None:
    assert [hint.title for hint in guidance.hints_of(catalogue.load(ROOT, "exercise04"))] == [
        "Hint 1: the last axis",
        "Hint 2 (for the extras): large logits",
        "Hint 3 (for the extras): small probabilities",
    ]
    assert {hint.about for hint in guidance.hints_of(catalogue.load(ROOT, "challenge5"))[3:6]} == {"Bug 2"}


# ---------------------------------------------------------------------------------- `katas solution --explain`

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
POINTER = "katas solution alpha --diff: your files next to the solution; katas solution alpha --explain: why it works"


def test_explanation_opens_after_a_pass(root: Path) -> None:
    before = typed(root, "solution", "alpha", "--explain")
    assert (before.status, before.out) == (2, "")
    assert before.err.startswith("katas: You have not passed alpha yet. ")
    assert before.err.count("\n") == 1
    write(root / "katas" / "alpha" / "twice.py", SOLUTION)
    graded = typed(root, "grade", "alpha")
    assert graded.out.replace("\n", " ").rstrip().endswith(POINTER)
    after = typed(root, "solution", "alpha", "--explain")
    assert (after.status, after.out, after.err) == (0, TEXT, "")


def test_anyway_shows_it_before_a_pass_and_says_so(root: Path) -> None:
    done = typed(root, "solution", "alpha", "--explain", "--anyway")
    assert (done.status, done.out) == (0, TEXT)
    assert done.err == "katas: you have not passed alpha yet. This explanation shows how others solve it.\n"


@pytest.mark.deep
def test_a_failed_or_foreign_submission_points_nowhere(root: Path) -> None:
    write(root / "katas" / "alpha" / "twice.py", ADDED)
    assert "katas solution" not in typed(root, "grade", "alpha").said
    assert "katas solution" not in typed(root, "grade", "alpha", "--against", "solutions").said
    write(root / "katas" / "alpha" / "twice.py", SOLUTION)
    assert "katas solution" not in typed(root, "grade", "alpha", "--format", "markdown").said
    (root / "solutions" / "alpha" / "after.md").unlink()
    assert "--explain" not in typed(root, "grade", "alpha").said


@pytest.mark.parametrize("words", [["solution", "alpha", "--explain"], ["solution", "alpha", "--explain", "--anyway"]])
def test_missing_explanation_gives_one_message(root: Path, words: list[str]) -> None:
    place = root / "solutions" / "alpha" / "after.md"
    place.unlink()
    done = typed(root, *words)
    assert (done.status, done.out) == (2, "")
    assert done.err == f"katas: {place}: alpha has no explanation. If you teach, you can write one there.\n"
    assert "there is no kata `betta`" in typed(root, "solution", "betta", "--explain").err
    for name in ("solutions", "graders/hidden"):  # a handout
        shutil.rmtree(root / name)
    done = typed(root, *words)
    assert done.err == f"katas: {place}: there is no explanation here. Ask your instructor for it.\n"


# ------------------------------------------------------------------------ prose and formulas at a terminal

WIDE = """\
One sentence that was written in a wide window, and `code_that_is_one_word(so, to, say)` in it. Then another sentence
that belongs to it.

- an item that takes more than a line of forty columns, surely
- another

```python
line = "of code that is wider than forty columns, and stays as it is"
```

    and another way of writing code, just as wide as the other one was

| a table | whose rows | are | never | torn | apart |
"""


def test_only_paragraphs_and_items_are_wrapped() -> None:
    lines = filled(WIDE, 40).splitlines()
    prose = lines[: lines.index("```python")]
    assert max(map(len, prose)) <= 40
    assert " ".join(" ".join(prose).split()) == " ".join(WIDE.partition("```")[0].split())
    assert "  forty columns, surely" in lines
    assert lines[lines.index("```python") :] == WIDE[WIDE.index("```python") :].splitlines()


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        ("hint alpha", {"many", "words"}),
        ("solution alpha", {"alpha", "have", "passed"}),
        ("solution alpha --explain --anyway", {"many", "words"}),
    ],
)
def test_prose_is_wrapped_between_words_at_a_terminal(root: Path, words: str, whole: set[str]) -> None:
    long = "many words " * 30
    hint = f"# Alpha\n\n<details><summary>Hint 1: long</summary>\n\n{long}\n\n</details>\n"
    write(root / "katas/alpha/README.md", hint)
    write(root / "solutions/alpha/after.md", AFTER.replace("What is twice 0?", long))
    with AtTerminal([KATAS, *words.split()], root, columns=50, lines=60, env=progress_of(root)) as terminal:
        assert terminal.end().status == (2 if words == "solution alpha" else 0)
        shown = [row for row in terminal.rows() if row]
    assert len(shown) > 1
    seen = set(" ".join(shown).split())
    assert whole <= seen
    assert not {"man", "wor", "any", "ords"} & seen


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
        (r"\frac{h - m}{\sqrt{v + \varepsilon}} + \sqrt d", "(h − m)/(√(v + ε)) + √d"),
        (r"\sqrt{\frac{2}{n}} \leftarrow \tanh x", "√(2/n) ← tanh x"),
        (r"\underbrace{x}_{y}", r"\underbrace{x}_{y}"),
        (r"\frac{1}", r"\frac{1}"),
        ("x_", "x_"),
        ("10 }", "10"),
    ],
)
def test_formulas_become_text(formula: str, text: str) -> None:
    assert as_text(formula) == text


def test_dollars_and_stars_in_code_stay() -> None:
    assert rendered("`a $x$ **b**` and $x_1$ **c**\n\n```sh\necho $x **\n```\n", 80) == (
        "`a $x$ **b**` and x₁ c\n\n  echo $x **"
    )
