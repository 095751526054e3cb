"""Raise, during the import, a text that attacks the program that displays it."""

raise ValueError("\x1b[2J::error::\x00<script>alert(1)</script>")
