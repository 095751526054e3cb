"""The harness of nn-katas: it observes a submission in a worker and judges it in another process."""

__version__ = "0.1.0"
