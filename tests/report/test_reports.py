"""Reports: golden files for each format, and hostile text in every field.

`PYTHONPATH=. python tests/report/test_reports.py` rewrites the golden files. Read the difference before you commit it.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console

from graders.errors import KataError
from graders.report import FORMATS, render, terminal
from graders.report.text import clean, clean_line
from graders.verdict import Speed, TaskResult, TestResult, Verdict, from_json, schema
from tests.late import Late

GOLDEN = Path(__file__).parents[1] / "golden"
KINDS = ("right", "wrong", "blocked", "ungradable", "error", "extras")
FILES = {
    "terminal": "terminal.txt",
    "json": "json.json",
    "markdown": "markdown.md",
    "html": "page.html",
    "junit": "junit.xml",
    "csv": "table.csv",
    "gradescope": "gradescope.json",
}
JUNIT = etree.XMLSchema(etree.parse(GOLDEN / "junit.xsd"))
jsonschema, markdown_it = Late("jsonschema"), Late("markdown_it")
SCHEMA = schema()
NASTY = (
    "\x1b[2J\x1b]0;title\x07", "\x9b31m", "\x00", "\ud800", "\u202e", "\u200b", "\ufffe", "\r", "\r\n", "\x85",
    "\u2028", "\n", "\t", " ", "]]>", "<script>alert(1)</script>", "</pre></details>", "<!--", "&amp;", "```", "````",
    "~~~", "`", "|", "\n::error::x", "::", "##[add-mask]", "##", "[", "[link](http://a.b)", "[bold]", "[/]", ":smile:",
    "@everyone", "#1", "www.a.b", "http://a.b", "漢字", "e\u0301\u0301\u0301\u0301", "x" * 90, "# ", "- ", "_a_", "\\",
)  # fmt: skip
any_text = st.lists(st.sampled_from(NASTY) | st.text(st.characters(), max_size=10), max_size=8).map("".join)


def read(kind: str) -> Verdict:
    return from_json((GOLDEN / kind / "verdict.json").read_bytes())


@st.composite
def hostile_verdicts(draw) -> Verdict:
    """Draw a verdict with arbitrary text in every text field."""
    texts = [draw(any_text) for _ in range(11)]
    status = draw(st.sampled_from(["passed", "failed", "awaiting_review", "ungradable", "ungraded", "error"]))
    outcomes = draw(st.lists(st.sampled_from(["passed", "failed", "blocked", "ungraded", "error"]), max_size=5))
    words = {"name": texts[0], "title": texts[1], "blocked_by": (texts[2],), "reviewer": texts[3], "comment": texts[8]}
    task = TaskResult(status="failed", score=0, max_score=1, **words)
    fields = ("message", "counterexample", "expected", "actual", "diagnosis")
    said = {"name": texts[4], **dict(zip(fields, texts[5:7] + texts[9:11] + texts[7:8], strict=True))}
    speed = Speed(ratio=1, low=1, high=1, cpu_ratio=1)
    tests = [
        TestResult(
            task=texts[number % 2],
            visibility="hidden" if number % 2 else "visible",
            status=outcome,
            output=texts[number],
            speed=None if number else speed,
            **said,
        )
        for number, outcome in enumerate(outcomes)
    ]
    statuses = ["failed", "blocked", "error", "awaiting_review"]
    return Verdict(
        kata=texts[1],
        title=texts[2],
        status=status,
        message=texts[3],
        ignored_files=tuple(texts),
        max_score=1,
        tasks=tuple(replace(task, status=status) for status in statuses),
        tests=tuple(tests),
    )


def markdown_tags(report: str) -> set[str]:
    page = html.fromstring("<div>" + markdown_it.MarkdownIt("commonmark").enable("table").render(report) + "</div>")
    return {element.tag if isinstance(element.tag, str) else "comment" for element in page.iter()}


OUR_TAGS = {"div", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"}
OUR_TAGS |= {"code", "pre", "details", "summary", "blockquote", "br"}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_report_equals_its_golden_file(kind, format):
    head = (GOLDEN / "head.html").read_text(encoding="utf-8") if format == "html" else ""
    expected = head + (GOLDEN / kind / FILES[format]).read_text(encoding="utf-8")
    assert render([read(kind)], format, "learner") == expected


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("audience", "detail"), [("learner", "message"), ("learner", "status"), ("public", "counterexample")]
)
def test_no_report_shows_values_of_a_hidden_counterexample(format, audience, detail):
    report = render([replace(read("wrong"), hidden_detail=detail)], format, audience)
    assert "0.1192" not in report
    assert "0.26894" not in report
    assert 'class="map"' not in report


def test_an_unknown_format_is_refused_by_name():
    with pytest.raises(KataError, match=r"'yaml'.*terminal, json, markdown, html, junit"):
        render([], "yaml", "learner")


@pytest.mark.parametrize("format", FORMATS)
def test_no_report_shows_the_seed_or_to_the_public_a_hidden_test(format):
    learner, public = (render([read("wrong")], format, audience) for audience in ("learner", "public"))
    assert read("wrong").seed not in learner + public
    assert not re.search(r"73106|OverflowError|whole batch|np\.array|conftest|row.by.row|ten thousand", public)


@pytest.mark.parametrize("format", FORMATS)
def test_a_concealed_hidden_failure_still_shows_in_its_task(format):
    report = render([replace(read("blocked"), hidden_detail="none")], format, "learner")
    assert "failed" in report.lower()
    assert "a secret" not in report


# json


def test_json_of_none_or_several_katas_is_a_list():
    for count in (0, 2):
        assert len(json.loads(render([read("right")] * count, "json", "learner"))) == count
    assert json.loads(render([read("right")], "json", "learner"))["kata"] == "exercise04"
    assert json.loads(render([read("wrong")], "json", "instructor"))["seed"] == read("wrong").seed  # for a replay


@settings(max_examples=40)
@given(hostile_verdicts())
def test_json_is_valid_for_any_texts(verdict):
    jsonschema.validate(json.loads(render([verdict], "json", "instructor").encode()), SCHEMA)


# html

PAGE_TAGS = {"html", "head", "meta", "title", "style", "body", "main", "section", "h1", "h2", "h3", "p", "strong"}
PAGE_TAGS |= {"span", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "pre", "progress"}


@settings(max_examples=40)
@given(hostile_verdicts())
def test_html_escapes_every_text(verdict):
    document = html.document_fromstring(render([verdict, verdict], "html", "instructor"))
    assert {element.tag if isinstance(element.tag, str) else "comment" for element in document.iter()} <= PAGE_TAGS
    attributes = {name for element in document.iter() for name in element.attrib}
    assert not {name for name in attributes if name.startswith("on") or name in ("href", "src")}


def test_html_is_self_contained_and_allows_no_other_content():
    report = render([read("wrong")], "html", "learner")
    assert "default-src 'none'" in report
    assert not re.search(r"https?://|url\(|@import", report)


# junit


@pytest.mark.parametrize("kind", KINDS)
def test_junit_counts_match_its_content(kind):
    (suite,) = etree.fromstring(render([read(kind)], "junit", "learner").encode())
    counted = [len(list(suite.iter(tag))) for tag in ("testcase", "failure", "error", "skipped")]
    assert [int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")] == counted


@pytest.mark.parametrize(
    ("kind", "tag", "changes"),
    [
        ("ungradable", "failure", {"tests": ()}),
        ("error", "error", {"tests": ()}),
        ("blocked", "failure", {"hidden_detail": "none"}),
    ],
)
def test_junit_is_not_green_when_no_test_ran_or_the_failing_one_is_concealed(kind, tag, changes):
    report = etree.fromstring(render([replace(read(kind), **changes)], "junit", "learner").encode())
    assert len(list(report.iter(tag))) == 1


@settings(max_examples=40)
@given(hostile_verdicts())
def test_junit_is_valid_by_its_schema_for_any_texts(verdict):
    JUNIT.assertValid(etree.fromstring(render([verdict, verdict], "junit", "instructor").encode()))


# markdown


MARKED = Verdict(
    kata="alpha",
    status="failed",
    score=2,
    max_score=3,
    tasks=(
        TaskResult(name="why", title="Why", status="partial", score=2, max_score=3, reviewer="Grace", comment="A\nB"),
    ),
    tests=(TestResult(name="test_words", task="why", visibility="visible", status="passed"),),
)


@pytest.mark.parametrize("audience", ["learner", "public", "instructor"])
@pytest.mark.parametrize("form", FORMATS)
def test_points_lost_in_review_are_not_blamed_on_a_test(form, audience):
    report = render([MARKED], form, audience)
    assert "not shown" not in report
    if form in ("terminal", "markdown", "html", "junit", "gradescope"):
        assert "reviewed by " + ("a person" if audience == "public" else "Grace") in report
        lines = {"html": "A\nB", "markdown": "A<br>B", "terminal": "│ A\n  │ B", "junit": "A\nB"}
        assert (lines.get(form, "A\\nB") in report) == (audience != "public")
    if audience == "public":
        assert "Grace" not in report


def test_a_comment_of_any_2000_characters_is_in_the_markdown():
    """In the longest case, every character becomes an entity."""
    comment = "\U0001f600" * 2_000
    report = render([replace(MARKED, tasks=(replace(MARKED.tasks[0], comment=comment),))], "markdown")
    assert report.count("&#128512;") == 2_000
    assert "2 / 3" in report


@settings(max_examples=40)
@given(hostile_verdicts())
def test_markdown_has_no_foreign_markup_mentions_or_commands(verdict):
    report = render([verdict], "markdown", "instructor")
    assert markdown_tags(report) <= OUR_TAGS
    page = html.fromstring("<div>" + markdown_it.MarkdownIt("commonmark").enable("table").render(report) + "</div>")
    prose = "".join(page.xpath("//text()[not(ancestor::code)]"))
    assert not re.search(r"[@#]\w|https?://|www\.", re.sub("http(?=://)", "", prose))
    assert not re.search(r"^\s*::|##\w*\[", report, re.MULTILINE)


@pytest.mark.parametrize(
    "character",
    ["x", "\n::error::", "\U0001f600", *(pytest.param(each, marks=pytest.mark.deep) for each in ("漢", "`", "|", "<"))],
)
def test_markdown_is_at_most_60_kilobytes(character):
    huge = (character * 20_000)[:20_000]
    test = TestResult(name=huge, task=huge, visibility="visible", status="failed", message=huge, output=huge)
    task = TaskResult(name=huge, title=huge, status="failed", score=0, max_score=1)
    verdict = Verdict(
        kata=huge, title=huge, status="failed", message=huge, ignored_files=(huge,) * 50, tasks=(task,) * 90,
        tests=(test,) * 20,
    )  # fmt: skip
    report = render([verdict] * 3, "markdown", "learner")
    assert 5_000 < len(report.encode()) <= 60_000
    assert "left out" in report


# terminal


def test_a_verdict_is_printed_on_the_console_that_is_given():
    page = io.StringIO()
    terminal.print_verdict(read("wrong"), Console(file=page, width=80))
    assert page.getvalue() == render([read("wrong")], "terminal", "learner")


def test_an_encoding_without_the_symbols_gets_ascii_ones():
    page = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    terminal.print_verdict(read("wrong"), Console(file=page, width=80))
    page.flush()
    assert b"x Softmax (exercise04)" in page.buffer.getvalue()


def shown_failures(count: int = 1, **said: str) -> str:
    failing = TestResult(name="test_it", task="t", visibility="visible", status="failed", **said)
    return render([Verdict(kata="k", status="failed", tests=(failing,) * count)], "terminal", "learner")


def test_a_failure_is_shown_in_few_lines():
    known = "Your code behaves exactly like a known mistake."
    assert f"{known} The bias is added twice." in shown_failures(diagnosis="The bias is added twice")
    assert f"{known} NaN is skipped.\n" in shown_failures(diagnosis="NaN is skipped.")
    report = shown_failures(output="hi\n" * 499 + "the last")
    assert (report.count("hi\n"), "(488 earlier lines)" in report, "the last" in report) == (11, True, True)


def test_wrapping_does_not_break_a_program():
    line = "    return None if values is None else torch.as_tensor(values).detach().numpy().copy()"
    assert f"\n{line}\n" in shown_failures(counterexample=f"def told(values):\n{line}\nprint(told([1]))")


def test_of_many_failures_only_some_are_shown_in_full_and_each_input_once():
    report = shown_failures(20, message="because")
    assert (report.count("because"), "and 7 more." in report) == (3, True)
    report = shown_failures(2, message="wrong", counterexample="print(affine(x))")
    assert (report.count("print(affine(x))"), report.count("It fails on the input shown above.")) == (1, 1)


@settings(max_examples=40)
@given(hostile_verdicts())
def test_a_terminal_report_is_clean_and_fits_80_columns(verdict):
    report = render([verdict], "terminal", "instructor")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", report)
    assert max(map(cell_len, report.split("\n"))) <= 80
    assert not re.search(r"^\s*::|##\w*\[", report, re.MULTILINE)


def test_wrapping_puts_no_command_at_the_start_of_a_line():
    verdicts = [Verdict(kata="k", status="error", message="x" * width + " ::error::forged") for width in range(1, 80)]
    assert not re.search(r"^\W*::", render(verdicts, "terminal", "learner").replace("│ ", ""), re.MULTILINE)


# cleaning


@given(any_text, st.integers(min_value=0, max_value=200))
def test_cleaned_text_is_within_its_limit_and_stays_the_same_when_it_is_cleaned_again(text, limit):
    assert len(clean(text, limit)) <= limit
    assert clean(clean(text, limit), limit) == clean(text, limit)
    assert len(clean_line(text, 50).splitlines()) <= 1


@pytest.mark.parametrize(
    ("hostile", "clean_text"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://a.b\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\x00b\x07c\ud800d\u202ee", "abcde"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("a\tb", "a   b"),
        ("::error::x", ": :error::x"),
        ("\n  ::set-output name=a::b", "  : :set-output name=a::b"),
        ("say ##[add-mask]x", "say ## [add-mask]x"),
        ("##vso[task.complete]", "## vso[task.complete]"),
        ("x[::2] and a::b", "x[::2] and a::b"),
        ("Größe 漢字 naïve ≤ 3", "Größe 漢字 naïve ≤ 3"),
    ],
)
def test_cleaning_removes_what_acts_and_keeps_readable_text(hostile, clean_text):
    assert clean(hostile) == clean_text


def test_ten_megabytes_are_cut_and_the_cut_is_announced():
    assert re.fullmatch(r"x{3960}… \(9996040 more characters\)", clean("x" * 10_000_000))


if __name__ == "__main__":
    for kind in KINDS:
        for format, name in FILES.items():
            text = render([read(kind)], format, "learner")
            if format == "html":  # all pages share their head
                head, section, rest = text.partition("<section>")
                (GOLDEN / "head.html").write_text(head, encoding="utf-8")
                text = section + rest
            (GOLDEN / kind / name).write_text(text, encoding="utf-8")
