"""Recompute the worked examples of all READMEs, and the numbers that the texts of challenges 1, 2 and 3 quote.

    python benchmarks/readme_numbers.py [KATA …]

The script names each number of a worked example that differs (see worked_examples.py). For the three challenges it also
prints each measured number and the places that quote it. It computes everything with the solutions, on one thread and
from fixed seeds, so only the times depend on the machine. All katas together take some minutes on two idle cores.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is imported

import numpy as np
from worked_examples import EXAMPLES, recomputed

ROOT = Path(__file__).parents[1]
README = "README"


def supplied(*slugs: str) -> None:
    """Make the solutions of katas and their supplied modules importable."""
    for slug in slugs:
        sys.path[:0] = [str(ROOT / "solutions" / slug), str(ROOT / "katas" / slug)]


def quoted(what: str, number: str, *places: str) -> None:
    print(f"  {what}: {number}\n      in {'; '.join(places)}", flush=True)


def spread(values: Iterable[float], form: str) -> str:
    """Return the smallest and the largest value as text."""
    found = sorted(values)
    return f"{found[0]:{form}} to {found[-1]:{form}}"


# ------------------------------------------------------------------------------------------- challenge1

DEPTHS = (5, 10, 15, 20)
SCALES = (1, 2, 4, 8, 12, 32)  # factors for the weights of Xavier's initialisation
SEEDS = range(4)  # one for each training
EXPLANATION = "the solution's explanation.md"
LARGER = f"{README}, Optional: larger weights"


def challenge1() -> None:
    supplied("exercise10", "challenge1")
    import vanishing
    from digits import load_digits
    from network import Network

    from graders import datasets

    X, y = load_digits()
    images, unseen_y = datasets.kept_back("mnist")
    unseen = images.reshape(-1, 784).astype(np.float32) / 255
    xavier = vanishing.VARIANCES["sigmoid"]

    def made(depth: int, activation: str, seed: int, *, scale: float = 1.0, centred: bool = False, width: int = 32):
        """Return a fresh network with weights `scale` times as large; `centred` shifts the biases.

        Centred biases are -sum(W) / 2, in every layer but the first.
        """
        network = vanishing.DeepNetwork(depth, activation, seed=seed, width=width)
        layers = [(np.float32(scale) * W, b) for W, b in network.layers]
        network.layers = [(W, -W.sum(axis=1) / 2 if centred and k else b) for k, (W, b) in enumerate(layers)]
        return network

    def batch(seed: int) -> tuple[np.ndarray, np.ndarray]:
        rows = np.random.default_rng(seed).choice(len(X), 64, replace=False)
        return X[rows], y[rows]

    def norms(network: vanishing.DeepNetwork, seed: int) -> list[float]:
        network.train_step(*batch(seed), 0.01)
        return network.track_gradients()

    def ratio(depth: int, activation: str, **changes: float) -> float:
        """Return the gradient norm of the first layer / that of the last; the median over eleven networks."""
        found = (norms(made(depth, activation, seed, **changes), seed) for seed in range(11))
        return float(np.median([each[0] / each[-1] for each in found]))

    def learned(network: vanishing.DeepNetwork, seed: int, rate: float) -> float:
        """Return the share of unseen digits that the network classifies correctly after fixed_network's training."""
        for step, drawn in enumerate(vanishing.batches(X, y, vanishing.BATCH, vanishing.STEPS, seed)):
            network.train_step(*drawn, rate * (1 - step / vanishing.STEPS))
        return float((network.forward(unseen).argmax(axis=1) == unseen_y).mean())

    def right(activation: str, rate: float = vanishing.LEARNING_RATE, **changes: float) -> str:
        networks = [made(15, activation, seed, width=vanishing.WIDTH, **changes) for seed in SEEDS]
        return spread((learned(each, seed, rate) for seed, each in zip(SEEDS, networks, strict=True)), ".1%")

    for depth in DEPTHS:
        found = f"sigmoid {ratio(depth, 'sigmoid'):.1e}, ReLU {ratio(depth, 'relu'):.1f}"
        bounds = f"0.25^n {0.25**depth:.1e}, 0.25^(n-1) {0.25 ** (depth - 1):.1e}"
        quoted(f"first / last norm, {depth} layers", f"{found}; {bounds}", f"{README}, table", EXPLANATION)
    for scale in SCALES:
        quoted(f"first / last norm, {scale} × Xavier", f"{ratio(15, 'sigmoid', scale=scale):.2g}", LARGER, EXPLANATION)
    centred = ratio(15, "sigmoid", scale=4, centred=True)
    quoted("first / last norm, 4 × Xavier, biases centred", f"{centred:.2g}", EXPLANATION)
    shares = []
    for seed in range(11):
        network = Network([784, *[32] * 14, 10], "sigmoid", np.random.default_rng(seed))
        _, gradients, _ = network.loss_and_gradients(*batch(seed))
        shares.append(np.linalg.norm(gradients[0]) / np.linalg.norm(gradients[-1]))
    quoted("first / last norm, exercise10's network", f"{np.median(shares):.2g}", LARGER)

    quoted("share of unseen digits right, sigmoids", right("sigmoid"), EXPLANATION)
    quoted("the same at ten times the learning rate", right("sigmoid", rate=1.0), EXPLANATION)
    quoted("sigmoids, 4 × Xavier, biases 0", right("sigmoid", scale=4), EXPLANATION)
    for rate in (0.1, 0.5):
        quoted(f"sigmoids, 4 × Xavier, centred, rate {rate}", right("sigmoid", rate, scale=4, centred=True), LARGER)
    quoted("share of unseen digits right, ReLU", right("relu"), f"{README}, What is graded", EXPLANATION)
    vanishing.VARIANCES["relu"] = xavier
    quoted("the same with Xavier's weights", right("relu"), EXPLANATION)
    vanishing.VARIANCES["relu"] = lambda *_: 1e-4
    first, *_, last = norms(made(15, "relu", 0, width=vanishing.WIDTH), 0)
    quoted("norms of ReLUs, deviation 0.01", f"first {first:.1e}, last {last:.1e}; {right('relu')} right", EXPLANATION)


