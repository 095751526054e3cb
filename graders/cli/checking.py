"""`katas check`: is a kata fit to be handed out? Its stub, solution and variants are graded as submissions are."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from graders import intake
from graders.catalogue import Kata, Variant
from graders.errors import KataError
from graders.judge.diagnosis import files_with
from graders.verdict import Verdict


@dataclass(frozen=True)
class Finding:
    """One thing looked at: what it was, and what falls short (empty if nothing)."""

    subject: str
    fault: str
    diagnosed: bool = False


def check_katas(judge: Any, katas: Sequence[Kata]) -> int:
    """Check each kata and print a line for it, and one for everything that falls short."""
    from rich.console import Console
    from rich.progress import Progress

    total = sum(2 + len(kata.wrong) + len(kata.accept) for kata in katas)
    short = 0
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        bar = progress.add_task("checking", total=total)
        for kata in katas:
            findings = []
            for finding in findings_of(judge, kata):
                findings.append(finding)
                progress.update(bar, advance=1, description=f"{kata.slug}: {finding.subject}")
            short += sum(bool(finding.fault) for finding in findings)
            for line in _lines(kata, findings):
                progress.console.file.flush()
                print(line, flush=True)
    katas_, findings_ = _counted(len(katas), "kata"), _counted(short, "finding")
    print(f"{katas_} checked, {findings_ if short else 'clean'}")
    return 1 if short else 0


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def findings_of(judge: Any, kata: Kata) -> Iterator[Finding]:
    """Look at the stub, the solution and every variant, one after the other."""
    solution = intake.shipped(kata, kata.solution)
    yield Finding("stub", _stub_fault(_graded(judge, kata, intake.shipped(kata, kata.folder))))
    yield Finding("solution", _passing_fault(_graded(judge, kata, solution)))
    for variant in kata.wrong:
        verdict = _graded(judge, kata, files_with(solution, variant), diagnosing=True)
        named = {test.diagnosis for test in verdict.tests} - {""}
        fault = _wrong_fault(verdict, variant) or _diagnosis_fault(named, variant)
        yield Finding(f"wrong/{variant.path.stem}", fault, diagnosed=bool(named))
    for variant in kata.accept:
        fault = _passing_fault(_graded(judge, kata, files_with(solution, variant)))
        yield Finding(f"accept/{variant.path.stem}", fault)


def _graded(judge: Any, kata: Kata, files: dict[str, bytes], *, diagnosing: bool = False) -> Verdict:
    """The verdict on these files. Raises KataError where nothing of them was graded, for a reason of our own."""
    verdict: Verdict = judge.grade_files(kata.slug, files, diagnosing=diagnosing)
    if verdict.status == "error" and not verdict.tests:
        raise KataError(f"{kata.slug} cannot be checked: {verdict.message}")
    return verdict


def _stub_fault(verdict: Verdict) -> str:
    if verdict.status not in ("failed", "ungradable"):
        return f"is {verdict.status}; every task of a stub must fail {verdict.message}"
    passed = [task.name for task in verdict.tasks if task.score]
    return f"gets points for {', '.join(passed)}; every task of a stub must fail" if passed else ""


def _passing_fault(verdict: Verdict) -> str:
    if verdict.status in ("passed", "awaiting_review"):
        return ""
    first = next((test for test in verdict.tests if test.status in ("failed", "error")), None)
    said = f"{first.name}: {first.message}" if first else verdict.message
    return f"is {verdict.status} and must pass: {said} (--seed {verdict.seed})"


def _wrong_fault(verdict: Verdict, variant: Variant) -> str:
    task = next((task for task in verdict.tasks if task.name == variant.task), None)
    if task is None:
        return f"names the task {variant.task}, which was not graded: {verdict.status} {verdict.message}"
    if task.status in ("failed", "partial"):
        return ""
    failed = [task.name for task in verdict.tasks if task.status in ("failed", "partial")]
    others = f"; failed are {', '.join(failed)}" if failed else ""
    return f"must fail the task {variant.task}, which is {task.status}{others} (--seed {verdict.seed})"


def _diagnosis_fault(named: set[str], variant: Variant) -> str:
    wrong = named - {variant.sentence}
    return f"is diagnosed as another misconception: {wrong.pop()}" if wrong else ""


def _lines(kata: Kata, findings: Sequence[Finding]) -> Iterator[str]:
    wrong = [finding for finding in findings if finding.subject.startswith("wrong/")]
    accept = [finding for finding in findings if finding.subject.startswith("accept/")]
    caught = sum(not finding.fault for finding in wrong)
    passed = sum(not finding.fault for finding in accept)
    diagnosed = sum(finding.diagnosed for finding in wrong)
    yield (
        f"{kata.slug}: wrong rejected {caught}/{len(wrong)}, diagnosed {diagnosed}/{len(wrong)}, "
        f"accepted {passed}/{len(accept)}"
    )
    for finding in findings:
        if finding.fault:
            yield f"  {finding.subject} {finding.fault}"
