"""A C function that writes without knowing how much room there is: `gets`, `strcpy`, `strcat`, `sprintf`."""

from __future__ import annotations

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import C_FAMILY, Pattern, in_each
from reasoningbank_schema.verdicts import Category, Severity

RULE = Pattern(
    rule="unbounded-copy",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="this call writes without a bound",
    suggestion="use a variant that takes the size of the target (fgets, snprintf, strlcpy)",
    queries=in_each(
        C_FAMILY,
        """
        (call_expression function: (identifier) @f
          (#any-of? @f "gets" "strcpy" "strcat" "sprintf" "vsprintf")) @issue
        """,
    ),
    fires=(
        (Language.C, "void f(char *s) { char b[8]; strcpy(b, s); }"),
        (Language.CPP, "void f() { gets(b); }"),
    ),
    quiet=((Language.C, "void f(char *s) { strlcpy(b, s, sizeof b); snprintf(b, 8, s); }"),),
)
