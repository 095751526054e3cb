"""The questions of every derive.toml: right answers count, wrong ones are explained, the solution agrees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from graders import catalogue
from graders.catalogue import Kata
from graders.learner import derivation
from graders.learner.derivation import LETTERS, Judged, Prediction, Question, Unread, shown
from tests.kata_modules import importable
from tests.workshop import ROOT

KATAS = {kata.slug: kata for kata in catalogue.load_all(ROOT) if kata.questions.is_file()}
QUESTIONS = [
    pytest.param(kata, question, id=f"{kata.slug}-{number}")
    for kata in KATAS.values()
    for number, question in enumerate(derivation.chain_of(kata).questions, 1)
]
PREDICTIONS = [
    pytest.param(kata, prediction, id=f"{kata.slug}-{number}")
    for kata in KATAS.values()
    for number, prediction in enumerate(derivation.chain_of(kata).predictions, 1)
]
SEEDS = range(20)
PUT_IN = "This can't be read as a number. Put the numbers in, for example `-0.25` or `2*3 + 1/4`."
PUT_THEM_IN = "This can't be read as numbers. Put the numbers in, for example `(4, 7)`."


@pytest.fixture(scope="module")
def solved(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """The functions of a kata's solution, and of the katas it builds on, by name."""
    kata: Kata = request.param
    katas = (*kata.earlier, kata)
    with importable(*(each.folder for each in katas), *(each.solution for each in katas)) as module:
        found: dict[str, Any] = {}
        for each in katas:
            for name in each.modules:
                found |= vars(module(name))
        yield found


@pytest.mark.parametrize("kata", KATAS.values(), ids=KATAS)
def test_three_to_seven_questions_lead_to_a_folded_part_of_the_readme(kata: Kata) -> None:
    chain = derivation.chain_of(kata)
    assert len(chain.predictions) >= 2
    if not chain.questions:  # there is nothing to derive
        return
    assert 3 <= len(chain.questions) <= 7
    assert derivation.revealed(kata)
    assert any(question.reference for question in chain.questions), "no question is compared with the solution"


@pytest.mark.parametrize(("kata", "question"), QUESTIONS)
def test_the_right_answer_counts_and_each_wrong_one_is_explained(kata: Kata, question: Question) -> None:
    del kata
    for seed in SEEDS:
        posed = question.posed(seed)
        assert not any(f"{{{name}}}" in posed.text for name in question.draw)
        if question.choices:
            right = LETTERS[posed.choices.index(question.choices[0])]
            assert question.judged(seed, f" {right.upper()} ") == (True, question.because)
            for choice, sentence in zip(question.choices[1:], question.wrong, strict=True):
                assert question.judged(seed, LETTERS[posed.choices.index(choice)]) == (False, sentence)
        else:
            assert question.judged(seed, shown(rounded(question.answer, question, seed))) == (True, question.because)
            assert isinstance(question.judged(seed, "x + 1"), Unread)
            right, said = question.judged(seed, "123456")
            assert (right, said.removesuffix(question.otherwise) != said) == (False, True)
    for expression, sentence in (each for each in question.wrong if not isinstance(each, str)):
        said = [question.judged(seed, shown(rounded(expression, question, seed))) for seed in SEEDS]
        assert said.count((False, sentence)) >= len(SEEDS) / 2, expression
    seed = question.fresh_seed()  # with it, each sentence is about the mistake that it was written for
    for expression, sentence in (each for each in question.wrong if not isinstance(each, str)):
        assert question.judged(seed, shown(rounded(expression, question, seed))) == (False, sentence)


def rounded(expression: str, question: Question, seed: int) -> Any:
    """The value of an expression as a learner would write it, with four digits after the point."""
    return np.round(np.asarray(eval(expression, question.values(seed)), float), 4)[()]


