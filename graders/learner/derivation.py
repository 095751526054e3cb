"""Questions that lead a learner to a formula, which the kata's README shows folded.

`derive.toml` beside the README has them in order. A question asks for a number, a shape or a list of numbers, or for
one of three sentences. Numbers in it are drawn anew whenever it is asked.
"""

from __future__ import annotations

import random
import re
import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from graders.catalogue import Kata
from graders.catalogue.decoding import read_table, record, refuse
from graders.errors import KataError
from graders.learner.guidance import readme_of
from graders.learner.written_numbers import numbers_in
from graders.output.terminal_markdown import FOLDED
from graders.verdict import Record

REVEALED = "show me"  # begins the summary of a README's folded part that a chain leads to
RELATIVE, ABSOLUTE = 5e-3, 1e-3  # how far a number may be off: three digits, or 0.27 for 0.2689, are enough
NEARLY = 5e-2  # the same for two digits, which are not enough
TRIES = 50  # draws of a question's numbers
LETTERS = "abc"
NOTHING = "{} has no questions to derive something with. Its README has all formulas."

_NAME = re.compile(r"\{(\w+)\}")
_UNREAD = "This can't be read as {}. Put the numbers in, for example {}."
_PARTS = "These are the parts. Add them up: there is one number."
_SIGN = "Nearly: look at the sign."
_CLOSE = "That is close. Give three digits of each number."


class Question(Record, frozen=True, kw_only=True):
    """One question: `ask` in Markdown, and either `choices`, the right one first, or an `answer` in Python.

    The kata's author writes expressions in Python with `np` and `rng` into `draw`. `{name}` in `ask` shows such a
    value, and `answer` may use it. `wrong` explains wrong answers: one sentence for each other choice, or pairs of an
    expression and a sentence. `otherwise` explains all other wrong answers. `because` follows the right one.
    `reference` is the same answer computed with the kata's own functions, for the tests of this repository.
    """

    ask: str
    because: str
    choices: tuple[str, ...] = ()
    answer: str = ""
    draw: dict[str, str] = msgspec.field(default_factory=dict)
    wrong: tuple[tuple[str, str] | str, ...] = ()
    otherwise: str = ""
    reference: str = ""

    def values(self, seed: int) -> dict[str, Any]:
        """Return the numbers that this seed draws, by name, as their expressions see them."""
        known: dict[str, Any] = {"np": np, "rng": np.random.default_rng(seed)}
        for name, expression in self.draw.items():
            known[name] = eval(expression, known)
        return known

    def posed(self, seed: int) -> Posed:
        """Return the question with the numbers and the order of choices that this seed draws."""
        known = self.values(seed)
        text = _NAME.sub(lambda name: shown(known[name[1]]) if name[1] in self.draw else name[0], self.ask)
        return Posed(text, tuple(self.choices[place] for place in self._order(seed)))

    def judged(self, seed: int, given: str) -> Judged:
        """Return whether an answer is right, and what to say about it, in Markdown.

        A choice is given by its letter. An answer that can't be read is `Unread`, and its sentence says what to write.
        """
        if self.choices:
            chosen = self._chosen(seed, given)
            if chosen is None:
                return Unread(False, f"Answer with a letter: {', '.join(LETTERS[: len(self.choices)])}.")
            return Judged(chosen == 0, self.because if chosen == 0 else str(self.wrong[chosen - 1]))
        known = self.values(seed)
        right = eval(self.answer, known)
        size = np.size(right)
        number = numbers_in(given, size)
        if number is None:
            several = ("numbers", "`(4, 7)`"), ("a number", "`-0.25` or `2*3 + 1/4`")
            return Unread(False, _UNREAD.format(*several[size == 1]))
        if alike(number, right):
            return Judged(True, self.because)
        return Judged(False, self._explained(number, np.asarray(right, float), known))

    def _explained(self, number: np.ndarray, right: np.ndarray, known: dict[str, Any]) -> str:
        """Return what to say about a wrong answer. A known mistake comes first."""
        for expression, sentence in self._mistakes:
            if alike(number, eval(expression, known)):
                return sentence
        if right.size == 1 and number.size > 1 and alike(number.sum(), right):
            return _PARTS
        if number.size != right.size:
            several = f"{right.size} numbers are asked for."
            one = "One number is asked for, if need be with a point: `0.3`."
            return f"{several if right.size > 1 else one} {self.otherwise}"
        if alike(number, -right):
            return _SIGN
        return _CLOSE if alike(number, right, NEARLY) else self.otherwise

    @property
    def _mistakes(self) -> list[tuple[str, str]]:
        return [each for each in self.wrong if not isinstance(each, str)]

    def fresh_seed(self) -> int:
        """Return a seed with which each sentence is about the mistake that it was written for.

        That is so if the right answer isn't 0, no two of it and the known mistakes are the same, and none of them is
        minus the right answer. If no draw is like that, take the one with the fewest that are.
        """
        seeds = [secrets.randbits(32) for _ in range(TRIES)]
        good = next((seed for seed in seeds if not self.coincidences(seed)), None)
        return min(seeds, key=lambda seed: len(self.coincidences(seed))) if good is None else good

    def coincidences(self, seed: int) -> list[str]:
        """Return what can't be told apart with the numbers of a seed."""
        if self.choices:
            return []
        known = self.values(seed)
        answers = {each: np.asarray(eval(each, known), float) for each in (self.answer, *dict(self._mistakes))}
        right = answers.pop(self.answer)
        found = [] if right.any() else [f"{self.answer} is 0"] * 2  # which is worse: it needs no derivation
        seen = {self.answer: right}
        for expression, value in answers.items():
            found += [f"{each} is {expression}" for each, other in seen.items() if alike(other, value)][:1]
            if right.any() and alike(value, -right):
                found.append(f"{expression} is minus the answer")
            seen[expression] = value
        return found

    def _chosen(self, seed: int, given: str) -> int | None:
        """Return the place of the choice whose letter or text this is, or None."""
        letter = given.strip(" ().").lower()
        for shown_as, place in zip(LETTERS, self._order(seed), strict=False):
            if letter == shown_as or _bare(given) == _bare(self.choices[place]):
                return place
        return None

    def _order(self, seed: int) -> list[int]:
        return _shuffled(self.choices, seed)


