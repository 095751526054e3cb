"""Check the optimisers on numbers that you can verify with a pocket calculator."""

import math
from functools import partial

import numpy as np

from graders.checks import Mismatch, about, assert_close, assert_equal, assert_near, assert_parts, task

# the worked example: a parameter and its gradients in two steps
param = np.array([1.0, 2.0])
grads = [np.array([1.0, -4.0]), np.array([1.0, 2.0])]
CALM = {"lr": 0.1, "betas": (0.5, 0.75), "eps": 0.0}
# Adam's second step, divided by its rate, with a weight decay of 0.5: the gradients are [1.5, -3] and [1.45, 3.05]
DECAYED = (0.25 * np.array([1.5, -3.0]) + 0.5 * np.array([1.45, 3.05])) / 0.75
DECAYED /= np.sqrt((0.1875 * np.array([1.5, -3.0]) ** 2 + 0.25 * np.array([1.45, 3.05]) ** 2) / 0.4375)

close = partial(assert_close, scale=5.0, terms=20)  # up to rounding, in a few sums of numbers of at most this size


def check(path, *expected, dtype=np.float64):
    """Compare the parameters after each step with those computed by hand."""
    if type(path) is dict:
        assert_parts(path["answer"], "new_param", "new_state")
        path = path["path"]
    if type(path) is not list or len(path) != len(expected):
        raise Mismatch(f"expected {len(expected)} parameters, one after each step", list(expected), path)
    for number, (actual, reference) in enumerate(zip(path, expected, strict=True), start=1):
        close(actual, np.array(reference), dtype=dtype, name=f"new_param of call {number}")


@task("sgd")
def test_the_worked_example_of_sgd(kata, probes):
    settings = [{"lr": 0.1, "momentum": 0.5}] * 3
    check(kata.run(probes.path, "sgd", param, grads, settings[:2]), [0.9, 2.4], [0.75, 2.4])
    three = [*grads, np.array([0.25, -1.0])]  # the third velocity is [0.75, 0] + [0.25, -1]
    check(kata.run(probes.path, "sgd", param, three, settings), [0.9, 2.4], [0.75, 2.4], [0.65, 2.5])


@task("sgd", title="Without momentum, and with the default learning rate of 0.01")
def test_sgd_by_default(kata, probes):
    check(kata.run(probes.path, "sgd", param, grads, [{"lr": 0.1}] * 2), [0.9, 2.4], [0.8, 2.2])
    check(kata.run(probes.path, "sgd", param, grads, [{}] * 2), [0.99, 2.04], [0.98, 2.02])
    matrix = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    check(kata.run(probes.path, "sgd", matrix, [10 * matrix], [{"lr": 0.01}]), 0.9 * matrix)


@task("sgd", title="Weight decay is added to the gradient, before the momentum")
def test_weight_decay_of_sgd(kata, probes):
    decay = {"lr": 0.1, "weight_decay": 0.5}
    # the gradients become [1, -4] + [0.5, 1] = [1.5, -3] and [1, 2] + [0.425, 1.15] = [1.425, 3.15]
    check(kata.run(probes.path, "sgd", param, grads, [decay] * 2), [0.85, 2.3], [0.7075, 1.985])
    # the velocities are [1.5, -3] and [0.75, -1.5] + [1.425, 3.15] = [2.175, 1.65]
    decay |= {"momentum": 0.5}
    check(kata.run(probes.path, "sgd", param, grads, [decay] * 2), [0.85, 2.3], [0.6325, 2.135])


@task("sgd", title="The learning rate may change from step to step")
def test_sgd_with_a_learning_rate_that_changes(kata, probes):
    settings = [{"lr": 0.1, "momentum": 0.5}, {"lr": 0.2, "momentum": 0.5}]
    check(kata.run(probes.path, "sgd", param, grads, settings), [0.9, 2.4], [0.6, 2.4])