@pytest.mark.parametrize(
    ("solved", "question"),
    [pytest.param(*each.values, id=each.id) for each in QUESTIONS if each.values[1].reference],
    indirect=["solved"],
)
def test_the_answer_is_what_the_solution_computes(solved: dict[str, Any], question: Question) -> None:
    for seed in SEEDS:
        known = question.values(seed)
        expected = eval(question.reference, {**solved, **known})
        np.testing.assert_allclose(eval(question.answer, known), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("solved", "prediction"), PREDICTIONS, indirect=["solved"])
def test_a_prediction_is_what_the_solution_gives(solved: dict[str, Any], prediction: Prediction) -> None:
    assert solved  # its modules can be imported
    *lines, last = ast.parse(prediction.run).body
    assert isinstance(last, ast.Expr)
    known: dict[str, Any] = {}
    exec(compile(ast.Module([*lines], []), "run", "exec"), known)
    assert repr(eval(ast.unparse(last), known)) == prediction.gives
    assert 2 <= len(prediction.choices) <= 3


@pytest.mark.parametrize(
    ("answer", "given"),
    [
        ("0.25", "1/4"),
        ("0.25", " (1/4) "),
        ("0.25", "[0.25]"),
        ("0.25", ".2501 ε"),
        ("0.25", "0.5(1-0.5)"),
        ("-0.25", "−0.25"),
        ("1 / 3", "0.333"),
        ("2 ** 0.5", "sqrt(2)"),
        ("2 ** 0.5", "√(2)"),
        ("8", "√64"),
        ("3.5", "7/√4"),
        ("15", "sqrt 225"),
        ("6", "2√9"),
        ("3", "np.sqrt(9)"),
        ("0.16", "(2/5)**2"),
        ("0.16", "(2/5)^2"),
        ("0.001", "10^-3"),
        ("8", "2³"),
        ("-4", "-2**2"),
        ("6", "2·3"),
        ("6", "2⋅3"),
        ("6", "2∙3"),
        ("10", "2(5)"),
        ("12", "(3)(4)"),
        ("32", "4*8"),
        ("20", "5×4"),
        ("20", "5 x 4"),
        ("-1", "2 -3"),
        ("4", "(3 - 1) * 2"),
        ("20", "= 20"),
        ("20", "dW = 20"),
        ("20", "dW[0, 1] = 20"),
        ("20", "dL/dW = 20"),
        ("20", "2*x = 20"),
        ("20", "3*4 + 8 = 20"),
        ("8", "2*4*ε"),
        ("15", "ε*15"),
        ("15", "ε 15"),
        ("15", "ε(2·3 + 3²)"),
        ("15", "6ε + 9 eps"),
        ("1", "ε"),
        ("[2, 3]", "2 × 3"),
        ("[2, 3]", "2x3"),
        ("[2, 3]", "2*3"),
        ("[2, 3, 4]", "2 x 3 x 4"),
        ("[2, 3]", "2 by 3"),
        ("[2, 3]", "(2 keys, 3 features)"),
        ("[2, 3]", "2 keys by 3 features"),
        ("[2, 3]", "(2, 3)"),
        ("[2, 3]", "2; 3"),
        ("[2, 3]", "2 and 3"),
        ("[2, 3]", "dx = [2ε, 3ε]"),
        ("[2, 3]", "gamma = 2, beta = 3"),
        ("[2, -3]", "[2 -3]"),
        ("[6, 20]", "[2*3, 4·5]"),
        ("[2, -1]", "[3 - 1, 2 - 3]"),
    ],
)
def test_an_answer_may_be_spelled_as_people_write_numbers(answer: str, given: str) -> None:
    assert judged(answer, given) == (True, "")


