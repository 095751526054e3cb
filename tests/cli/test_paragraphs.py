"""Wrapping of prose at a terminal."""

from __future__ import annotations

from pathlib import Path

from graders.output.paragraphs import filled
from tests import workshop
from tests.at_terminal import AtTerminal
from tests.workshop import KATAS

TEXT = """\
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
    lines = filled(TEXT, 40).splitlines()
    prose = lines[: lines.index("```python")]
    assert max(map(len, prose)) <= 40
    assert " ".join(" ".join(prose).split()) == " ".join(TEXT.partition("```")[0].split())
    assert "  forty columns, surely" in lines
    assert lines[lines.index("```python") :] == TEXT[TEXT.index("```python") :].splitlines()


LONG = f"# Alpha\n\n<details><summary>Hint 1: long</summary>\n\n{'many words ' * 30}\n\n</details>\n"


def test_hints_and_messages_wrap_between_words(tmp_path: Path) -> None:
    root = workshop.write_clone(tmp_path / "kätas", ["alpha"], LONG)
    for words, whole in ((["hint", "alpha"], {"many", "words"}), (["solution", "alpha"], {"alpha", "have", "passed"})):
        own = {"NN_KATAS_PROGRESS": str(root / "progress.sqlite")}  # other tests pass a kata named alpha too
        with AtTerminal([KATAS, *words], root, columns=50, env=own) as terminal:
            terminal.end()
            shown = [line.rstrip() for line in terminal.rows() if line.strip()]
        assert len(shown) > 1
        assert max(map(len, shown)) <= 50
        assert whole <= set(" ".join(shown).split())
        assert not {"man", "wor", "any", "ords"} & set(" ".join(shown).split())
