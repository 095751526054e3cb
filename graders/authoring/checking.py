"""Check a kata by grading its stub, its solution and its variants as if they were submissions.

On request, `katas check` also grades every mutant of the solution. The suite must reject all mutants except those that
are listed as equivalent. The solution and the accepted variants can also be graded repeatedly on fresh inputs, and they
must pass every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from graders import intake
from graders.authoring.check_faults import (
    diagnosis_fault,
    explanation_gap,
    fails_visibly,
    is_seen,
    passing_fault,
    readme_fault,
    seen_fault,
    stub_fault,
    template_fault,
    wrong_fault,
)
from graders.authoring.mutation import Mutant, mutants_of, read_equivalents
from graders.catalogue import Kata, Variant
from graders.errors import KataError
from graders.output.progress_bar import LineReporter, progress_bar
from graders.verdict import Verdict

LEGEND = """\
- **rejected**: wrong answers with one misconception each (`graders/hidden/<kata>/wrong/`) that fail the task they
  target; **accepted**: right answers in other styles (`accept/`) that pass.
- **seen** by visible tests: wrong answers that the visible tests catch, out of those that a visible test could catch.
  The number in brackets counts the others, which only a hidden test can catch; the third line of each of their
  files says why.
- **green, then passed**: answers by authors who had only the README, the stub and the visible tests. The figure counts
  those that also pass officially, out of those that pass the visible tests of the core tasks.
- **diagnosed**: wrong answers whose misconception the judge recognised and explained. The judge never named a wrong
  misconception.
- **mutants killed**: copies of the solution with one small change (to an operator, a constant, a keyword or a
  statement) that the suite rejects. The equivalent ones, which no test can tell apart from the solution, are listed
  with the reason in `graders/hidden/<kata>/equivalent.toml`.
- **false alarms**: grading runs that did not pass although the answer is right. These runs cycle through the solution
  and the accepted answers, each time on fresh inputs.
