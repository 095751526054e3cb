"""`katas watch`: a kata is graded at every save, and what comes of it is shown at once."""
