"""The learning platforms, each with a module here that holds all that the katas know about it.

To add one, write a module that makes a Platform (katas_course.platforms.platform), and list it in PLATFORMS.
"""

from katas_course.platforms.canvas import CANVAS
from katas_course.platforms.gradescope import GRADESCOPE
from katas_course.platforms.moodle import MOODLE
from katas_course.platforms.platform import Platform

PLATFORMS: dict[str, Platform] = {each.name: each for each in (CANVAS, MOODLE, GRADESCOPE)}


def is_late_note(note: str) -> bool:
    """Return whether a note on a submission says that a platform has marked it as late."""
    return note in {each.late_note for each in PLATFORMS.values()}