@task("sgd", title="Two parameters take turns, each with its own state")
def test_two_parameters_of_sgd_take_turns(kata, probes):
    turns = [[grads[0], -grads[0]], [grads[1], -grads[1]]]
    actual = kata.run(probes.paths_in_turns, "sgd", [param, -param], turns, [{"lr": 0.1, "momentum": 0.5}] * 2)
    check(actual, [0.9, 2.4], [-0.9, -2.4], [0.75, 2.4], [-0.75, -2.4])


@task("adam")
def test_the_worked_example_of_adam(kata, probes):
    check(kata.run(probes.path, "adam", param, grads, [CALM] * 2), [0.9, 2.1], [0.8, 2.1])


@task("adam", title="With the defaults, the first step has the size 0.001 for small and large gradients")
def test_the_first_step_of_adam_by_default(kata, probes):
    grad = np.array([0.0001, -300.0, 0.0, 1e-8])
    step = np.array([0.0001 / 0.00010001, -300 / (300 + 1e-8), 0.0, 0.5])  # g / (|g| + 1e-8)
    check(kata.run(probes.path, "adam", np.zeros(4), [grad], [{}]), -0.001 * step)
    # a gradient that stays the same has the averages g and g², however many steps there were
    path = kata.run(probes.path, "adam", np.zeros(4), [grad] * 30, [{}] * 30)
    check(path, *(-0.001 * n * step for n in range(1, 31)))


@task("adam", title="The betas are 0.9 and 0.999 by default")
def test_the_betas_of_adam_by_default(kata, probes):
    # a gradient g, then none: m = 0.1 g, 0.09 g; divided by 0.1, 0.19. v = 0.001 g², 0.000999 g²; by 0.001, 0.001999.
    second = (0.09 / 0.19) / math.sqrt(0.000999 / 0.001999)
    path = kata.run(probes.path, "adam", np.zeros(1), [np.array([-300.0]), np.zeros(1)], [{}] * 2)
    check(path, [0.001], [0.001 + 0.001 * second])


@task("adam", title="eps is added outside the root")
def test_eps_of_adam(kata, probes):
    actual = kata.run(probes.path, "adam", param, grads[:1], [CALM | {"eps": 1.0}])
    check(actual, [1 - 0.1 * 1 / (1 + 1), 2 + 0.1 * 4 / (4 + 1)])


@task("adam", title="The two betas have different powers")
def test_both_betas_of_adam(kata, probes):
    three = [np.array([8.0, 1.0]), np.array([0.0, 1.0]), np.array([0.0, 1.0])]
    # m = 4, 2, 1; divided by 1/2, 3/4, 7/8. v = 16, 12, 9; divided by 1/4, 7/16, 37/64.
    expected, place = [], 0.0
    for mean, square in ((8, 64), (8 / 3, 192 / 7), (8 / 7, 576 / 37)):
        place -= 0.1 * mean / math.sqrt(square)
        expected.append([place, -0.1 * (len(expected) + 1)])
    check(kata.run(probes.path, "adam", np.zeros(2), three, [CALM] * 3), *expected)


@task("adam", title="Weight decay is added to the gradient; the learning rate may change")
def test_weight_decay_and_learning_rate_of_adam(kata, probes):
    # the first gradient becomes [1.5, -3], but the step still has the size 0.1
    expected = [0.9, 2.1] - 0.2 * DECAYED
    settings = [CALM | {"weight_decay": 0.5}, CALM | {"weight_decay": 0.5, "lr": 0.2}]
    check(kata.run(probes.path, "adam", param, grads, settings), [0.9, 2.1], expected)


@task("adam", title="Two parameters of Adam take turns, each with its own state")
def test_two_parameters_of_adam_take_turns(kata, probes):
    turns = [[grads[0], -grads[0]], [grads[1], -grads[1]]]
    actual = kata.run(probes.paths_in_turns, "adam", [param, -param], turns, [CALM] * 2)
    check(actual, [0.9, 2.1], [-0.9, -2.1], [0.8, 2.1], [-0.8, -2.1])


@task("adamw")
def test_the_worked_example_of_adamw(kata, probes):
    actual = kata.run(probes.path, "adamw", param, grads, [CALM | {"weight_decay": 0.5}] * 2)
    check(actual, [0.85, 2.0], [0.7075, 1.9])


