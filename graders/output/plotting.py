"""Matplotlib settings that make pictures reproducible and readable on any background."""

from __future__ import annotations

from typing import Any

LOOK: Any = {
    "svg.hashsalt": "katas",  # the salt for hashed identifiers, which is random by default
    "svg.fonttype": "path",  # the text looks the same whatever fonts the reader has
    "figure.figsize": (7.6, 3.2),  # in inches; GitHub shows a README with a width of about 8 inches
    "figure.facecolor": "white",  # this keeps plots readable on a dark page
    "figure.constrained_layout.use": True,
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}