"""


@dataclass(frozen=True)
class CheckPlan:
    """The checks to run in addition to those on the stub, the solution and the variants."""

    mutation: bool = False
    flakes: int = 0  # the number of additional grading runs on right answers
    every: int = 1  # check only every n-th variant, to save time
    seed: bytes | None = None  # the seed of all runs except the `flakes`; None draws fresh inputs for every run

    def share(self, variants: Sequence[Variant]) -> Sequence[Variant]:
        return variants[:: self.every]


@dataclass(frozen=True)
class CheckFinding:
    """The result of checking one part of a kata. `fault` is empty if nothing is wrong with that part."""

    kind: str  # "README", "explanation", "stub", "solution", "wrong", "accept", "mutant", "equivalent" or "flake"
    name: str
    fault: str
    diagnosed: bool = False
    seen: bool | None = None  # whether visible tests catch a wrong variant; None if they need not
    unseen: str = ""  # the fault if visible tests miss a wrong variant, or catch one that is marked hidden_only
    green: bool | None = None  # whether an independent answer passes the visible tests of the core tasks
    warning: str = ""  # something to improve that is not a fault

    @property
    def subject(self) -> str:
        return f"{self.kind}/{self.name}" if self.kind in ("wrong", "accept") else f"{self.kind} {self.name}".rstrip()


@dataclass(frozen=True)
class CheckTally:
    """All findings on one kata."""

    kata: Kata
    findings: Sequence[CheckFinding]

    def of(self, kind: str) -> list[CheckFinding]:
        return [finding for finding in self.findings if finding.kind == kind]

    def share(self, kind: str) -> str:
        """Return "n/m" if n of the m findings of this kind have no fault."""
        found = self.of(kind)
        return f"{sum(not finding.fault for finding in found)}/{len(found)}"

    @property
    def diagnosed(self) -> str:
        wrong = self.of("wrong")
        return f"{sum(finding.diagnosed for finding in wrong)}/{len(wrong)}"

    @property
    def seen(self) -> str:
        """The number of wrong variants that the visible tests catch, as "caught/expected (+exempt)".

        Exempt variants are marked hidden_only, so the visible tests need not catch them.
        """
        wrong = self.of("wrong")
        asked = [finding.seen for finding in wrong if finding.seen is not None]
        left = len(wrong) - len(asked)
        return f"{sum(asked)}/{len(asked)}" + (f" (+{left})" if left else "")

    @property
    def green(self) -> str:
        """The text "n/m" if n of the m independent answers that pass the visible core tests pass the kata."""
        green = [finding for finding in self.of("accept") if finding.green]
        return f"{sum(not finding.fault for finding in green)}/{len(green)}" if green else "none"

    @property
    def false_alarms(self) -> str:
        """The text "n/m" if n of m gradings of right answers did not pass, or "not measured"."""
        runs = self.of("flake")
        if not runs:
            return "not measured"
        return f"{sum(bool(run.fault) for run in runs)}/{len(runs)}"

    @property
    def faults(self) -> list[CheckFinding]:
        return [finding for finding in self.findings if finding.fault or finding.unseen]

    def lines(self) -> Iterator[str]:
        """Yield a summary line for the kata, and a line for each fault and each warning."""
        counts = [
            f"wrong rejected {self.share('wrong')}",
            f"seen by visible tests {self.seen}",
            f"diagnosed {self.diagnosed}",
            f"accepted {self.share('accept')}",
        ]
        if any(finding.green is not None for finding in self.of("accept")):
            counts.append(f"green, then passed {self.green}")
        if self.of("mutant"):
            counts.append(f"mutants killed {self.share('mutant')}")
        if self.of("equivalent"):
            counts.append(f"equivalent {len(self.of('equivalent'))}")
        counts.append(f"false alarms {self.false_alarms}")
        yield f"{self.kata.slug}: {', '.join(counts)}"
        for finding in self.faults:
            yield f"  {finding.subject} {finding.fault or finding.unseen}"
        yield from (f"  warning: {finding.warning}" for finding in self.findings if finding.warning)


def check_katas(judge: Any, katas: Sequence[Kata], plan: CheckPlan) -> list[CheckTally]:
    """Check each kata, print the findings and return them. On Ctrl-C, print the findings so far."""
    mutants = {kata.slug: _mutants(kata) if plan.mutation else [] for kata in katas}
    work = {kata.slug: _amount(kata, plan) + len(mutants[kata.slug]) for kata in katas}
    tallies: list[CheckTally] = []
    with progress_bar() as progress:
        bar = progress.add_task("checking", total=sum(work.values()))
        reporter = LineReporter(sum(work.values()))
        for kata in katas:
            findings: list[CheckFinding] = []
            tally = CheckTally(kata, findings)
            try:
                for finding in findings_of(judge, kata, plan, mutants[kata.slug]):
                    findings.append(finding)
                    progress.update(bar, advance=1, description=f"{kata.slug}: {finding.subject[:28]}")
                    reporter.advance(kata.slug)
            except KeyboardInterrupt:
                progress.stop()
                print(f"{kata.slug}: interrupted after {len(findings)} of {work[kata.slug]} runs. Findings so far:")
                _print(tally)
                raise
            progress.console.file.flush()
            _print(tally)
            tallies.append(tally)
    short = sum(len(tally.faults) for tally in tallies)
    print(f"{_counted(len(katas), 'kata')} checked, {_counted(short, 'finding') if short else 'clean'}")
    return tallies


def _print(tally: CheckTally) -> None:
    for line in tally.lines():
        print(line, flush=True)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


HEAD = """\
# How accurate the test suites are

`katas check KATA --mutation --flakes N --table FILE` writes this page, with a row for every kata that it checks. Rows
of other katas stay as they are. The last column says how many runs on right answers were made. All submissions behind
these figures ran in the sandbox.