@task("adamw", title="Without a gradient, only the decay is left: 0.01 by default")
def test_adamw_by_default(kata, probes):
    zero = np.zeros(2)
    check(kata.run(probes.path, "adamw", param, [zero], [{"lr": 0.5}]), [0.995, 1.99])
    check(kata.run(probes.path, "adamw", param, [zero], [{}]), [0.99999, 1.99998])
    check(kata.run(probes.path, "adamw", param, [grads[1]], [{"eps": 0.0}]), [0.99999 - 0.001, 1.99998 - 0.001])
    check(kata.run(probes.path, "adamw", param, grads, [CALM | {"weight_decay": 0.0}] * 2), [0.9, 2.1], [0.8, 2.1])
    check(kata.run(probes.path, "adamw", zero, [np.array([0.0, 1e-8])], [{}]), [0, -0.0005])  # 1e-8 / (1e-8 + eps)


@task("adamw", title="Two parameters of AdamW take turns, and the learning rate changes")
def test_two_parameters_of_adamw_take_turns(kata, probes):
    turns = [[grads[0], -grads[0]], [grads[1], -grads[1]]]
    settings = [CALM | {"weight_decay": 0.5}, CALM | {"weight_decay": 0.5, "lr": 0.2}]
    actual = kata.run(probes.paths_in_turns, "adamw", [param, -param], turns, settings)
    check(actual, [0.85, 2.0], [-0.85, -2.0], [0.565, 1.8], [-0.565, -1.8])


def check_clipped(answer, expected, norm):
    arrays, before = assert_parts(answer, "clipped", "norm")
    arrays = assert_parts(arrays, *(f"clipped[{i}]" for i in range(len(expected))))
    for i, (actual, reference) in enumerate(zip(arrays, expected, strict=True)):
        # PyTorch adds 1e-6 to a norm of 5 or more; you may, or may not
        assert_near(actual, reference, relative=3e-7, name=f"clipped[{i}]")
    close(before, norm, name="norm")


@task("clip")
def test_the_worked_example_of_clip_by_norm(kata):
    both = [np.array([3.0]), np.array([[0.0], [4.0]])]
    check_clipped(kata.clip_by_norm(both, 1.0), [np.array([0.6]), np.array([[0.0], [0.8]])], 5.0)


@task("clip", title="Small gradients stay as they are, also zeros")
def test_small_gradients_are_not_clipped(kata):
    both = [np.array([3.0]), np.array([[0.0], [-4.0]])]
    check_clipped(kata.clip_by_norm(both, 20.0), both, 5.0)
    check_clipped(kata.clip_by_norm(both, 6.0), both, 5.0)  # 3 + 4 is more than 6, but the norm isn't
    check_clipped(kata.clip_by_norm(both, 4.5), [0.9 * each for each in both], 5.0)  # each array is below 4.5
    check_clipped(kata.clip_by_norm([np.zeros(2), np.zeros((2, 1))], 1.0), [np.zeros(2), np.zeros((2, 1))], 0.0)


@task("clip", title="One array, and many")
def test_one_array_and_many(kata):
    check_clipped(kata.clip_by_norm([np.array([6.0, -8.0])], 5.0), [np.array([3.0, -4.0])], 10.0)
    many = [np.full((2, 3, 2), 1.0), np.array([2.0]), np.array([[-3.0]])]  # 12 + 4 + 9 = 25
    check_clipped(kata.clip_by_norm(many, 2.5), [0.5 * each for each in many], 5.0)


def assert_rate(actual, expected):
    """Compare a learning rate up to rounding. It may be an integer, such as 0."""
    assert_near(actual, expected, absolute=1e-9)


@task("schedule")
def test_the_worked_example_of_warmup_cosine(kata):
    rates = (0.2, 0.4, 0.6, 0.8, 0.8, 0.4 * (1 + math.sqrt(0.5)), 0.4, 0.4 * (1 - math.sqrt(0.5)), 0.0, 0.0)
    for step, rate in enumerate(rates):
        with about(f"step {step} of 8"):
            assert_rate(kata.warmup_cosine(step, 0.8, 4, 8), rate)