@pytest.mark.parametrize(
    "given",
    [
        "",
        "a third",
        "x + 1",
        "__import__('os')",
        "9 ** 9 ** 9",
        "2 ** 21",
        "10 ** 20 ** 2",
        "1e999",
        "1/0",
        "0 ** -1",
        "√(-1)",
        "(-8) ** (1/3)",
        "2 + ε",
        "1 / ε",
        "ε * ε",
        "2(3",
        "2)",
        "()",
        "2 minus 1",
        "[1, [2, 3]]",
        "2 * [1, 2]",
        "[1, 2] + [3]",
        "=",
        "(" * 199,
        "1" * 201,
    ],
)
def test_what_cannot_be_read_is_not_judged_and_an_example_fits_the_question(given: str) -> None:
    assert judged("0.3", given) == (False, PUT_IN)
    assert judged("[2, 3]", given) == (False, PUT_THEM_IN)
    assert isinstance(judged("0.3", given), Unread)


@pytest.mark.parametrize(
    ("answer", "given", "said"),
    [
        ("[2, 3]", "[3, 2]", "no"),
        ("0.1476", "0.15", "That is close. Give three digits of each number."),
        ("0.3", "0,3", "One number is asked for, if need be with a point: `0.3`. no"),
        ("0.3", "-0.3", "Nearly: look at the sign."),
        ("[2, -3]", "[-2, 3]", "Nearly: look at the sign."),
        ("[2, 3]", "[2, 3, 4]", "2 numbers are asked for. no"),
        ("[2, 3]", "6", "2 numbers are asked for. no"),
        ("20", "[12, 8]", "These are the parts. Add them up: there is one number."),
        ("20", "12 and 8", "These are the parts. Add them up: there is one number."),
        ("20", "[15, 5]", "mine"),  # a sentence that was written for this mistake comes first
        ("-7", "7", "sign"),
    ],
)
def test_a_wrong_answer_gets_the_sentence_that_fits_it(answer: str, given: str, said: str) -> None:
    assert judged(answer, given, ("[15, 5]", "mine"), ("7", "sign")) == (False, said)
    assert not isinstance(judged(answer, given), Unread)


def judged(answer: str, given: str, *wrong: tuple[str, str]) -> Judged:
    """What a question with this answer says about what a learner wrote."""
    return Question(ask="?", because="", answer=answer, otherwise="no", wrong=wrong).judged(0, given)


@pytest.mark.parametrize(("kata", "question"), QUESTIONS)
def test_fresh_numbers_part_all_known_mistakes(kata: Kata, question: Question) -> None:
    """Only a mistake that always is minus the answer may be that, and no draw is rare."""
    del kata
    draws = [
        found for found in map(question.coincidences, range(100)) if not any(each.endswith("is 0") for each in found)
    ]
    always = {each for each in set.intersection(*map(set, draws)) if each.endswith("is minus the answer")}
    assert set(question.coincidences(question.fresh_seed())) <= always
    assert sum(set(found) <= always for found in draws) >= 30


def test_the_numbers_of_a_question_part_the_right_answer_from_known_mistakes() -> None:
    question = Question(
        ask="{x}", because="", answer="2 * x", otherwise="no", draw={"x": "int(rng.integers(0, 4))"},
        wrong=(("x * x", "squared"),),
    )  # fmt: skip
    assert {question.values(question.fresh_seed())["x"] for _ in range(50)} == {1, 3}  # 0 and 2 have the same square
    opposite = Question(
        ask="{x}", because="", answer="2 * x", otherwise="no", draw={"x": "int(rng.choice([-2, 3]))"},
        wrong=(("x * x", "squared"), ("-2 * x", "sign")),
    )  # fmt: skip
    assert {opposite.values(opposite.fresh_seed())["x"] for _ in range(20)} == {
        3
    }  # the square of -2 is 4, minus the answer
    always = Question(ask="?", because="", answer="0", otherwise="no")
    assert always.judged(always.fresh_seed(), "0").right


def test_a_letter_may_have_brackets() -> None:
    question = Question(ask="?", because="yes", choices=("right", "other"), wrong=("no",))
    letter = LETTERS[question.posed(1).choices.index("right")]
    assert question.judged(1, f"({letter})").right
    assert question.judged(1, " *Right* ").right  # its text counts, too
    assert isinstance(question.judged(1, "x"), Unread)