# ------------------------------------------------------------------------------------------- challenge2


def challenge2() -> None:
    supplied("challenge2")
    import search
    import torch
    from images import load

    torch.set_num_threads(1)
    data = load()

    def count(layers: int, width: int) -> int:
        return search.count_parameters(search.Architecture(layers, width, "relu", 0.0, 64), 3072, 10)

    quoted("parameters of 2 layers of 32", f"{count(2, 32):,}", f"{README}, Worked example; test_challenge2.py")
    for width in (32, 128, 256):
        grown = count(6, width) / count(2, width) - 1
        quoted(f"parameters, 2 → 6 layers of {width}", f"{grown:+.0%}", f"{README}, Parameters")
    shares = [3073 * width / count(layers, width) for layers in (2, 4, 6, 8) for width in (32, 64, 128, 256)]
    of_the_largest = f"{3073 * 256 / count(8, 256):.0%} for 8 layers of 256; {spread(shares, '.0%')} over all sizes"
    quoted("share of the first matrix and its biases", of_the_largest, f"{README}, Parameters")
    error = (0.85 * 0.15 / 1000) ** 0.5
    quoted("standard error of 85 % of 1 000", f"{error:.3f}", f"{README}, How reliable; recommending.py")

    for layers, width, batch_size in ((2, 32, 128), (2, 32, 32), (8, 256, 32)):
        trial = search.run_trial(search.Architecture(layers, width, "elu", 0.2, batch_size), data, epochs=10, seed=0)
        seconds = f"{trial.seconds:.0f} s of processor time"
        quoted(f"a trial of {layers} layers of {width}, batches of {batch_size}", seconds, f"{README}, What to write")

    def answers(dtype: torch.dtype, change: float, seed: int) -> np.ndarray:
        """Return what 4 layers of 128 predict for the validation pictures, after changing the initial weights."""
        torch.manual_seed(7)
        model = search.build(search.Architecture(4, 128, "relu", 0.5, 64), 3072, 10).to(dtype)
        noise = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += change * torch.randn(parameter.shape, generator=noise, dtype=dtype)
        torch.manual_seed(8)
        search.train(model, search.scaled(data.X_train).to(dtype), torch.from_numpy(data.y_train), 64, 10)
        with torch.no_grad():
            return model.eval()(search.scaled(data.X_validation).to(dtype)).argmax(dim=1).numpy()

    places = f"{README}, Training the same trial again"
    for dtype, change in ((torch.float32, 1e-7), (torch.float64, 1e-15)):
        started = time.process_time()
        plain, *others = (answers(dtype, size, seed) for seed, size in enumerate((0.0, change, change, change)))
        took = f"{(time.process_time() - started) / 4:.1f} s per training"
        right = [float((each == data.y_validation).mean()) for each in (plain, *others)]
        moved = max(abs(each - right[0]) for each in right)
        other = max(int((each != plain).sum()) for each in others)
        found = f"accuracy moves by up to {moved:.1%}, {other} predictions change; {took}"
        quoted(f"initial weights changed by {change:g}, {dtype}", found, places)

    architectures = search.sample(40, np.random.default_rng(0))
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        table = search.as_table(search.search(architectures, data, epochs=10, seed=0, executor=pool))
    low, tenth, lower, upper, high = table["accuracy"].quantile([0, 0.1, 0.25, 0.75, 1])
    found = f"{low:.0%} to {high:.0%}, half of them {lower:.0%} to {upper:.0%}, a tenth below {tenth:.0%}"
    quoted("accuracies of 40 architectures", found, f"{README}, What to expect")
    for factor in ("layers", "width", "activation", "dropout"):
        means = table.groupby(factor)["accuracy"].mean()
        found = " · ".join(f"{value}: {mean:.0%}" for value, mean in means.items())
        quoted(f"mean accuracy by {factor}", found, f"{README}, What to expect")


