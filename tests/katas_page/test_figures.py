"""The figures that answer: their numbers are those of the solutions, and no answer of the learner's code harms them."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from functools import cache
from typing import Any

import numpy as np
import pytest

from graders.worker.trying import LONGEST
from tests.browser import answer_of
from tests.kata_modules import module_at
from tests.workshop import ROOT

WEB = ROOT / "katas_page" / "web" / "src"
SLUGS = sorted(path.stem for path in (WEB / "figures").glob("*.js"))


def asked(script: str, given: object) -> Any:
    """Return what a script makes of `given`. It can use `figures`, `own_code` and `sampling`."""
    head = "".join(f"import * as {slug} from {json.dumps((WEB / f'figures/{slug}.js').as_uri())};\n" for slug in SLUGS)
    for name in ("own_code", "sampling"):
        head += f"import * as {name} from {json.dumps((WEB / f'{name}.js').as_uri())};\n"
    head += 'import { readFileSync } from "node:fs";\n'
    head += f'const figures = {{ {", ".join(SLUGS)} }};\nconst given = JSON.parse(readFileSync(0, "utf8"));\n'
    return answer_of(f"{head}console.log(JSON.stringify(({script})(given)));", given)


@cache
def first_values() -> dict[str, dict[str, Any]]:
    """Return the first values of every figure's controls."""
    of_control = "([name, { value, checked }]) => [name, value ?? checked ?? 0]"
    of_figure = f"([slug, each]) => [slug, Object.fromEntries(Object.entries(each.controls).map({of_control}))]"
    found: dict[str, dict[str, Any]] = asked(
        f"() => Object.fromEntries(Object.entries(figures).map({of_figure}))", None
    )
    return found


def numbers(slug: str, **values: Any) -> Any:
    """Return the numbers of a figure for these values of its controls."""
    return asked("([slug, values]) => figures[slug].numbers(values)", [slug, first_values()[slug] | values])


OWN = {
    "exercise01": [{}, {"w11": -2, "w12": 1.7, "b2": -0.3}],
    "exercise04": [{}, {"l0": -10, "l2": 10, "added": 1000}],
    "exercise09": [{}, {"gamma": -1.5, "beta": 0}, {f"x{feature}": 3 for feature in range(1, 6)}],
    "exercise13": [{}, {"places": 2}, {"text": "A rose is a rose is a rose is"}, {"text": ""}],
    "exercise14": [{}, {"causal": False, "divisor": 0.2}, {"divisor": 8}],
    "exercise17": [{"text": text} for text in ("banana bandana", "aaaaa aaaa", 'é\' \\ "é" 😀😀', "", "x", "あ" * 48)],
}


