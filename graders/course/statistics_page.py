"""Render the statistics on a course as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment
from markupsafe import Markup

from graders.course.statistics import ENOUGH, KataStatistics
from graders.report.page import page
from graders.report.wording import points

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
{%- if kata.overridden %}; instructors overrode the points of {{ kata.overridden }}{% endif %}
{%- if kata.excluded %}; {{ kata.excluded|left_out }}{% endif %}.</p>
{%- if kata.tasks %}
<table>
<thead><tr><th scope="col">Task</th><th scope="col">Pass rate</th><th scope="col" class="number">Passed</th>
<th scope="col" class="number">Mean</th><th scope="col" class="number">D</th><th scope="col" class="number">r</th></tr>
</thead>
<tbody>
{%- for task in kata.tasks %}
<tr><th scope="row">{{ task.title }}</th>
<td><progress max="100" value="{{ (100 * task.pass_rate)|round|int }}" aria-label="pass rate">{{ task.pass_rate|share }}
</progress></td>
<td class="number">{{ task.pass_rate|share }} of {{ task.people }}</td><td class="number">{{ task.mean|share }}</td>
<td class="number">{{ task.discrimination|signed }}</td><td class="number">{{ task.rest_correlation|signed }}</td></tr>
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
because almost everyone or almost no one solves it; below 0 something is wrong with the task. <strong>r</strong>: the
correlation of the task's points with those for everything else. Both are left out
if fewer than {{ enough }} people were graded.</p>
<p><strong>Passed</strong> counts everyone who submitted. A task's <strong>pass rate</strong> and every
<strong>mean</strong> leave out submissions that could not be graded, and points that a reviewer has yet to give.</p>
<p>A misconception is listed if a submission behaves exactly like a known mistake.</p>
"""


def render(katas: Sequence[KataStatistics], people: int, as_of: str) -> str:
    """Return the HTML page. The text `as_of` is the date of the statistics."""
    environment = Environment(autoescape=True)
    environment.filters |= {"share": share, "signed": signed, "left_out": left_out}
    body = environment.from_string(_BODY).render(katas=katas, people=people, as_of=as_of, enough=ENOUGH)
    return page("How the katas were solved", Markup(body))


def left_out(excluded: int) -> str:
    """Say how many people are excluded and therefore not in the statistics."""
    people = "person whom an instructor excluded is" if excluded == 1 else "people whom instructors excluded are"
    return f"{excluded} {people} left out of all numbers"


def share(value: float) -> str:
    """Format a share as a percentage."""
    return f"{100 * value:.0f} %"


def signed(value: float | None) -> str:
    """Format a coefficient with a typographic minus sign, or None as a dash."""
    return "–" if value is None else points(value).replace("-", "−") if value < 0 else f"{value:.2f}"
