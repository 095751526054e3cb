"""Faults in the initialisation, which make weights too large, too small or equal."""

from __future__ import annotations

from graders.debugging.faults.fault import Fault

FAULTS = (
    Fault(
        name="gain-grows-with-width",
        family="initialisation",
        cause="initial-weights-too-large",
        level=1,
        symptoms=("loss-explodes", "score-low"),
        why="The standard deviation of the weights grows with the number of inputs but should shrink, so each layer "
        "multiplies its values by roughly its width.",
        fix="Use He initialisation: a standard deviation of sqrt(2 / fan_in).",
        prevention="Assert that the loss of the untrained network is about the logarithm of the number of classes.",
        edits={
            "spirals": (("math.sqrt(2.0 / layer.in_features)", "math.sqrt(2.0 * layer.in_features)"),),
        },
    ),
    Fault(
        name="standard-normal-weights",
        family="initialisation",
        cause="initial-weights-too-large",
        level=2,
        symptoms=("score-low", "loss-high", "loss-explodes"),
        why="Every weight is drawn with standard deviation 1, whatever the width. Sums over many inputs are then "
        "large, so tanh saturates and its gradient almost vanishes. The network starts far from any useful state.",
        fix="Draw weights whose variance falls with the number of inputs, as Xavier and He initialisation do.",
        prevention="Log the standard deviation of every layer's output before training: it should be about 1 in every "
        "layer.",
        edits={
            "heating": (("            nn.init.xavier_uniform_(matrix)\n", "            nn.init.normal_(matrix)\n"),),
            "sensors": (
                (
                    "nn.init.xavier_normal_(layer.weight, gain=1.0, generator=generator)",
                    "nn.init.normal_(layer.weight, generator=generator)",
                ),
            ),
        },
    ),
    Fault(
        name="divided-by-all-weights",
        family="initialisation",
        cause="initial-weights-too-small",
        level=1,
        symptoms=("loss-stays", "score-low", "loss-high"),
        why="The standard deviation is 1 / (number of weights in the layer), but it should be proportional to 1 / "
        "sqrt(number of inputs). Activations and gradients become many times smaller in every layer, and the steps "
        "are too small to make up for it.",
        fix="Use He initialisation: a standard deviation of sqrt(2 / fan_in).",
        prevention="Log the standard deviation of every layer's output before training: it should be about 1 in every "
        "layer.",
        edits={"spirals": (("math.sqrt(2.0 / layer.in_features)", "1.0 / layer.weight.numel()"),)},
    ),
    Fault(
        name="gain-by-all-weights",
        family="initialisation",
        cause="initial-weights-too-small",
        level=2,
        symptoms=("loss-high", "score-low"),
        why="Xavier initialisation already takes the width of a layer into account. The gain used here also divides "
        "by the number of weights, so activations and gradients nearly vanish on their way through the layers, and "
        "much of the training is over before the weights start to move.",
        fix="Use a gain of 1, which keeps the scale of activations from layer to layer.",
        prevention="Log the standard deviation of every layer's output before training: it should be about 1 in every "
        "layer.",
        edits={
            "sensors": (("gain=1.0, generator", "gain=1.0 / layer.weight.numel(), generator"),),
        },
    ),
    Fault(
        name="one-row-for-all-units",
        family="initialisation",
        cause="initial-weights-equal",
        level=2,
        symptoms=("score-low",),
        why="One row of weights is drawn and copied to all units of the layer by broadcasting. Units that start equal "
        "get equal gradients and stay equal, so the layer acts like a single unit.",
        fix="Draw one number for every weight: the shape is layer.weight.shape.",
        prevention="Assert that no two rows of an initial weight matrix are equal.",
        edits={
            "spirals": (("torch.randn(layer.weight.shape, generator", "torch.randn(layer.in_features, generator"),),
        },
    ),
    Fault(
        name="constant-weights",
        family="initialisation",
        cause="initial-weights-equal",
        level=2,
        symptoms=("score-low", "loss-high"),
        why="All weights of a layer start at the same value. Its units start equal, get equal gradients and stay "
        "equal, so the layer acts like a single unit.",
        fix="Draw the weights at random.",
        prevention="Assert that no two rows of an initial weight matrix are equal.",
        edits={
            "sensors": (
                (
                    "nn.init.xavier_normal_(layer.weight, gain=1.0, generator=generator)",
                    "nn.init.constant_(layer.weight, 1 / layer.in_features)",
                ),
            ),
        },
    ),
    Fault(
        name="all-zero",
        family="initialisation",
        cause="initial-weights-equal",
        level=1,
        symptoms=("loss-stays", "score-low"),
        why="All weights start at zero, so the network gives the same output for every input, and all gradients "
        "except that of the last bias are zero too.",
        fix="Draw the weights at random; only biases may start at zero.",
        prevention="Assert after the first backward() that no weight's gradient is all zero.",
        edits={
            "sensors": (
                (
                    "nn.init.xavier_normal_(layer.weight, gain=1.0, generator=generator)",
                    "nn.init.zeros_(layer.weight)",
                ),
            ),
            "glyphs": (
                (
                    'nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")',
                    "nn.init.zeros_(layer.weight)",
                ),
            ),
        },
    ),
)