class Posed(NamedTuple):
    """A question as it is asked, in Markdown, and its choices in the order of their letters, if it has any."""

    text: str
    choices: tuple[str, ...]


class Judged(NamedTuple):
    """Whether an answer is right, and what to say about it, in Markdown."""

    right: bool
    said: str


class Unread(Judged):
    """An answer that can't be read, so it isn't right. What is said about it is how to write an answer."""


class Prediction(Record, frozen=True, kw_only=True):
    """A question to answer before one begins, and again later by running one's own functions.

    The first of the `choices` is right, as the tests of this repository check: with the solution, the last line of
    `run` has the value `gives`, written as Python writes it.
    """

    ask: str
    choices: tuple[str, ...]
    run: str
    gives: str

    def order(self) -> list[int]:
        """Return the places of the choices in the order in which they are shown, which is always the same."""
        return _shuffled(self.choices, self.ask)


class Chain(Record, frozen=True, kw_only=True):
    """The questions of a kata, what they derive, as a title, and what to predict before they are asked.

    A kata with nothing to derive may have predictions alone.
    """

    format: int
    title: str = ""
    questions: tuple[Question, ...] = ()
    predictions: tuple[Prediction, ...] = ()


def chain_of(kata: Kata) -> Chain:
    """Return a kata's questions and predictions. Raises KataError if it has none or, with the fix, can't be read."""
    if not kata.questions.is_file():
        raise KataError(NOTHING.format(kata.slug))
    file = f"katas/{kata.slug}/{kata.questions.name}"
    raw = read_table(kata.questions, file)
    tables, predicted = raw.pop("questions", []), raw.pop("predictions", [])
    if raw.get("format") != 1 or not isinstance(tables, list) or (not raw.get("title") if tables else not predicted):
        refuse(file, "it has no questions, or another format", 'Write format = 1, title = "…" and [[questions]].')
    title = record(raw, Chain, file).title
    questions = tuple(record(each, Question, file, "questions") for each in tables)
    for number, each in enumerate(questions, 1):
        explained = len(each.wrong) == len(each.choices) - 1 if each.choices else bool(each.answer and each.otherwise)
        if not explained or len(each.choices) > len(LETTERS) or len(each.choices) == 1:
            remedy = "Give it two or three choices and a sentence for each wrong one, or `answer` and `otherwise`."
            refuse(file, f"question {number} is incomplete", remedy)
    predictions = tuple(record(each, Prediction, file, "predictions") for each in predicted)
    return Chain(format=1, title=title, questions=questions, predictions=predictions)


def revealed(kata: Kata) -> str:
    """Return the folded parts of the README to which the questions lead, in Markdown."""
    folded = FOLDED.findall(readme_of(kata))
    return "\n\n".join(body.strip() for title, body in folded if title.strip().lower().startswith(REVEALED))


def shown(value: Any) -> str:
    """Return a drawn value as text: numbers with at most six digits, and arrays as lists."""
    if isinstance(value, np.ndarray | list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)


def _shuffled(choices: Sequence[str], seed: int | str) -> list[int]:
    """Return the places of choices in an order that the seed decides."""
    return random.Random(seed).sample(range(len(choices)), len(choices))


def _bare(text: str) -> str:
    """Return a text without its case, spaces and marks of Markdown, to compare it with what a learner typed."""
    return re.sub(r"[\s`$*\\]", "", text).casefold()


def alike(given: np.ndarray, right: Any, relative: float = RELATIVE) -> bool:
    """Return whether an answer has the right numbers, up to rounding by hand, with or without needless brackets."""
    right = np.squeeze(np.asarray(right, dtype=float))
    given = np.squeeze(given)
    return given.shape == right.shape and bool(np.allclose(given, right, rtol=relative, atol=ABSOLUTE))
