"""Compare softmax and cross_entropy with torch.nn.functional.

The tolerance for softmax is derived as follows. An exponent l_i - max l, or l_i - log sum exp l, has an error of at
most eps (|l_i| + 2 max|l|). That is also the relative error of p_i. The sum of C exponentials and the division add
C + 2 rounding errors. So |error| <= c eps C p_i (1 + |l_i| + max|l|).

In the loss, log sum exp l - l_t has an error of eps (C + |l_t| + max|l|), and so has the mean of n such losses. Summing
them adds n rounding errors. So |error| <= c eps (C + n) (1 + 2 mean of max|l|).
"""

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import about, assert_close, assert_equal, assert_speed, cases, task

LAYOUTS = ("fortran", "strided", "backwards", "contiguous")


def assert_softmax(actual, logits, dtype=np.float64):
    logits = torch.tensor(logits, dtype=torch.float64)
    p = F.softmax(logits, dim=-1)
    scale = p * (1 + abs(logits) + abs(logits).amax(-1, keepdim=True))
    assert_close(actual, p, dtype=dtype, scale=scale, terms=logits.shape[-1])


def assert_loss(actual, logits, target, dtype=np.float64, expected=None):
    """Check a loss. By default, PyTorch's is expected."""
    logits, target = torch.tensor(logits, dtype=torch.float64), torch.tensor(target, dtype=torch.int64)
    scale = 1 + 2 * abs(logits).amax(-1).mean()
    expected = F.cross_entropy(logits, target) if expected is None else expected
    # dtype affects only the tolerance, since the loss may be a Python float or a NumPy scalar of either precision
    assert_close(actual, expected, dtype=dtype, scale=scale, terms=logits.shape[-1] + target.numel())


