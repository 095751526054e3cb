"""Plot the results of the solution's search: what accuracy costs in parameters and seconds."""

from pathlib import Path

import pandas as pd
from search import draw as draw_tradeoffs

RESULTS = Path(__file__).with_name("results")


def draw(figure):
    """Plot accuracy against parameters on the left and against seconds on the right."""
    figure.set_size_inches(7.8, 3.6)
    draw_tradeoffs(figure, pd.read_csv(RESULTS / "experiment_log.csv"))
