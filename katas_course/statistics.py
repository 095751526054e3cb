"""Compute pass rates, discrimination and misconceptions for the tasks of a course."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from jinja2 import Environment

from graders.report.html import page
from graders.report.wording import points
from graders.verdict import TaskResult, Verdict
from katas_course.gradebook.results import KataResult

GROUP = 0.27  # the share of people in each of the upper and the lower group (Kelley, 1939)
ENOUGH = 10  # the smallest number of people for which it is computed
SHOWN = 5  # misconceptions shown per task
GRADED = ("passed", "partial", "failed", "blocked")


@dataclass(frozen=True)
class TaskStatistics:
    """Statistics on a task, computed from everyone for whom it was graded.

    `pass_rate` and `mean`, the mean share of the points, range from 0 to 1. The function `discrimination` explains
    the coefficient. `misconceptions` holds the most frequent diagnoses, with the number of people who got each.
    """

    name: str
    title: str
    people: int
    pass_rate: float
    mean: float
    discrimination: float | None
    misconceptions: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class KataStatistics:
    """Statistics on a kata: the numbers of people who submitted and who passed, and the mean share of the points.

    The `excluded` people are in none of the other numbers.
    """

    slug: str
    title: str
    people: int
    passed: int
    ungradable: int
    submissions: int
    mean: float
    tasks: tuple[TaskStatistics, ...]
    excluded: int = 0


def of_katas(results: Sequence[KataResult]) -> list[KataStatistics]:
    """Return statistics on every kata, computed from the submissions that count, without excluded people."""
    totals: defaultdict[str, float] = defaultdict(float)
    for result in included(results):
        totals[result.person] += sum(task.score for task in _tasks(result.verdict))
    slugs = sorted({each.kata for each in results})
    return [_kata(slug, [each for each in results if each.kata == slug], totals) for slug in slugs]


def included(results: Sequence[KataResult]) -> list[KataResult]:
    """Return the results of the people who are not excluded from the kata."""
    return [result for result in results if not result.mark.excluded]


def discrimination(shares: Sequence[float], rest: Sequence[float]) -> float | None:
    """Return the discrimination index D of a task, or None if it is undefined or too few people were graded.

    `shares` holds each person's share of the points for the task, and `rest` the person's points for all other tasks.
    Ranked by the latter, D is the mean share in the upper 27 % of people minus that in the lower 27 %. If people tie at
    the edge of a group, the group includes all of them.
    """
    size = round(GROUP * len(shares))
    if len(shares) < ENOUGH or len(set(rest)) < 2:
        return None
    ranked = sorted(rest)
    low, high = ranked[size - 1], ranked[-size]
    lower = [share for share, other in zip(shares, rest, strict=True) if other <= low]
    upper = [share for share, other in zip(shares, rest, strict=True) if other >= high]
    return fmean(upper) - fmean(lower)


def _tasks(verdict: Verdict | None) -> list[TaskResult]:
    return [] if verdict is None else [task for task in verdict.tasks if task.status in GRADED]


def _kata(slug: str, everyone: Sequence[KataResult], totals: Mapping[str, float]) -> KataStatistics:
    results = included(everyone)
    verdicts = [result.verdict for result in results if result.verdict is not None]
    names = list(dict.fromkeys(task.name for verdict in verdicts for task in verdict.tasks))
    possible = [each for each in map(_share, results) if each is not None]
    return KataStatistics(
        slug=slug,
        title=next((verdict.title for verdict in verdicts if verdict.title), slug),
        people=len(results),
        passed=sum(result.passed for result in results),
        ungradable=sum(verdict.status == "ungradable" for verdict in verdicts),
        submissions=sum(not each.attempt.by for result in results for each in result.standings),
        mean=fmean(possible) if possible else 0.0,
        tasks=tuple(_task(name, results, totals) for name in names),
        excluded=len(everyone) - len(results),
    )


def _share(result: KataResult) -> float | None:
    """Return the share of the points before late penalties, or an instructor's decision. None means ungradable."""
    if result.is_decided and result.mark.maximum:
        return result.mark.points / result.mark.maximum
    verdict = result.verdict
    return verdict.score / verdict.max_score if verdict and verdict.tasks and verdict.max_score else None


def _task(name: str, results: Sequence[KataResult], totals: Mapping[str, float]) -> TaskStatistics:
    graded = [
        (result, task) for result in results for task in _tasks(result.verdict) if task.name == name and task.max_score
    ]
    shares = [task.score / task.max_score for _, task in graded]
    rest = [round(totals[result.person] - task.score, 4) for result, task in graded]
    every = [task for result in results if result.verdict for task in result.verdict.tasks if task.name == name]
    titles = [f"{task.title} (extra)" if task.extra else task.title for task in every if task.title]
    diagnoses = Counter(
        diagnosis
        for result, _ in graded
        if result.verdict
        for diagnosis in {test.diagnosis for test in result.verdict.tests if test.task == name and test.diagnosis}
    )
    return TaskStatistics(
        name=name,
        title=titles[0] if titles else name,
        people=len(graded),
        pass_rate=fmean(task.status == "passed" for _, task in graded) if graded else 0.0,
        mean=fmean(shares) if shares else 0.0,
        discrimination=discrimination(shares, rest),
        misconceptions=tuple(sorted(diagnoses.items(), key=lambda each: (-each[1], each[0]))[:SHOWN]),
    )


