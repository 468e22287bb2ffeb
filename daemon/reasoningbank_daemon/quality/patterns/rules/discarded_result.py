"""A call that only computes a value stands alone, so what it computed is lost: `name.strip()` changes no `name`.

Texts do not change in these languages: such a method returns a new one. The PHP statement `htmlspecialchars($x);` leaves `$x` as it
came. In a `try` or a `with` the call may be there for the error that it raises, and is not meant; nor is `lower`, which windows have
too, or `trim`, which buffers have.
"""

from __future__ import annotations

import re

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Pattern, in_each
from reasoningbank_daemon.quality.patterns.python_signs import PythonLines, calls_alone
from reasoningbank_schema.verdicts import Category, Severity

_PYTHON_METHODS = '"strip" "lstrip" "rstrip" "upper" "capitalize" "casefold" "swapcase" "zfill" "removeprefix" "removesuffix"'
_PYTHON_STATEMENTS = (
    f"""(expression_statement . (call function: (attribute attribute: (identifier) @m)) .) @issue
        (#any-of? @m {_PYTHON_METHODS})""",
    """(expression_statement . (call function: (attribute attribute: (identifier) @m)
         arguments: (argument_list . (string) . (string) .)) .) @issue (#eq? @m "replace")""",
    """(expression_statement . (call function: (identifier) @f arguments: (argument_list)) .) @issue
         (#any-of? @f "sorted" "reversed")""",
)
_JS_STATEMENTS = (
    """(expression_statement (call_expression function: (member_expression property: (property_identifier) @m))) @issue
         (#any-of? @m "toUpperCase" "toLowerCase" "trimStart" "trimEnd" "padStart" "padEnd" "toSorted" "toReversed")""",
    """(expression_statement (call_expression function: (member_expression property: (property_identifier) @m)
         arguments: (arguments . (regex)))) @issue (#any-of? @m "replace" "replaceAll")""",
)
_JAVA_STATEMENT = """
    (expression_statement (method_invocation name: (identifier) @m)) @issue
      (#any-of? @m "toUpperCase" "toLowerCase" "substring")
    """
_PHP_FUNCTIONS = (
    '"htmlspecialchars" "htmlentities" "strip_tags" "trim" "strtolower" "strtoupper" "ucfirst" "str_replace"'
    ' "preg_quote" "escapeshellarg" "array_merge" "array_filter" "array_unique" "array_values"'
)


def _in_block(root: str, block: str, statements: tuple[str, ...]) -> str:
    """Return the queries for statements at the top, and in blocks that no `try` or `with` guards."""
    return "\n".join(
        f"""
        ({root} {_parted(statement)[0]} {_parted(statement)[1]})
        ((_ ({block} {_parted(statement)[0]})) @parent {_parted(statement)[1]}
          (#not-match? @parent "^(try|with|async with|using)"))
        """
        for statement in statements
    )


def _parted(statement: str) -> tuple[str, str]:
    node, mark, predicate = statement.partition("@issue")
    return node + mark, predicate


_ENDINGS = (
    "strip",
    "upper",
    "capitalize",
    "casefold",
    "swapcase",
    "zfill",
    "removeprefix",
    "removesuffix",
    "replace",
)
_METHOD = re.compile(
    r"\.?[\s\\]*(?:[lr]?strip|upper|capitalize|casefold|swapcase|zfill|removeprefix|removesuffix"
    r"|replace(?=[\s\\]*\([\s\\]*(?:#[^\n]*\s*)*[rRbBuUfF]{0,2}[\"']))[\s\\]*\("
)
_ALONE = re.compile(r"(?:^|[\n:;])[\s\\]*(?:sorted|reversed)[\s\\]*\(")


def _may_match(code: PythonLines) -> bool:
    text = code.text
    if any(calls_alone(code, _METHOD, _ENDINGS)):
        return True
    return ("sorted" in text or "reversed" in text) and _ALONE.search(text) is not None


RULE = Pattern(
    rule="discarded-result",
    category=Category.BUGS,
    severity=Severity.WARNING,
    message="the result of this call is lost, and it does nothing else",
    suggestion="assign or return it: the call changes nothing in place",
    queries={
        Language.PYTHON: _in_block("module", "block", _PYTHON_STATEMENTS),
        **in_each(JS_FAMILY, _in_block("program", "statement_block", _JS_STATEMENTS)),
        Language.JAVA: _in_block("program", "block", (_JAVA_STATEMENT,)),
        Language.PHP: f"""
            ((expression_statement (function_call_expression function: (name) @f)) @issue (#any-of? @f {_PHP_FUNCTIONS}))
            """,
    },
    python_sign=_may_match,
    fires=(
        (Language.PYTHON, "def clean(name):\n    name.strip()\n    return name\n"),
        (Language.PYTHON, "for line in lines:\n    line.replace('a', 'b')\n"),
        (Language.PYTHON, "sorted(names)\n"),
        (Language.PYTHON, "text.removeprefix('a')\n"),
        (Language.PYTHON, "text.replace('a', 'b')\n"),
        (Language.PYTHON, "def f(names):\n    reversed(names)\n    return names\n"),
        (Language.JAVASCRIPT, "function f(name) { name.toLowerCase(); return name; }"),
        (Language.JAVASCRIPT, "if (a) { text.replace(/a/g, 'b'); }"),
        (Language.TYPESCRIPT, "names.toSorted();"),
        (Language.TYPESCRIPT, "function f(a: string) { a.trimEnd(); return a; }"),
        (Language.TSX, "text.replace(/a/, 'b');"),
        (Language.JAVA, "class A { String f(String a) { a.toLowerCase(); return a; } }"),
        (Language.PHP, "<?php function f($x) { htmlspecialchars($x); echo $x; }"),
    ),
    quiet=(
        (Language.PYTHON, "name = name.strip()\nprint(name.strip())\n"),
        (Language.PYTHON, "try:\n    name.strip()\nexcept AttributeError:\n    raise TypeError from None\n"),
        (Language.PYTHON, "with pytest.raises(AttributeError):\n    name.strip()\n"),
        (
            Language.PYTHON,
            "x = (\n    name.strip()\n)\npath.replace(target)\nplt.title('a')\nwindow.lower()\n",
        ),
        (Language.JAVASCRIPT, "const f = (a) => a.toLowerCase(); location.replace('/a'); buffer.trim();"),
        (Language.JAVASCRIPT, "try { name.toLowerCase(); } catch (e) { f(); }"),
        (Language.JAVA, 'class A { void f(String a) { g(a.toLowerCase()); map.replace("a", "b"); } }'),
        (Language.PHP, "<?php $x = htmlspecialchars($x); array_push($a, 1); sort($a);"),
    ),
)
