"""What milestone3 and milestone4 supply: stories, tokens, n-grams; what the programs print; early ends, checkpoints."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.browser import chromium, violations
from tests.kata_modules import importable

ROOT = Path(__file__).resolve().parents[2]
KATA = ROOT / "katas" / "milestone3"
BUILDS_ON = [ROOT / "solutions" / f"exercise{number}" for number in ("04", "09", 11, 13, 14, 15, 17, 18)]


@pytest.fixture
def stories() -> Iterator[Any]:
    with importable(KATA) as imported:
        yield imported("stories")


@pytest.fixture
def corpus() -> Iterator[Any]:
    with importable(KATA) as imported:
        yield imported("corpus")


def command(*arguments: object) -> list[str]:
    return [sys.executable, str(ROOT / "solutions" / "milestone3" / "language_model.py"), *map(str, arguments)]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, [KATA, *BUILDS_ON]))}


# -------------------------------------------------------------------------------------------------------- stories


def test_a_seed_decides_the_stories_and_each_is_read_as_one(stories: Any) -> None:
    told = stories.stories(2000, seed=3)
    assert told == stories.stories(2000, seed=3)
    assert told[:50] != stories.stories(50, seed=4)
    assert all(stories.remembers(story) for story in told)
    kinds = {next(i for i, kind in enumerate(stories.KINDS) if story in kind) for story in _plots(stories, told)}
    assert kinds == set(range(len(stories.KINDS)))


def _plots(stories: Any, told: list[str]) -> set[str]:
    """Return the templates that fit some stories."""
    return {template for story in told for template, _ in stories._readings(story)}


def test_a_story_that_forgets_is_grammatical_and_no_more(stories: Any) -> None:
    for story in stories.stories(500, seed=5):
        assert stories.repeated(story)
        for what, start, end in stories.repeated(story):
            slot = next(slot for slot, name in stories.REMEMBERED.items() if name == what)
            other = next(word for word in stories.WORDS[slot] if word not in story)
            forgetful = story[:start] + other + story[end:]
            assert stories.is_grammatical(forgetful)
            assert not stories.remembers(forgetful)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mia.",
        'Mia wants a kite. She asks Mia for one. Mia has a red kite and a blue hat. She gives Mia the red kite. "Thank'
        ' you, Mia," says Mia.',
        "Mia has a red kite. Tom has a blue hat. They meet in the park and swap. Now Mia has the blue hat, and Tom has"
        " the red hat.",
        "A dog lives in the park. Every day Tom brings it some bread. Today she is late. The dog is sad and waits in"
        " the park. At last it sees Tom and runs to him.",
    ],
    ids=["empty", "too short", "one person twice", "another thing", "another pronoun"],
)
def test_what_is_no_story_does_not_remember(stories: Any, text: str) -> None:
    assert not stories.remembers(text)


def test_no_story_to_learn_from_names_a_colour_that_is_held_back(stories: Any) -> None:
    met = {
        (colour, thing)
        for story in stories.stories(5000, seed=0)
        for colour in stories.COLOURS
        for thing in stories.THINGS
        if f"{colour} {thing}" in story
    }
    assert len(met) == (len(stories.COLOURS) - 1) * len(stories.THINGS)
    assert not any(stories.is_held_back(*pair) for pair in met)
    unseen = stories.stories(300, seed=0, kinds=(stories.GIFT, stories.SWAP), unseen=True)
    assert not any(all(f"{colour} {thing}" not in story for colour, thing in _held_back(stories)) for story in unseen)


def _held_back(stories: Any) -> list[tuple[str, str]]:
    pairs = [(colour, thing) for colour in stories.COLOURS for thing in stories.THINGS]
    return [pair for pair in pairs if stories.is_held_back(*pair)]


# ----------------------------------------------------------------------------------------------------- the corpus


def test_a_text_comes_back_from_its_ids(corpus: Any) -> None:
    text = corpus.of_stories(corpus.words_of, 52)
    for ids in (text.ids, text.held_back):
        told = text.tokens.decode(ids)
        assert (text.tokens.encode(told) == ids).all()
    assert text.tokens.decode(text.held_back).splitlines() == text.unseen
    assert all(text.tokens.decode(text.ids[at - 1 : at]) == "\n" for at in text.starts[1:])


def test_a_word_that_the_model_has_not_read_is_spelt(corpus: Any) -> None:
    tokens = corpus.words_of("Mia has a kite.\n")
    assert [tokens.decode([i]) for i in tokens.encode("Mia has a hat")] == ["Mia", " has", " a", " ", "h", "a", "t"]
    with pytest.raises(corpus.TextError, match="'groß': not all its letters occur"):
        tokens.encode("Mia has a groß")


def test_rare_words_are_spelt_so_that_there_are_not_too_many_tokens(corpus: Any) -> None:
    text = " ".join(f"{a}{b}" for a in "abcdefgh" for b in "abcdefgh") + " aa aa bb"
    tokens = corpus.Tokens(text, lambda word: [word], "".join, most=11)
    assert len(tokens) == 11
    assert {" aa", " bb"} < set(tokens.all)
    assert tokens.decode(tokens.encode(text)) == text


def test_long_lines_are_read_from_several_places(corpus: Any) -> None:
    assert corpus.begins(np.array([5, 0, 5, 5, 5, 5, 5, 5, 5, 0, 5, 5, 5, 5]), 0, 3).tolist() == [0, 2, 5, 8, 10]


@pytest.mark.parametrize("n", [2, 5])
def test_n_grams_are_counted_as_exercise_13_counts_them(corpus: Any, n: int) -> None:
    text = corpus.of_stories(corpus.words_of, 38, corpus.TWO_KINDS)
    ids, held_back, counts, before = text.ids.tolist(), text.held_back.tolist(), Counter(), Counter()
    for i in range(len(ids) - n + 1):
        counts[tuple(ids[i : i + n])] += 1
        before[tuple(ids[i : i + n - 1])] += 1
    passages = [tuple(held_back[i : i + n]) for i in range(len(held_back) - n + 1)]
    shares = [(counts[each] + 0.1) / (before[each[:-1]] + 0.1 * len(text.tokens)) for each in passages]
    assert corpus.n_gram_bits(text, n) == pytest.approx(-np.log2(shares).mean(), rel=1e-12)


def test_who_predicts_everything_remembers_everything_and_a_5_gram_nearly_nothing(corpus: Any) -> None:
    text = corpus.of_stories(corpus.words_of, 52)

    def perfect(rows: np.ndarray) -> np.ndarray:
        return np.concatenate([rows[:, 1:], rows[:, :1]], axis=1)

    assert set(corpus.remembered(perfect, text.unseen, text.tokens, 52).values()) == {1.0}
    followers: dict[tuple[int, ...], Counter[int]] = {}
    ids = text.ids.tolist()
    for i in range(len(ids) - 4):
        followers.setdefault(tuple(ids[i : i + 4]), Counter())[ids[i + 4]] += 1

    def guessed(rows: np.ndarray) -> np.ndarray:
        found = np.zeros_like(rows)
        for row, into in zip(rows.tolist(), found, strict=True):
            for i in range(3, 52):
                seen = followers.get(tuple(row[i - 3 : i + 1]), Counter({0: 1}))
                into[i] = seen.most_common(1)[0][0]
        return found

    chance = {"person": 1 / 10, "colour": 1 / 6, "thing": 1 / 12, "place": 1 / 8, "animal": 1 / 7}
    for what, share in corpus.remembered(guessed, text.unseen, text.tokens, 52).items():
        assert share < chance[what] + 0.08


# ---------------------------------------------------------------------------------------------------- the program


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "0 characters are too few. Give a text of at least 2000."),
        (b"a", "1 characters are too few"),
        (b"a" * 5000, "the text repeats a single character"),
        (b"a plain text \xff " * 300, "byte 13 is not UTF-8. Save the text as UTF-8."),
    ],
)
def test_a_text_that_cannot_be_used_is_refused_by_name(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "my.txt"
    path.write_bytes(content)
    done = subprocess.run(command("--data", path), cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"milestone3: {path}: {message}")
    assert "Traceback" not in done.stderr


def test_a_missing_text_is_refused_by_name(tmp_path: Path, corpus: Any) -> None:
    with pytest.raises(corpus.TextError, match=r"my\.txt: No such file or directory\. Give the path of a text file\."):
        corpus.of_file(tmp_path / "my.txt", corpus.words_of, 52)


def test_a_short_training_says_what_it_has_learned(tmp_path: Path) -> None:
    done = subprocess.run(
        command("--steps", 3, "--prompt", "The"), cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    _, first, tokens, start, line, *rest = done.stdout.splitlines()
    assert first.endswith("168 different ones")
    assert tokens.startswith("they begin with ")
    assert start.startswith("step     1")
    assert line.startswith("    The")
    assert any(line.startswith("bits per token of the text held back: ") for line in rest)
    assert any(line.startswith("of 100 unseen stories that it got the beginning of, it ended ") for line in rest)
    assert (tmp_path / "training.png").is_file() or "matplotlib is missing" in done.stdout
    assert f"{tmp_path / 'model.html'} is your model in one file" in done.stdout
    said = talked(tmp_path, "Mia wants a kite.\nΩ\n\nnot read\n", "--top-k", 3, "--temperature", 0)
    assert "Mia wants a kite." in said.stdout.partition("> ")[2]
    assert "'Ω': not all its letters occur" in said.stdout
    assert "not read" not in said.stdout
    np.savez(tmp_path / "model.npz", np.zeros(3), data="")
    assert "has no model that fits" in talked(tmp_path, "").stderr


def talked(folder: Path, typed: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("--talk", *arguments), cwd=folder, env=environment(), input=typed, capture_output=True, text=True
    )


def test_who_has_trained_nothing_is_told_to(tmp_path: Path) -> None:
    said = talked(tmp_path, "Mia\n")
    assert said.returncode == 1
    assert said.stderr.endswith(
        "model.npz has no model that fits (No such file or directory). Train one: katas run milestone3\n"
    )


AUTHORS = [{"title": "<b>Softmax", "functions": ["softmax", "cross_entropy"], "best": 9.0, "points": 10.0}]


@pytest.fixture
def exported(tmp_path: Path) -> Iterator[tuple[Path, Any, Any, Any, Any]]:
    """Yield a page with a model of random numbers, and in Python the model's `forward`, its tokens,
    `next_probabilities`, and the attention weights of each block.
    """
    with importable(KATA, *BUILDS_ON, ROOT / "solutions" / "milestone3") as imported:
        training, corpus, model = (imported(name) for name in ("training", "corpus", "language_model"))
        text = corpus.of_stories(training.byte_pairs_of, training.CONTEXT)
        rng = np.random.default_rng(4)
        params = training.initial_parameters(len(text.tokens), rng)
        moved = [each + 0.2 * rng.standard_normal(each.shape).astype(each.dtype) for each in training.arrays_of(params)]
        params = training.arranged_like(params, moved)
        page = tmp_path / "model.html"
        page.write_text(imported("exporting").page(params, text, 0.7, "89 of 100 stories", AUTHORS), encoding="utf-8")
        next_probabilities = imported("writing").next_probabilities
        n_heads = training.N_HEADS
        normed, attention, block = (getattr(training, name) for name in ("layer_norm", "attention", "block"))

        def attended(ids: np.ndarray) -> Iterator[np.ndarray]:
            x = params["tokens"][ids] + params["positions"][: len(ids)]
            for p in params["blocks"]:
                qkv = normed(x, p["ln1_gamma"], p["ln1_beta"]) @ p["qkv_weight"].T + p["qkv_bias"]
                yield attention(*(training.split_heads(each, n_heads) for each in np.split(qkv, 3, axis=-1)))[1]
                x = block(x[None], p, n_heads)[0][0]

        yield page, lambda ids: model.forward(params, ids[None], n_heads)[0][0], text, next_probabilities, attended


@pytest.mark.deep
@pytest.mark.parametrize("width", [390, 1280])
def test_the_exported_page_computes_what_the_model_computes(exported: Any, width: int) -> None:
    path, forward, text, next_probabilities, attended = exported
    assert path.stat().st_size <= 1 << 20
    with chromium() as browser:
        page = browser.new_page(
            viewport={"width": width, "height": 800}, color_scheme="dark" if width < 400 else "light"
        )
        faults: list[str] = []
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("request", lambda request: faults.append(request.url) if request.url != path.as_uri() else None)
        page.goto(path.as_uri())
        for story in text.unseen[:5]:
            ids = page.evaluate("encode", story)
            assert ids == text.tokens.encode(story).tolist()
            found = page.evaluate(
                "ids => { const text = begin(); ids.forEach(id => read(text, id)); return text.logits }", ids
            )
            assert np.abs(np.array(found) - forward(np.array(ids))).max() < 1e-4
        found_logits = found[-1]
        for how in ((0.5, 200, 1.0), (1.0, 4, 1.0), (1.5, 200, 0.7), (0.8, 7, 0.9), (1.0, 1, 0.05), (0.0, 3, 0.5)):
            found = page.evaluate("([logits, how]) => probabilities(logits, ...how)", [found_logits, how])
            assert np.abs(np.array(found) - next_probabilities(np.array(found_logits), *how)).max() < 1e-9
        page.click("#authors summary")
        assert page.locator("#authors li").all_inner_texts() == ["<b>Softmax: softmax, cross_entropy (9 of 10 points)"]
        looks = page.evaluate(
            "ids => { const text = begin(); ids.forEach(id => read(text, id)); return text.looks }", ids
        )
        for block, right in enumerate(attended(np.array(ids))):
            for row, heads in enumerate(looks):
                assert np.abs(np.array(heads[block]) - right[:, row, : row + 1]).max() < 1e-4
        page.fill("#prompt", "Mia wants a kite.")
        page.locator("#temperature").fill("0")
        page.locator("#top_k").fill("1")
        assert page.locator("#next b").all_inner_texts() == ["100 %"]
        assert page.locator("label output").all_inner_texts() == ["0", "1", "all"]
        page.click("#write")
        page.locator("#story span.written").first.wait_for()
        page.evaluate("write()")  # again, to its end
        page.locator("#story span.written").first.hover()
        assert page.locator("#next li").count() >= 1
        assert page.locator("#heading").inner_text() == "What it expected here"
        assert page.locator("#maps canvas").count() == 2 * 4
        page.evaluate("void write()")
        page.locator("#story span.written").first.hover()
        written = page.locator("#story span.written").count()
        for _ in range(20):
            assert page.locator("#heading").inner_text() == "What it expected here"  # while it goes on
            page.wait_for_timeout(50)
        assert page.locator("#story span.written").count() > written
        assert page.locator("#maps figcaption").first.inner_text().startswith("block 1, head 1: ")
        page.fill("#prompt", "Ω")
        assert page.locator("#story").inner_text() == "The model has never seen one of these letters."
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert violations(page) == []
        assert faults == []


def test_a_text_without_letters_is_learned_and_drawn(tmp_path: Path) -> None:
    (tmp_path / "my.txt").write_text("+-*/ (,) .:; " * 300, encoding="utf-8")
    arguments = command("--steps", 1, "--data", tmp_path / "my.txt")
    done = subprocess.run(arguments, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.deep
def test_ctrl_c_ends_the_training_and_keeps_it(tmp_path: Path) -> None:
    with subprocess.Popen(command(), cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        for line in program.stdout:
            if line.startswith("step     1"):
                break
        time.sleep(1)
        program.send_signal(signal.SIGINT)
        rest = program.stdout.read()
    assert program.returncode == 0
    assert "of 1600 steps" in rest
    assert "bits per token of the text held back" in rest


# ------------------------------------------------------------------------------------------------------ milestone4

OWN_FRAMEWORK = ROOT / "katas" / "milestone4"


def trained(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, str(ROOT / "solutions" / "milestone4" / "gpt.py"), *map(str, arguments)]
    paths = os.pathsep.join(map(str, [OWN_FRAMEWORK, ROOT / "solutions" / "meta"]))
    return subprocess.run(program, cwd=folder, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True)


@pytest.mark.parametrize("name", ["stories.py", "corpus.py"])
def test_both_milestones_supply_the_same_stories(name: str) -> None:
    assert (OWN_FRAMEWORK / name).read_bytes() == (KATA / name).read_bytes()


def test_a_second_run_continues_from_the_checkpoint(tmp_path: Path) -> None:
    first = trained(tmp_path, "--steps", 2)
    assert first.returncode == 0, first.stderr
    assert "bits per token of the text held back: " in first.stdout
    again = trained(tmp_path, "--steps", 2)
    assert "continuing after step 2" in again.stdout
    assert again.stdout.splitlines()[-8:] == first.stdout.splitlines()[-8:]
    assert "continuing" not in trained(tmp_path, "--steps", 2, "--afresh").stdout


def test_a_damaged_checkpoint_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_bytes(b"not a checkpoint")
    done = trained(tmp_path, "--steps", 2)
    assert done.returncode == 1
    assert f"{tmp_path / 'checkpoint'} does not fit" in done.stderr
    assert done.stderr.rstrip().endswith("Start again with --afresh.")
    assert "Traceback" not in done.stderr
