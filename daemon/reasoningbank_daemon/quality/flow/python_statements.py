"""Follow the statements of Python functions, in order, with what is known of each variable."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable

import tree_sitter

from reasoningbank_daemon.quality.flow.python_expressions import (
    Call,
    Environment,
    Expressions,
    identifiers,
    text_of,
)
from reasoningbank_daemon.quality.flow.sinks import OWNER, Flows, Sink
from reasoningbank_daemon.quality.flow.values import (
    EVERY_KIND,
    UNKNOWN,
    Value,
    anything,
    either,
    identities,
    joined,
)

MOST_STATEMENTS = 5_000
_DEEPEST = 40
_ROUTE = re.compile(
    r"^@(?:[\w.]*\b(?:route|api_view|action|view)\b|[\w.]+\.(?:get|post|put|delete|patch)\(\s*(?:path\s*=\s*)?[rbf]?[\"'][/\"'])"
)
"""What makes a function a handler of requests; `@mock.patch("a.b")` does not."""
_NO_TEXT = re.compile(
    r":\s*(?:(?:typing\.)?(?:Annotated|Optional)\[)?(?:int|float|bool|(?:uuid\.)?UUID|Decimal|(?:datetime\.)?date(?:time)?)\b"
)
"""A parameter of such a type has been read already."""
_LEAVING = frozenset({"return_statement", "raise_statement", "continue_statement", "break_statement"})
_LEAVING_LOOP = frozenset({"continue_statement", "break_statement"})
_EMPTINESS = re.compile(
    r"^(?:not\s+)?[\w.\[\]\"']+$|\bis (?:not )?None\b|^len\([\w.]+\)\s*[=<>!]=?\s*\d+$|[=!]=\s*(?:''|\"\")$"
)
_NOT_HTML = re.compile(
    r"(?:[\w.]*\.)?(?:render_template|render|jsonify|redirect|send_file|send_from_directory|json\.dumps|JSONResponse|JsonResponse"
    r"|url_for|dumps|RedirectResponse|FileResponse|HttpResponseRedirect|dict|list)\("
)

Report = Callable[[str, tree_sitter.Node], None]
"""Hears of a kind of harm and of the place where it happens."""


class Follower:
    """Follows the statements of a module, one by one, and every function in them.

    A function or class that holds none of the `places` (in bytes, in order) is passed over. `report` hears of harm, `report_fixed` of the lines of calls that get only what is fixed or checked.
    """

    def __init__(
        self,
        flows: Flows,
        report: Report,
        report_fixed: Callable[[tuple[str, ...], frozenset[int]], None],
        places: list[int],
    ) -> None:
        self._places = places
        self._flows = flows
        self._report = report
        self._report_fixed = report_fixed
        self._expressions = Expressions(self._on_call, flows.made_safe_by)
        self.left = MOST_STATEMENTS
        """How many more statements are followed; none below 0."""
        self._depth = 0
        self._handlers: list[bool] = [False]
        self._handlers_of: dict[str, Callable[[tree_sitter.Node, Environment], bool] | None] = {}
        self._loops: list[list[Environment]] = []
        self.sends_json = False
        """Whether what a handler returns is sent as JSON, as with the frameworks of some modules."""

    def statement(self, node: tree_sitter.Node, env: Environment, *, depth: int) -> bool:
        """Follow a statement, and those in it; return whether its end is reached. `depth` is 1 for a module's own."""
        self.left, self._depth = self.left - 1, depth
        return self._statement(node, env)

    def definition(self, node: tree_sitter.Node, env: Environment, *, depth: int) -> bool:
        """Follow a function; return whether it left as they were the values that it shares with others."""
        self._expressions.shared = identities(env.values())
        self._expressions.changed_shared = False
        self.statement(node, env, depth=depth)
        self._expressions.shared = frozenset()
        return not self._expressions.changed_shared

    def _block(self, statements: list[tree_sitter.Node], env: Environment) -> bool:
        """Follow statements; return whether their end is reached."""
        self._depth += 1
        try:
            for statement in statements if self._depth <= _DEEPEST else ():
                self.left -= 1
                if self.left < 0:
                    return True
                if not self._statement(statement, env):
                    return False
            return True
        finally:
            self._depth -= 1

    def _statement(self, node: tree_sitter.Node, env: Environment) -> bool:
        kind = node.type
        if kind not in self._handlers_of:
            self._handlers_of[kind] = getattr(self, f"_{kind}", None)
        handler = self._handlers_of[kind]
        if handler is not None:
            return handler(node, env)
        if kind in _LEAVING:
            self._values(node, env)
            if kind in _LEAVING_LOOP and self._loops:
                self._loops[-1].append(copied(env))
            return False
        self._values(node, env)
        return True

    def _values(self, node: tree_sitter.Node, env: Environment) -> Value:
        return joined([self._expressions.value(child, env) for child in node.named_children])

    def _expression_statement(self, node: tree_sitter.Node, env: Environment) -> bool:
        for child in node.named_children:
            if child.type == "assignment":
                self._assign(child, env)
            elif child.type == "augmented_assignment":
                self._augment(child, env)
            else:
                self._expressions.value(child, env)
        return True

    def _assign(self, node: tree_sitter.Node, env: Environment) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return
        source: tree_sitter.Node | None = right
        if right.type == "assignment":  # a = b = …
            self._assign(right, env)
            source = right.child_by_field_name("left")
        self._bind(left, self._expressions.value(source, env), env)

    def _augment(self, node: tree_sitter.Node, env: Environment) -> None:
        left = node.child_by_field_name("left")
        if left is None:
            return
        before = self._expressions.value(left, env)
        added = self._expressions.value(node.child_by_field_name("right"), env)
        value = joined((before, added))
        if isinstance(before.constant, str) and isinstance(added.constant, str):
            value.constant = before.constant + added.constant
        self._bind(left, value, env)

    def _bind(self, target: tree_sitter.Node, value: Value, env: Environment) -> None:
        if target.type == "identifier":
            name = text_of(target)
            env[name] = value.named(name)
        elif target.type == "attribute":
            env[text_of(target)] = value
        elif target.type == "subscript":
            self._put(target, value, env)
        elif target.type in {"pattern_list", "tuple_pattern", "list_pattern"}:
            for index, child in enumerate(target.named_children):
                items = value.items if isinstance(value.items, list) else []
                item = (
                    items[index]
                    if index < len(items)
                    else Value(outside=value.outside, safe=value.safe, names=value.names)
                )
                self._bind(child, item, env)

    def _put(self, target: tree_sitter.Node, value: Value, env: Environment) -> None:
        owner_node = target.child_by_field_name("value")
        owner_name = text_of(owner_node) if owner_node is not None else ""
        key_node = target.child_by_field_name("subscript")
        key = self._expressions.value(key_node, env)
        for flow in self._flows.kinds:
            if (
                flow.stored is not None
                and flow.stored.match(owner_name)
                and (value.harms(flow.kind) or key.harms(flow.kind))
            ):
                self._report(flow.kind, target)
        owner = env.get(owner_name)
        if owner is None:
            return
        items = dict(owner.items) if isinstance(owner.items, dict) else {}
        if isinstance(key.constant, str | int):
            items[key.constant] = value
        held = joined((owner, value))
        held.items = items
        env[owner_name] = held

    def _if_statement(self, node: tree_sitter.Node, env: Environment) -> bool:
        condition = node.child_by_field_name("condition")
        truth = self._expressions.truth(condition, env)
        body = node.child_by_field_name("consequence")
        alternatives = node.children_by_field_name("alternative")
        inside = copied(env)
        self._believe(condition, inside)
        reaches = truth is not False and self._block(body.named_children if body else [], inside)
        outside = copied(env)
        goes_on = truth is not True
        if goes_on and alternatives:
            goes_on = self._alternatives(alternatives, outside)
        if truth is not False and not reaches and condition is not None:
            self._clear(condition, outside)
        _settle(env, [each for each, is_reached in ((inside, reaches), (outside, goes_on)) if is_reached])
        return reaches or goes_on

    def _alternatives(self, nodes: list[tree_sitter.Node], env: Environment) -> bool:
        first, *rest = nodes
        if first.type == "elif_clause":
            condition = first.child_by_field_name("condition")
            truth = self._expressions.truth(condition, env)
            body = first.child_by_field_name("consequence")
            inside = copied(env)
            self._believe(condition, inside)
            reaches = truth is not False and self._block(body.named_children if body else [], inside)
            other = copied(env)
            goes_on = truth is not True and (self._alternatives(rest, other) if rest else True)
            if truth is not False and not reaches and condition is not None:
                self._clear(condition, other)
            _settle(env, [each for each, is_reached in ((inside, reaches), (other, goes_on)) if is_reached])
            return reaches or goes_on
        body = first.child_by_field_name("body")
        return self._block(body.named_children if body else [], env)

    def _match_statement(self, node: tree_sitter.Node, env: Environment) -> bool:
        subjects = node.children_by_field_name("subject")
        constant = self._expressions.value(subjects[0], env).constant if subjects else UNKNOWN
        body = node.child_by_field_name("body")
        ends: list[Environment] = []
        for clause in body.named_children if body else []:
            if clause.type != "case_clause":
                continue
            patterns = " ".join(
                text_of(each) for each in clause.named_children if each.type == "case_pattern"
            )
            fits = _fits(patterns, constant)
            if fits is False:
                continue
            inside = copied(env)
            consequence = clause.child_by_field_name("consequence")
            if self._block(consequence.named_children if consequence else [], inside):
                ends.append(inside)
            if fits:
                break
        else:
            ends.append(copied(env))
        _settle(env, ends)
        return bool(ends)

    def _for_statement(self, node: tree_sitter.Node, env: Environment) -> bool:
        source = self._expressions.value(node.child_by_field_name("right"), env)
        inside = copied(env)
        target = node.child_by_field_name("left")
        for name in identifiers(target) if target is not None else []:
            inside[name] = Value(outside=source.outside, names=source.names | {name}, safe=source.safe)
        return self._loop(node, env, inside)

    def _while_statement(self, node: tree_sitter.Node, env: Environment) -> bool:
        self._expressions.value(node.child_by_field_name("condition"), env)
        return self._loop(node, env, copied(env))

    def _loop(self, node: tree_sitter.Node, env: Environment, inside: Environment) -> bool:
        body = node.child_by_field_name("body")
        self._loops.append([])
        self._block(body.named_children if body else [], inside)
        _settle(env, [inside, copied(env), *self._loops.pop()])
        return True

    def _try_statement(self, node: tree_sitter.Node, env: Environment) -> bool:
        before = copied(env)
        body = node.child_by_field_name("body")
        ends = [env] if self._block(body.named_children if body else [], env) else []
        for clause in node.named_children:
            if clause.type == "finally_clause":
                for each in clause.named_children:
                    self._block(each.named_children, env)
            elif clause.type in {"except_clause", "except_group_clause", "else_clause"}:
                inside = copied(before if not ends else env)
                block = clause.named_children[-1] if clause.named_children else None
                if block is not None and block.type == "block" and self._block(block.named_children, inside):
                    ends.append(inside)
        if ends:
            _settle(env, [copied(each) for each in ends])
        return bool(ends)

    def _with_statement(self, node: tree_sitter.Node, env: Environment) -> bool:
        for clause in node.named_children:
            for item in clause.named_children if clause.type == "with_clause" else ():
                value = item.child_by_field_name("value")
                if value is not None and value.type == "as_pattern":
                    found = self._expressions.value(value.named_children[0], env)
                    for name in identifiers(value.named_children[-1]):
                        env[name] = Value(outside=found.outside, safe=found.safe, names=found.names)
                else:
                    self._expressions.value(value, env)
        body = node.child_by_field_name("body")
        return self._block(body.named_children if body else [], env)

    def _decorated_definition(self, node: tree_sitter.Node, env: Environment) -> bool:
        if not self.holds_a_place(node):
            return True
        definition = node.child_by_field_name("definition")
        handles = any(
            _ROUTE.match(text_of(child)) for child in node.named_children if child.type == "decorator"
        )
        if definition is not None and definition.type == "function_definition":
            return self._function(definition, env, handles=handles)
        return definition is None or self._statement(definition, env)

    def _function_definition(self, node: tree_sitter.Node, env: Environment) -> bool:
        if not self.holds_a_place(node):
            return True
        return self._function(node, env, handles=False)

    def _function(self, node: tree_sitter.Node, env: Environment, *, handles: bool) -> bool:
        inside = copied(env)
        parameters = node.child_by_field_name("parameters")
        for child in parameters.named_children if parameters else []:
            for name in identifiers(child)[:1]:
                is_text = name not in {"self", "cls", "request", "req"} and not _NO_TEXT.search(
                    text_of(child)
                )
                inside[name] = Value(outside=handles and is_text, names=frozenset({name}))
        self._handlers.append(handles)
        body = node.child_by_field_name("body")
        self._block(body.named_children if body else [], inside)
        self._handlers.pop()
        return True

    def holds_a_place(self, node: tree_sitter.Node) -> bool:
        """Tell whether one of the places is in a node."""
        index = bisect.bisect_left(self._places, node.start_byte)
        return index < len(self._places) and self._places[index] < node.end_byte

    def _class_definition(self, node: tree_sitter.Node, env: Environment) -> bool:
        if not self.holds_a_place(node):
            return True
        body = node.child_by_field_name("body")
        self._block(body.named_children if body else [], copied(env))
        return True

    def _return_statement(self, node: tree_sitter.Node, env: Environment) -> bool:
        for child in node.named_children:
            value = self._expressions.value(child, env)
            if (
                not self._handlers[-1]
                or self.sends_json
                or child.type in {"dictionary", "list"}
                or _NOT_HTML.match(text_of(child))
            ):
                continue
            for flow in self._flows.kinds:
                if flow.returned and value.harms(flow.kind):
                    self._report(flow.kind, node)
        return False

    def _on_call(self, call: Call) -> bool:
        is_sink = False
        for flow, sink in self._flows.sinks_called(call.name):
            is_sink = True
            if sink.only_with and call.keywords.get(sink.only_with, anything()).constant is not True:
                continue
            dangerous = _dangerous(sink, call)
            if any(value.harms(flow.kind) for value in dangerous):
                self._report(flow.kind, call.node)
            elif sink.clears and dangerous and all(_is_harmless(value) for value in dangerous):
                lines = {call.node.start_point.row + 1, *(value.line for value in dangerous if value.line)}
                self._report_fixed(sink.clears, frozenset(lines))
        return is_sink

    def _believe(self, condition: tree_sitter.Node | None, env: Environment) -> None:
        """Take what a condition compares with something fixed, or looks up in a collection, for checked."""
        if condition is None or condition.type != "comparison_operator":
            return
        signs = {text_of(child) for child in condition.children if not child.is_named}
        first = condition.named_children[0]
        if (signs == {"in"} and first.type == "identifier") or signs == {"=="}:
            self._clear_names(set(identifiers(first)), env)

    def _clear(self, condition: tree_sitter.Node, env: Environment) -> None:
        """Take what a condition speaks of for checked: where it held, the function was left."""
        if not _EMPTINESS.search(text_of(condition)):
            self._clear_names(set(identifiers(condition)), env)

    def _clear_names(self, names: set[str], env: Environment) -> None:
        for name in list(names):
            if name in env:
                names |= env[name].names
        for name, value in list(env.items()):
            if name in names and value.outside:
                env[name] = value.made_safe(EVERY_KIND)


