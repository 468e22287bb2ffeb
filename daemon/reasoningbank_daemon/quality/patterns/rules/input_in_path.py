"""What a request or a user gave becomes the path of a file: `../` leads anywhere.

The value is followed through the assignments of its function, into containers that the function filled, and out of
conditions that are plain. What was compared with something fixed, or checked and refused, counts as safe.
"""

from __future__ import annotations

import re

from reasoningbank_daemon.quality.flow.sinks import OWNER, PythonFlow, sink
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, FlowRule
from reasoningbank_schema.verdicts import Category, Severity

RULE = FlowRule(
    rule="input-in-path",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="what comes from outside decides which file this is",
    suggestion="compare the resolved path with the folder that it must lie in",
    python=PythonFlow(
        kind="input-in-path",
        sinks=(
            sink(r"os\.path\.(?:exists|isfile|isdir|getsize)", 0),
            sink(
                r"\w+\.(?:exists|is_file|is_dir|open|read_text|read_bytes|write_text|write_bytes|unlink)",
                OWNER,
            ),
            sink(
                r"(?:codecs\.|io\.|os\.)?open|(?:pathlib\.)?(?:Pure)?(?:Posix)?Path|os\.(?:remove|unlink|mkdir|makedirs|rmdir|listdir|scandir|stat|chmod|rename)",
                0,
            ),
            sink(r"shutil\.(?:copy\w*|move|rmtree)", -1),
            sink(
                r"(?:flask\.)?send_file|FileResponse|(?:\w+\.)?extractall|(?:\w+\.)?save|ZipFile|zipfile\.ZipFile|tarfile\.open",
                0,
            ),
            sink(r"(?:\w+\.)?(?:read_text|read_bytes|load_module|import_module)|np\.load|numpy\.load", 0),
        ),
        makes_safe=re.compile(
            r"basename|secure_filename|safe_join|send_from_directory|relative_to|is_relative_to|quote\b"
        ),
    ),
    lines={
        **dict.fromkeys(
            JS_FAMILY,
            re.compile(
                r"\b(?:readFile|readFileSync|writeFile|writeFileSync|createReadStream|createWriteStream|unlink|unlinkSync|sendFile|readdir|rmSync|rm)\("
            ),
        ),
        Language.PHP: re.compile(
            r"\b(?:include|require|include_once|require_once)[ (]|\b(?:fopen|file_get_contents|readfile|unlink|file_put_contents)\("
        ),
        Language.RUBY: re.compile(r"\bFile\.(?:open|read|new|delete)[ (]|\bsend_file[ (]|\bIO\.read[ (]"),
        Language.GO: re.compile(
            r"\bos\.(?:Open|ReadFile|Create|Remove|WriteFile|OpenFile)\(|\bioutil\.ReadFile\(|\bhttp\.ServeFile\(\w+,\s*\w+,"
        ),
        Language.JAVA: re.compile(
            r"\bnew (?:File|FileInputStream|FileReader|FileOutputStream)\(|\bPaths\.get\("
        ),
        Language.KOTLIN: re.compile(r"\b(?:File|FileInputStream|FileReader)\(|\bPaths\.get\("),
        Language.CSHARP: re.compile(r"\bFile\.(?:Open|ReadAll\w+|WriteAll\w+|Delete)\(|\bnew FileStream\("),
    },
    fires=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return open("data/" + name).read()\n',
        ),
        (Language.PYTHON, 'path = f"{ROOT}/{input()}"\nos.remove(path)\n'),
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    parts = {}\n    parts["a"] = name\n    return send_file(parts["a"])\n',
        ),
        (
            Language.JAVASCRIPT,
            'function f(req, res) {\n  const file = "./data/" + req.query.file;\n  fs.readFileSync(file);\n}\n',
        ),
        (Language.PHP, '<?php include $_GET["page"];\n'),
        (
            Language.GO,
            'func f(w http.ResponseWriter, r *http.Request) {\n\tname := r.URL.Query().Get("name")\n\tos.ReadFile("data/" + name)\n}\n',
        ),
        (
            Language.JAVA,
            'class A { void f() {\n  String name = request.getParameter("name");\n  File x = new File(DIR + name);\n} }\n',
        ),
    ),
    quiet=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    if name not in ALLOWED:\n        abort(404)\n        return None\n    return open(name).read()\n',
        ),
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return open("data/" + secure_filename(name)).read()\n',
        ),
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    parts = {}\n    parts["a"] = name\n    parts["b"] = "x"\n    return send_file(parts["b"])\n',
        ),
        (
            Language.JAVASCRIPT,
            "function f(req, res) {\n  const file = path.basename(req.query.file);\n  fs.readFileSync(file);\n}\n",
        ),
    ),
)
