"""The figures that answer, in a real browser: with keys, with the mouse, and with code of the learner's own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests import workshop
from tests.browser import becomes, violations, visits
from tests.katas_page.test_figures import SLUGS
from tests.learner.test_learning import README
from tests.serving import Server
from tests.workshop import ROOT, write

pytestmark = [pytest.mark.deep, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with a kata that has no figure, and copies of some that have one."""
    root = workshop.write_clone(tmp_path_factory.mktemp("figures") / "katas", ["alpha"], README)
    slugs = [f"exercise{number}" for number in ("01", "04", "05", "13", "17")]  # 17 requires 13, which requires others
    for path in map("/".join, product(("katas", "graders/hidden", "solutions"), slugs)):
        shutil.copytree(ROOT / path, root / path, ignore=shutil.ignore_patterns("__pycache__"))
    return root


@pytest.fixture(params=["real"])
def page(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    """Return a page of the server that a test names."""
    with visits(browser) as visit:
        yield visit(request.getfixturevalue(request.param), height=900)


of_the_copy = pytest.mark.parametrize("page", ["server"], indirect=True)


def opened(page: Any, slug: str) -> Any:
    """Open a kata, and return its figure."""
    page.goto(page.url.partition("#")[0] + f"#/{slug}")
    figure = page.locator(".prose > figure.answers")
    figure.wait_for()
    loaded = "[...document.images].every((each) => each.complete)"
    becomes(lambda: page.evaluate(loaded), True)  # a picture that comes later moves it
    return figure


def pictures(figure: Any) -> list[str]:
    return figure.locator("svg[role=img]").evaluate_all("all => all.map((each) => each.innerHTML)")  # type: ignore[no-any-return]


@pytest.mark.parametrize("slug", SLUGS)
def test_a_figure_answers_a_key_press_with_another_picture(page: Any, slug: str) -> None:
    page.emulate_media(color_scheme="dark" if SLUGS.index(slug) % 2 else "light")
    figure = opened(page, slug)
    assert figure.evaluate("each => each.nextElementSibling.matches('h2, h3')")  # a paragraph on the picture is above
    assert page.locator(".prose a.enlarging img").count() == 1  # the README's picture is still there
    before, said = pictures(figure), figure.locator(".reading").inner_text()
    slider = figure.get_by_role("slider").first
    assert slider.get_attribute("aria-valuetext")
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    after = pictures(figure)
    assert len(after) == len(before) > 0
    assert after != before
    assert figure.locator(".reading").inner_text() != said or slug in {"exercise08", "exercise14"}
    assert "NaN" not in "".join(after) + figure.inner_text()
    assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 700})
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    box, frame = figure.bounding_box(), page.locator(".pane.read").bounding_box()
    assert box["x"] + box["width"] <= frame["x"] + frame["width"]
    figure.get_by_role("button", name="Start again").click()
    assert pictures(figure) == before


def test_all_ends_of_all_sliders_give_a_picture(page: Any) -> None:
    for slug in SLUGS:
        figure = opened(page, slug)
        for slider in figure.get_by_role("slider").all():
            for key in ("Home", "End"):
                slider.press(key)
                assert not re.search("NaN|Infinity|undefined", "".join(pictures(figure)) + figure.inner_text()), slug


def test_a_kata_without_a_figure_has_only_its_picture(page: Any) -> None:
    page.goto(page.url.partition("#")[0] + "#/exercise05")
    page.wait_for_selector(".prose img")
    assert page.locator(".answers").count() == 0


def test_dots_are_dragged_and_words_are_chosen(page: Any) -> None:
    figure = opened(page, "exercise01")
    handle = figure.locator(".handle").nth(1)
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y - 20, steps=4)
    page.mouse.up()
    page.mouse.move(x, y + 50)  # no longer held
    values = [float(figure.get_by_label(name).input_value()) for name in ("W₁₁", "W₂₁", "W₁₂", "b₁")]
    assert values[0] > 1.3
    assert values[1] > 0.8
    assert values[2:] == [0, 0.1]
    figure = opened(page, "exercise14")
    figure.locator("text", has_text="sat").first.click()
    assert figure.get_by_label("Word that looks").input_value() == "2"
    assert figure.locator("svg").first.get_attribute("aria-label") == "Where “sat” looks"


