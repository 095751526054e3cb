"""The catalogue of faults, with one module for each of eight families."""

from __future__ import annotations

from graders.debugging.faults.data import FAULTS as DATA
from graders.debugging.faults.evaluation import FAULTS as EVALUATION
from graders.debugging.faults.fault import FAMILIES, Edit, Fault
from graders.debugging.faults.generalisation import FAULTS as GENERALISATION
from graders.debugging.faults.initialisation import FAULTS as INITIALISATION
from graders.debugging.faults.loss import FAULTS as LOSS
from graders.debugging.faults.normalisation import FAULTS as NORMALISATION
from graders.debugging.faults.speed import FAULTS as SPEED
from graders.debugging.faults.update import FAULTS as UPDATE

_ALL = (*UPDATE, *LOSS, *DATA, *INITIALISATION, *NORMALISATION, *EVALUATION, *SPEED, *GENERALISATION)

FAULTS: dict[str, Fault] = {fault.name: fault for fault in _ALL}
"""Maps the name of a fault to the fault."""

__all__ = ["FAMILIES", "FAULTS", "Edit", "Fault"]
