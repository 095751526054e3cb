"""For authors of katas: a new one, its check, mutants of its solution, pictures, and how its variants differ."""
