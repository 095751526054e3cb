"""The gradebook, a database of submissions, verdicts, manual scores, rules and an audit trail.

book             provides the operations that commands perform on a gradebook
database         opens a database, upgrades its tables, and runs transactions
transaction      finds rows and adds lines to the audit trail within a transaction
importing        imports verdicts with their people and submissions
batches          holds batches: the last submission of each person and kata, and the seed
taking_over      copies a batch from another gradebook
scores           adds manual scores, and decides which score of a task is current
rule_changes     changes a kata's rule or a person's deadline, and checks the limit on attempts
course_settings  changes the bank of late days, the pass mark and the categories
decisions        overrides points, excludes submissions, and keeps requests to regrade
groups           lets a submission count for everyone in a group
people           finds a person under any name, on the roster or not
roster           changes the roster
queries          returns results, the audit trail, and verdicts by version
reports          returns everyone's marks and totals, also of people without a submission
removal          removes people and old submissions
records          defines the records that queries return
tables           defines the tables
pages            records which pages of feedback were written, and what has changed since then
batch_tables     defines the tables for batches
review_tables    defines the tables for the queue in which reviewers score tasks
rubrics          keeps rubric items, and the manual scores that come from them, in agreement
leases           reserves a task for one reviewer
pseudonyms       gives people pseudonyms that stay the same, and hides their names in texts
migrations/      creates the tables, and upgrades those of older databases
"""

from graders.course.gradebook.book import DEFAULT, Gradebook
from graders.course.gradebook.records import PersonKata, StoredSubmission
from graders.course.gradebook.reports import PersonReport

__all__ = ["DEFAULT", "Gradebook", "PersonKata", "PersonReport", "StoredSubmission"]