_BODY = """
<h1>How the katas were solved</h1>
<p class="soft">As of {{ as_of }}: {{ katas|length }} {{ "kata" if katas|length == 1 else "katas" }},
{{ people }} {{ "person" if people == 1 else "people" }}.
Includes only the submissions that count. Made by <code>katas gradebook stats --html</code>.</p>
<table>
<thead><tr><th scope="col">Kata</th><th scope="col" class="number">People</th><th scope="col" class="number">Passed</th>
<th scope="col" class="number">Submissions</th><th scope="col" class="number">Mean points</th></tr></thead>
<tbody>
{%- for kata in katas %}
<tr><th scope="row"><a href="#{{ kata.slug }}">{{ kata.title }}</a> <span class="soft">{{ kata.slug }}</span></th>
<td class="number">{{ kata.people }}</td><td class="number">{{ kata.passed }}</td>
<td class="number">{{ kata.submissions }}</td><td class="number">{{ kata.mean|share }}</td></tr>
{%- endfor %}
</tbody>
</table>
{%- for kata in katas %}
<h2 id="{{ kata.slug }}">{{ kata.title }} <span class="soft">{{ kata.slug }}</span></h2>
<p>{{ kata.passed }} of {{ kata.people }} passed
{%- if kata.ungradable %}; {{ kata.ungradable }} could not be graded{% endif %}
{%- if kata.excluded %}; {{ kata.excluded|left_out }}{% endif %}.</p>
{%- if kata.tasks %}
<table>
<thead><tr><th scope="col">Task</th><th scope="col">Pass rate</th><th scope="col" class="number">Passed</th>
<th scope="col" class="number">Mean</th><th scope="col" class="number">D</th></tr></thead>
<tbody>
{%- for task in kata.tasks %}
<tr><th scope="row">{{ task.title }}</th>
<td><progress max="100" value="{{ (100 * task.pass_rate)|round|int }}" aria-label="pass rate">{{ task.pass_rate|share }}
</progress></td>
<td class="number">{{ task.pass_rate|share }} of {{ task.people }}</td><td class="number">{{ task.mean|share }}</td>
<td class="number">{{ task.discrimination|signed }}</td></tr>
{%- endfor %}
</tbody>
</table>
{%- endif %}
{%- for task in kata.tasks if task.misconceptions %}
<details{% if loop.first %} open{% endif %}><summary>What goes wrong in {{ task.title }}</summary>
<table><thead><tr><th scope="col">Misconception</th><th scope="col" class="number">People</th></tr></thead><tbody>
{%- for sentence, count in task.misconceptions %}
<tr><td>{{ sentence }}</td><td class="number">{{ count }}</td></tr>
{%- endfor %}
</tbody></table></details>
{%- endfor %}
{%- endfor %}
<h2>How to read it</h2>
<p><strong>D</strong>, discrimination: the mean share of a task's points in the top 27 % of people minus that in the
bottom 27 %, ranked by their points for everything else. At 0.3 or more, a task tells people apart; near 0 it does not,
because almost everyone or almost no one solves it; below 0 something is wrong with the task. It is left out if fewer
than {{ enough }} people were graded.</p>
<p><strong>Passed</strong> counts everyone who submitted. A task's <strong>pass rate</strong> and every
<strong>mean</strong> leave out submissions that could not be graded, and points that a reviewer has yet to give.</p>
<p>A misconception is listed if a submission behaves exactly like a known mistake.</p>
"""


def render(katas: Sequence[KataStatistics], people: int, as_of: str) -> str:
    """Return the HTML page. The text `as_of` is the date of the statistics."""
    environment = Environment(autoescape=True)
    environment.filters |= {"share": percentage, "signed": signed, "left_out": left_out}
    body = environment.from_string(_BODY).render(katas=katas, people=people, as_of=as_of, enough=ENOUGH)
    return page("How the katas were solved", body)


def left_out(excluded: int) -> str:
    """Say how many people are excluded and therefore not in the statistics."""
    people = "person whom an instructor excluded is" if excluded == 1 else "people whom instructors excluded are"
    return f"{excluded} {people} left out of all numbers"


def percentage(value: float) -> str:
    """Format a percentage as a percentage."""
    return f"{100 * value:.0f} %"


def signed(value: float | None) -> str:
    """Format a coefficient with a typographic minus sign, or None as a dash."""
    return "–" if value is None else points(value).replace("-", "−") if value < 0 else f"{value:.2f}"
