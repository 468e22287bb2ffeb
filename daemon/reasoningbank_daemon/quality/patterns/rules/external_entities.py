"""An XML parser is told to follow external entities, or left at defaults that do: XXE.

A document can then read files of the machine and call others. Python's own parsers have not followed them since 3.7.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.line_search import search
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity

_JAVA_PARSER = re.compile(
    r"\b(?:DocumentBuilderFactory|SAXParserFactory|XMLInputFactory|TransformerFactory)\.new(?:Instance|Factory|DefaultFactory)\("
    r"|\bnew\s+(?:SAXReader|SAXBuilder)\(|\bXMLReaderFactory\.createXMLReader\("
)
_JAVA_CLOSED = re.compile(
    r"disallow-doctype-decl|external-general-entities|SUPPORT_DTD|IS_SUPPORTING_EXTERNAL_ENTITIES|ACCESS_EXTERNAL_DTD"
    r"|FEATURE_SECURE_PROCESSING"
)
_OPENED = {
    Language.PYTHON: re.compile(
        r"\bresolve_entities\s*=\s*True|setFeature\([^)\n]*feature_external_[gp]es\s*,\s*(?:True|1)|\bno_network\s*=\s*False"
        r"|\betree\.XMLParser\(\s*\)|\bload_dtd\s*=\s*True"
    ),
    **dict.fromkeys(JS_FAMILY, re.compile(r"\bnoent\s*:\s*true|\bparseXml(?:String)?\([^;\n]*noent")),
    Language.PHP: re.compile(r"\bLIBXML_(?:NOENT|DTDLOAD)\b|libxml_disable_entity_loader\(\s*false\s*\)"),
    Language.CSHARP: re.compile(
        r"\bDtdProcessing\.Parse\b|\bnew\s+XmlUrlResolver\(|\bProhibitDtd\s*=\s*false", re.IGNORECASE
    ),
    Language.RUBY: re.compile(r"\bNOENT\b|\.noent\b"),
    Language.C: re.compile(r"\bXML_PARSE_(?:NOENT|DTDLOAD)\b"),
    Language.CPP: re.compile(r"\bXML_PARSE_(?:NOENT|DTDLOAD)\b|setCreateEntityReferenceNodes\(\s*false"),
}
_JAVA_LIKE = (Language.JAVA, Language.KOTLIN, Language.SCALA)


def _find(document: Document) -> Iterator[Found]:
    if document.language in _JAVA_LIKE:
        if not _JAVA_CLOSED.search(document.text):
            yield from search(document, _JAVA_PARSER)
    elif document.language is not None:
        yield from search(document, _OPENED[document.language])


RULE = TextRule(
    rule="external-entities",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="this XML parser follows external entities",
    suggestion="switch document types and external entities off",
    find=_find,
    python_literals=("resolve_entities", "feature_external", "no_network", "XMLParser", "load_dtd"),
    literals=(
        "resolve_entities",
        "feature_external",
        "no_network",
        "XMLParser",
        "load_dtd",
        "noent",
        "NOENT",
        "DTD",
        "Dtd",
        "Factory.new",
        "SAX",
        "XMLReader",
        "XmlUrlResolver",
        "libxml_disable",
        "setCreateEntity",
    ),
    languages=(*_OPENED, *_JAVA_LIKE),
    fires=(
        (Language.PYTHON, "parser = etree.XMLParser(resolve_entities=True)\n"),
        (Language.JAVASCRIPT, "libxmljs.parseXml(text, { noent: true });\n"),
        (Language.JAVA, "var f = DocumentBuilderFactory.newInstance();\n"),
        (Language.PHP, "<?php $d->loadXML($x, LIBXML_NOENT);\n"),
        (Language.CSHARP, "settings.DtdProcessing = DtdProcessing.Parse;\n"),
        (Language.C, "xmlReadFile(name, NULL, XML_PARSE_NOENT);\n"),
    ),
    quiet=(
        (
            Language.JAVA,
            'var f = DocumentBuilderFactory.newInstance();\nf.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);\n',
        ),
        (Language.PYTHON, "parser = etree.XMLParser(resolve_entities=False)\n"),
    ),
)
