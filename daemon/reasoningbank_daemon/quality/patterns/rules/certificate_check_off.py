"""The check of the server's certificate is switched off, so anybody on the way can read and change what is sent.

Python's is ruff's S501.
"""

from __future__ import annotations

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Pattern, in_each
from reasoningbank_schema.verdicts import Category, Severity

RULE = Pattern(
    rule="certificate-check-off",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="the check of the server's certificate is switched off",
    suggestion="leave the check on, and trust the wanted certificate authority",
    queries={
        **in_each(
            JS_FAMILY,
            """
            (pair key: (property_identifier) @k value: (false) (#eq? @k "rejectUnauthorized")) @issue
            """,
        ),
        Language.GO: """
            (keyed_element (literal_element (identifier) @k) (literal_element (true))
              (#eq? @k "InsecureSkipVerify")) @issue
            """,
        Language.RUBY: """
            ((scope_resolution name: (constant) @c) @issue (#eq? @c "VERIFY_NONE"))
            """,
    },
    fires=(
        (Language.JAVASCRIPT, "request({rejectUnauthorized: false});"),
        (Language.TYPESCRIPT, "const o = {rejectUnauthorized: false};"),
        (Language.TSX, "const o = {rejectUnauthorized: false};"),
        (Language.GO, "package a\nvar t = tls.Config{InsecureSkipVerify: true}"),
        (Language.RUBY, "http.verify_mode = OpenSSL::SSL::VERIFY_NONE"),
    ),
    quiet=((Language.JAVASCRIPT, "request({rejectUnauthorized: true});"),),
)