| kata | rejected | seen | accepted | green, then passed | diagnosed | mutants killed | equivalent | false alarms |
|---|---|---|---|---|---|---|---|---|
"""


def as_table(tallies: Sequence[CheckTally], before: str = "") -> str:
    """Return the tallies as a Markdown page. The rows for other katas are copied from `before`, the current page."""
    rows = {row.split("|")[1].strip(): row for row in before.split("|---|\n")[-1].splitlines() if row.startswith("| ")}
    for tally in tallies:
        mutants = tally.share("mutant") if tally.of("mutant") else "not run"
        equivalent = str(len(tally.of("equivalent"))) if tally.of("mutant") else "not run"
        row = [
            tally.kata.slug,
            tally.share("wrong"),
            tally.seen,
            tally.share("accept"),
            tally.green,
            tally.diagnosed,
            mutants,
            equivalent,
            tally.false_alarms,
        ]
        rows[tally.kata.slug] = f"| {' | '.join(row)} |"
    return HEAD + "".join(f"{rows[slug]}\n" for slug in sorted(rows)) + f"\n{LEGEND}"


def _amount(kata: Kata, plan: CheckPlan) -> int:
    return 4 + len(plan.share(kata.wrong)) + len(plan.share(kata.accept)) + plan.flakes


def findings_of(
    judge: Any, kata: Kata, plan: CheckPlan, mutants: Sequence[tuple[str, Mutant]] = ()
) -> Iterator[CheckFinding]:
    """Yield the findings on the texts, the stub, the solution, the variants, the mutants and the repeated runs."""
    fresh = partial(_graded, judge, kata)
    graded = partial(fresh, seed=plan.seed)
    strict = partial(graded, require_extras=True)  # the solution must always pass the extra tasks too
    solution = intake.solved(kata)
    yield CheckFinding("README", "", readme_fault(kata))
    yield CheckFinding("explanation", "", "", warning=explanation_gap(kata))
    yield CheckFinding("stub", "", stub_fault(graded(intake.in_katas(kata))))
    yield CheckFinding("solution", "", passing_fault(strict(solution)))
    for variant in plan.share(kata.wrong):
        files, tasks, every = variant.submission(solution), _tasks_for(kata, variant), kata.tasks_of(variant.replaces)
        verdict = graded(files, diagnosing=True, tasks=tasks)
        named = {test.diagnosis for test in verdict.tests} - {""}
        seen = is_seen(verdict, partial(graded, files, tasks=every, visible=True))
        yield CheckFinding(
            "wrong",
            variant.path.stem,
            template_fault(variant) or wrong_fault(verdict, variant) or diagnosis_fault(named, variant),
            diagnosed=bool(named),
            seen=None if variant.hidden_only else seen,
            unseen=seen_fault(variant, seen=seen),
        )
    for variant in plan.share(kata.accept):
        verdict = graded(variant.submission(solution), **_how_accepted(kata, variant))
        decisive = {task.name for task in kata.tasks if kata.require_extras or not task.extra}
        green = not fails_visibly(verdict, decisive) if variant.mark == "independent" else None
        yield CheckFinding("accept", variant.path.stem, passing_fault(verdict), green=green)
    if plan.mutation:
        yield from _mutation_findings(strict, kata, solution, mutants)
    right: list[tuple[str, dict[str, bytes], dict[str, Any]]] = [
        ("solution", solution, {"require_extras": True}),
        *((f"accept/{each.path.stem}", each.submission(solution), _how_accepted(kata, each)) for each in kata.accept),
    ]
    for number in range(plan.flakes):
        name, files, how = right[number % len(right)]
        yield CheckFinding("flake", name, passing_fault(fresh(files, **how)))


def _how_accepted(kata: Kata, variant: Variant) -> dict[str, Any]:
    """Return the options for grading an accepted variant.

    A variant with a mark need not pass the extra tasks, unless its file affects only extra tasks.
    """
    tasks = kata.tasks_of(variant.replaces) - set(variant.without)
    alone = all(task.extra for task in kata.tasks if task.name in tasks)
    return {"tasks": tasks, "require_extras": True if alone or not variant.mark else None}


def _tasks_for(kata: Kata, variant: Variant) -> frozenset[str]:
    """Return the tasks on which to grade a wrong variant.

    In an exercise, these are all tasks that the variant's file affects. In a challenge, they are only the task that
    the variant must fail and the prerequisites of that task, to save time.
    """
    tasks = kata.tasks_of(variant.replaces)
    return tasks if kata.kind == "exercise" else tasks & kata.with_earlier([str(variant.task)])


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
        files = solution | {name: mutant.source.encode()}
        verdict = graded(files, tasks=kata.tasks_of(name), thorough=False)
        survives = not passing_fault(verdict)
        where = f"{name}, line {mutant.line}, {mutant.change}:"
        if mutant.change in reasons:
            fault = "" if survives else f"is listed in {listing.name}, but is {verdict.status}: remove it from the list"
            yield CheckFinding("equivalent", where, fault)
        else:
            yield CheckFinding(
                "mutant", where, "survives: no test distinguishes it from the solution" if survives else ""
            )
    known = {mutant.change for _, mutant in mutants}
    for change in reasons:
        if change not in known:
            yield CheckFinding(
                "equivalent", f"{change}:", f"is listed in {listing.name}, but is not a mutant of the solution"
            )


def _graded(
    judge: Any,
    kata: Kata,
    files: dict[str, bytes],
    *,
    diagnosing: bool = False,
    tasks: frozenset[str] = frozenset(),
    thorough: bool = True,
    seed: bytes | None = None,
    require_extras: bool | None = None,
    visible: bool = False,
) -> Verdict:
    """Return the verdict on these files. Raises KataError if the judge itself failed."""
    verdict: Verdict = judge.grade_files(
        kata.slug,
        files,
        seed=seed,
        diagnosing=diagnosing,
        tasks=tasks,
        reducing=False,
        thorough=thorough,
        require_extras=require_extras,
        visible=visible,
    )
    if verdict.status == "error" and not verdict.tests:
        raise KataError(f"{kata.slug} cannot be checked: {verdict.message}")
    return verdict
