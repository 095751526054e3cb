"""Faults in the evaluation, most of which make only the reported numbers wrong."""

from __future__ import annotations

from graders.debugging.faults.fault import Fault

FAULTS = (
    Fault(
        name="errors-counted",
        family="evaluation",
        cause="metric-wrong",
        level=1,
        symptoms=("claim-low",),
        why="The share of wrong predictions is reported as if it were the share of right ones.",
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
        why="Predictions of shape (n, 1) and targets of shape (n,) are broadcast to (n, n). Every prediction is "
        "compared with every target, so the score is no better than for randomly paired rows.",
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
        why="The squared residuals are divided by the mean square of the targets instead of their variance. The "
        "targets are far from zero, so even a constant prediction gets a high score.",
        fix="Subtract the mean of the targets before squaring: R² compares the model with the best constant.",
        prevention="Test that predicting the mean for every row scores zero.",
        edits={"heating": (("/ (y - y.mean()).pow(2).mean()).item()", "/ y.pow(2).mean()).item()"),)},
    ),
    Fault(
        name="one-variance-for-all-units",
        family="evaluation",
        cause="metric-wrong",
        level=2,
        symptoms=("claim-high",),
        why="Residuals are divided by a single variance over all columns, which mostly measures how far apart the "
        "means of the columns are. Compared with that, any residual is small.",
        fix="Divide each column's residual by the variance of that column: X.var(dim=0).",
        prevention="Test that predicting the mean of each column scores zero.",
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
        why="The losses are collected over the whole training run instead of one epoch, so the value that is reported "
        "as an epoch's mean contains all earlier losses.",
        fix="Reset the collected losses at the start of every epoch.",
        prevention="Check that an epoch's mean is taken over as many losses as the epoch has batches.",
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
        prevention="Assert that the training score and the validation score are not identical in every epoch.",
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
        why="Training and validation both take the first rows, so validation uses rows that the network was trained "
        "on.",
        fix="Use the rows after the training rows for validation.",
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
        why="A default value is created once, when the function is defined. All training runs that are started "
        "without a history write to the same one, so the second run begins with the entries of the first.",
        fix="Create a new History() inside the function.",
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
        why="The values are scaled in place, so every call changes the caller's data. The data evaluated after an "
        "epoch have been scaled already, and each evaluation scales them again, together with the training rows that "
        "share their memory.",
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