@task("schedule", title="From lr down to lr_min")
def test_the_smallest_learning_rate(kata):
    for step, rate in enumerate((0.5, 1.0, 1.0, 0.9, 0.6, 0.3, 0.2, 0.2, 0.2)):
        with about(f"step {step} of 6"):
            rate = 0.6 + 0.4 * math.cos(math.pi * (step - 2) / 4) if 2 <= step <= 6 else rate
            assert_rate(kata.warmup_cosine(step, 1.0, 2, 6, 0.2), rate)
    assert_rate(kata.warmup_cosine(100, 1.0, 2, 6, 0.2), 0.2)


@task("schedule", title="Without warm-up, and with nothing else")
def test_the_ends_of_warmup(kata):
    for step, rate in enumerate((0.8, 0.4, 0.0, 0.0)):
        with about(f"no warm-up, step {step}"):
            assert_rate(kata.warmup_cosine(step, 0.8, 0, 2), rate)
    for step, rate in enumerate((0.4, 0.8, 0.1, 0.1)):
        with about(f"two steps of warm-up, and no more; step {step}"):
            assert_rate(kata.warmup_cosine(step, 0.8, 2, 2, 0.1), rate)


# ---------------------------------------------------- extras: they earn points, but you can pass without them


@task("types", title="float32 stays float32")
def test_float32_stays_float32(kata, probes):
    single = [each.astype(np.float32) for each in (param, *grads)]
    momentum = [{"lr": 0.1, "momentum": 0.5}] * 2
    check(kata.run(probes.path, "sgd", single[0], single[1:], momentum), [0.9, 2.4], [0.75, 2.4], dtype=np.float32)
    check(kata.run(probes.path, "adam", single[0], single[1:], [CALM] * 2), [0.9, 2.1], [0.8, 2.1], dtype=np.float32)
    decay = [CALM | {"weight_decay": 0.5}] * 2
    check(kata.run(probes.path, "adamw", single[0], single[1:], decay), [0.85, 2.0], [0.7075, 1.9], dtype=np.float32)
    clipped, _ = assert_parts(kata.clip_by_norm([np.float32([3.0, 4.0])], 1.0), "clipped", "norm")
    (array,) = assert_parts(clipped, "clipped[0]")
    close(array, np.array([0.6, 0.8]), dtype=np.float32)


@task("inputs", title="The parameter and the gradient are left alone")
def test_the_parameter_and_the_gradient_are_left_alone(kata, probes):
    for name, setting, expected in (
        ("sgd", {"lr": 0.1, "momentum": 0.5}, ([0.9, 2.4], [0.75, 2.4])),
        ("sgd", {"lr": 0.1, "weight_decay": 0.5}, ([0.85, 2.3], [0.7075, 1.985])),
        ("adam", CALM, ([0.9, 2.1], [0.8, 2.1])),
        ("adam", CALM | {"weight_decay": 0.5}, ([0.9, 2.1], [0.9, 2.1] - 0.1 * DECAYED)),
        ("adamw", CALM | {"weight_decay": 0.5}, ([0.85, 2.0], [0.7075, 1.9])),
    ):
        params, left = kata.run(probes.arguments_and_results, name, param, grads, [setting] * 2)
        with about(f"the first param, after two steps of {name}"):
            assert_equal(params[0], param)
        with about(f"grad, after a step of {name}"):
            assert_equal(left, grads)
        with about(f"{name}, with the second gradient in the same array as the first"):
            check(params[1:], *expected)


@task("inputs")
def test_clipping_leaves_the_gradients_alone(kata, probes):
    both = [np.array([3.0]), np.array([[0.0], [4.0]])]
    clipped, after = kata.run(probes.clipped, both, 1.0)
    with about("grads, after clip_by_norm"):
        assert_equal(after, both)
    check_clipped([clipped, 5.0], [np.array([0.6]), np.array([[0.0], [0.8]])], 5.0)
