"""Edit verdicts: what one edit made better or worse, within milliseconds.

`reviewer` asks the engines and has the verdict judged; `desk` is where the edits of running agents arrive. `engines`
find issues in a text, with the rules of `patterns` and `flow` where no library has them, in the child processes of
`processes`. `judging` is pure. `projects` says what a project wants to hear, `reports` writes verdicts for tools.
`docs/quality.md` explains the whole.
"""
