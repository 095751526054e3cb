"""`katas debug`: a catalogue of faults, a generator of broken training programs, and the proof that they are broken."""
