"""Describe what is wrong with a part of a kata.

Every function whose name ends with `_fault` returns an empty string if it finds nothing wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from graders.authoring.scaffold import PLACES, UNSAID
from graders.catalogue import Kata, Variant
from graders.learner import guidance
from graders.verdict import Verdict

HEADINGS = (
    "Why it works",
    "Other ways",
    "In PyTorch",
    "In practice",
    "A question to think about",
    "Where it comes back",
)  # of an explanation, in the recommended order


def readme_fault(kata: Kata) -> str:
    """Return a message that lists the template texts left in the README, or an empty string if none are left."""
    readme = kata.folder / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    left = [place for place in PLACES if place in text]
    return f"{readme}: still contains template text: {'; '.join(map(repr, left))}" if left else ""


def explanation_gap(kata: Kata) -> str:
    """Return a message if the explanation is missing or lacks one of its headings, or an empty string."""
    path = guidance.explanation_of(kata)
    name = path.relative_to(kata.root)
    if not path.is_file():
        return f"{name}: there is no explanation for people who have passed. `katas explain` would show it."
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^## (.+?) *$", text, re.MULTILINE)
    lacking = [heading for heading in HEADINGS if heading not in headings]
    return f"{name}: add the heading {', '.join(map(repr, lacking))}, as `## …`." if lacking else ""


def stub_fault(verdict: Verdict) -> str:
    if verdict.status not in ("failed", "ungradable"):
        return f"is {verdict.status}, but a stub must fail every task {verdict.message}"
    passed = [task.name for task in verdict.tasks if task.score]
    return f"gets points for {', '.join(passed)}, but a stub must fail every task" if passed else ""


def passing_fault(verdict: Verdict) -> str:
    if verdict.status in ("passed", "awaiting_review"):
        return ""
    first = next((test for test in verdict.tests if test.status in ("failed", "error")), None)
    said = f"{first.name}: {' '.join(first.message.split())}" if first else verdict.message
    return f"is {verdict.status} but must pass: {said} (--seed {verdict.seed})"


def template_fault(variant: Variant) -> str:
    if variant.sentence == UNSAID:
        return "its first line is still the template: replace it with a sentence that says what is wrong"
    return ""


def wrong_fault(verdict: Verdict, variant: Variant) -> str:
    task = next((task for task in verdict.tasks if task.name == variant.task), None)
    if task is None:
        return f"names the task {variant.task}, which was not graded: {verdict.status} {verdict.message}"
    if task.status in ("failed", "partial"):
        return ""
    failed = [task.name for task in verdict.tasks if task.status in ("failed", "partial")]
    others = f"; it fails {', '.join(failed)}" if failed else ""
    return f"must fail the task {variant.task}, which is {task.status}{others} (--seed {verdict.seed})"


def fails_visibly(verdict: Verdict, tasks: Collection[str] = ()) -> bool:
    """Return whether a submission is ungradable or fails a visible test of these tasks (by default, of any task)."""
    return verdict.status == "ungradable" or any(
        test.visibility == "visible" and test.status == "failed" and (not tasks or test.task in tasks)
        for test in verdict.tests
    )


def is_seen(verdict: Verdict, graded_visibly: Callable[[], Verdict]) -> bool:
    """Return whether the visible tests catch a wrong answer.

    The verdict may lack some of the visible tests, so `graded_visibly` grades the answer with all of them.
    """
    return fails_visibly(verdict) or fails_visibly(graded_visibly())


def seen_fault(variant: Variant, *, seen: bool) -> str:
    if seen and variant.hidden_only:
        return "is marked hidden_only, but a visible test catches it. Remove its third line."
    if seen or variant.hidden_only:
        return ""
    return "is caught by hidden tests only. Add a visible test, or give the reason in its third line: # hidden_only: …"


def diagnosis_fault(named: set[str], variant: Variant) -> str:
    wrong = named - {variant.sentence}
    return f"is diagnosed as a different misconception: {wrong.pop()}" if wrong else ""