GRIPS = [
    # a slider in a picture, where it is dragged to, its value then, and words that follow
    ("exercise04", "Logit of class 1", (0, 60), "-7.5", "p = 0.8807"),
    ("exercise04", "Logit of class 2", (0, -900), "10", "p = 0.0003"),
    ("exercise09", "Feature 4", (-60, 0), "1.5", "the row x: mean 3.00, spread 2.17"),
    ("exercise09", "Feature 1", (900, 0), "8", "the row x: mean 5.10, spread 2.20"),
]


def middle(grip: Any) -> tuple[float, float]:
    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()
    assert min(box["width"], box["height"]) >= 20
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize(("slug", "name", "way", "value", "said"), GRIPS)
def test_a_bar_or_a_dot_is_dragged(page: Any, slug: str, name: str, way: Any, value: str, said: str) -> None:
    figure = opened(page, slug)
    grip = figure.get_by_role("slider", name=name)
    zoom = figure.locator("svg").first.evaluate("each => each.getBoundingClientRect().width / 340")
    x, y = middle(grip)
    page.mouse.move(x + 4, y + 4)  # it doesn't jump to the pointer
    page.mouse.down()
    page.mouse.move(x + 4 + way[0] * zoom, y + 4 + way[1] * zoom, steps=5)
    page.mouse.up()
    page.mouse.move(x, y)  # no longer held
    assert grip.get_attribute("aria-valuenow") == value
    assert said in figure.locator(".reading").inner_text()
    if abs(sum(way)) < 100:
        assert middle(grip) == pytest.approx((x + way[0] * zoom, y + way[1] * zoom), abs=6 * zoom)  # half a step


def test_a_finger_drags_a_bar(request: pytest.FixtureRequest, browser: Any) -> None:
    with visits(browser) as visit:
        page = visit(request.getfixturevalue("real"), 390, has_touch=True, is_mobile=True)
        figure = opened(page, "exercise04")
        grip = figure.get_by_role("slider", name="Logit of class 0")
        touches = page.context.new_cdp_session(page)
        x, y = middle(grip)
        for step in range(7):
            place = {"type": "touchMove" if step else "touchStart", "touchPoints": [{"x": x, "y": y + 10 * step}]}
            touches.send("Input.dispatchTouchEvent", place)
        touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert float(grip.get_attribute("aria-valuenow")) < -2
        assert middle(grip)[1] > y + 40


def test_a_grip_answers_keys_and_keeps_the_focus(page: Any) -> None:
    figure = opened(page, "exercise04")
    grip = figure.get_by_role("slider", name="Logit of class 0")
    grip.focus()
    found = []
    for key in ("ArrowUp", "ArrowRight", "ArrowDown", "PageUp", "PageDown", "Home", "ArrowLeft", "End", "Control+Home"):
        page.keyboard.press(key)
        found.append(grip.get_attribute("aria-valuenow"))
        assert page.evaluate("document.activeElement.ariaLabel") == "Logit of class 0"
    assert found == ["2.5", "3", "2.5", "7.5", "2.5", "-10", "-10", "10", "10"]
    assert [grip.get_attribute(f"aria-{each}") for each in ("valuemin", "valuemax", "valuetext", "orientation")] == [
        "-10", "10", "10", "vertical",
    ]  # fmt: skip
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.ariaLabel") == "Logit of class 1"
    page.keyboard.press("Home")
    assert grip.get_attribute("aria-valuenow") == "10"


TEXTS = ["", " ", "é 😀 é 😀", "<img src=q onerror=alert(1)> \\ \" '", "a" * 99, "the " * 30, "あ" * 48]


