"""The small web server of `katas serve`, which the pages for learners and for instructors share."""
