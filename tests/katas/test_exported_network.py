"""milestone1's network in one HTML file computes what it computes in Python, and reads what a finger draws."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.browser import chromium, violations
from tests.kata_modules import importable
from tests.workshop import ROOT

KATA, SOLUTIONS = ROOT / "katas" / "milestone1", ROOT / "solutions"
BUILDS_ON = [SOLUTIONS / f"exercise{number}" for number in ("01", "02", "04", "05", "07")]
AUTHORS = [{"title": "</script><b>ReLU", "functions": ["relu"], "best": 9.0, "points": 10.0}]
SEVEN = ((70, 60), (200, 60), (150, 140), (120, 230))  # pixels of the field


@pytest.fixture(scope="module")
def trained() -> Iterator[tuple[ModuleType, dict[str, np.ndarray], tuple[np.ndarray, np.ndarray], ModuleType]]:
    """Yield the module `training`, a trained network, some digits that it has not seen, and the module `exporting`."""
    with importable(KATA, *BUILDS_ON, SOLUTIONS / "milestone1") as imported:
        training, network = imported("training"), imported("network")
        images, labels = imported("digits").load_digits()
        images = images.astype(np.float64)
        parameters, _ = training.train(network.backward, network.update, images[:3000], labels[:3000], seed=0, epochs=8)
        yield training, parameters, (images[3000:], labels[3000:]), imported("exporting")


@pytest.mark.deep
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_the_page_reads_what_the_network_reads(trained: Any, tmp_path: Path, width: int, scheme: Any) -> None:
    training, parameters, unseen, exporting = trained
    path = tmp_path / "network.html"
    path.write_text(exporting.page(parameters, unseen, 0.9, AUTHORS), encoding="utf-8")
    assert path.stat().st_size <= 1_000_000
    faults: list[str] = []
    with chromium() as browser:
        page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("request", lambda request: faults.append(request.url) if request.url != path.as_uri() else None)
        page.goto(path.as_uri())
        pixels = np.rint(255 * unseen[0][:40])
        found = page.evaluate("all => all.map(read)", pixels.tolist())
        assert np.abs(np.array(found) - training.probabilities(parameters, pixels / 255)).max() < 1e-4
        page.select_option("#choice", "0")
        best = int(training.predict(parameters, pixels[:1] / 255)[0])
        assert page.locator("#said").inner_text().startswith(f"The network reads {best} (")
        box = page.locator("#field").bounding_box()
        page.mouse.move(box["x"] + SEVEN[0][0], box["y"] + SEVEN[0][1])
        page.mouse.down()
        for x, y in SEVEN[1:]:
            page.mouse.move(box["x"] + x, box["y"] + y, steps=6)
        page.mouse.up()
        assert page.locator("#said").inner_text().startswith("The network reads 7 (")
        assert page.locator("#choice").input_value() == ""
        page.click("#authors summary")
        assert page.locator("#authors li").all_inner_texts() == ["</script><b>ReLU: relu (9 of 10 points)"]
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert violations(page) == []
    assert faults == []


@pytest.mark.deep
def test_a_drawing_is_centred_as_in_the_course(trained: Any, tmp_path: Path) -> None:
    _, parameters, unseen, exporting = trained
    path = tmp_path / "network.html"
    path.write_text(exporting.page(parameters, unseen, 0.9, []), encoding="utf-8")
    own = (ROOT / "katas_page/web/src/digit_pad.js").read_text(encoding="utf-8")
    course = (
        "".join(own.partition("export function centred")[1:])
        .replace("export ", "")
        .replace("centred", "centredInCourse")
    )
    rng = np.random.default_rng(2)
    with chromium() as browser:
        page = browser.new_page()
        page.goto(path.as_uri())
        page.add_script_tag(
            content="const { centredInCourse } = (() => { " + course + " return { centredInCourse }; })()"
        )
        for _ in range(5):
            ink = np.zeros((80, 80), int)
            top, left = rng.integers(0, 40, 2)
            ink[top : top + rng.integers(5, 40), left : left + rng.integers(5, 40)] = 255
            ink[top : top + 3, left:] = 100
            given = ink.ravel().tolist()
            assert page.evaluate("ink => centred(ink, 80).join()", given) == page.evaluate(
                "ink => centredInCourse(ink, 80).join()", given
            )
        assert page.locator("#authors").is_hidden()
