"""H: attacking the report. The text is raised, printed and used as a file name."""

import functools
import re
import unicodedata
import xml.etree.ElementTree as ET

import pytest

from graders.report import FORMATS
from tests.attacks.building import build

pytestmark = pytest.mark.security
attack = pytest.mark.attack

MARKUP = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> ![x](http://evil.example/x.png) </details>\n"
    "```\n# Passed\n@everyone #1"
)
ESCAPES = "\x1b[2J\x1b[1;1H\x1b]0;owned\x07\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\\x07\x9b31mred\x1bc"
COMMANDS = (
    "::error file=a.py::owned\n::set-output name=grade::100\n::add-mask::a\n  ::stop-commands::x\n"
    "##[error]owned\n\r::error::b"
)
INVISIBLE = "a\x00b\ud800c\u202eevil\u2066d\u200be\ufeff\u2028::error::f"
FOR_XML = "]]></failure><testcase name='forged'/><![CDATA[ \x01\x02\x08\x0b\x1f\ufffe\uffff &amp; &#0; <!-- -->"
TEXTS = {"markup": MARKUP, "escapes": ESCAPES, "commands": COMMANDS, "invisible": INVISIBLE, "xml": FOR_XML}
TEXTS["terminal"] = f"{ESCAPES}\n{COMMANDS}\n{INVISIBLE}"
STYLES = list(FORMATS)
NAMES = ("a|b`c.txt", "::error::owned.txt", "line\nbreak.txt", "\x1b[2J.txt", "\u202eyp.elif", "<script>.txt")


def acts(text: str) -> list[str]:
    """Return the characters of a text that a terminal or a browser would interpret instead of showing."""
    return [sign for sign in text if unicodedata.category(sign) in ("Cc", "Cf", "Cs") and sign not in "\n\t"]


def commands(text: str) -> list[str]:
    """Return the lines that a CI runner would interpret as commands."""
    return re.findall(r"^\s*::\w.*::|##\[\w+\]", text, re.MULTILINE)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Return hostile(name), a folder with a submission that raises and prints one of the texts."""

    @functools.cache
    def written(name):
        folder = tmp_path_factory.mktemp("hostile") / name
        return build("h_hostile_text", folder, {'TEXT = ""': f"TEXT = {TEXTS[name]!a}"})

    return written


@pytest.fixture(scope="module")
def hostile_names(tmp_path_factory):
    """Return a folder with an honest submission, and with files whose names attack programs that show them."""
    folder = build("honest", tmp_path_factory.mktemp("names") / "honest")
    for name in (*NAMES, b"\xff\xfe.txt".decode("utf-8", "surrogateescape")):
        (folder / name).touch()
    return folder


@pytest.fixture(scope="module")
def said(grade):
    """Return said(folder[, root]), which returns the verdict from which every report is made."""
    return functools.cache(lambda *of: grade("exercise01", *of))


@attack("H1", "H2", "H3", "H5", "H6")
@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_is_harmless_in_the_verdict(said, hostile, batch_tests, name):
    graded = said(hostile(name))
    graded.gains_nothing(batch_tests, "ValueError")
    for test in graded.tests:
        for field in ("message", "output", "counterexample", "expected", "actual", "diagnosis"):
            assert acts(test[field]) == []
            assert commands(test[field]) == []


@attack("H2", "H3", "H5")
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", ["escapes", "commands", "invisible"])
def test_a_hostile_text_does_nothing_in_any_report(said, hostile, style, name, observed):
    printed = said(hostile(name)).report(style)
    assert printed
    assert acts(printed) == []
    assert commands(printed) == []
    observed("N")


@attack("H2", "H3", "H5")
def test_a_hostile_text_does_nothing_to_the_terminal(katas_report, hostile, observed):
    printed = katas_report("exercise01", hostile("terminal"), "terminal")
    assert "ValueError" in printed
    assert acts(printed) == []
    assert commands(printed) == []
    observed("N")


@attack("H1")
def test_markup_is_text_in_a_comment(said, hostile, observed):
    printed = said(hostile("markup")).report("markdown")
    assert "alert(1)" in printed
    fenced = re.sub(r"^(`{3,}|~{3,})[^\n]*\n.*?^\1 *$", "", printed, flags=re.MULTILINE | re.DOTALL)
    outside = re.sub(r"<code>.*?</code>", "", fenced, flags=re.DOTALL)
    for mark in ("<script", "<img", "![x]", "@everyone", "# Passed\n"):
        assert mark not in outside
    assert outside.count("<details>") == outside.count("</details>")
    observed("N")


@attack("H6")
def test_xml_stays_well_formed_and_gains_no_test(said, hostile, batch_tests, observed):
    document = ET.fromstring(said(hostile("xml")).report("junit"))
    names = [case.get("name") for case in document.iter("testcase")]
    assert "forged" not in names
    assert len(names) == len(set(names)) > len(batch_tests)
    assert document.findall(".//failure")
    observed("N")


@attack("H4")
def test_a_message_of_ten_megabytes_is_cut(grade, submission, batch_tests):
    folder = submission("h_hostile_text", {'TEXT = ""': 'TEXT = "<&`\\x1b[1m" * 1_500_000'})
    graded = grade("exercise01", folder)
    graded.gains_nothing(batch_tests, "ValueError")
    assert all(len(message) < 10_000 for message in graded.messages)
    assert all(len(test["output"]) < 200_000 for test in graded.tests)


@attack("H7")
@pytest.mark.parametrize("style", STYLES)
def test_hostile_file_names_are_shown_as_text(said, hostile_names, style, observed):
    printed = said(hostile_names).report(style)
    assert acts(printed) == []
    assert commands(printed) == []
    if style == "markdown":
        assert "<script>" not in re.sub(r"<code>.*?</code>|`[^`\n]*`", "", printed)
    observed("N")


@pytest.mark.deep
@attack("H7")
def test_hostile_file_names_do_nothing_to_the_terminal(katas_report, hostile_names, observed):
    printed = katas_report("exercise01", hostile_names, "terminal")
    assert "error" in printed
    assert acts(printed) == []
    assert commands(printed) == []
    observed("N")


@attack("Z21")
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("audience", ["learner", "public"])
def test_a_submissions_output_does_not_leak_hidden_inputs(said, secretive, style, audience, observed):
    graded = said("z21_leak", secretive)
    assert "LEAKED" in graded.report("json")
    assert "LEAKED" not in graded.report(style, audience)
    observed("N")


@pytest.mark.deep
@attack("Z21")
def test_the_command_does_not_leak_hidden_inputs(katas_report, secretive, observed):
    assert "LEAKED" not in katas_report("exercise01", "z21_leak", "json", secretive, "learner")
    observed("N")