def _is_harmless(value: Value) -> bool:
    """Tell whether a value is fixed in the program, or came from outside and was checked."""
    return value.fixed or (value.outside and bool(value.safe))


def _dangerous(sink: Sink, call: Call) -> list[Value]:
    if sink.argument == OWNER:
        return [] if call.owner is None else [call.owner]
    if sink.argument < 0:
        return [*call.positional, *call.keywords.values()]
    found = call.positional[sink.argument : sink.argument + 1]
    return [*found, call.keywords[sink.keyword]] if sink.keyword in call.keywords else found


def copied(env: Environment) -> Environment:
    """Return an environment whose lists and dicts may be changed apart."""
    return {name: value if value.items is None else value.copied() for name, value in env.items()}


def _settle(env: Environment, ends: list[Environment]) -> None:
    """Make an environment hold what holds at all of several ends."""
    if not ends:
        return
    merged = dict(ends[0])
    for end in ends[1:]:
        for name, value in end.items():
            known = merged.get(name)
            merged[name] = value if known is None else either(known, value)
    env.clear()
    env.update(merged)


def _fits(pattern: str, constant: object) -> bool | None:
    """Tell whether a case fits a constant; None where that is not plain."""
    if constant is UNKNOWN or not isinstance(constant, str | int):
        return None
    alternatives = [each.strip() for each in pattern.split("|")]
    if alternatives == ["_"]:
        return True
    if all(re.fullmatch(r"'[^'\\]*'|\"[^\"\\]*\"|-?\d+", each) for each in alternatives):
        return any(each.strip("'\"") == str(constant) for each in alternatives)
    return None
