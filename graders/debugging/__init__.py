"""`katas debug`: faults of training programs, generated broken programs, and the proof that they are broken."""
