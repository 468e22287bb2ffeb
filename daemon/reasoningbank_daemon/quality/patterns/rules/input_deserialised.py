"""What a request or a user gave is turned into objects by a reader that can run code.

The value is followed through the assignments of its function, into containers that the function filled, and out of
conditions that are plain. What was compared with something fixed, or checked and refused, counts as safe.
"""

from __future__ import annotations

from reasoningbank_daemon.quality.flow.sinks import PythonFlow, sink
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import FlowRule
from reasoningbank_schema.verdicts import Category, Severity

RULE = FlowRule(
    rule="input-deserialised",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="what comes from outside is turned into objects",
    suggestion="read JSON or another format that holds data alone",
    python=PythonFlow(
        kind="input-deserialised",
        sinks=(
            sink(
                r"(?:c?[pP]ickle|dill|cloudpickle|marshal|shelve)\.(?:loads?|open)",
                0,
                clears=("S301", "S302"),
            ),
            sink(r"yaml\.(?:unsafe_)?load(?:_all)?", 0, clears=("S506",)),
            sink(r"jsonpickle\.decode|torch\.load|joblib\.load|pd\.read_pickle", 0),
        ),
    ),
    supersedes=("S301", "S506", "unsafe-deserialisation"),
    fires=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return pickle.loads(base64.b64decode(name))\n',
        ),
    ),
    quiet=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return json.loads(name)\n',
        ),
        (Language.PYTHON, 'text = "a: 1"\nyaml.load(text, Loader=yaml.Loader)\n'),
    ),
)
