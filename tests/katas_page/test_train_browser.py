"""The "Train" tab in a real browser: watch a training, change its pace, and draw digits for the network."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browser import becomes, violations, visits
from tests.serving import Server, serving
from tests.training_course import GRADIENT, PROGRAM, TWO, WATCHED, write_course, write_watched
from tests.workshop import SOLUTION, write

pytestmark = [pytest.mark.deep, pytest.mark.timeout(600)]

SLOW = PROGRAM.replace("return", "import time; time.sleep(0.25); return")  # 10 s, so that a busy page sees it run
STATE = ".training > p:not([role], .note)"
CHARTS = ".chart:not([hidden])"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_course(tmp_path_factory.mktemp("seen") / "katas")


@contextmanager
def training_tabs(browser: Any, server: Server, root: Path) -> Iterator[Callable[..., Any]]:
    """Yield opened(program, …), which returns a page that shows Train."""
    with visits(browser) as visit:

        def opened(program: str, width: int = 1280, **how: Any) -> Any:
            write(root / "katas/alpha/twice.py", program)
            page = visit(server, width, 900, **how)
            page.wait_for_selector(".katas li")
            page.goto(f"http://{server.host}/#/alpha")
            page.wait_for_selector(".training", state="attached")
            page.keyboard.press("Alt+Digit5")
            return page

        yield opened


def forget_all(server: Server) -> None:
    for training in server.get("/api/katas/alpha/trainings")["trainings"]:
        for action in ("stop", "forget"):
            server.post(f"/api/katas/alpha/train/{action}", {"run": training["run"]})


@pytest.fixture
def train(browser: Any, server: Server, root: Path) -> Iterator[Callable[..., Any]]:
    """train(program, …) returns a page whose training has begun. Those of other tests are forgotten."""
    forget_all(server)
    with training_tabs(browser, server, root) as opened:

        def start(program: str = PROGRAM, **how: Any) -> Any:
            page = opened(program, **how)
            page.keyboard.press("Enter")  # the focus is on the button
            return page

        yield start


def state(page: Any, said: str) -> None:
    page.locator(STATE, has_text=re.compile(said)).wait_for()


def ink(page: Any, canvas: str) -> int:
    """Return how many pixels of a canvas are drawn."""
    data = "canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data"
    return int(page.locator(canvas).first.evaluate(f"canvas => {data}.filter((v, i) => i % 4 === 3 && v > 0).length"))


def seen(page: Any) -> list[int]:
    """Return the 28 x 28 values that the network gets."""
    data = "Array.from(canvas.getContext('2d').getImageData(0, 0, 28, 28).data)"
    values: list[int] = page.locator(".seen").evaluate(f"canvas => {data}.filter((v, i) => i % 4 === 3)")
    return values


def draw_square(page: Any, x: int, y: int, side: int) -> None:
    page.get_by_role("button", name="Clear").click()
    page.locator(".field").scroll_into_view_if_needed()
    box = page.locator(".field").bounding_box()
    x, y = x + box["x"], y + box["y"]
    page.mouse.move(x, y)
    page.mouse.down()
    for at in ((x + side, y), (x + side, y + side), (x, y + side), (x, y)):
        page.mouse.move(*at, steps=4)
    page.mouse.up()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_a_training_is_drawn_and_described(train: Callable[..., Any], width: int, scheme: str) -> None:
    page = train(width=width, color_scheme=scheme)
    state(page, "^done, step 40 of 40$")
    assert page.locator(f"{CHARTS} figcaption span:first-child").all_inner_texts() == [
        "Loss",
        "Accuracy in training",
        "What hidden units look for",
        "Sizes by layer",
        "Digits it has never seen",
    ]
    for chart in range(5):
        assert ink(page, f"{CHARTS} >> nth={chart} >> canvas") > 100
    summary = page.locator(".training > [role=status]").inner_text()
    assert summary.startswith("done, step 40 of 40. Loss ")
    assert "Digits it has never seen 2 of 20 right" in summary
    assert page.get_by_role("img", name="Sizes by layer: only: activations").count() == 1
    assert page.locator(".written li").first.inner_text() == "step 1: <b>hi"  # as text
    assert page.get_by_label("Output").inner_text() == "at last 0.000\n"
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert violations(page) == []


def test_a_second_training_is_drawn_beside_the_first(train: Callable[..., Any]) -> None:
    page = train(TWO)
    state(page, "^done, steep: step 5 of 5$")
    assert page.get_by_role("img", name=re.compile(r"^Loss: 0\.400 at step 5; flat: 2\.00$")).count() == 1
    assert page.get_by_role("img", name=re.compile("^Sizes by layer: layer 1: gradient 0.0010; ")).count() == 1


def test_the_pace_can_be_changed(train: Callable[..., Any]) -> None:
    page = train(SLOW)
    state(page, "^step [1-9]")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Go on").wait_for()
    page.wait_for_timeout(2500)  # the frame that was on its way
    before = int(page.locator(STATE).last.inner_text().split()[1])
    page.get_by_role("button", name="Step").click()
    state(page, f"^step {before + 1} of 40$")
    page.wait_for_timeout(500)
    state(page, f"^step {before + 1} of 40$")
    page.get_by_label("Speed").select_option("as fast as possible")
    page.get_by_role("button", name="Go on").click()
    state(page, f"^step ({'|'.join(map(str, range(before + 3, 40)))}) of")
    page.get_by_role("button", name="Stop").click()
    state(page, "^stopped, step")
    page.get_by_label("learning rate").fill("0.5")
    page.get_by_role("button", name="Train again").click()
    state(page, "^done, step 40 of 40$")
    assert page.locator(".chart figcaption").first.inner_text() == "Loss 0.00"


def test_a_setting_counts_from_the_next_training(train: Callable[..., Any]) -> None:
    page = train(SLOW)
    used = page.locator(".training output")
    used.get_by_text("This training: learning rate 0.1, seed 3.", exact=True).wait_for()
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("learning rate").fill("0")
    page.get_by_role("button", name="Go on").click()
    counts = "What you have changed counts when you train again or go on."
    changed = f"This training: learning rate 0.1, seed 3. {counts}"
    used.get_by_text(changed, exact=True).wait_for()
    page.get_by_role("button", name="Stop").click()
    state(page, "^stopped")
    page.get_by_role("button", name="Train again").click()
    said = "This training: learning rate 0, seed 3. With a rate of 0, nothing changes."
    used.get_by_text(said, exact=True).wait_for()
    page.get_by_role("button", name="Stop").click()


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ("[2.0, inf, 0.5, 0.4]", "The loss was not finite at step 2, and then it was finite again."),
        ("[inf, inf, 0.5]", "The loss was not finite at 2 steps, first at step 1, and then it was finite again."),
        ("[inf, 2.0, inf, inf]", "At step 3 the loss stopped being a finite number: the training has diverged."),
    ],
)
def test_a_loss_that_is_not_finite_is_located(train: Callable[..., Any], losses: str, said: str) -> None:
    program = "from math import inf\nfrom graders.worker.recorder import Recorder\n" + GRADIENT
    program += f'if __name__ == "__main__":\n    losses = {losses}\n    recorder = Recorder(len(losses))\n'
    page = train(program + "    for loss in losses:\n        recorder.step(loss)\n")
    state(page, "^done")
    note = page.locator(".training .note").inner_text()
    assert note.startswith(said)
    assert note.endswith("Often the learning rate is too large: train again with a smaller one.")


def test_a_pass_offers_the_training(train: Callable[..., Any]) -> None:
    page = train(SOLUTION + PROGRAM)
    state(page, "^done")
    page.get_by_role("tab", name="Verdict").click()
    page.get_by_role("button", name="Watch it train").click()
    assert page.get_by_role("tab", name="Train").get_attribute("aria-selected") == "true"


def test_a_fault_is_shown_and_the_next_training_starts(train: Callable[..., Any]) -> None:
    page = train(PROGRAM.replace("2 * w", "2 / 0"))
    page.get_by_label("Error").get_by_text("ZeroDivisionError").wait_for()
    state(page, "^ended with an error")
    assert page.get_by_role("button", name="Train again").is_visible()


def test_a_digit_is_centred_and_scaled_like_those_of_the_data_set(train: Callable[..., Any]) -> None:
    page = train()
    state(page, "^done")
    draw_square(page, 20, 25, 40)
    small = seen(page)
    draw_square(page, 60, 60, 80)
    large = seen(page)
    for values in (small, large):
        rows = [i // 28 for i, value in enumerate(values) if value > 40]
        columns = [i % 28 for i, value in enumerate(values) if value > 40]
        assert (min(rows), max(rows), min(columns), max(columns)) == (4, 23, 4, 23)
        assert max(values) == 255
    page.locator(".pad [role=status]", has_text="Your network reads 3 (100%).").wait_for()
    assert page.locator(".chances li.best").inner_text().split() == ["3", "100%"]


def test_a_digit_can_be_chosen_with_the_keyboard(train: Callable[..., Any]) -> None:
    page = train()
    state(page, "^done")
    choice = page.get_by_label("Or choose a digit")
    choice.focus()
    page.keyboard.press("ArrowDown")
    page.locator(".pad [role=status]", has_text="Your network reads 3").wait_for()
    assert seen(page) == [255 if i % 7 == 0 else 0 for i in range(784)]
    page.get_by_role("button", name="Clear").click()
    page.locator(".pad [role=status]", has_text="Draw a digit.").wait_for()
    assert sum(seen(page)) == 0


def test_a_finger_draws_too(train: Callable[..., Any]) -> None:
    page = train(width=390, has_touch=True, is_mobile=True)
    state(page, "^done")
    field = page.locator(".field")
    field.scroll_into_view_if_needed()
    assert field.evaluate("field => getComputedStyle(field).touchAction") == "none"
    box = field.bounding_box()
    page.touchscreen.tap(box["x"] + 50, box["y"] + 50)
    page.locator(".pad [role=status]", has_text="Your network reads 3").wait_for()
    assert sum(seen(page)) > 0


def test_a_training_outlives_its_page(train: Callable[..., Any], server: Server) -> None:
    page = train(SLOW)
    state(page, "^step [1-9]")
    page.get_by_role("link", name="Katas").click()
    page.wait_for_selector(".katas li")
    page.reload()
    page.goto(f"http://{server.host}/#/alpha")
    page.wait_for_selector(".training", state="attached")
    page.keyboard.press("Alt+Digit5")
    state(page, "^done, step 40 of 40$")
    assert page.get_by_role("img", name=re.compile("^Loss: .* at step 40; a guess: 4.00$")).count() == 1
    assert page.get_by_label("Output").inner_text() == "at last 0.000\n"
    page.reload()
    page.wait_for_selector(".training", state="attached")
    assert page.get_by_role("tab", selected=True).all_inner_texts()[-1] == "Train"


def test_trainings_wait_for_each_other_and_are_kept(train: Callable[..., Any]) -> None:
    page = train(SLOW)
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector(".training", state="attached")
    other.keyboard.press("Alt+Digit5")
    state(other, "^step [1-9]")  # the second tab shows the training that runs
    other.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Go on").wait_for()
    page.get_by_role("button", name="Stop").click()
    state(page, "^stopped, step")
    state(other, "^stopped, step")
    page.get_by_role("button", name="Go on").click()
    state(page, "^done, step 40 of 40$")
    kept = page.get_by_label("Trainings")
    count = kept.locator("option").count()
    kept.locator("option", has_text=" kB").first.wait_for(state="attached")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    becomes(kept.locator("option").count, count - 1)
    page.get_by_role("button", name="Train again").or_(page.get_by_role("button", name="Train", exact=True)).wait_for()


def test_earlier_texts_can_be_read(train: Callable[..., Any]) -> None:
    many = PROGRAM.replace("return", "import graders.worker.recorder as r; r.TEXT_S = 0; return")
    page = train(many)
    state(page, "^done")
    assert page.locator(".written li").last.inner_text() == "step 40: <b>hi"
    page.get_by_label("Its texts up to this one").fill("9")
    assert page.locator(".written li").count() == 8
    assert re.match("step [2-9]: ", page.locator(".written li").first.inner_text())


def test_a_model_is_played_with(train: Callable[..., Any]) -> None:
    page = train(PROGRAM)
    state(page, "^done")
    assert page.locator(".ladder li").all_inner_texts() == ["is small, step 5", "is <b>tiny", "is nothing"]
    page.get_by_label("How a text begins").fill("Mia")
    page.get_by_label("Temperature").fill("1")
    assert not page.get_by_label("top-p").is_visible()  # this program does not take one
    page.get_by_label("How a text begins").press("Enter")
    told = page.locator(".told span")
    told.nth(2).wait_for()
    assert told.all_inner_texts() == ["Mia", "<b>", "!"]
    assert page.locator(".likely li").all_inner_texts() == ["<b>\n75 %", "!\n13 %"]
    assert page.locator(".told .given").all_inner_texts() == ["Mia"]
    told.first.focus()
    page.keyboard.press("ArrowRight")
    assert [each.get_attribute("title") for each in told.all()] == ["100 %", "100 %", ""]
    page.get_by_label("Head").select_option("block 2, head 1")
    told.nth(1).hover()
    assert [each.get_attribute("title") for each in told.all()] == ["50 %", "50 %", ""]
    page.get_by_label("How a text begins").fill("")
    page.get_by_role("button", name="Write", exact=True).click()
    page.get_by_text("ValueError: type something").wait_for()
    assert violations(page) == []


def test_a_page_that_was_behind_shows_what_went_on(train: Callable[..., Any], server: Server) -> None:
    page = train(SLOW)
    state(page, "^step ([6-9]|[1-3][0-9]) ")
    page.get_by_role("button", name="Stop").click()
    state(page, "^stopped")
    run = server.get("/api/katas/alpha/trainings")["trainings"][0]["run"]
    server.post("/api/katas/alpha/train", {"continues": run})
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    state(page, "^done, step 40 of 40")
    assert page.locator(".ladder .reached").all_inner_texts() == ["is small, step 5"]


def test_reduced_motion_draws_at_most_once_a_second(train: Callable[..., Any]) -> None:
    page = train(SLOW, reduced_motion="reduce")
    state(page, "^step")
    count = "new Promise(done => { let n = 0; const seen = new MutationObserver(() => (n += 1)); "
    count += f"seen.observe(document.querySelectorAll('{STATE}')[1], {{ childList: true }}); "
    count += "setTimeout(() => done(n), 2500) })"
    assert 1 <= page.evaluate(count) <= 3


def test_a_flood_leaves_the_page_quick(train: Callable[..., Any]) -> None:
    flood = "import numpy as np\nfrom graders.worker.recorder import Recorder\n"
    flood += 'if __name__ == "__main__":\n    r = Recorder(10**9, unit="<img src=x onerror=alert(1)>")\n'
    flood += "    while True:\n        r.step(float('nan') if r.done % 2 else 1e300, 1e9)\n"
    page = train(flood)
    state(page, "^step")
    page.get_by_label("Speed").select_option("as fast as possible")
    page.wait_for_timeout(3000)
    late = page.evaluate(
        "new Promise(done => { const t = performance.now(); setTimeout(() => done(performance.now() - t)) })"
    )
    assert late < 1000
    assert page.locator(".training img").count() == 0
    page.get_by_role("button", name="Stop").click()
    state(page, "^stopped")


# ------------------------------------------------------- programs in PyTorch, whose optimizers are watched


@pytest.fixture(scope="module")
def watched(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """watched(program) returns a page in which the program has been trained."""
    root = write_watched(tmp_path_factory.mktemp("watched") / "katas")
    with (
        serving(root, progress=root.parent / "progress.sqlite") as server,
        training_tabs(browser, server, root) as opened,
    ):

        def start(program: str) -> Any:
            forget_all(server)
            page = opened(program)
            page.get_by_role("button", name="Train", exact=True).click()
            state(page, "^(done|ended)")
            return page

        yield start


def test_a_program_without_a_recorder_is_drawn(watched: Callable[[str], Any]) -> None:
    page = watched(WATCHED)
    state(page, "^done, step 20$")  # nobody knows how many steps are to come
    assert page.locator(f"{CHARTS} figcaption span:first-child").all_inner_texts() == [
        "Loss",
        "Accuracy in training",
        "What hidden units look for",
        "Sizes by layer",
    ]
    assert ink(page, f"{CHARTS} >> nth=0 >> canvas") > 100
    assert page.get_by_role("img", name=re.compile(r"^Sizes by layer: 1 Linear: activations \d")).count() == 1
    assert page.get_by_label("Output").inner_text().startswith("last loss")
    assert page.locator(".training .note").is_hidden()
    assert violations(page) == []
    page.get_by_label("Program").select_option("second.py")
    page.get_by_role("button", name="Train again").click()
    page.get_by_label("Output").get_by_text("the second").wait_for()


def test_a_second_network_is_drawn_over_a_paler_curve(watched: Callable[[str], Any]) -> None:
    page = watched(WATCHED.replace("    train()\n", "    train(3)\n    train(4)\n"))
    state(page, "^done, network 2: step 4$")
    assert page.get_by_role("img", name=re.compile(r"^Loss: 0\.\d+ at step 4; before: 0\.\d+$")).count() == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("learning_rate=0.1", "learning_rate=float('inf')", "At step 2 the loss stopped being a finite number"),
        ("        optimizer.step()\n", "", "but the program called backward() 20 times"),
    ],
)
def test_what_went_wrong_is_said_in_a_sentence(watched: Callable[[str], Any], old: str, new: str, said: str) -> None:
    page = watched(WATCHED.replace(old, new))
    page.locator(".training .note", has_text=said).wait_for()
    assert said in page.locator(".training > [role=status]").inner_text()
