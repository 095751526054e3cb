"""Tasks that build on each other."""


def first():
    raise NotImplementedError


def second():
    raise NotImplementedError


def third():
    raise NotImplementedError


def alone():
    raise NotImplementedError
