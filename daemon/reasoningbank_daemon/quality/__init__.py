"""Edit verdicts: what one edit made better or worse, within milliseconds.

`reviewer.Reviewer` asks the engines and gives the verdict; `judge` and what it uses are pure; `advice` puts a verdict
into words. `docs/quality.md` explains the whole.
"""
