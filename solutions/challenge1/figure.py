"""Plot the gradient norms of both networks over the steps, with a line for every layer."""

from digits import load_digits
from matplotlib import colormaps
from vanishing import experiment

N_STEPS, LEARNING_RATE, BATCH_SIZE, SEED = 200, 0.05, 64, 0
LABELLED = (1, 4, 8, 12, 15)  # the layers whose lines get a label


def draw(figure):
    X, y = load_digits()
    panels = figure.subplots(1, 2, sharey=True)
    for axes, activation, name in zip(panels, ("sigmoid", "relu"), ("Sigmoid", "ReLU"), strict=True):
        frame = experiment(
            X, y, activation, n_steps=N_STEPS, learning_rate=LEARNING_RATE, batch_size=BATCH_SIZE, seed=SEED
        )
        norms = frame.pivot(index="step", columns="layer", values="gradient_norm")
        for layer, norm in norms.items():
            labelled = activation == "sigmoid" and layer in LABELLED
            colour = colormaps["viridis"](0.9 * (layer - 1) / (len(norms.columns) - 1))
            axes.semilogy(norm.index, norm, color=colour, linewidth=1.1)
            if labelled:
                axes.annotate(
                    f"layer {layer}",
                    (N_STEPS, norm.iloc[-10:].median()),
                    (3, -3),
                    textcoords="offset points",
                    fontsize=8,
                )
        losses = frame.groupby("step")["loss"].first()
        axes.set(
            title=f"{name}: loss {losses.iloc[:10].mean():.2f} → {losses.iloc[-10:].mean():.2f}",
            xlabel="step",
            xlim=(0, N_STEPS + 44 * (activation == "sigmoid")),
            xticks=range(0, N_STEPS + 1, 50),
        )
    panels[0].set_ylabel("norm of dL/dW")
    panels[1].text(
        0.97,
        0.5,
        "the same fifteen layers,\nfirst (dark) to last (bright)",
        transform=panels[1].transAxes,
        ha="right",
        fontsize=8,
    )