def samples(draw, *, n_axes):
    """Return logits (…, classes) and targets for this case.

    The cases cover random sizes, sizes of 1, equal sizes, and long axes.
    """
    n, m, classes = draw.sizes("n m classes")
    any_length = draw.sizes("any_length", low=9, high=1000)
    special = {1: (1, 1, 1), 2: (1, m, classes), 3: (n, m, 1), 4: (4, 4, 4), 5: (600, 1, 3), 6: (2, 1, 1100)}
    special |= {7: (min(any_length, 600), 1, classes), 8: (n, 1, any_length)}
    n, m, classes = special.get(draw.case // 3, (n, m, classes))
    shape = {1: (classes,), 2: (n, classes), 3: (n, m, classes)}[n_axes]
    logits = draw.normal(*shape, scale=(1.0, 3.0, 0.01)[draw.case % 3])
    return logits, draw.integers(0, classes, *shape[:-1])


@task("softmax")
@cases(30)
def test_each_sample_gets_its_own_probabilities(kata, draw):
    logits, _ = samples(draw, n_axes=(2, 3, 1)[(draw.case + draw.case // 3) % 3])
    assert_softmax(kata.softmax(logits), logits)


@task("loss", title="The loss of one sample, and the mean loss of a batch")
@cases(30)
def test_the_loss_of_a_sample_and_the_mean_of_a_batch(kata, draw):
    logits, target = samples(draw, n_axes=(2, 1)[(draw.case + draw.case // 3) % 2])
    loss = F.cross_entropy(torch.tensor(logits), torch.tensor(target))
    if loss < 0.05:  # nine digits of such a loss are more than nine of the exponentials
        target = logits.argmin(-1) if logits.ndim > 1 else int(logits.argmin())
    assert_loss(kata.cross_entropy(logits, target), logits, target)


@task("extremes")
@cases(12)
def test_logits_up_to_ten_thousand_give_exact_answers(kata, draw):
    n, classes = draw.sizes("n classes", low=4)
    near = draw.normal(n, classes)
    levels = 1e4 * (np.arange(n)[:, None] % 3 - 1)  # samples near -10 000, 0 and 10 000 in one batch
    logits = (
        near + levels,
        near + 1e4 * draw.integers(-1, 2, n, classes),  # some logits are far above others
        draw.uniform(-1e4, 1e4, n, classes),
    )[draw.case % 3]
    target = draw.integers(0, classes, n)
    assert_softmax(kata.softmax(logits), logits)
    assert_loss(kata.cross_entropy(logits, target), logits, target)
    # the first sample again on its own, with the class of its smallest logit as the target
    target = int(logits[0].argmin())
    assert_softmax(kata.softmax(logits[0]), logits[0])
    assert_loss(kata.cross_entropy(logits[0], target), logits[0], target)


@task("types")
@cases(8)
def test_float32_gives_float32_and_int64_gives_float64(kata, draw):
    n, classes = draw.sizes("n classes", low=3)
    dtype = (np.float32, np.int64)[draw.case % 2]
    # No class is so unlikely that a small number beside p matters: that is what `extremes` is about.
    logits, target = draw.integers(-3, 4, n, classes).astype(dtype), draw.integers(0, classes, n)
    promised = np.float32 if dtype is np.float32 else np.float64
    assert_softmax(kata.softmax(logits), logits, promised)
    wide = logits.astype(np.float64)
    own = kata.cross_entropy(wide, target)
    with about("cross_entropy of the same logits in float64"):
        right = F.cross_entropy(torch.tensor(wide), torch.tensor(target))
        assert_close(own, right, dtype=np.float16, scale=1.0)  # to about 0.01, because other tasks ask for more
    assert_loss(kata.cross_entropy(logits, target), logits, target, promised, own)


@task("inputs")
@cases(8)
def test_any_memory_layout_works_and_arguments_are_left_alone(kata, draw, probes):
    n, classes = draw.sizes("n classes", low=3)
    layout = LAYOUTS[draw.case % 4]
    logits, target = draw.normal(n, classes), draw.integers(0, classes, n)
    p, after = kata.run(probes.call_with_layout, "softmax", layout, logits)
    with about("softmax"):
        assert_softmax(p, logits)
    with about("logits, after softmax"):
        assert_equal(after, logits)
    loss, *after = kata.run(probes.call_with_layout, "cross_entropy", layout, logits, target)
    with about("cross_entropy"):
        assert_loss(loss, logits, target)
    for name, array, before in zip(("logits", "target"), after, (logits, target), strict=True):
        with about(f"{name}, after cross_entropy"):
            assert_equal(array, before)


@task("inputs")
@cases(4)
def test_calls_do_not_affect_each_other(kata, draw, probes):
    n, classes = draw.sizes("n classes", low=3)
    first, second = ((draw.normal(n, classes), draw.integers(0, classes, n)) for _ in range(2))
    calls = [["softmax", first[0]], ["cross_entropy", *second], ["softmax", second[0]], ["cross_entropy", *first]]
    answers, later = kata.run(probes.answers_of_calls, calls)
    for (name, *arguments), answer, at_last in zip(calls, answers, later, strict=True):
        with about(name):
            (assert_softmax if name == "softmax" else assert_loss)(answer, *arguments)
        with about(f"the result of {name}, after further calls"):
            assert_equal(at_last, answer)
    with about("softmax"):
        assert_softmax(kata.run(probes.answer_after_renewal, "softmax", first[:1], second[:1]), second[0])
    with about("cross_entropy"):
        assert_loss(kata.run(probes.answer_after_renewal, "cross_entropy", first, second), *second)


@task("speed", title="softmax of a large batch takes at most five times the solution's time")
def test_softmax_takes_at_most_five_times_as_long(kata, draw):
    speed = kata.speed(
        "softmax",
        lambda: (draw.normal(3_000, 3),),
        lambda p, arguments: assert_softmax(p, *arguments),
        rounds=3,
        at_most=5.0,
        clock="cpu",
    )
    assert_speed(speed, at_most=5.0)


@task("speed", title="The loss of a large batch takes at most five times the solution's time")
def test_the_loss_takes_at_most_five_times_as_long(kata, draw):
    speed = kata.speed(
        "cross_entropy",
        lambda: (draw.normal(3_000, 3), draw.integers(0, 3, 3_000)),
        lambda loss, arguments: assert_loss(loss, *arguments),
        rounds=3,
        at_most=5.0,
        clock="cpu",
    )
    assert_speed(speed, at_most=5.0)
