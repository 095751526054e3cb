"""H: attacking the report. The text is raised, printed and used as a file name."""

import re
import unicodedata
import xml.etree.ElementTree as ET

import pytest

from graders.cli.app import Format

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
STYLES = [style.value for style in Format]


def acts(text: str) -> list[str]:
    """The characters of a text that a terminal or a browser would act on instead of showing."""
    return [sign for sign in text if unicodedata.category(sign) in ("Cc", "Cf", "Cs") and sign not in "\n\t"]


def commands(text: str) -> list[str]:
    """The lines that a CI runner would obey."""
    return re.findall(r"^\s*::\w.*::|##\[\w+\]", text, re.MULTILINE)


def hostile(submission, text):
    return submission("h_hostile_text", {'TEXT = ""': f"TEXT = {text!a}"})


@attack("H1", "H2", "H3", "H5", "H6")
@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_is_kept_harmless_in_the_verdict(grade, submission, batch_tests, name):
    graded = grade("exercise01", hostile(submission, TEXTS[name]))
    graded.gains_nothing(batch_tests, "ValueError")
    for test in graded.tests:
        for field in ("message", "output", "counterexample", "diagnosis"):
            assert acts(test[field]) == []
            assert commands(test[field]) == []


@attack("H2", "H3", "H5")
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", ["escapes", "commands", "invisible"])
def test_a_hostile_text_does_nothing_in_any_report(report, submission, style, name, observed):
    printed = report("exercise01", hostile(submission, TEXTS[name]), style)
    assert printed
    assert acts(printed) == []
    assert commands(printed) == []
    observed("N")


@attack("H1")
def test_markup_is_text_in_a_comment(report, submission, observed):
    printed = report("exercise01", hostile(submission, MARKUP), "markdown")
    assert "alert(1)" in printed
    fenced = re.sub(r"^(`{3,}|~{3,})[^\n]*\n.*?^\1 *$", "", printed, flags=re.MULTILINE | re.DOTALL)
    outside = re.sub(r"<code>.*?</code>", "", fenced, flags=re.DOTALL)
    for mark in ("<script", "<img", "![x]", "@everyone", "# Passed\n"):
        assert mark not in outside
    assert outside.count("<details>") == outside.count("</details>")
    observed("N")


@attack("H6")
def test_xml_stays_well_formed_and_gains_no_test(report, submission, batch_tests, observed):
    document = ET.fromstring(report("exercise01", hostile(submission, FOR_XML), "junit"))
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
def test_hostile_file_names_are_shown_as_text(report, submission, style, observed):
    folder = submission("honest")
    for name in ("a|b`c.txt", "::error::owned.txt", "line\nbreak.txt", "\x1b[2J.txt", "\u202eyp.elif", "<script>.txt"):
        (folder / name).touch()
    (folder / b"\xff\xfe.txt".decode("utf-8", "surrogateescape")).touch()
    printed = report("exercise01", folder, style)
    assert acts(printed) == []
    assert commands(printed) == []
    if style == "markdown":
        assert "<script>" not in re.sub(r"<code>.*?</code>|`[^`\n]*`", "", printed)
    observed("N")


@attack("Z21")
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("audience", ["learner", "public"])
def test_inputs_of_hidden_tests_do_not_leave_by_what_a_submission_says(report, secretive, style, audience, observed):
    assert "LEAKED" in report("exercise01", "z21_leak", "json", secretive)
    assert "LEAKED" not in report("exercise01", "z21_leak", style, secretive, audience)
    observed("N")
