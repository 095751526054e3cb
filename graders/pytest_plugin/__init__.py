"""The pytest plugin that runs a kata's tests: marks, fixtures, learner mode, messages and diagnosis."""
