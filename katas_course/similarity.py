"""Find similar submissions by the parts of their syntax trees that they share, and rank them by how rare these are.

Names that a submission chooses itself make no difference, nor do comments, docstrings, annotations, layout and the
order of functions. Right answers to a short task resemble each other, so the share of code that two people have in
common says little. Each shared part therefore counts log2((n - 1) / (d - 1)) bits, if d of the n compared answers
contain it. A part that everyone has counts nothing. The kata's own solutions are among the compared answers, so that
the code which the task suggests is common even in a small cohort. Code from the stub and README is left out.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import fsum, log2

from jinja2 import Environment
from markupsafe import Markup, escape

from graders import intake
from graders.catalogue import Kata
from graders.intake import Submission
from graders.report.html import page

LEAST_NODES = 4  # the smallest part that counts; `x[i]` has 3 nodes
LONGEST = 100_000  # in characters of one person's code; parsing that much takes up to 2 s
OF_THESE, OF_FEW = 3, 2  # levels of a line: only these answers have it; few have it (level 1: many have it)
FEW = 0.1  # the share of all answers up to which a part is one that few have
IGNORED = {"annotation", "returns", "ctx", "kind", "type_comment"}  # fields of nodes
FLIPPED = {ast.Gt: ast.Lt, ast.GtE: ast.LtE}

Parts = dict[int, list[tuple[int, int]]]  # the first and last lines of all occurrences of each part


@dataclass(frozen=True)
class Match:
    """Similar answers: `people` submitted one and `others` another, or `others` is empty and all submitted the same.

    The shares (0 to 1) say how much of each answer's code also occurs in the other one, weighted by how rare it is.
    `bits` says how rare the code is that both have: 0 if everyone has it.
    """

    people: tuple[str, ...]
    others: tuple[str, ...]
    share: float
    other_share: float
    bits: float

    @property
    def everyone(self) -> tuple[str, ...]:
        return self.people + self.others

    @property
    def sides(self) -> tuple[str, str]:
        """Two people whose answers show the match."""
        return self.people[0], (self.others or self.people[1:])[0]


class Comparison:
    """The comparison of all people's Python files for a kata, ignoring code from the stub and README.

    Matches among the people in `earlier`, from earlier terms, are not looked for. `unparsed` holds the people whose
    code is not compared, because it is too long or cannot be parsed.
    """

    def __init__(
        self, kata: Kata, submissions: Mapping[str, Submission], earlier: Mapping[str, Submission] | None = None
    ) -> None:
        self._earlier = frozenset(earlier or ())
        self.sources = {
            person: _source({each.name: each.data for each in submission.files})
            for person, submission in sorted({**(earlier or {}), **submissions}.items())
        }
        parsed = {person: _parsed(source) for person, source in self.sources.items()}
        self.unparsed = [person for person, parts in parsed.items() if parts is None]
        given = {part for source in _given(kata) for part in _parsed(source) or ()}
        self._parts = {
            person: {part: lines for part, lines in parts.items() if part not in given}
            for person, parts in parsed.items()
            if parts is not None
        }
        shipped = [_parsed(source) or {} for source in _shipped_answers(kata)]
        self._having = Counter(part for parts in (*self._parts.values(), *shipped) for part in parts)
        self._answers = len(self._parts) + len(shipped)

    def matches(self, at_least: float) -> list[Match]:
        """Return who submitted the same, and each two answers that share at least this part, the rarest code first."""
        same: dict[frozenset[int], tuple[str, ...]] = {}
        for person, found in self._parts.items():
            if parts := frozenset(found):
                same[parts] = (*same.get(parts, ()), person)
        bits_of = {parts: self._bits(parts) for parts in same}
        result = [Match(people, (), 1.0, 1.0, bits_of[parts]) for parts, people in same.items() if len(people) > 1]
        for (mine, people), (theirs, others) in itertools.combinations(same.items(), 2):
            bits = self._bits(mine & theirs)
            if bits and bits >= at_least * max(bits_of[mine], bits_of[theirs]):
                result.append(Match(people, others, bits / bits_of[mine], bits / bits_of[theirs], bits))
        new = (each for each in result if not self._earlier.issuperset(each.everyone))
        return sorted(new, key=lambda each: (-each.bits, each.everyone))

    def levels(self, match: Match) -> tuple[list[int], list[int]]:
        """Return the level of every line of both sides' code: 0 for a line that the other side does not have."""
        one, other = (self._parts[person] for person in match.sides)
        few = max(3, FEW * self._answers)

        def levels_of(person: str) -> list[int]:
            levels = [0] * (self.sources[person].count("\n") + 1)
            for part, lines in self._parts[person].items():  # a part comes after the smaller parts that it contains
                if part in one and part in other:
                    having = self._having[part]
                    level = 1 if having > few else OF_THESE if having <= len(match.everyone) else OF_FEW
                    for first, last in lines:
                        levels[first - 1 : last] = [level] * (last - first + 1)
            return levels

        return levels_of(match.sides[0]), levels_of(match.sides[1])

    def _bits(self, parts: frozenset[int]) -> float:
        """Return how rare these parts are. A part that only one answer has counts as much as one that two have."""
        others = max(1, self._answers - 1)
        return fsum(log2(others / max(1, self._having[part] - 1)) for part in parts)


