"""Cohorts: many submissions graded by one command, on one machine or several.

entries      a folder of submissions → who handed in what, and when
store        what was handed in, kept by its digest
journal      what has been graded, in the order in which it was; the truth about a batch
resident     the grading side: one judge, kept warm, in every process that grades
executors    where the grading is done: processes of this machine, or a Dask cluster
running      jobs → an executor → verdicts, whatever dies in between
cohort       all of it together: what is left to grade, graded and written down
"""
