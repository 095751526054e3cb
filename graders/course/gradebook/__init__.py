"""The gradebook: a database that stores submissions, verdicts, manual scores, rules, and an audit trail.

book             Gradebook: all operations that commands perform on it
database         opens a database, upgrades its tables, and runs transactions
transaction      one transaction: its session, and the lines that it adds to the audit trail
importing        imports verdicts, with their people and submissions, into the tables
scores           adds manual scores, and decides which of several is current
rule_changes     changes a kata's rule or a person's deadline, and checks the limit on attempts
queries          returns everyone's results, the audit trail, and verdicts by version
removal          removes people and old submissions
records          the records that queries return: a person's results, stored submissions
tables           the tables, in SQLite or PostgreSQL; migrations/ upgrades older databases
"""

from graders.course.gradebook.book import DEFAULT, Gradebook
from graders.course.gradebook.records import PersonKata, StoredSubmission

__all__ = ["DEFAULT", "Gradebook", "PersonKata", "StoredSubmission"]
