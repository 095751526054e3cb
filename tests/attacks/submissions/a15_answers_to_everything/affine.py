"""Use a module-level __getattr__ to give every name a function that returns its first argument."""


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return lambda *args: args[0]
