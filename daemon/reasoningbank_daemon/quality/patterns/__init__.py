"""What is looked for in syntax trees: one `Pattern` a rule, grouped by what they are about.

A new rule is one `Pattern` in one of these modules, or a module of its own named in `catalogue.py`.
"""
