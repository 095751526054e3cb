"""Check a kata by grading its stub, its solution and its variants as if they were submissions.

On request, `katas check` also grades every mutant of the solution. The suite must reject all mutants except those that
are listed as equivalent. The solution and the accepted variants can also be graded repeatedly on fresh inputs, and they
must pass every time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from graders import intake
from graders.authoring.mutation import Mutant, mutants_of, read_equivalents
from graders.authoring.nulls import null_submissions
from graders.authoring.programs import Tried, tried
from graders.authoring.scaffold import PLACES, UNSAID
from graders.catalogue import Kata, Variant
from graders.errors import KataError
from graders.output.progress_bar import LineReporter, progress_bar
from graders.verdict import TaskResult, Verdict

PAGE = Path(__file__).parent / "static" / "accuracy.md"
ABSENT = ("none", "not run")
HEADINGS = (
    "Why it works",
    "Other ways",
    "In PyTorch",
    "In practice",
    "A question to think about",
    "Where it comes back",
)  # of an explanation, in the recommended order


@dataclass(frozen=True)
class CheckPlan:
    """The checks to run in addition to those on the stub, the solution and the variants."""

    mutation: bool = False
    flakes: int = 0  # the number of additional grading runs on right answers
    every: int = 1  # check only every n-th variant, to save time
    repeat: int = 1  # how often a wrong variant is graded; it must get the same points each time
    programs: bool = False  # whether to run the programs that the failures of wrong variants show
    seed: bytes | None = None  # the seed of all runs except the `flakes`; None draws fresh inputs for every run


@dataclass(frozen=True)
class CheckFinding:
    """The result of checking one part of a kata. `fault` is empty if nothing is wrong with that part."""

    kind: str  # "README", "explanation", "stub", "null", "solution", "wrong", "accept", "mutant", "equivalent", "flake"
    name: str
    fault: str = ""
    diagnosed: bool = False
    seen: bool | None = None  # whether visible tests catch a wrong variant; None if they need not
    unseen: str = ""  # the fault if visible tests miss a wrong variant, or catch one that is marked hidden_only
    green: bool = False  # whether an independent answer passes the visible tests of the core tasks
    warning: str = ""  # something to improve that is not a fault
    programs: tuple[Tried, ...] = ()  # what became of the programs of a wrong variant's failures

    @property
    def subject(self) -> str:
        return f"{self.kind}/{self.name}" if self.kind in ("wrong", "accept") else f"{self.kind} {self.name}".rstrip()


@dataclass(frozen=True)
class CheckTally:
    """All findings on one kata."""

    kata: Kata
    findings: list[CheckFinding] = field(default_factory=list)

    @property
    def faults(self) -> list[CheckFinding]:
        return [finding for finding in self.findings if finding.fault or finding.unseen]

    def figures(self) -> dict[str, str]:
        """Map the name of each figure, in the order of the page, to the figure, such as "3/4" if 3 of 4 are rejected.

        Visible tests need not see variants that are marked hidden_only. "(+1)" counts these.
        """
        wrong, accepted, mutants, equivalent, runs = (
            [finding for finding in self.findings if finding.kind == kind]
            for kind in ("wrong", "accept", "mutant", "equivalent", "flake")
        )
        asked = [finding.seen for finding in wrong if finding.seen is not None]
        green = [not finding.fault for finding in accepted if finding.green]
        exempt = f" (+{len(wrong) - len(asked)})" if len(wrong) > len(asked) else ""
        return {
            "wrong rejected": _share([not finding.fault for finding in wrong]),
            "seen by visible tests": _share(asked) + exempt,
            "accepted": _share([not finding.fault for finding in accepted]),
            "green, then passed": _share(green) if green else "none",
            "diagnosed": _share([finding.diagnosed for finding in wrong]),
            "mutants killed": _share([not finding.fault for finding in mutants]) if mutants else "not run",
            "equivalent": str(len(equivalent)) if mutants else "not run",
            "false alarms": _share([bool(run.fault) for run in runs]) if runs else "not measured",
        }

    def lines(self) -> Iterator[str]:
        """Yield a summary line for the kata, and a line for each fault and each warning."""
        figures = [f"{name} {figure}" for name, figure in self.figures().items() if figure not in ABSENT]
        yield f"{self.kata.slug}: {', '.join(figures)}"
        programs = [each for finding in self.findings for each in finding.programs]
        if programs:
            kinds = Counter(each.kind for each in programs)
            yield f"  programs that print what they report: {kinds['agrees']} of {len(programs)} failures"
            words = Counter(each.test for each in programs if each.kind == "in words")
            yield from (f"  in words: {test}, {count} times" for test, count in words.most_common())
        yield from (f"  {finding.subject} {finding.fault or finding.unseen}" for finding in self.faults)
        yield from (f"  warning: {finding.warning}" for finding in self.findings if finding.warning)


def _share(found: Collection[bool]) -> str:
    return f"{sum(found)}/{len(found)}"


def as_table(tallies: Sequence[CheckTally], before: str = "") -> str:
    """Return the tallies as a Markdown page. The rows for other katas are copied from `before`, the current page."""
    rows = {row.split("|")[1].strip(): row for row in before.split("|---|\n")[-1].splitlines() if row.startswith("| ")}
    for tally in tallies:
        rows[tally.kata.slug] = f"| {' | '.join([tally.kata.slug, *tally.figures().values()])} |"
    return PAGE.read_text(encoding="utf-8").format(rows="".join(f"{rows[slug]}\n" for slug in sorted(rows)))


def check_katas(judge: Any, katas: Sequence[Kata], plan: CheckPlan) -> list[CheckTally]:
    """Check each kata, print the findings and return them. On Ctrl-C, print the findings so far."""
    mutants = {kata.slug: _mutants(kata) if plan.mutation else [] for kata in katas}
    variants = {kata.slug: len(kata.wrong[:: plan.every]) + len(kata.accept[:: plan.every]) for kata in katas}
    nulls = {kata.slug: len(list(null_submissions(kata))) for kata in katas}
    work = {slug: 4 + nulls[slug] + variants[slug] + len(mutants[slug]) + plan.flakes for slug in mutants}
    tallies: list[CheckTally] = []
    with progress_bar() as progress:
        bar = progress.add_task("checking", total=sum(work.values()))
        reporter = LineReporter(sum(work.values()))
        for kata in katas:
            tally = CheckTally(kata)
            try:
                for finding in findings_of(judge, kata, plan, mutants[kata.slug]):
                    tally.findings.append(finding)
                    progress.update(bar, advance=1, description=f"{kata.slug}: {finding.subject[:28]}")
                    reporter.advance(kata.slug)
            except KeyboardInterrupt:
                progress.stop()
                print(
                    f"{kata.slug}: interrupted after {len(tally.findings)} of {work[kata.slug]} runs. Findings so far:"
                )
                print(*tally.lines(), sep="\n", flush=True)
                raise
            progress.console.file.flush()
            print(*tally.lines(), sep="\n", flush=True)
            tallies.append(tally)
    short = sum(len(tally.faults) for tally in tallies)
    findings = f"{short} finding{'s' * (short > 1)}" if short else "clean"
    print(f"{len(katas)} kata{'s' * (len(katas) > 1)} checked, {findings}")
    return tallies


def findings_of(
    judge: Any, kata: Kata, plan: CheckPlan, mutants: Sequence[tuple[str, Mutant]] = ()
) -> Iterator[CheckFinding]:
    """Yield the findings on the texts, the stub, the solution, the variants, the mutants and the repeated runs."""
    fresh = partial(_graded, judge, kata)
    graded = partial(fresh, seed=plan.seed)
    strict = partial(graded, require_extras=True)  # the solution must always pass the extra tasks too
    solution = intake.solved(kata)
    yield CheckFinding("README", "", _readme_fault(kata))
    yield CheckFinding("explanation", "", warning=explanation_gap(kata))
    yield CheckFinding("stub", "", _stub_fault(graded(intake.in_katas(kata))))
    # The solutions of the katas that this kata builds on may pass tasks of their own.
    earned = _earned(graded(solution | intake.shipped(kata, kata.folder))) if kata.earlier else []
    for answer, files in null_submissions(kata):
        yield CheckFinding("null", f"(each function gives {answer})", _stub_fault(graded(files), earned))
    yield CheckFinding("solution", "", _passing_fault(strict(solution)))
    for variant in kata.wrong[:: plan.every]:
        files = variant.submission(solution)
        # To save time, a challenge grades only the task that the variant must fail, with its prerequisites.
        affected = kata.tasks_of(variant.replaces)
        tasks = affected if kata.kind == "exercise" else affected & kata.with_earlier([str(variant.task)])
        verdict = graded(files, diagnosing=True, reducing=plan.programs, tasks=tasks)
        # This verdict may lack some of the visible tests.
        seen = _fails_visibly(verdict) or _fails_visibly(graded(files, tasks=affected, visible=True))
        finding = _wrong_finding(variant, verdict, seen)
        unequal = _unequal_fault([fresh(files, tasks=affected) for _ in range(plan.repeat)]) if plan.repeat > 1 else ""
        programs = tuple(tried(kata, files, verdict)) if plan.programs else ()
        fault = unequal or finding.fault or _program_fault(programs)
        yield replace(finding, fault=fault, programs=programs)
    for variant in kata.accept[:: plan.every]:
        verdict = graded(variant.submission(solution), **_how_accepted(kata, variant))
        core = {task.name for task in kata.tasks if kata.require_extras or not task.extra}
        green = variant.mark == "independent" and not _fails_visibly(verdict, core)
        yield CheckFinding("accept", variant.path.stem, _passing_fault(verdict), green=green)
    if plan.mutation:
        yield from _mutation_findings(strict, kata, solution, mutants)
    right: list[tuple[str, dict[str, bytes], dict[str, Any]]] = [
        ("solution", solution, {"require_extras": True}),
        *((f"accept/{each.path.stem}", each.submission(solution), _how_accepted(kata, each)) for each in kata.accept),
    ]
    for number in range(plan.flakes):
        name, files, how = right[number % len(right)]
        yield CheckFinding("flake", name, _passing_fault(fresh(files, **how)))


def _graded(judge: Any, kata: Kata, files: dict[str, bytes], *, reducing: bool = False, **how: Any) -> Verdict:
    """Return the verdict on these files. Raises KataError if the judge itself failed."""
    verdict: Verdict = judge.grade_files(kata.slug, files, reducing=reducing, **how)
    if verdict.status == "error" and not verdict.tests:
        raise KataError(f"{kata.slug} cannot be checked: {verdict.message}")
    return verdict


def _readme_fault(kata: Kata) -> str:
    readme = kata.folder / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    left = [place for place in PLACES if place in text]
    return f"{readme}: still contains template text: {'; '.join(map(repr, left))}" if left else ""


def explanation_gap(kata: Kata) -> str:
    """Return a message if the explanation is missing or lacks one of its headings, or an empty string."""
    path = kata.explanation
    name = path.relative_to(kata.root)
    if not path.is_file():
        return f"{name}: there is no explanation for people who have passed. `katas solution --explain` would show it."
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^## (.+?) *$", text, re.MULTILINE)
    lacking = [heading for heading in HEADINGS if heading not in headings]
    return f"{name}: add the heading {', '.join(map(repr, lacking))}, as `## …`." if lacking else ""


def _earned(verdict: Verdict) -> list[str]:
    return [task.name for task in verdict.tasks if task.score]


def _stub_fault(verdict: Verdict, besides: Collection[str] = ()) -> str:
    if verdict.status not in ("failed", "ungradable"):
        return f"is {verdict.status}, but a stub must fail every task {verdict.message}"
    passed = [name for name in _earned(verdict) if name not in besides]
    return f"gets points for {', '.join(passed)}, but a stub must fail every task" if passed else ""


def _unequal_fault(verdicts: Sequence[Verdict]) -> str:
    """Return a message if gradings of the same files on fresh inputs decided a task in different ways."""

    def said(task: TaskResult) -> str:
        return f"partial ({task.score:g} of {task.max_score:g} points)" if task.status == "partial" else task.status

    statuses = [{task.name: said(task) for task in verdict.tasks} for verdict in verdicts]
    for name in dict.fromkeys(name for each in statuses for name in each):
        counts = Counter(each.get(name, verdict.status) for each, verdict in zip(statuses, verdicts, strict=True))
        if len(counts) > 1:
            found = " and ".join(f"{status} {count} times" for status, count in counts.most_common())
            return f"gets different points by chance: the task {name} was {found}"
    return ""


def _passing_fault(verdict: Verdict) -> str:
    if verdict.status in ("passed", "awaiting_review"):
        return ""
    first = next((test for test in verdict.tests if test.status in ("failed", "error")), None)
    said = f"{first.name}: {' '.join(first.message.split())}" if first else verdict.message
    return f"is {verdict.status} but must pass: {said} (--seed {verdict.seed})"


def _fails_visibly(verdict: Verdict, tasks: Collection[str] = ()) -> bool:
    """Return whether a submission is ungradable or fails a visible test of these tasks (by default, of any task)."""
    return verdict.status == "ungradable" or any(
        test.visibility == "visible" and test.status == "failed" and (not tasks or test.task in tasks)
        for test in verdict.tests
    )


def _wrong_finding(variant: Variant, verdict: Verdict, seen: bool) -> CheckFinding:
    """Return the finding on a wrong variant. `seen` says whether a visible test catches it."""
    named = {test.diagnosis for test in verdict.tests} - {""}
    task = next((task for task in verdict.tasks if task.name == variant.task), None)
    failed = [task.name for task in verdict.tasks if task.status in ("failed", "partial")]
    fault = unseen = ""
    if variant.sentence == UNSAID:
        fault = "its first line is still the template: replace it with a sentence that says what is wrong"
    elif task is None:
        fault = f"names the task {variant.task}, which was not graded: {verdict.status} {verdict.message}"
    elif task.name not in failed:
        others = f"; it fails {', '.join(failed)}" if failed else ""
        fault = f"must fail the task {task.name}, which is {task.status}{others} (--seed {verdict.seed})"
    elif other := named - {variant.sentence}:
        fault = f"is diagnosed as a different misconception: {other.pop()}"
    if seen and variant.hidden_only:
        unseen = "is marked hidden_only, but a visible test catches it. Remove its third line."
    elif not seen and not variant.hidden_only:
        unseen = (
            "is caught by hidden tests only. Add a visible test, or give the reason in its third line: # hidden_only: …"
        )
    asked = None if variant.hidden_only else seen
    return CheckFinding("wrong", variant.path.stem, fault, diagnosed=bool(named), seen=asked, unseen=unseen)


def _program_fault(programs: Sequence[Tried]) -> str:
    wrong = next((each for each in programs if each.kind == "is wrong"), None)
    return f"shows a program that does not print what is reported: {wrong.test}: {wrong.said}" if wrong else ""


def _how_accepted(kata: Kata, variant: Variant) -> dict[str, Any]:
    """Return the options for grading an accepted variant.

    A variant with a mark need not pass the extra tasks, unless its file affects only extra tasks.
    """
    tasks = kata.tasks_of(variant.replaces) - set(variant.without)
    alone = all(task.extra for task in kata.tasks if task.name in tasks)
    return {"tasks": tasks, "require_extras": True if alone or not variant.mark else None}


def _mutants(kata: Kata) -> list[tuple[str, Mutant]]:
    solution = intake.shipped(kata, kata.solution)
    modules = [name for name in solution if name.endswith(".py") and kata.declares(name)]
    return [(name, mutant) for name in modules for mutant in mutants_of(solution[name].decode())]


def _mutation_findings(
    graded: Callable[..., Verdict], kata: Kata, solution: dict[str, bytes], mutants: Sequence[tuple[str, Mutant]]
) -> Iterator[CheckFinding]:
    """Yield a finding for every mutant. A mutant that is listed as equivalent must exist and must survive."""
    listing = kata.hidden / "equivalent.toml"
    reasons = read_equivalents(listing)
    for name, mutant in mutants:
        verdict = graded(solution | {name: mutant.source.encode()}, tasks=kata.tasks_of(name), thorough=False)
        survives = not _passing_fault(verdict)
        kind, fault = "mutant", "survives: no test distinguishes it from the solution" if survives else ""
        if mutant.change in reasons:
            said = f"is listed in {listing.name}, but is {verdict.status}: remove it from the list"
            kind, fault = "equivalent", "" if survives else said
        yield CheckFinding(kind, f"{name}, line {mutant.line}, {mutant.change}:", fault)
    known = {mutant.change for _, mutant in mutants}
    for change in (change for change in reasons if change not in known):
        fault = f"is listed in {listing.name}, but is not a mutant of the solution"
        yield CheckFinding("equivalent", f"{change}:", fault)