@pytest.mark.parametrize("slug", ["exercise13", "exercise17"])
def test_any_text_gives_a_picture(page: Any, slug: str) -> None:
    figure = opened(page, slug)
    box = figure.get_by_role("textbox")
    for text in TEXTS:
        box.fill(text)
        figure.get_by_role("slider").press("End")
        shown = "".join(pictures(figure)) + figure.inner_text()
        assert not re.search("NaN|Infinity|undefined", shown), text
        assert figure.locator("img").count() == 0
        page.set_viewport_size({"width": 320, "height": 700})
        assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


OWN_PIECES = [
    ("", "Your byte_pairs.py gave no numbers: (train in byte_pairs.py is not written yet)"),
    ("def train(text, n): return None\ndef encode(text, merges): return [1]", "Your byte_pairs.py gave no numbers"),
    ("def train(text, n): return []\ndef encode(text, merges): return list(text.encode())", "From merge 1 on"),
    ("def train(text, n): return [(-1, 1e9)] * 99\ndef encode(text, merges): return [999, -7] * 50", "At the start"),
    ("def train(text, n): return [(97, 97), (256, 256)] * 8\ndef encode(text, merges): return [271]", "At the start"),
]


@of_the_copy
def test_the_learners_own_functions_cut_a_sentence_into_pieces(page: Any, root: Path) -> None:
    file = root / "katas/exercise17/byte_pairs.py"
    starter = file.read_text(encoding="utf-8")
    figure = opened(page, "exercise17")
    figure.get_by_label("Your sentence").fill("she sells sea shells")
    figure.get_by_role("slider").press("End")
    right = pictures(figure)
    assert figure.locator("svg").first.get_by_text("ells", exact=True).count() == 2
    figure.get_by_label("Use my byte_pairs.py").check()
    for code, said in OWN_PIECES:
        write(file, code or starter)
        figure.locator(".reading", has_text=said).wait_for()
        assert not re.search("NaN|Infinity|undefined", "".join(pictures(figure)) + figure.inner_text()), code
    write(file, (ROOT / "solutions/exercise17/byte_pairs.py").read_text(encoding="utf-8"))
    figure.locator(".reading", has_text="These are your pieces. They are what the rules make.").wait_for()
    assert pictures(figure) == right
    figure.get_by_label("Your sentence").fill("é \"quoted\" \\ 'é' 😀😀")
    figure.locator(".reading", has_text="27 bytes").wait_for()
    assert "They are what the rules make." in figure.locator(".reading").inner_text()
    write(file, starter)


@of_the_copy
def test_the_gradients_of_repeated_words_add_up(page: Any, root: Path) -> None:
    file = root / "katas/exercise13/words.py"
    starter = file.read_text(encoding="utf-8")
    figure = opened(page, "exercise13")
    picture = figure.locator("svg")
    assert picture.get_by_text("[11, 22]").count() == 1
    figure.get_by_label("Use my embed_gradient").check()
    figure.locator(".reading", has_text="embed_gradient in words.py is not written yet").wait_for()
    lost = "    dtable = np.zeros((n_words, dy.shape[-1]))\n    dtable[ids] += dy\n    return dtable\n"
    write(file, f"import numpy as np\ndef embed_gradient(dy, ids, n_words):\n{lost}")
    figure.locator(".reading", has_text="It is off by up to 3.0. Row 1, of “cat”, should get [3, 0] +").wait_for()
    assert picture.locator("text.bad").count() == 2
    write(file, (ROOT / "solutions/exercise13/words.py").read_text(encoding="utf-8"))
    figure.locator(".reading", has_text="It agrees with the formula.").wait_for()
    figure.get_by_role("textbox").fill("the dog, the dog and the dog")
    figure.locator(".reading", has_text="Row 2, of “and”, gets [−1, 4].").wait_for()
    write(file, starter)


