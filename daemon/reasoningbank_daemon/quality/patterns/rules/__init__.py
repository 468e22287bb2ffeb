"""One module a rule. Its docstring is the rule's page in `docs/rules`; its `RULE` is found by the catalogue."""
