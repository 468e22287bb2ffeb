"""A test that ran before the edit is skipped, or others are by an `.only`.

In Python, Java and Rust a skipped test that is new is a note: only one that ran before was lost.
"""

from __future__ import annotations

import re

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Pattern, in_each
from reasoningbank_daemon.quality.patterns.python_signs import PythonLines
from reasoningbank_schema.verdicts import Category, Severity

_SKIPPED = re.compile(r"@(?:pytest\.mark|unittest)\.skip(?!\w)")


def _may_match(code: PythonLines) -> bool:
    return ".skip" in code.text and _SKIPPED.search(code.text) is not None


RULE = Pattern(
    rule="skipped-test",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="a test that ran before is skipped",
    suggestion="let it run; if it fails, say so",
    queries={
        Language.PYTHON: """
            (decorated_definition (decorator) @issue
              definition: (_ name: (identifier) @stood)
              (#match? @issue "^@(pytest\\\\.mark|unittest)\\\\.skip(\\\\(|\\\\s*$)"))
            """,
        Language.JAVA: """
            (method_declaration (modifiers (_ name: (identifier) @a) @issue) name: (identifier) @stood
              (#any-of? @a "Disabled" "Ignore"))
            """,
        Language.RUST: """
            ((attribute_item (attribute (identifier) @a)) @issue . (attribute_item)* .
              (function_item name: (identifier) @stood) (#eq? @a "ignore"))
            """,
        **in_each(
            JS_FAMILY,
            """
            (call_expression function: (member_expression object: (identifier) @o
              property: (property_identifier) @p)
              (#any-of? @o "it" "test" "describe") (#any-of? @p "skip" "only")) @issue
            (call_expression function: (identifier) @f arguments: (arguments . (string))
              (#any-of? @f "xit" "xdescribe" "xtest" "fit" "fdescribe")) @issue
            """,
        ),
    },
    python_sign=_may_match,
    fires=(
        (Language.PYTHON, "@pytest.mark.skip\ndef test_a():\n    f()\n"),
        (Language.PYTHON, "@unittest.skip('later')\nclass TestA:\n    x = 1\n"),
        (Language.JAVA, "class A { @Test @Disabled void f() { g(); } }"),
        (Language.RUST, "#[test]\n#[ignore]\nfn f() { g(); }"),
        (Language.JAVASCRIPT, "it.skip('works', f);"),
        (Language.TYPESCRIPT, "describe.only('all', f);"),
        (Language.TSX, "xit('works', f);"),
    ),
    quiet=(
        (Language.PYTHON, "@pytest.mark.skipif(os.name == 'nt', reason='posix')\ndef test_a():\n    f()\n"),
        (Language.JAVASCRIPT, "list.skip(1); it('works', f);"),
    ),
)