def _parsed(source: str) -> Parts | None:
    """Return the parts of a source, or None if Python cannot parse it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as one for an invalid escape sequence
            return _Reader(ast.parse(source)).parts if len(source) <= LONGEST else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # also for NUL characters and deep nesting
        return None


class _Reader:
    """The parts of a syntax tree, by a hash of what they consist of: expressions, statements, headers of blocks."""

    def __init__(self, tree: ast.Module) -> None:
        self.parts: Parts = defaultdict(list)
        self.names: dict[str, str] = {}  # what replaces the names that are the submission's choice
        for node in ast.walk(tree):
            match node:
                case ast.Name(name) | ast.arg(name) | ast.Attribute(_, name, ast.Store()):
                    self.names.setdefault(name, name if hasattr(builtins, name) else "")
                case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                    self.names.setdefault(name, "")
                case ast.alias(name, other):
                    self.names[other or name] = name
        self._read(tree)

    def _read(self, item: object) -> tuple[int, int]:
        """Return a hash of what a node, a list or a value consists of, and its number of nodes."""
        if isinstance(item, str):
            return hash("" if " " in item else self.names.get(item, item)), 0  # no message makes a difference
        if isinstance(item, list):
            inside = [self._read(each) for each in item]
            if item and isinstance(item[0], ast.stmt):
                return 0, 0  # the header of a block is a part without the block
            if len(inside) == 1:
                return inside[0]
            return hash(tuple(part for part, _ in inside)), sum(nodes for _, nodes in inside)
        if not isinstance(item, ast.AST):
            return hash(repr(item)), 0
        node = _plain(item)
        inside = [self._read(value) for name, value in ast.iter_fields(node) if name not in IGNORED]
        nodes = 1 + sum(nodes for _, nodes in inside)
        found = [part for part, _ in inside]
        match node:
            case ast.BinOp(op=ast.Add() | ast.Mult()) | ast.Compare(ops=[ast.Eq() | ast.NotEq()]):
                found.sort()  # the order of the two sides makes no difference
        part = hash((type(node).__name__, *found))
        if nodes >= LEAST_NODES and isinstance(item, ast.stmt | ast.expr):
            block = isinstance(getattr(item, "body", None), list)
            self.parts[part].append((item.lineno, item.lineno if block else item.end_lineno or item.lineno))
        return part, nodes


def _plain(node: ast.AST) -> ast.AST:
    """Return the same as another node if it has several usual spellings: `x += 1`, `x: int = 1`, `1 < x`."""
    match node:
        case ast.AugAssign(target, operator, value):
            return ast.Assign([target], ast.copy_location(ast.BinOp(target, operator, value), node))
        case ast.AnnAssign(target, _, ast.expr() as value):
            return ast.Assign([target], value)
        case ast.Compare(left, [ast.Gt() | ast.GtE() as operator], [right]):
            return ast.Compare(right, [FLIPPED[type(operator)]()], [left])
    return node


def _given(kata: Kata) -> Iterator[str]:
    """Yield the source of the stub, and every line and every piece of a line that README shows as code."""
    yield _source(intake.shipped(kata, kata.folder))
    readme = kata.folder / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    for pieces in re.findall(r"`([^`\n]+)`|^ {4,}(?:>>> )?(.+)$", text, re.MULTILINE):
        yield f"import numpy as np\n{''.join(pieces)}"


def _shipped_answers(kata: Kata) -> Iterator[str]:
    """Yield the sources of the shipped solution and of the accepted answers, if this repository has them."""
    solution = intake.shipped(kata, kata.solution)
    if solution:
        yield _source(solution)
        earlier = intake.shipped_earlier(kata)
        for variant in kata.accept:
            files = variant.submission(earlier | solution)
            yield _source({name: data for name, data in files.items() if name not in earlier})


def _source(files: Mapping[str, bytes]) -> str:
    texts = (data.decode("utf-8-sig", "replace") for name, data in sorted(files.items()) if name.endswith(".py"))
    return "\n".join(texts).replace("\r\n", "\n").replace("\r", "\n")


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
<p>{{ matches|length }} {{ "match" if matches|length == 1 else "matches" }}, the rarest code first. The bits say how
rare the code is that both have, compared with everyone else's and with the kata's own solutions. They show where to
look closer, and prove nothing: right answers to a short task are alike.</p>
<p>Lines: <mark class="level3">only these people have it</mark>, <mark class="level2">few answers have it</mark>,
<mark class="level1">many answers have it</mark>. Code from the stub and README, comments and the names of variables do
not count.</p>
<table>
<thead><tr><th scope="col">People</th><th scope="col" class="number">Bits</th>
<th scope="col">In common</th><th scope="col">First</th></tr></thead>
<tbody>
{%- for match in matches %}
<tr><td><a href="#match{{ loop.index }}">{{ match|who }}</a></td>
<td class="number">{{ match.bits|whole }}</td>
<td>{{ match|shares }}</td><td>{{ match.everyone|first }}</td></tr>
{%- endfor %}
</tbody>
</table>
{%- for match in matches %}
<h2 id="match{{ loop.index }}">{{ match|who }}</h2>
<div class="sides">
{%- for person, code in match|sides %}
<div><h3>{{ person }} <span class="soft">submitted {{ submitted_at[person] }}</span></h3>
<pre tabindex="0" aria-label="{{ person }}'s code">{{ code }}</pre></div>
{%- endfor %}
</div>
{%- endfor %}
"""


