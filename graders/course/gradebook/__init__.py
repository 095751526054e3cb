"""The gradebook: a database of submissions, verdicts, manual scores and rules, with an audit trail.

book             Gradebook, with everything that commands do with it
database         opening a database, upgrading its tables, transactions
transaction      one transaction: its session, and who writes what into the audit trail
importing        verdicts → people, submissions and verdicts in the tables
scores           the points that people give, and which of several are current
rule_changes     how a kata counts, one person's deadline, and the limit of attempts
queries          everyone's results, the audit trail, verdicts by version
removal          removes people and old submissions
records          what queries return: results of a person, stored submissions
tables           the tables, in SQLite or PostgreSQL; migrations/ upgrades older databases
"""

from graders.course.gradebook.book import DEFAULT, Gradebook
from graders.course.gradebook.records import PersonKata, StoredSubmission

__all__ = ["DEFAULT", "Gradebook", "PersonKata", "StoredSubmission"]