# ------------------------------------------------------------------------------------------- challenge3


def challenge3() -> None:
    supplied("challenge3")
    import attention
    import torch
    from attention import (
        AttentionClassifier,
        MeanPoolingClassifier,
        as_bars,
        attend,
        compare,
        explain,
        logits_of,
        train,
    )
    from corpus import make_corpus
    from torch import nn
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(1)
    H, query = torch.tensor([[[2.0, 0.0], [0.0, 1.0], [1.0, -1.0]]]), torch.tensor([1.0, 1.0], requires_grad=True)
    context, weights = attend(H, query)
    context[0, 0].backward()
    found = f"weights {rounded(weights)}, context {rounded(context)}, dL/dq {rounded(query.grad)}"
    slopes = weights[0] * (H[0, :, 0] - context[0, 0])
    context, weights = attend(H, query, torch.tensor([[True, True, False]]))
    found += f", dL/ds {rounded(slopes)}; masked: weights {rounded(weights)}, context {rounded(context)}"
    quoted("attention by hand", found, f"{README}, Worked example; test_challenge3.py")

    corpus = make_corpus(seed=0)
    lengths = [len(review.words) for review in (*corpus.train, *corpus.test)]
    words = f"{spread(lengths, 'd')}, {np.mean(lengths):.1f} on average; vocabulary {len(corpus.vocabulary)}"
    quoted("number of words in a review", words, f"{README}, The reviews")
    model = AttentionClassifier(len(corpus.vocabulary), seed=0)
    train(model, corpus, epochs=20, seed=0)
    for sentence in ("This movie was absolutely terrible and boring", "The plot was not dull", "The plot was dull"):
        told = as_bars(explain(model, corpus, sentence)).replace("\n", "\n    ")
        quoted(sentence, f"\n    {told}", f"{README}, the first example or What the picture does not say")

    few = make_corpus(seed=0, n_train=300)
    table = compare(few, seeds=range(5))
    for name, rows in table.groupby("model"):
        found = f"{spread(rows['accuracy'], '.3f')}, {rows['parameters'].iloc[0]} parameters"
        quoted(f"accuracy after 300 reviews, {name}", found, f"{README}, With and without")
    shares, by_chance = [], 0.0
    for seed in range(5):
        model = AttentionClassifier(len(few.vocabulary), seed=seed)
        train(model, few, epochs=20, seed=seed)
        share, by_chance = on_evidence(model, few)
        shares.append(share)
    found = f"{spread(shares, '.2f')}; {by_chance:.2f} by chance"
    quoted("weight on the words that decide, 300 reviews", found, f"{README}, With and without")

    for size in (100, 1600):
        shares = []
        for seed in range(3):  # as in the figure
            some = make_corpus(seed, n_train=size)
            model = AttentionClassifier(len(some.vocabulary), seed=seed)
            train(model, some, epochs=20, seed=seed)
            shares.append(on_evidence(model, some)[0])
        found = f"{np.mean(shares):.2f}"
        quoted(f"weight on the words that decide, {size} reviews", found, f"{README}, the text of the second figure")
    tokens, mask, labels = corpus.batch(corpus.test)
    for rate, epochs in ((0.01, 3), (0.001, 3), (0.001, 20)):
        attention.LEARNING_RATE = rate
        model = AttentionClassifier(len(corpus.vocabulary), seed=0)
        train(model, corpus, epochs=epochs, seed=0)
        share = (logits_of(model, tokens, mask).argmax(dim=1) == labels).float().mean().item()
        quoted(f"test reviews right, rate {rate:g}, {epochs} epochs", f"{share:.1%}", f"{README}, Hint 3")

    cases = [("plot was good", 1), ("plot was bad", 0), ("plot was not good", 0), ("plot was not bad", 1)]
    names = sorted({word for sentence, _ in cases for word in sentence.split()})
    longest = max(len(sentence.split()) for sentence, _ in cases)
    numbers = [[names.index(word) + 1 for word in sentence.split()] for sentence, _ in cases]
    tokens = torch.tensor([row + [0] * (longest - len(row)) for row in numbers])
    labels = torch.tensor([label for _, label in cases])
    bag = nn.functional.one_hot(tokens, len(names) + 1)[:, :, 1:].sum(dim=1).float()

    class OnTheBag(nn.Module):
        """A network with one hidden layer on the word counts, which ignore the order of the words."""

        def __init__(self, size: int, seed: int) -> None:
            super().__init__()
            torch.manual_seed(seed)
            self.layers = nn.Sequential(nn.Linear(size - 1, 16), nn.ReLU(), nn.Linear(16, 2))

        def forward(self, *_: torch.Tensor) -> torch.Tensor:
            return self.layers(bag)

    for kind in (AttentionClassifier, MeanPoolingClassifier, OnTheBag):
        right = []
        for seed in range(5):
            model = kind(len(names) + 1, seed=seed)
            optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
            for _ in range(2000):
                loss = cross_entropy(logits_of(model, tokens, tokens > 0), labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            right.append(int((logits_of(model, tokens, tokens > 0).argmax(dim=1) == labels).sum()))
        found = f"{max(right)} of 4 right, the best of five seeds"
        quoted(f"good, bad, not good, not bad: {kind.__name__}", found, f"{README}, What the picture does not say")


def rounded(values) -> list[float]:
    return [round(value, 4) for value in values.flatten().tolist()]


def on_evidence(model, corpus) -> tuple[float, float]:
    """Return the share of attention on the words that decide, in test reviews, and the share expected by chance."""
    tokens, mask, _ = corpus.batch(corpus.test)
    weights = model(tokens, mask)[1].detach().numpy()
    pairs = list(zip(weights, corpus.test, strict=True))
    shares = [row[list(review.evidence)].sum() for row, review in pairs]
    return float(np.mean(shares)), float(np.mean([len(review.evidence) / len(review.words) for _, review in pairs]))


KATAS = {"challenge1": challenge1, "challenge2": challenge2, "challenge3": challenge3}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("katas", nargs="*", metavar="KATA", help=", ".join(sorted(EXAMPLES)))
    chosen = parser.parse_args().katas or sorted(EXAMPLES)
    if unknown := set(chosen) - set(EXAMPLES):
        parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(sorted(EXAMPLES))}")
    differing = 0
    for slug in chosen:
        faults = recomputed(slug).all_faults()
        print(f"{slug}: the worked example {'differs' if faults else 'agrees'}", *faults, sep="\n  ")
        differing += bool(faults)
    for slug in chosen:
        if slug in KATAS:
            print(slug)
            KATAS[slug]()
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
