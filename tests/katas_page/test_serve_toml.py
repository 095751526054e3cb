"""The form of `katas serve` reads TOML as Python does, and replaces a value without touching the rest."""

from __future__ import annotations

import json
import random
import tomllib
from typing import Any

import pytest

from tests.browser import answer_of
from tests.workshop import ROOT

SCRIPT = f"""
import {{ parse, written }} from {json.dumps((ROOT / "katas_page/web/src/toml.js").as_uri())};
import {{ readFileSync }} from "node:fs";
const answers = JSON.parse(readFileSync(0, "utf8")).map(([text, value]) => {{
    try {{
        const tables = parse(text);
        const found = tables.flatMap(({{ entries }}) => entries).at(-1);
        const changed = found ? text.slice(0, found.from) + written(value) + text.slice(found.to) : text;
        return {{ tables, changed }};
    }} catch (error) {{
        return {{ error: error.message }};
    }}
}});
console.log(JSON.stringify(answers));
"""


def answers(*given: tuple[str, Any]) -> list[dict[str, Any]]:
    """Return what the form's reader says to each text, and the text with the last value replaced."""
    found: list[dict[str, Any]] = answer_of(SCRIPT, given)
    return found


def values(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for table in answer["tables"]:
        place = found.setdefault(table["name"], {}) if table["name"] else found
        place.update({entry["key"]: entry["value"] for entry in table["entries"]})
    return found


LEGAL = [
    (ROOT / "katas/challenge5/diagnosis.toml").read_text(encoding="utf-8"),
    "",
    "# only a comment",
    "a = 1\n[b]\n",
    '[a]\nb = "x" # "y"\n  c=\'\\n\'\n\n[ d ] # e\nf = +1_000',
    '[a]\nb = """\nfirst\n  "second" ""\\\n     third\\u00e9"""\nc = 2',
    "[a]\nb = '''\n''quoted''  \\x'''\nc = -0\n",
    '[a]\nb = """a"""""\nc = "\\U0001F980\\t\\"\\\\"',
    'b = ""\nc = \'\'\nd = """"""\n',
    "[a]\nwhy = \"line\\nbreak\"\n# [bug2]\n# b = 3\n\t\n",
]  # fmt: skip


@pytest.mark.parametrize("value", ['it\'s "so"', "a\nb\\", "\x7f\u2028🦀", 17])
def test_legal_texts_are_read_and_changed_as_python_reads_them(value: Any) -> None:
    for text, answer in zip(LEGAL, answers(*((text, value) for text in LEGAL)), strict=True):
        expected = tomllib.loads(text)
        assert "error" not in answer, (text, answer)
        assert values(answer) == expected, text
        changed = tomllib.loads(answer["changed"])
        if answer["tables"]:
            table = next(table for table in reversed(answer["tables"]) if table["entries"])
            key = table["entries"][-1]["key"]
            (expected[table["name"]] if table["name"] else expected)[key] = value
        assert changed == expected, answer["changed"]
        assert [line for line in text.splitlines() if line.startswith("#")] == [
            line for line in answer["changed"].splitlines() if line.startswith("#")
        ]


REFUSED = [  # each with the line that is wrong
    ("[a\nb = 1", 1), ("[a]\nb = 1\n[a]\n", 3), ("[a]\nb = 1\nb = 2", 3), ("[a.b]\nc = 1", 1), ("[[a]]\nc = 1", 1),
    ("\n\nwhy", 3), ('a = "b', 1), ('[a]\nb = """x\n\ny', 2), ('a = "b" c', 1), ("a = 1.5", 1), ("a = 2026-01-01", 1),
    ("a = true", 1), ("a = [1]", 1), ('a = "\\x41"', 1), ('a = "\\ud800"', 1), ("a.b = 1", 1), ("a = 01", 1),
    ("a = ", 1),
]  # fmt: skip


def test_every_other_text_is_refused_with_its_line() -> None:
    for (text, line), answer in zip(REFUSED, answers(*((text, "") for text, _ in REFUSED)), strict=True):
        assert answer.get("error", "").startswith(f"line {line}: "), (text, answer)


def test_no_random_text_is_read_differently() -> None:
    draw = random.Random(7)
    pieces = [
        "[a]", "[b]", "\n", "\n", "k = ", "j=", '"', '"""', "'", "'''", "x", "\\", "\\n", "#", " ", "12", "_", "é",
    ]  # fmt: skip
    texts = ["".join(draw.choices(pieces, k=draw.randint(1, 14))) for _ in range(20_000)]
    texts, read = [text for text in texts if "=" in text], 0
    for text, answer in zip(texts, answers(*((text, "") for text in texts)), strict=True):
        try:
            expected = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            assert "error" in answer, (text, answer)
            continue
        if "error" not in answer:
            assert values(answer) == expected, text
            read += 1
    assert read > 100
