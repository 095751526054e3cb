"""Task training: batches, and handwritten digits."""

import numpy as np

from graders.checks import about, assert_equal, task


@task("training", title="The worked example: training")
def test_the_worked_example_of_training(kata, probes):
    epochs, count = kata.run(probes.batches)
    rows = [[np.array(each, np.float32), np.array(each)] for each in ([0, 1], [2, 3], [4])]
    assert_equal(count, 3)
    for epoch in epochs:
        assert_equal(epoch, rows)


@task("training")
def test_digits_are_learned(kata, probes):
    losses, accuracy = kata.run(probes.trained_on_digits)
    with about(f"the loss goes from {losses[0]:.2f} to {losses[-1]:.2f}; it should fall below 1.1"):
        assert_equal(float(np.mean(losses[-5:])) < 1.1, True)
    with about(f"the accuracy on other digits is {accuracy:.0%}; after an epoch it should be more than 70 %"):
        assert_equal(accuracy > 0.7, True)


@task("training")
def test_batches_in_a_random_order(kata, probes):
    code = """
x, y = np.arange(100.0, dtype="float32").reshape(50, 2), np.arange(50)
loader = DataLoader((x, y), batch_size=20, shuffle=True)
manual_seed(0)
first, second = list(loader), list(loader)
manual_seed(0)
again = list(loader)
orders = [[row for batch in epoch for row in batch[1].tolist()] for epoch in (first, second, again)]
"""
    expected = {
        "len(loader)": 3,
        "sorted(orders[0]) == list(range(50))": True,
        "orders[0] == list(range(50))": False,
        "orders[1] == orders[0]": False,
        "orders[2] == orders[0] or not seeded": True,
        "all((batch[0].numpy()[:, 0] == 2 * batch[1].numpy()).all() for batch in second)": True,
        "len(list(DataLoader((x, y), batch_size=20, drop_last=True)))": 2,
        "len(list(DataLoader((x, y), batch_size=25, drop_last=True)))": 2,
        "len(DataLoader((x, y), batch_size=20, drop_last=True))": 2,
        "len(DataLoader((x, y), batch_size=25))": 2,
        "len(list(DataLoader([(x[0], 3), (x[1], 4)], batch_size=1)))": 2,
        "isinstance(first[0][0], Tensor)": True,
        "first[0][0].dtype": "float32",
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("training")
def test_the_learning_rate_can_change_during_training(kata, probes):
    # steps down w² from 1: v = 2 and w = 0.8; then v = 1 + 1.6 = 2.6, and the step is 0.01 · 2.6
    code = """
w = Tensor([1.0], requires_grad=True)
optimizer = SGD([w], lr=0.1, momentum=0.5)
for _ in range(2):
    optimizer.zero_grad()
    (w * w).backward()
    optimizer.step()
    optimizer.param_groups[0]["lr"] = 0.01
"""
    assert_equal(kata.run(probes.values, code, ["w"]), {"w": [0.774]})
