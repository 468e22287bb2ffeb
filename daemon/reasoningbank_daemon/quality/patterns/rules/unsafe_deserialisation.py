"""Bytes are turned into objects by a reader that lets the bytes choose which: they may choose one that runs code.

Data of one's own making is safe in such a reader as long as nobody else can write it. JSON and schemas are safe always.
Most of Python's are ruff's S301 and S506.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.line_search import search
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity

_JAVA = re.compile(
    r"\bnew\s+ObjectInputStream\(|\bObjectInputStream\([^)\n]*\)\.readObject\(|\bnew\s+XMLDecoder\(|\.enableDefaultTyping\("
    r"|\bXStream\(\)\.fromXML\(|\bnew\s+Yaml\(\)"
)
_PATTERNS = {
    Language.PYTHON: re.compile(
        r"\b(?:jsonpickle\.decode|dill\.loads?|cloudpickle\.loads?|yaml\.unsafe_load(?:_all)?)\("
    ),
    **dict.fromkeys(
        JS_FAMILY,
        re.compile(r"\b(?:serialize|nodeSerialize|node_serialize)\.unserialize\(|\bunserialize\(\s*req\b"),
    ),
    Language.JAVA: _JAVA,
    Language.KOTLIN: re.compile(r"\bObjectInputStream\(|\bXMLDecoder\("),
    Language.SCALA: _JAVA,
    Language.CSHARP: re.compile(
        r"\bnew\s+(?:BinaryFormatter|SoapFormatter|LosFormatter|NetDataContractSerializer|ObjectStateFormatter)\("
        r"|TypeNameHandling\s*=\s*TypeNameHandling\.(?:All|Auto|Objects|Arrays)\b"
    ),
    Language.PHP: re.compile(r"\bunserialize\(\s*\$(?![^;\n]*allowed_classes)"),
    Language.RUBY: re.compile(
        r"\bMarshal\.(?:load|restore)\b|\bYAML\.(?:unsafe_load|load)\(?\s*(?!File)[a-z@]|\bOj\.object_load\b"
    ),
}


def _find(document: Document) -> Iterator[Found]:
    if document.language is not None:
        yield from search(document, _PATTERNS[document.language])


RULE = TextRule(
    rule="unsafe-deserialisation",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="whoever writes these bytes chooses which objects they become",
    suggestion="read JSON or another format that holds data alone",
    find=_find,
    python_literals=("jsonpickle", "dill.", "cloudpickle", "unsafe_load"),
    literals=(
        "jsonpickle",
        "dill.",
        "cloudpickle",
        "unsafe_load",
        "nserialize",
        "ObjectInputStream",
        "XMLDecoder",
        "enableDefaultTyping",
        "XStream",
        "new Yaml",
        "Formatter",
        "NetDataContract",
        "TypeNameHandling",
        "Marshal",
        "YAML",
        "object_load",
    ),
    languages=tuple(_PATTERNS),
    fires=(
        (Language.PYTHON, "value = jsonpickle.decode(body)\n"),
        (Language.JAVASCRIPT, "serialize.unserialize(cookie);\n"),
        (Language.JAVA, "Object o = new ObjectInputStream(in).readObject();\n"),
        (Language.KOTLIN, "val o = ObjectInputStream(input).readObject()\n"),
        (Language.CSHARP, "var f = new BinaryFormatter();\n"),
        (Language.PHP, "<?php $o = unserialize($_COOKIE['o']);\n"),
        (Language.RUBY, "Marshal.load(params[:o])\n"),
    ),
    quiet=(
        (Language.PHP, "<?php $o = unserialize($x, ['allowed_classes' => false]);\n"),
        (Language.RUBY, "YAML.safe_load(text)\nMarshal.dump(o)\n"),
        (Language.JAVA, "mapper.readValue(in, User.class);\n"),
    ),
)
