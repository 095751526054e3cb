"""The gradebook, a database of submissions, verdicts, manual scores, rules and an audit trail.

database    opens a database, creates its tables, and runs transactions
tables      defines the tables
storing     stores verdicts and manual scores, with their people and submissions
batches     holds batches: the last submission of each person and kata, and the seed
pages       records which pages of feedback were written, and what has changed since then
people      finds a person under any name, and changes the roster
groups      lets a submission count for everyone in a group
settings    changes the rules of katas and of the course, and checks the limit on attempts
decisions   overrides points, excludes submissions, and keeps requests to regrade
results     says which submissions count, and computes everyone's marks and totals
removal     removes people and old submissions
rubrics     keeps rubric items, and the manual scores that come from them, in agreement
leases      reserves a task for one reviewer
pseudonyms  gives people pseudonyms that stay the same, and hides their names in texts
"""

from katas_course.gradebook.database import Gradebook

__all__ = ["Gradebook"]
