"""Find similar submissions with copydetect, which uses the winnowing algorithm of MOSS, and rank them by rarity.

Right answers to a short task resemble each other, so the share of code that two people have in common says little. A
pair is therefore ranked by how rare that code is: every fragment that both have counts log2((n - 1) / (d - 1)) bits, if
d of the n compared answers contain it. A fragment that everyone has counts nothing. The kata's own solutions are among
the compared answers, so that the code which the task suggests is common even in a small cohort.
"""

from __future__ import annotations

import io
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import log2
from statistics import median, median_low
from typing import TYPE_CHECKING

from jinja2 import Environment
from markupsafe import Markup, escape

from graders import intake, watchdog
from graders.catalogue import Kata
from graders.errors import KataError
from graders.intake import Submission
from graders.report.html import page

if TYPE_CHECKING:
    from copydetect import CodeFingerprint


TOKENS = 15  # the number of tokens in a fragment, the shortest match that is found
TOKENIZING_S = 5.0  # the limit on CPU time for one person's files; a framework of 100 kB takes less than a second
OF_TWO, OF_FEW = 3, 2  # levels of a line: only these two answers have it; few have it (level 1: many have it)
FEW = 0.1  # the share of all answers up to which a fragment is one that few have


@dataclass(frozen=True)
class Pair:
    """Two people, and the share of each person's code (0 to 1) that also occurs in the other person's code.

    `bits` says how rare the code is that both have: 0 if everyone has it.
    """

    one: str
    other: str
    share: float
    other_share: float
    bits: float = 0.0

    @property
    def most(self) -> float:
        return max(self.share, self.other_share)


@dataclass
class SimilarPairs:
    """The pairs of people whose code is similar, the most remarkable first.

    `median_bits` is the median over all pairs, similar or not. `left_out` holds the people whose files took too long to
    process.
    """

    pairs: list[Pair] = field(default_factory=list)
    median_bits: float = 0.0
    left_out: list[str] = field(default_factory=list)


