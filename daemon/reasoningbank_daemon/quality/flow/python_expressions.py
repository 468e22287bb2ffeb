"""What Python expressions are worth: which of their parts come from outside, and what they are where that is plain."""

from __future__ import annotations

import ast
import functools
import operator
import re
from collections.abc import Callable
from typing import Any

import msgspec
import tree_sitter

from reasoningbank_daemon.quality.flow.values import (
    UNKNOWN,
    Value,
    anything,
    fixed,
    joined,
)

Environment = dict[str, Value]

_SOURCE = re.compile(
    r"(?:\w+\.)*?(?:request|req|self\.request|flask\.request)\.(?:args|form|values|cookies|headers|data|json|files|query_string"
    r"|get_json|get_data|GET|POST|COOKIES|META|FILES|body|query_params|path_params|params|query|stream|arguments"
    r"|get_argument|get_arguments|get_query_argument|get_body_argument|match_info|rel_url|referrer|user_agent)\b"
    r"|sys\.argv\b|(?:self\.)?get_argument\b"
)
_SOURCE_CALLS = frozenset({"input", "raw_input", "sys.stdin.read", "sys.stdin.readline"})
_REQUESTS = frozenset({"request", "req", "flask.request", "self.request"})
_HARMLESS = re.compile(
    r"(?:.*\.)?(?:int|float|bool|len|hash|id|ord|isinstance|hasattr|callable|uuid4|hexdigest|isdigit|isalnum|isalpha|isnumeric|exists"
    r"|startswith|endswith|count|find|index|secure_filename|sum|round|abs|Decimal|UUID|validate\w*|is_valid\w*|check_\w+|is_\w+|\w*safe_\w+)\Z"
)
"""What these return is a number, a yes or no, or checked."""
_PURE = re.compile(r"(?:base64|binascii|codecs|html|textwrap|urllib\.parse|json)\.\w+\Z|str\Z|bytes\Z|repr\Z")
_CHANGING = frozenset({"append", "insert", "pop", "set"})
"""Methods that change a container whose items are known."""
_FILLING = frozenset(
    {"write", "writelines", "append", "extend", "add", "update", "insert", "push", "put", "setdefault"}
)
_ARITHMETIC: dict[
    str, Callable[[Any, Any], object]
] = {  # Any: they fail on what does not fit, and that is caught
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "/": operator.truediv,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_PLAIN_STRING = re.compile(r"\"[^\"\\\n\r\0]*\"\Z|'[^'\\\n\r\0]*'\Z")
_CONSTANTS = {"True": True, "False": False, "None": None, **{str(number): number for number in range(100)}}
_LONGEST_CONSTANT = 2_000
_DEEPEST = 60


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call by the name of what is called, its owner where it is a method, and its arguments."""

    node: tree_sitter.Node
    name: str
    owner: Value | None
    positional: list[Value]
    keywords: dict[str, Value]


class Expressions:
    """Works out expressions in an environment.

    `on_call` hears of every call, and says whether it is one that harm happens in: what that gives back is no longer
    what came from outside, but what was read, found or run.
    """

    def __init__(
        self,
        on_call: Callable[[Call], bool],
        made_safe: Callable[[str], frozenset[str]],
    ) -> None:
        self._on_call = on_call
        self._made_safe = made_safe
        self._depth = 0
        self._handlers: dict[str, Callable[[tree_sitter.Node, Environment], Value] | None] = {}
        self.shared: frozenset[int] = frozenset()
        """Identities of the values that the functions of a module share."""
        self.changed_shared = False
        """Whether a function changed one of them, which those below would see."""

    def value(self, node: tree_sitter.Node | None, env: Environment) -> Value:
        """Return what is known of an expression's value."""
        if node is None:
            return anything()
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                return anything()
            kind = node.type
            if kind not in self._handlers:
                self._handlers[kind] = getattr(self, f"_{kind}", None)
            handler = self._handlers[kind]
            if handler is not None:
                return handler(node, env)
            return joined(self.value(child, env) for child in node.named_children)
        finally:
            self._depth -= 1

    def truth(self, node: tree_sitter.Node | None, env: Environment) -> bool | None:
        """Return whether a condition holds, None where that is not plain."""
        constant = self.value(node, env).constant
        return None if constant is UNKNOWN else bool(constant)

    def _identifier(self, node: tree_sitter.Node, env: Environment) -> Value:
        name = text_of(node)
        known = env.get(name)
        return known if known is not None else Value(names=frozenset({name}))

    def _string(self, node: tree_sitter.Node, env: Environment) -> Value:
        parts = [child for child in node.named_children if child.type == "interpolation"]
        if not parts:
            return _on_line(fixed(_literal(node)), node)
        return _on_line(
            _text([self.value(part.child_by_field_name("expression"), env) for part in parts]), node
        )

    def _concatenated_string(self, node: tree_sitter.Node, env: Environment) -> Value:
        parts = [self.value(child, env) for child in node.named_children]
        return _on_line(_text(parts), node)

    def _integer(self, node: tree_sitter.Node, _env: Environment) -> Value:
        return fixed(_literal(node))

    _float = _integer
    _true = _integer
    _false = _integer
    _none = _integer

    def _comment(self, _node: tree_sitter.Node, _env: Environment) -> Value:
        return fixed(UNKNOWN)

    def _lambda(self, _node: tree_sitter.Node, _env: Environment) -> Value:
        return anything()

    def _binary_operator(self, node: tree_sitter.Node, env: Environment) -> Value:
        left = self.value(node.child_by_field_name("left"), env)
        right = self.value(node.child_by_field_name("right"), env)
        sign = node.child_by_field_name("operator")
        return _on_line(
            joined((left, right), constant=_computed(text_of(sign) if sign else "", left, right)), node
        )

    def _comparison_operator(self, node: tree_sitter.Node, env: Environment) -> Value:
        sides = [self.value(child, env) for child in node.named_children]
        signs = [text_of(child) for child in node.children if not child.is_named]
        constant: object = UNKNOWN
        if len(sides) == 2 and len(signs) >= 1:
            constant = _compared(" ".join(signs), sides[0], sides[1])
        return Value(constant=constant, names=joined(sides).names, fixed=all(side.fixed for side in sides))

    def _boolean_operator(self, node: tree_sitter.Node, env: Environment) -> Value:
        left = self.value(node.child_by_field_name("left"), env)
        right = self.value(node.child_by_field_name("right"), env)
        return joined((left, right))

    def _not_operator(self, node: tree_sitter.Node, env: Environment) -> Value:
        inner = self.value(node.child_by_field_name("argument"), env)
        constant = UNKNOWN if inner.constant is UNKNOWN else not inner.constant
        return Value(constant=constant, names=inner.names, fixed=inner.fixed)

    def _conditional_expression(self, node: tree_sitter.Node, env: Environment) -> Value:
        body, condition, other = node.named_children[:3]
        truth = self.truth(condition, env)
        if truth is None:
            return joined((self.value(body, env), self.value(other, env)))
        return self.value(body if truth else other, env)

    def _list(self, node: tree_sitter.Node, env: Environment) -> Value:
        items = [self.value(child, env) for child in node.named_children if child.type != "comment"]
        value = joined(items)
        value.fixed = all(item.fixed for item in items)
        value.items = items
        return value

    _tuple = _list

    def _dictionary(self, node: tree_sitter.Node, env: Environment) -> Value:
        items: dict[object, Value] = {}
        parts: list[Value] = []
        plain = True
        for pair in node.named_children:
            if pair.type != "pair":
                plain = False
                parts.append(self.value(pair, env))
                continue
            key = self.value(pair.child_by_field_name("key"), env).constant
            value = self.value(pair.child_by_field_name("value"), env)
            parts.append(value)
            if key is UNKNOWN or not isinstance(key, str | int):
                plain = False
            else:
                items[key] = value
        whole = joined(parts)
        whole.items = items if plain else None
        return whole

    def _pair(self, node: tree_sitter.Node, env: Environment) -> Value:
        return self.value(node.child_by_field_name("value"), env)

    def _attribute(self, node: tree_sitter.Node, env: Environment) -> Value:
        name = text_of(node)
        if _is_source(name):
            return Value(outside=True)
        if name in env:
            return env[name]
        owner = self.value(node.child_by_field_name("object"), env)
        return Value(outside=owner.outside, names=owner.names, safe=owner.safe)

    def _subscript(self, node: tree_sitter.Node, env: Environment) -> Value:
        owner = self.value(node.child_by_field_name("value"), env)
        inside = node.child_by_field_name("subscript")
        if inside is None:
            return owner
        if inside.type == "slice":
            return owner.part()
        return item_of(owner, self.value(inside, env).constant)

    def _call(self, node: tree_sitter.Node, env: Environment) -> Value:
        function = node.child_by_field_name("function")
        name = text_of(function) if function is not None else ""
        positional, keywords = self._arguments(node.child_by_field_name("arguments"), env)
        owner = None
        if function is not None and function.type == "attribute":
            owner = self.value(function.child_by_field_name("object"), env)
        elif function is not None and function.type != "identifier":
            owner = self.value(function, env)
        call = Call(node=node, name=name, owner=owner, positional=positional, keywords=keywords)
        is_sink = self._on_call(call)
        if name in _SOURCE_CALLS or _is_source(name) or any(each in _REQUESTS for each in _names(node)):
            return Value(outside=True)
        if is_sink:
            return anything()
        return self._returned(call, env)

    def _returned(self, call: Call, env: Environment) -> Value:
        """Return what is known of what a call gives back."""
        given = [*call.positional, *call.keywords.values()]
        if call.owner is not None:
            owner_name, _, method = call.name.rpartition(".")
            known = _of_container(call.owner, method, call.positional)
            if known is not None:
                self.changed_shared |= method in _CHANGING and id(call.owner) in self.shared
                return known
            if method in _FILLING and owner_name in env and any(each.outside for each in given):
                env[owner_name] = joined((call.owner, *given)).named(owner_name)
        made = joined(given if call.owner is None else [*given, call.owner])
        # A method of a literal, or a function that is known to look at its argument alone; others may read anything.
        pure = _PURE.match(call.name) is not None and bool(given)
        made.fixed = all(each.fixed for each in given) if pure else made.fixed and call.owner is not None
        if _HARMLESS.match(call.name):
            return Value(names=made.names)
        safe = self._made_safe(call.name)
        return made.made_safe(safe) if safe else made

    def _arguments(
        self, node: tree_sitter.Node | None, env: Environment
    ) -> tuple[list[Value], dict[str, Value]]:
        positional: list[Value] = []
        keywords: dict[str, Value] = {}
        if node is None:
            return positional, keywords
        if node.type == "generator_expression":
            return [self.value(node, env)], keywords
        for child in node.named_children:
            if child.type == "keyword_argument":
                name = child.child_by_field_name("name")
                keywords[text_of(name) if name else ""] = self.value(child.child_by_field_name("value"), env)
            elif child.type != "comment":
                positional.append(self.value(child, env))
        return positional, keywords

    def _list_comprehension(self, node: tree_sitter.Node, env: Environment) -> Value:
        inner = dict(env)
        for clause in node.named_children:
            if clause.type == "for_in_clause":
                source = self.value(clause.child_by_field_name("right"), inner)
                left = clause.child_by_field_name("left")
                for name in [] if left is None else identifiers(left):
                    inner[name] = Value(outside=source.outside, safe=source.safe, names=source.names)
        return joined([self.value(node.child_by_field_name("body"), inner)])

    _generator_expression = _list_comprehension
    _set_comprehension = _list_comprehension


@functools.lru_cache(maxsize=4_096)
def _is_source(name: str) -> bool:
    return _SOURCE.match(name) is not None


def text_of(node: tree_sitter.Node) -> str:
    """Return a node's text."""
    return (node.text or b"").decode("utf-8", "replace")


def identifiers(node: tree_sitter.Node) -> list[str]:
    """Return the names in a target of assignment."""
    if node.type == "identifier":
        return [text_of(node)]
    return [name for child in node.named_children for name in identifiers(child)]


def item_of(owner: Value, key: object) -> Value:
    """Return the item of a container under a key, as far as it is known."""
    if key is not UNKNOWN:
        if isinstance(owner.items, dict) and isinstance(key, str | int) and key in owner.items:
            return owner.items[key]
        if (
            isinstance(owner.items, list)
            and isinstance(key, int)
            and -len(owner.items) <= key < len(owner.items)
        ):
            return owner.items[key]
        if (
            isinstance(owner.constant, str)
            and isinstance(key, int)
            and -len(owner.constant) <= key < len(owner.constant)
        ):
            return fixed(owner.constant[key])
    return owner.part()


def _on_line(value: Value, node: tree_sitter.Node) -> Value:
    value.line = node.start_point.row + 1
    return value


def _text(parts: list[Value]) -> Value:
    value = joined(parts)
    value.constant = UNKNOWN
    if all(isinstance(part.constant, str | int) for part in parts) and parts:
        value.constant = "".join(str(part.constant) for part in parts)[:_LONGEST_CONSTANT]
        value.fixed = True
    return value


def _of_container(owner: Value, method: str, given: list[Value]) -> Value | None:
    """Work out a method of a list, a dict or a configuration that the function filled itself; None where it is none."""
    if isinstance(owner.items, list):
        found = _of_list(owner.items, method, given)
        if found is not None:
            owner.outside = any(item.outside for item in owner.items)
        return found
    items = owner.items if isinstance(owner.items, dict) else {}
    if method == "set" and len(given) == 3:
        owner.items = {**items, str((given[0].constant, given[1].constant)): given[2]}
        return anything()
    if method == "get" and given and items:
        section = items.get(str((given[0].constant, given[1].constant))) if len(given) > 1 else None
        return section if section is not None else item_of(owner, given[0].constant)
    return None


def _of_list(items: list[Value], method: str, given: list[Value]) -> Value | None:
    if method == "append" and len(given) == 1:
        items.append(given[0])
        return anything()
    if method == "insert" and len(given) == 2 and isinstance(given[0].constant, int):
        items.insert(given[0].constant, given[1])
        return anything()
    place = given[0].constant if given else -1
    if method == "pop" and isinstance(place, int) and -len(items) <= place < len(items):
        return items.pop(place)
    return None


def _names(call: tree_sitter.Node) -> list[str]:
    arguments = call.child_by_field_name("arguments")
    return (
        []
        if arguments is None
        else [
            text_of(child) for child in arguments.named_children if child.type in {"identifier", "attribute"}
        ]
    )


def _literal(node: tree_sitter.Node) -> object:
    text = text_of(node)
    if len(text) > _LONGEST_CONSTANT:
        return UNKNOWN
    if _PLAIN_STRING.match(text):  # most are such, and the compiler takes ten times as long
        return text[1:-1]
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return UNKNOWN
    return value


def _computed(sign: str, left: Value, right: Value) -> object:
    if left.constant is UNKNOWN or right.constant is UNKNOWN or sign not in _ARITHMETIC:
        return UNKNOWN
    if sign == "*" and not (isinstance(left.constant, int) and isinstance(right.constant, int)):
        return UNKNOWN  # a short text says how long one becomes
    try:
        return _ARITHMETIC[sign](left.constant, right.constant)
    except (TypeError, ValueError, ArithmeticError):
        return UNKNOWN


def _compared(sign: str, left: Value, right: Value) -> object:
    if left.constant is UNKNOWN or right.constant is UNKNOWN:
        return UNKNOWN
    if sign in {"in", "not in"} and isinstance(left.constant, str) and isinstance(right.constant, str):
        return (left.constant in right.constant) is (sign == "in")
    return _computed(sign, left, right)
