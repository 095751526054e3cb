"""The gradebook, a database of submissions, verdicts, manual scores, rules and an audit trail.

book             provides the operations that commands perform on a gradebook
database         opens a database, upgrades its tables, and runs transactions
transaction      finds rows and adds lines to the audit trail within a transaction
importing        imports verdicts with their people and submissions
scores           adds manual scores, and decides which score of a task is current
rule_changes     changes a kata's rule or a person's deadline, and checks the limit on attempts
queries          returns results, the audit trail, and verdicts by version
removal          removes people and old submissions
records          defines the records that queries return
tables           defines the tables
migrations/      creates the tables, and upgrades those of older databases
"""

from graders.course.gradebook.book import DEFAULT, Gradebook
from graders.course.gradebook.records import PersonKata, StoredSubmission

__all__ = ["DEFAULT", "Gradebook", "PersonKata", "StoredSubmission"]
