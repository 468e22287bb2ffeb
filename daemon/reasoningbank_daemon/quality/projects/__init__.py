"""What a project says of verdicts: its own file, its linters' settings, its comments."""
