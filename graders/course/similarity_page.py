"""Render similar submissions side by side as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from jinja2 import Environment
from markupsafe import Markup

from graders.course.similarity import Comparison, Pair
from graders.report.page import page

STYLE = """
body { max-width: 110rem; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 34rem), 1fr)); gap: 1rem; }
.sides > div { min-width: 0; } .sides h3 { font-size: 1rem; margin: .5rem 0; }
mark { color: inherit; } pre mark { display: inline-block; min-width: 100%; }
mark.level1 { background: var(--under1); box-shadow: -.3rem 0 var(--under3); }
mark.level2 { background: var(--over1); box-shadow: -.3rem 0 var(--over3); }
mark.level3 { background: var(--over2); box-shadow: -.3rem 0 var(--bad); }
td + td, th + th { padding-left: 1rem; }
"""

_BODY = """
<h1>{{ title }}</h1>
<p>{{ pairs|length }} {{ "pair" if pairs|length == 1 else "pairs" }}, the rarest code first. The bits say how rare the
code is that both have, compared with everyone else's and with the kata's own solutions; the median pair has
{{ median_bits|whole }}. They show where to look closer, and prove nothing: right answers to a short task are alike.</p>
<p>Lines: <mark class="level3">only these two answers have it</mark>, <mark class="level2">few answers have it</mark>,
<mark class="level1">many answers have it</mark>. The stub's code, comments and the names of variables do not count.</p>
<table>
<thead><tr><th scope="col">Pair</th><th scope="col" class="number">Bits</th>
<th scope="col">In common</th><th scope="col">First</th></tr></thead>
<tbody>
{%- for pair in pairs %}
<tr><td><a href="#pair{{ loop.index }}">{{ pair.one }} and {{ pair.other }}</a></td>
<td class="number">{{ pair.bits|whole }}</td>
<td>{{ pair.share|percent }} and {{ pair.other_share|percent }}</td><td>{{ pair|first }}</td></tr>
{%- endfor %}
</tbody>
</table>
{%- for pair in pairs %}
<h2 id="pair{{ loop.index }}">{{ pair.one }} and {{ pair.other }}</h2>
<div class="sides">
{%- for person, share, code in pair|sides %}
<div><h3>{{ person }} <span class="soft">{{ share|percent }} in common, submitted {{ submitted_at[person] }}</span></h3>
<pre tabindex="0" aria-label="{{ person }}'s code">{{ code }}</pre></div>
{%- endfor %}
</div>
{%- endfor %}
"""


def render(
    title: str, pairs: Sequence[Pair], comparison: Comparison, submitted_at: Mapping[str, str], median_bits: float
) -> str:
    """Return the HTML page, with the pairs in the given order. `submitted_at` holds every person's time."""
    environment = Environment(autoescape=True)
    environment.filters |= {
        "whole": lambda value: f"{value:.0f}",
        "percent": lambda value: f"{100 * value:.0f} %",
        "first": lambda pair: min((submitted_at[each], each) for each in (pair.one, pair.other))[1],
        "sides": lambda pair: _sides(pair, comparison),
    }
    body = environment.from_string(_BODY).render(
        title=title, pairs=pairs, median_bits=median_bits, submitted_at=submitted_at
    )
    return page(title, Markup(body), STYLE)


def _sides(pair: Pair, comparison: Comparison) -> list[tuple[str, float, Markup]]:
    both = zip(
        (pair.one, pair.other), (pair.share, pair.other_share), comparison.levels(pair.one, pair.other), strict=True
    )
    return [(person, share, _marked(comparison.sources[person], levels)) for person, share, levels in both]


def _marked(source: str, levels: Sequence[int]) -> Markup:
    """Return the code as HTML, with neighbouring lines of one level in one mark."""
    parts = []
    for level, group in groupby(zip(levels, source.split("\n"), strict=True), key=lambda each: each[0]):
        text = "\n".join(line for _, line in group)
        parts.append(
            Markup('<mark class="level{}">{}</mark>').format(level, text) if level else Markup("{}").format(text)
        )
    return Markup("\n").join(parts)
