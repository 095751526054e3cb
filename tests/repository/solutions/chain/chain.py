"""Tasks that build on each other."""


def first():
    return "first"


def second():
    return "second"


def third():
    return "third"


def alone():
    return "alone"
