"""What a request or a user gave becomes part of a shell command: `;` begins another one.

The value is followed through the assignments of its function, into containers that the function filled, and out of
conditions that are plain. What was compared with something fixed, or checked and refused, counts as safe.
"""

from __future__ import annotations

import re

from reasoningbank_daemon.quality.flow.sinks import PythonFlow, sink
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, FlowRule
from reasoningbank_schema.verdicts import Category, Severity

RULE = FlowRule(
    rule="input-in-shell",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="what comes from outside becomes part of a shell command",
    suggestion="start the program with a list of arguments and no shell",
    python=PythonFlow(
        kind="input-in-shell",
        sinks=(
            sink(
                r"os\.(?:system|popen)|commands\.getoutput|subprocess\.(?:getoutput|getstatusoutput)|(?:asyncio\.)?create_subprocess_shell",
                0,
                clears=("S605",),
            ),
            sink(
                r"(?:subprocess\.)?(?:run|call|Popen|check_call|check_output)",
                0,
                keyword="args",
                only_with="shell",
                clears=("S602", "S604"),
            ),
            sink(r"(?:subprocess\.)?(?:run|call|Popen|check_call|check_output)", 0, keyword="args"),
            sink(r"os\.(?:exec\w+|spawn\w+)", -1),
        ),
        makes_safe=re.compile(r"shlex\.quote|pipes\.quote|shlex\.join"),
    ),
    lines={
        **dict.fromkeys(JS_FAMILY, re.compile(r"""\b(?:exec|execSync|spawn|spawnSync)\(""")),
        Language.PHP: re.compile(r"""\b(?:exec|system|shell_exec|passthru|popen|proc_open)\("""),
        Language.RUBY: re.compile(r"""\b(?:system|exec|spawn|IO\.popen)[ (]|`|%x\("""),
        Language.GO: re.compile(
            r"""\bexec\.Command(?:Context)?\((?:\w+,\s*)?(?:"(?:sh|bash|/bin/sh|/bin/bash)",\s*"-c",)?"""
        ),
        Language.JAVA: re.compile(r"""\.exec\(|\bnew ProcessBuilder\("""),
        Language.KOTLIN: re.compile(r"""\.exec\(|\bProcessBuilder\("""),
        Language.CSHARP: re.compile(r"""\bProcess\.Start\("""),
    },
    supersedes=("S602", "S604", "S605", "shell-from-strings"),
    fires=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    os.system("ls " + name)\n',
        ),
        (
            Language.PYTHON,
            'host = input()\ncommand = "ping %s" % host\nsubprocess.run(command, shell=True)\n',
        ),
        (
            Language.JAVASCRIPT,
            'function f(req, res) {\n  const name = req.query.name;\n  exec("ls " + name);\n}\n',
        ),
        (Language.PHP, '<?php\n$host = $_GET["host"];\nsystem("ping $host");\n'),
        (
            Language.GO,
            'func f(w http.ResponseWriter, r *http.Request) {\n\tname := r.FormValue("name")\n\texec.Command("sh", "-c", "ls "+name).Run()\n}\n',
        ),
        (Language.RUBY, 'def f\n  system("ls #{params[:name]}")\nend\n'),
        (
            Language.JAVA,
            'class A { void f() {\n  String name = request.getParameter("name");\n  Runtime.getRuntime().exec("ls " + name);\n} }\n',
        ),
    ),
    quiet=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    os.system("ls " + shlex.quote(name))\n',
        ),
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    os.system("ls")\n',
        ),
        (Language.PHP, '<?php\n$host = escapeshellarg($_GET["host"]);\nsystem("ping $host");\n'),
        (
            Language.JAVASCRIPT,
            'function f(req) {\n  const name = req.query.name;\n}\nfunction g(name) {\n  exec("ls " + name);\n}\n',
        ),
    ),
)
