"""Faults of training programs: what causes them, programs that have them, and the proof that they do."""