@of_the_copy
def test_the_learners_own_softmax_draws_the_picture(page: Any, root: Path) -> None:
    file = root / "katas/exercise04/softmax_cross_entropy.py"
    figure = opened(page, "exercise04")
    right = pictures(figure)
    figure.get_by_label("Use my softmax").check()
    figure.locator(".reading", has_text="softmax in softmax_cross_entropy.py is not written yet").wait_for()
    assert pictures(figure) != right
    write(file, "import numpy as np\ndef softmax(x):\n    return np.exp(x) / np.exp(x).sum()\n")
    figure.locator(".reading", has_text="This is your softmax. It agrees with the formula.").wait_for()
    assert pictures(figure) == right
    figure.get_by_label("Added to all").press("End")
    figure.locator(".reading", has_text="3 of the 3 numbers of your softmax are NaN or infinite").wait_for()
    figure.get_by_label("Added to all").press("Home")
    write(file, "import numpy as np\ndef softmax(x):\n    return np.exp(x) / 10\n")
    figure.locator(".reading", has_text="This is your softmax. It is off by up to 0.074.").wait_for()
    assert pictures(figure) != right
    figure.get_by_label("Use my softmax").uncheck()
    assert pictures(figure) == right


HOSTILE = [
    ("None", "Your softmax returned None. The figure needs an array of shape (3,)."),
    ("x.reshape(3, 1)", "Your softmax returned an array of shape (3, 1)."),
    ("'<img src=q onerror=alert(1)>'", "Your softmax returned '<img src=q onerror=alert(1)>'."),
    ("[1e308, -1e308, 10 ** 400]", "1 of the 3 numbers of your softmax are NaN or infinite"),
    ("[[]] * 10 ** 6", "Your softmax returned"),
    ("eval('[' * 90 + ']' * 90)", "Your softmax returned an array of shape"),
    ("{'__proto__': [1, 2, 3], 'tolist': 1}", "Your softmax returned {'__proto__'"),
    ("1 / 0", "Your softmax gave no numbers: ZeroDivisionError: division by zero"),
    ("exit('<b>bye</b>')", "Your softmax gave no numbers: "),
    ("__import__('os')._exit(3)", "Your softmax gave no numbers: "),
]


@of_the_copy
def test_hostile_answers_of_the_learners_code_do_no_harm(page: Any, root: Path) -> None:
    file = root / "katas/exercise04/softmax_cross_entropy.py"
    write(file, "def softmax(x):\n    while True: pass\n")
    figure = opened(page, "exercise04")
    figure.get_by_label("Use my softmax").check()
    slider = figure.get_by_role("slider").first
    for _ in range(5):
        slider.press("ArrowRight")  # nothing waits for the endless loop
    figure.get_by_label("Use my softmax").uncheck()
    figure.locator(".reading", has_text="The right class gets").wait_for()
    figure.get_by_label("Use my softmax").check()
    for answer, said in HOSTILE:
        write(file, f"def softmax(x):\n    return {answer}\n")
        figure.locator(".reading", has_text=said).wait_for()
        assert figure.locator("img, b, script").count() == 0
        assert not re.search(r'="[^"]*(NaN|Infinity|e\+)', "".join(pictures(figure))), answer
        assert len(figure.locator(".reading").inner_text()) < 400
    shutil.copy(ROOT / "katas/exercise04/softmax_cross_entropy.py", file)


@of_the_copy
def test_a_script_in_a_katas_folder_is_never_part_of_the_page(page: Any, root: Path, server: Server) -> None:
    """A submission that is unpacked into a kata's folder could bring one."""
    text = "document.title = 'taken over'; export const controls = {}, caption = 'taken over'"
    for name in ("katas/alpha/figure.js", "katas/exercise04/figure.js", "katas/exercise04/exercise04.js"):
        write(root / name, text)
        slug, file = name.split("/")[1:]
        for address in (f"/pictures/{slug}/{file}", f"/figures/{slug}.js", f"/static/figures/{slug}.js"):
            assert server.request("GET", address)[0] == 404
    figure = opened(page, "exercise04")
    assert "taken over" not in figure.inner_text() + page.title()
    sources = page.locator("script").evaluate_all("all => all.map((each) => new URL(each.src).pathname)")
    assert sources == ["/static/app.js"]
