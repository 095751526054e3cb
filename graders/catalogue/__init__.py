"""Read kata.toml files into `Kata` records.

The package avoids slow imports, so that `katas list` starts fast.
"""

from graders.catalogue.loading import FORMAT, grouped, in_order, load, load_all
from graders.catalogue.paths import MANIFEST, find_root, is_glob, is_handed_out, matches, slug_of, slugs
from graders.catalogue.records import ABOUT, COMMON_PROBES, KINDS, Kata, Kind, Runtime, Task, Variant

__all__ = [
    "ABOUT",
    "COMMON_PROBES",
    "FORMAT",
    "KINDS",
    "MANIFEST",
    "Kata",
    "Kind",
    "Runtime",
    "Task",
    "Variant",
    "find_root",
    "grouped",
    "in_order",
    "is_glob",
    "is_handed_out",
    "load",
    "load_all",
    "matches",
    "slug_of",
    "slugs",
]