def render(title: str, matches: Sequence[Match], comparison: Comparison, submitted_at: Mapping[str, str]) -> str:
    """Return the HTML page, with the matches in the given order. `submitted_at` holds every person's time."""
    environment = Environment(autoescape=True)
    environment.filters |= {
        "who": who,
        "shares": shares,
        "whole": lambda value: f"{value:.0f}",
        "first": lambda people: first(people, submitted_at),
        "sides": lambda match: [
            (person, _marked(comparison.sources[person], levels))
            for person, levels in zip(match.sides, comparison.levels(match), strict=True)
        ],
    }
    body = environment.from_string(_BODY).render(title=title, matches=matches, submitted_at=submitted_at)
    return page(title, body, STYLE)


def who(match: Match) -> str:
    """Return the people of a match: `ada, bob ~ cleo` if ada and bob submitted the same, and cleo something similar."""
    return " ~ ".join(", ".join(people) for people in (match.people, match.others) if people)


def shares(match: Match) -> str:
    """Return how much of each answer is also in the other one."""
    return f"{100 * match.share:.0f} % and {100 * match.other_share:.0f} %" if match.others else "the same"


def first(people: Sequence[str], submitted_at: Mapping[str, str]) -> str:
    """Return who submitted first."""
    return min(people, key=lambda person: (submitted_at[person], person))


def _marked(source: str, levels: Sequence[int]) -> Markup:
    """Return the code as HTML, with neighbouring lines of one level in one mark."""
    parts = []
    for level, group in groupby(zip(levels, source.split("\n"), strict=True), key=lambda each: each[0]):
        text = escape("\n".join(line for _, line in group))
        parts.append(Markup('<mark class="level{}">{}</mark>').format(level, text) if level else text)
    return Markup("\n").join(parts)
