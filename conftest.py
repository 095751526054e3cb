"""Registers the plugin of the katas, once."""

pytest_plugins = ["graders.judge.plugin"]
