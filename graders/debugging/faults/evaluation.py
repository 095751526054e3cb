"""Faults of the evaluation: training works, but its reports are wrong."""

from __future__ import annotations

from graders.debugging.faults.fault import Fault

FAULTS = (
    Fault(
        name="errors-counted",
        family="evaluation",
        cause="metric-wrong",
        level=1,
        symptoms=("claim-low",),
        why="The share of rows that are wrong is reported under the name of the share that is right.",
        fix="Count where prediction and target are equal.",
        prevention="Test the metric on three rows whose result you know.",
        edits={
            "spirals": (("(predict(model, X) == y).float()", "(predict(model, X) != y).float()"),),
            "glyphs": (("(predict(model, X) == y).float()", "(predict(model, X) != y).float()"),),
            "dialects": (("(predict(model, X) == y).float()", "(predict(model, X) != y).float()"),),
        },
    ),
    Fault(
        name="every-pair-counted",
        family="evaluation",
        cause="shapes-broadcast",
        level=2,
        symptoms=("claim-low",),
        why="Classes (n, 1) and targets (n,) are broadcast to (n, n): every prediction is compared with every "
        "target, and they agree as often as two random rows.",
        fix="Compare two vectors of the same length.",
        prevention="Assert in the metric that both shapes are equal.",
        edits={
            "spirals": (("(predict(model, X) == y)", "(predict(model, X).reshape(-1, 1) == y)"),),
            "glyphs": (("(predict(model, X) == y)", "(predict(model, X).reshape(-1, 1) == y)"),),
            "dialects": (("(predict(model, X) == y)", "(predict(model, X).reshape(-1, 1) == y)"),),
        },
    ),
    Fault(
        name="variance-around-zero",
        family="evaluation",
        cause="metric-wrong",
        level=2,
        symptoms=("claim-high",),
        why="The squared residuals are compared with the mean square of the targets instead of their variance. "
        "The targets are far from zero, so that even a constant would get a fine score.",
        fix="Subtract the mean of the targets before squaring: R² compares with the best constant.",
        prevention="Test that the metric of a constant prediction, the mean, is zero.",
        edits={"heating": (("/ (y - y.mean()).pow(2).mean()).item()", "/ y.pow(2).mean()).item()"),)},
    ),
    Fault(
        name="one-variance-for-all-units",
        family="evaluation",
        cause="metric-wrong",
        level=2,
        symptoms=("claim-high",),
        why="Residuals are divided by one variance over all columns together, which mostly measures how far the "
        "columns' means are apart. Compared with that, any residual is small.",
        fix="Divide each column's residual by the variance of that column: X.var(dim=0).",
        prevention="Test that the metric of a constant prediction, the mean of each column, is zero.",
        edits={
            "sensors": (
                (
                    "(residual.pow(2).mean(dim=0) / X.var(dim=0)).mean().item()",
                    "(residual.pow(2) / X.var()).mean().item()",
                ),
            )
        },
    ),
    Fault(
        name="losses-never-emptied",
        family="evaluation",
        cause="metric-wrong",
        level=2,
        symptoms=("loss-high",),
        why="The losses are collected in one list for the whole training, so that what is reported as the mean "
        "of an epoch is the mean since the beginning.",
        fix="Begin with an empty list in every epoch.",
        prevention="Check that an epoch's mean is over as many losses as it has batches.",
        edits={
            "spirals": (
                (
                    "    for epoch in range(epochs):\n        losses = []\n",
                    "    losses = []\n    for epoch in range(epochs):\n",
                ),
            ),
            "glyphs": (
                (
                    "    for epoch in range(epochs):\n        model.train()\n        losses = []\n",
                    "    losses = []\n    for epoch in range(epochs):\n        model.train()\n",
                ),
            ),
            "heating": (
                (
                    "    for epoch in range(epochs):\n        losses = []\n",
                    "    losses = []\n    for epoch in range(epochs):\n",
                ),
            ),
            "sensors": (
                (
                    "    for epoch in range(epochs):\n        total = 0.0\n",
                    "    total = 0.0\n    for epoch in range(epochs):\n",
                ),
            ),
            "dialects": (
                (
                    "    for epoch in range(epochs):\n        losses = []\n",
                    "    losses = []\n    for epoch in range(epochs):\n",
                ),
            ),
        },
    ),
    Fault(
        name="validated-on-training-rows",
        family="evaluation",
        cause="evaluated-on-training-data",
        level=2,
        symptoms=("claim-high",),
        why="The validation score is computed on the training data.",
        fix="Pass the validation data to the metric.",
        prevention="Assert that both scores are not the same number, epoch after epoch.",
        edits={
            "heating": (
                (
                    "r2(model, data.X_validation, data.y_validation))\n        if",
                    "r2(model, data.X_train, data.y_train))\n        if",
                ),
            ),
        },
    ),
    Fault(
        name="parts-that-overlap",
        family="evaluation",
        cause="evaluated-on-training-data",
        level=2,
        symptoms=("claim-high",),
        why="Training and validation both take the first rows: validation uses rows that were trained on.",
        fix="Give validation the rows after those for training.",
        prevention="Assert that no row is in both parts.",
        edits={
            "heating": (
                (
                    "X[:n_train], y[:n_train], X[n_train:], y[n_train:])",
                    "X[:n_train], y[:n_train], X[: N_HOUSES // 3], y[: N_HOUSES // 3])",
                ),
            ),
        },
    ),
    Fault(
        name="one-history-for-all-runs",
        family="evaluation",
        cause="reference-instead-of-copy",
        level=2,
        symptoms=("history-kept",),
        why="A default value is made once, when the function is defined: all trainings that are called without a "
        "history write into the same one, and the second begins with the entries of the first.",
        fix="Make a new History() inside the function.",
        prevention="Avoid mutable defaults; a linter reports them.",
        edits=dict.fromkeys(
            ("spirals", "glyphs", "heating", "sensors", "dialects"),
            (
                (
                    "epochs: int, seed: int) -> History:",
                    "epochs: int, seed: int, history: History = History()) -> History:",
                ),
                ("    history = History()\n", ""),
            ),
        ),
    ),
    Fault(
        name="scaled-in-place",
        family="evaluation",
        cause="reference-instead-of-copy",
        level=1,
        symptoms=("loss-explodes", "score-low", "claim-low"),
        why="The values are scaled in place, so that the caller's data change with every call: the data "
        "evaluated after an epoch have been scaled already, and they share memory with the training "
        "rows.",
        fix="Return a new tensor: (values - mean) / std.",
        prevention="Test that a call does not change the function's arguments.",
        edits={
            "heating": (
                (
                    "        return (values - self.mean) / self.std\n",
                    "        values -= self.mean\n        values /= self.std\n        return values\n",
                ),
            ),
        },
    ),
)
