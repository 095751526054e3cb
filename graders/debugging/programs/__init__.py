"""Healthy training programs in one file each, and the ways to vary them without breaking them.

A program is read as text, varied, and broken by the faults of `graders.debugging.faults`. Each has the entry points
build_model(seed), load_data(seed), train(model, data, *, epochs, seed) and predict(model, X) and the constant EPOCHS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

HERE = Path(__file__).parent


@dataclass(frozen=True)
class TrainingProgram:
    """A healthy program.

    `metric` names the score that the history holds in addition to the loss, as train_<metric> and validation_<metric>.
    `about` describes the program in a README. `constants` maps the name of a constant to the values, as source text,
    with which the program stays healthy. `names` maps an identifier to names that may replace it. Every variation
    scores at least `least_score` on fresh data, and at most `largest_gap` more than that on its training data.
    """

    name: str
    metric: Literal["accuracy", "r2"]
    about: str
    constants: Mapping[str, tuple[str, ...]]
    names: Mapping[str, tuple[str, ...]]
    least_score: float
    largest_gap: float

    @cached_property
    def source(self) -> str:
        """The program's text before any variation, without the line for the type checker."""
        return (HERE / f"{self.name}.py").read_text(encoding="utf-8").removeprefix("# mypy: ignore-errors\n")