@pytest.mark.parametrize("slug", OWN)
def test_the_lines_for_the_learners_function_give_the_figures_numbers(slug: str) -> None:
    """These lines run in the sandbox; here, the solution stands in for the learner's files."""
    given = [slug, [first_values()[slug] | values for values in OWN[slug]]]
    of_both = "[all.map((each) => own_code.linesOf(figures[slug].own, each)), all.map(figures[slug].numbers)]"
    programs, expected = asked(f"([slug, all]) => {of_both}", given)
    code = []
    for lines in programs:
        *before, last = lines.splitlines()
        code += [*before, f"print(repr({last}), end='\\0')"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(code)],
        cwd=ROOT / "solutions" / slug, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    texts = done.stdout.split("\0")[:-1]
    assert max(map(len, texts)) < LONGEST  # a longer value is cut
    read = asked("([texts, all]) => texts.map((text, at) => own_code.numbersIn(text, all[at]))", [texts, expected])
    assert len(read) == len(expected)
    for one, other in zip(expected, read, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_the_measured_slope_and_its_error_are_those_of_numpy() -> None:
    relative_error = module_at(ROOT / "solutions/exercise06/gradient_check.py").relative_error
    given = [{"power": power, "formula": formula} for power in (-0.3, -4.0, -9.0, -15.5) for formula in (0, 1)]
    for each, (slope, error) in zip(given, asked("(all) => all.map(figures.exercise06.numbers)", given), strict=True):
        w, h = np.float64(1.3), np.float64(10) ** each["power"]
        left = w if each["formula"] else w - h
        wanted = ((w + h) * (w + h) * (w + h) - left * left * left) / (h if each["formula"] else 2 * h)
        assert slope == pytest.approx(wanted, rel=1e-12), each
        assert error == pytest.approx(relative_error(wanted, 5.07), rel=1e-2, abs=1e-15), each


@pytest.mark.parametrize("tanh", [0, 1])
def test_the_activations_are_those_of_twenty_layers(tanh: int) -> None:
    weights, inputs = asked("() => [20 * 32 * 32, 48 * 32].map((n, at) => [...sampling.normal(n, 32 + at)])", None)
    assert abs(np.mean(weights)) < 0.03
    assert np.std(weights) == pytest.approx(1, abs=0.02)
    layers = numbers("exercise07", power=-0.6, fan=0, tanh=tanh)
    x = np.reshape(inputs, (48, 32))
    for layer, W in zip(layers[1:], np.reshape(weights, (20, 32, 32)), strict=True):
        z = x @ (10**-0.6 * W).T
        x = np.tanh(z) if tanh else np.maximum(z, 0)
        np.testing.assert_allclose(np.reshape(list(layer.values()), (48, 32)), x, rtol=1e-6, atol=1e-9)


def test_dropped_units_are_0_and_kept_ones_keep_the_mean() -> None:
    script = """([p, divide]) => Array.from({ length: 600 }, (_, at) =>
        figures.exercise08.numbers({ p, mask: at + 1, divide }))"""
    for p in (0.0, 0.3, 0.8):
        masks = np.array(asked(script, [p, True]))
        assert np.all(np.isclose(masks, 0) | np.isclose(masks, 1 / (1 - p)))
        assert masks.mean() == pytest.approx(1, abs=5 * math.sqrt(p / (1 - p) / masks.size) + 1e-12)
        np.testing.assert_allclose(np.array(asked(script, [p, False])), masks * (1 - p))


def test_the_paths_are_those_of_the_solutions_optimizers() -> None:
    values = {"power": -1.3, "momentum": 0.5, "curvature": 20, "steps": 30}
    kata = module_at(ROOT / "solutions/exercise11/optimizers.py")
    found = numbers("exercise11", **values)
    rate = 10**-1.3
    for path, (name, more) in zip(found, [("sgd", {}), ("sgd", {"momentum": 0.5}), ("adam", {})], strict=True):
        place, state, wanted = np.array([-2.0, 0.6]), None, [[-2.0, 0.6]]
        for _ in range(30):
            place, state = getattr(kata, name)(place, place * [1.0, 20.0], state, lr=rate, **more)
            wanted.append(list(place))
        np.testing.assert_allclose(path, wanted, rtol=1e-9, atol=1e-12)


HOSTILE = [
    "", "None", "'nan'", "<img src=x onerror=alert(1)>", '{"length": 3}', "[1, 2]", "[[1], [2], [3]]", "[1, 2, '3']",
    "[1, 2, {}]", "[1, 2, true]", "[" * 40_000, "[[[1, 2, 3]]]", "1", "[1, 2, 3", "(1, 2, 3)", "array([1, 2, 3])",
    '{"__proto__": [1, 2, 3]}', "[1, 2, [3]]", "[True, False, True]", "[1j, 2, 3]",
]  # fmt: skip


def test_only_numbers_of_the_right_shape_are_taken() -> None:
    read = "(all) => all.map((each) => own_code.numbersIn(each, [0, 0, 0]))"
    assert asked(read, HOSTILE) == [None] * len(HOSTILE)
    assert asked(read, ["[1, 2.5, -3e-5]", "[0, 1" + "0" * 400 + ", 1]"]) == [[1, 2.5, -3e-5], [0, None, 1]]
    said = asked("(all) => all.map((text) => own_code.numbersIn(text, [0, 0, 0]).map(String))", ["[nan, inf, -inf]"])
    assert said == [["NaN", "Infinity", "-Infinity"]]
    assert max(map(len, asked("(all) => all.map(own_code.strange)", HOSTILE))) <= 61
    strange = ["[1, 2]", "[[], []]", "None", "", "'abc'"]
    said = ["an array of shape (2,)", "an array of shape (2, 0)", "None", "None", "'abc'"]
    assert asked("(all) => all.map(own_code.strange)", strange) == said


def test_a_figure_stands_below_a_picture_and_belongs_to_a_kata() -> None:
    for slug in SLUGS:
        assert "](figure.svg)" in (ROOT / "katas" / slug / "README.md").read_text(encoding="utf-8"), slug
