"""Names that anonymous marking must not show, however they are written."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable

import pytest

from katas_course import roster_files
from katas_course.gradebook import Gradebook
from katas_course.gradebook.pseudonyms import Pseudonyms
from katas_course.gradebook.roster_changes import import_roster

ROSTER = """id,name,email,section,group
zm17abc,Zoë Müller,zoe.mueller@uni.example,A,
s2,Ada Lovelace,al@uni.example,A,
s3,Anna-Lena Groß Sørensen,ags@uni.example,A,
s4,Noel Mueller,nm@uni.example,A,
"""
Hidden = Callable[[str, str], str]


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Hidden:
    """Return a function: `hidden(text, person)` is a text without the names of a person."""
    folder = tmp_path_factory.mktemp("pseudonyms")
    (folder / "roster.csv").write_text(ROSTER, encoding="utf-8")
    with Gradebook(f"sqlite:///{folder / 'course.sqlite'}", who="test") as book:
        book.write(import_roster, roster_files.read(folder / "roster.csv"))
        with book.transaction(alone=True) as transaction:
            pseudonyms = Pseudonyms(transaction)
    # The words of a name may be replaced together or one by one.
    return lambda text, person: re.sub(
        "†[ _,.-]{0,2}†", "†", pseudonyms.hidden(text, person).replace(pseudonyms.of(person), "†")
    )


ZOE = """Zoë Müller|ZoëMüller|zoëmüller|ZOË MÜLLER|Zoe Mueller|ZoeMueller|zoe_mueller|zoe-mueller|ZoeMuller|Mueller, Zoe
Müller Zoë|MuellerZoe|müller_zoë|zoe.mueller@uni.example|zoe.mueller|zoemueller|Müller|mueller|Muller|Zoë|zoe|ZM17ABC
zmueller|z.müller|Z. Müller|muellerz|Ｚｏｅ Ｍｕｅｌｌｅｒ|Zo\u00adë Mül\u200bler""".replace("\n", "|").split("|")
NAMES = [
    *(("zm17abc", each) for each in ZOE),
    *(("s2", each) for each in ("Ada", "AdaLovelace", "lovelace_ada", "adalovelace", "ALovelace", "al@uni.example")),
    *(("s3", each) for each in ("Groß Sørensen", "AnnaLena", "anna_lena", "Gross", "Soerensen", "Sorensen", "GROSS")),
    *(("s3", each) for each in ("Anna-Lena Sørensen", "annalenagrosssoerensen", "Lena", "SørensenAnna")),
    *(("s4", each) for each in ("Noel Müller", "NoelMüller", "Müller", "noel")),
]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(("person", "name"), NAMES)
def test_a_name_is_hidden_however_it_is_written(hidden: Hidden, person: str, name: str, form: str) -> None:
    name = unicodedata.normalize(form, name)
    assert hidden(name, person) == "†"
    sentence = f"# by {name}, 2026\nbest = train_{name}_v2(net)\n![Loss, drawn by {name}](plots/{name}.png)\n"
    assert hidden(sentence, person) == sentence.replace(name, "†")
    notebook = json.dumps({"cells": [{"source": [f"# {name}\n", "x = 1"]}]})  # with escapes for letters beyond ASCII
    assert hidden(notebook, person) == notebook.replace(json.dumps(name)[1:-1], "†")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("class ZoeMuellersNetwork:", "class †sNetwork:"),
        ("codedbyzoemuellerin2026", "codedby†in2026"),
        ("MuellerNet2 = MuellerNet(1)", "†Net2 = †Net(1)"),
        ("myMüller2", "my†2"),
        ("CNNMüller", "CNN†"),
        ("# Zoë\n# Müller", "# †"),
        (r"'Zo\xeb M\u00fcller'", "'†'"),
    ],
)
def test_a_name_is_found_inside_of_a_word(hidden: Hidden, text: str, shown: str) -> None:
    assert hidden(text, "zm17abc") == shown


def test_everything_else_stays_as_it_is(hidden: Hidden) -> None:
    text = "zoetrope, mullers, Zöe\u0308s; muellerei; a = b_c; Ünïcödé e\u0301 \\u00e9 \\n \x1f naïve ﬁn"
    assert hidden(text, "zm17abc") == text
    assert hidden("zoe.mueller Zoë Müller", "s2") == "zoe.mueller Zoë Müller"
    assert hidden("", "s2") == ""