PROGRAMS: dict[str, TrainingProgram] = {
    program.name: program
    for program in (
        TrainingProgram(
            "spirals",
            "accuracy",
            "A small network learns which arm of a spiral a point in an image lies on.",
            constants={
                "N_POINTS": ("324", "360", "384", "408"),
                "TURNS": ("0.6", "0.7", "0.8"),
                "NOISE": ("0.12", "0.15", "0.18", "0.2"),
                "RADIUS": ("160.0", "200.0", "220.0"),
                "WIDTH": ("28", "32", "40", "48"),
                "BATCH_SIZE": ("20", "24", "30"),
                "LEARNING_RATE": ("0.04", "0.05", "0.06"),
                "DECAY": ("0.94", "0.95", "0.96"),
                "EPOCHS": ("22", "24", "26"),
            },
            names={
                "draw_points": ("sample_points", "points_on_arms"),
                "Network": ("ArmClassifier", "Classifier"),
                "fit_scale": ("take_scale", "fit_normaliser"),
                "features": ("activations", "representation"),
                "initialise": ("reset_weights", "he_initialise"),
                "make_optimizer": ("optimizer_for", "configure_optimizer"),
                "shuffle": ("generator_of_batches", "batch_rng"),
                "order": ("permutation", "indices"),
                "rows": ("chosen", "members"),
                "losses": ("batch_losses", "loss_values"),
                "accuracy": ("share_correct", "hit_rate"),
            },
            least_score=0.88,
            largest_gap=0.1,
        ),
        TrainingProgram(
            "glyphs",
            "accuracy",
            "A convolutional network recognises five signs in small greyscale images. In the training images, the "
            "signs are in the middle. In use, they may be up to two pixels off-centre.",
            constants={
                "N_PER_SIGN": ("40", "44", "48"),
                "NOISE": ("25.0", "30.0", "35.0"),
                "CHANNELS": ("8", "10", "12"),
                "DROPOUT": ("0.05", "0.1"),
                "BATCH_SIZE": ("16", "20", "25"),
                "LEARNING_RATE": ("4e-3", "5e-3", "6e-3"),
                "EPOCHS": ("12", "13", "14"),
            },
            names={
                "stencils": ("templates", "outlines"),
                "draw_pictures": ("render", "make_pictures"),
                "Reader": ("SignNet", "ConvNet"),
                "scaled": ("normalised", "as_input"),
                "shifted": ("displaced", "jittered"),
                "pictures": ("images", "scans"),
                "hidden": ("maps", "x"),
                "order": ("permutation", "indices"),
                "rows": ("chosen", "members"),
                "losses": ("batch_losses", "loss_values"),
                "log_p": ("log_probabilities", "log_probs"),
                "accuracy": ("share_correct", "hit_rate"),
            },
            least_score=0.82,
            largest_gap=0.16,
        ),
        TrainingProgram(
            "heating",
            "r2",
            "A regression predicts how much heat a house needs on a given day, from a register whose columns have "
            "different units.",
            constants={
                "N_HOUSES": ("440", "480", "520"),
                "TRAIN_SHARE": ("0.35", "0.38", "0.4"),
                "N_NUISANCE": ("6", "7", "8"),
                "NOISE": ("9.0", "10.0", "11.0"),
                "WIDTH": ("40", "48", "56"),
                "BATCH_SIZE": ("14", "16", "18"),
                "LEARNING_RATE": ("3e-3", "3.5e-3", "4e-3"),
                "WEIGHT_DECAY": ("0.08", "0.1", "0.12"),
                "EPOCHS": ("28", "30", "32"),
            },
            names={
                "draw_houses": ("sample_houses", "survey"),
                "nuisance": ("beside", "irrelevant"),
                "transmission": ("u_value", "heat_loss"),
                "Scale": ("Standardiser", "Units"),
                "Regressor": ("HeatModel", "Network"),
                "shuffle": ("batch_rng", "generator_of_batches"),
                "order": ("permutation", "indices"),
                "rows": ("chosen", "members"),
                "losses": ("batch_losses", "loss_values"),
                "best_state": ("kept_weights", "best_weights"),
                "residual": ("error", "remainder"),
                "r2": ("explained", "r_squared"),
            },
            least_score=0.7,
            largest_gap=0.28,
        ),
        TrainingProgram(
            "sensors",
            "r2",
            "An autoencoder squeezes the readings of a machine's sensors through a narrow layer and reconstructs them.",
            constants={
                "N_TRAIN": ("280", "300", "340"),
                "N_VALIDATION": ("280", "300", "320"),
                "N_SENSORS": ("14", "16", "18"),
                "NOISE": ("0.1", "0.12", "0.14"),
                "WIDTH": ("28", "32", "40"),
                "BATCH_SIZE": ("18", "20", "24"),
                "LEARNING_RATE": ("4e-3", "5e-3", "6e-3"),
                "EPOCHS": ("25", "27", "30"),
            },
            names={
                "draw_readings": ("sample_readings", "record"),
                "mixing": ("coupling", "influence"),
                "Autoencoder": ("Compressor", "Bottleneck"),
                "fit_scale": ("take_scale", "fit_normaliser"),
                "code": ("latent", "bottleneck"),
                "order_generator": ("batch_rng", "generator_of_batches"),
                "order": ("permutation", "indices"),
                "total": ("running", "summed"),
                "n_batches": ("steps_per_epoch", "batch_count"),
                "residual": ("error", "remainder"),
                "r2": ("explained", "r_squared"),
            },
            least_score=0.85,
            largest_gap=0.06,
        ),
        TrainingProgram(
            "dialects",
            "accuracy",
            "A recurrent network reads strings letter by letter and determines which of three dialects each is in.",
            constants={
                "LENGTH": ("11", "12", "13"),
                "N_STRINGS": ("540", "560", "580"),
                "HABIT": ("0.52", "0.54", "0.55"),
                "N_FEATURES": ("8", "10"),
                "WIDTH": ("22", "24", "28"),
                "BATCH_SIZE": ("32", "36", "40"),
                "LEARNING_RATE": ("0.02", "0.025"),
                "EPOCHS": ("7", "8"),
            },
            names={
                "draw_strings": ("sample_strings", "speak"),
                "preferred": ("expected", "habitual"),
                "mixed": ("permutation_of_all", "reordered"),
                "Listener": ("Recogniser", "Network"),
                "states": ("outputs", "hidden"),
                "shuffle": ("batch_rng", "generator_of_batches"),
                "smoothed": ("soft_targets", "target_probabilities"),
                "order": ("sequence", "indices"),
                "rows": ("chosen", "members"),
                "losses": ("batch_losses", "loss_values"),
                "accuracy": ("share_correct", "hit_rate"),
            },
            least_score=0.85,
            largest_gap=0.12,
        ),
    )
}
"""Maps the name of a program to the program."""
