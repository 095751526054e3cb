"""`katas serve`: the katas in a browser, with an editor on the learner's own files and the verdict beside it."""