class Comparison:
    """The comparison of all people's Python files for a kata, ignoring code from the stubs.

    Pairs among the people in `earlier`, from earlier terms, are not looked for. Raises KataError if copydetect is not
    installed.
    """

    def __init__(
        self, kata: Kata, submissions: Mapping[str, Submission], earlier: Mapping[str, Submission] | None = None
    ) -> None:
        try:
            import copydetect  # noqa: F401
        except ImportError:
            raise KataError("copydetect is not installed. Install it: pip install -e '.[cohort]'") from None
        self._stubs = list(_fingerprint(_source(intake.shipped(kata, kata.folder))).hashes)
        self._earlier = frozenset(earlier or ())
        self.left_out: list[str] = []
        self.sources: dict[str, str] = {}
        self._known: dict[str, CodeFingerprint] = {}
        for person, submission in sorted({**(earlier or {}), **submissions}.items()):
            source = _source({each.name: each.data for each in submission.files})
            found = self._limited(source)
            if found is None:
                self.left_out.append(person)
            else:
                self._known[person], self.sources[person] = found, source
        shipped = [each for each in map(self._limited, _shipped_answers(kata)) if each is not None]
        self._answers = len(self._known) + len(shipped)
        self._having = Counter(
            fragment for each in itertools.chain(self._known.values(), shipped) for fragment in each.hashes
        )

    def pairs(self, at_least: float) -> SimilarPairs:
        """Return the pairs in which at least this share of one person's code also occurs in the other person's."""
        from copydetect import compare_files

        result, bits = SimilarPairs(left_out=self.left_out), []
        for (one, mine), (other, theirs) in itertools.combinations(self._known.items(), 2):
            if one in self._earlier and other in self._earlier:
                continue
            bits.append(self._bits(mine, theirs))
            _, (share, other_share), _ = compare_files(mine, theirs)
            pair = Pair(one, other, float(share), float(other_share), bits[-1])
            if pair.most >= max(at_least, 1e-9):  # two people whose code has nothing in common are not a pair
                result.pairs.append(pair)
        result.pairs.sort(key=lambda each: (-each.bits, -each.most, each.one, each.other))
        result.median_bits = median(bits) if bits else 0.0
        return result

    def levels(self, one: str, other: str) -> tuple[list[int], list[int]]:
        """Return the level of every line of both people's code: 0 for a line that the other person does not have."""
        mine, theirs = self._known[one], self._known[other]
        common = mine.hashes & theirs.hashes
        return self._levels_of(one, mine, common), self._levels_of(other, theirs, common)

    def _levels_of(self, person: str, found: CodeFingerprint, common: set[int]) -> list[int]:
        """Return the level that most of the code in each line has."""
        source, levels_at = self.sources[person], [0] * len(found.filtered_code)
        for fragment in common:
            having = self._having[fragment]
            level = OF_TWO if having == 2 else OF_FEW if having <= max(3, FEW * self._answers) else 1
            for start in found.hash_idx[fragment]:
                for position in range(start, start + TOKENS):
                    levels_at[position] = max(levels_at[position], level)
        line_of = list(itertools.accumulate(source, lambda line, sign: line + (sign == "\n"), initial=0))
        by_line: list[list[int]] = [[] for _ in range(line_of[-1] + 1)]
        for position, level in enumerate(levels_at):
            if found.filtered_code[position] != "\n":
                by_line[line_of[min(_in_source(found, position), len(source))]].append(level)
        return [median_low(levels) if levels else 0 for levels in by_line]

    def _bits(self, mine: CodeFingerprint, theirs: CodeFingerprint) -> float:
        """Return how rare the common code is. Fragments overlap, so each one counts for one token only."""
        others = max(1, self._answers - 1)
        common = mine.hashes & theirs.hashes
        return sum(sorted(log2(others / (self._having[each] - 1)) for each in common)) / TOKENS

    def _limited(self, source: str) -> CodeFingerprint | None:
        """Return the fingerprint of a source, or None if it takes too long."""
        try:
            with watchdog.cpu_limit(TOKENIZING_S):
                return _fingerprint(source, self._stubs)
        except watchdog.OutOfTime:
            watchdog.stop()
            return None


def _in_source(found: CodeFingerprint, index: int) -> int:
    """Return the position in the source of a position in the filtered code."""
    if not len(found.offsets):
        return index
    row = int(found.offsets[:, 0].searchsorted(index))
    return index + int(found.offsets[min(row, len(found.offsets) - 1), 1])


def _shipped_answers(kata: Kata) -> Iterator[str]:
    """Yield the sources of the shipped solution and of the accepted answers, if this repository has them."""
    solution = intake.shipped(kata, kata.solution)
    if solution:
        yield _source(solution)
        earlier = intake.shipped_earlier(kata)
        for variant in kata.accept:
            files = variant.submission(earlier | solution)
            yield _source({name: data for name, data in files.items() if name not in earlier})


def _fingerprint(source: str, known: list[int] | None = None) -> CodeFingerprint:
    from copydetect import CodeFingerprint

    return CodeFingerprint("submission.py", TOKENS, 1, known, fp=io.StringIO(source))


def _source(files: Mapping[str, bytes]) -> str:
    return "\n".join(data.decode("utf-8", "replace") for name, data in sorted(files.items()) if name.endswith(".py"))


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


def _sides(pair: Pair, comparison: Comparison) -> Iterator[tuple[str, float, Markup]]:
    people = (pair.one, pair.share), (pair.other, pair.other_share)
    for (person, share), levels in zip(people, comparison.levels(pair.one, pair.other), strict=True):
        yield person, share, _marked(comparison.sources[person], levels)


def _marked(source: str, levels: Sequence[int]) -> Markup:
    """Return the code as HTML, with neighbouring lines of one level in one mark."""
    parts = []
    for level, group in groupby(zip(levels, source.split("\n"), strict=True), key=lambda each: each[0]):
        text = escape("\n".join(line for _, line in group))
        parts.append(Markup('<mark class="level{}">{}</mark>').format(level, text) if level else text)
    return Markup("\n").join(parts)
