"""Plot accuracy with and without attention against the number of training reviews, and where the attention goes."""

import torch
from attention import EPOCHS, AttentionClassifier, MeanPoolingClassifier, logits_of, train
from corpus import make_corpus

SIZES = (100, 200, 400, 800, 1600)
SEEDS = range(3)


def draw(figure):
    """Plot the accuracy of both classifiers (left) and the weight on the words that decide (right)."""
    torch.set_num_threads(1)
    figure.set_size_inches(7.6, 2.9)
    accuracy, evidence = figure.subplots(1, 2)
    results = [[trained(size, seed) for seed in SEEDS] for size in SIZES]
    columns = list(zip(*(zip(*runs, strict=True) for runs in results), strict=True))
    draw_runs(accuracy, columns[0], "tab:blue", "o-", "attention")
    draw_runs(accuracy, columns[1], "tab:orange", "s--", "mean pooling")
    draw_runs(evidence, columns[2], "tab:blue", "o-", "attention")
    draw_runs(evidence, columns[3], "tab:orange", "s--", "every word alike")
    accuracy.set(title="Right about test reviews", ylabel="share of 500", ylim=(0.45, 1.03))
    evidence.set(title="Weight on the words that decide", ylabel="share of the weight", ylim=(0, 1.03))
    for axes in (accuracy, evidence):
        axes.set(xlabel="training reviews", xscale="log", xticks=SIZES, xticklabels=SIZES)
        axes.minorticks_off()
        axes.legend(fontsize=8)


def draw_runs(axes, runs, colour, style, label):
    """Draw a point for each seed and a line through their means."""
    axes.plot(SIZES, [sum(each) / len(each) for each in runs], style, color=colour, label=label, markersize=5)
    for size, values in zip(SIZES, runs, strict=True):
        axes.plot([size] * len(values), values, style[0], color=colour, markersize=3, alpha=0.5)


@torch.no_grad()
def measured(model, corpus):
    """Return the share of test reviews classified correctly, and the share of the weight on the words that decide."""
    tokens, mask, labels = corpus.batch(corpus.test)
    right = (logits_of(model, tokens, mask).argmax(dim=1) == labels).float().mean().item()
    weights = model(tokens, mask)[1] if isinstance(model, AttentionClassifier) else mask / mask.sum(dim=1, keepdim=True)
    decisive = torch.zeros_like(mask)
    for row, review in enumerate(corpus.test):
        decisive[row, list(review.evidence)] = True
    return right, (weights * decisive).sum(dim=1).mean().item()


def trained(size, seed):
    """Return both accuracies and both shares of the weight after training on `size` reviews."""
    corpus = make_corpus(seed, n_train=size)
    found = []
    for kind in (AttentionClassifier, MeanPoolingClassifier):
        model = kind(len(corpus.vocabulary), seed=seed)
        train(model, corpus, epochs=EPOCHS, seed=seed)
        found.append(measured(model, corpus))
    (one, weight), (other, alike) = found
    return one, other, weight, alike
