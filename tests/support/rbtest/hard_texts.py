"""Texts that are hard on whoever judges them, each with the path it pretends to have."""

from __future__ import annotations

import random


def noise(seed: int, lowest: int) -> str:
    """Return 3,000 random bytes as text, those that are not UTF-8 as lone surrogates."""
    made = random.Random(seed)
    return bytes(made.randrange(lowest, 256) for _ in range(3000)).decode("utf-8", "surrogateescape")


HARD_TEXTS = {
    "5 MB of Python": ("big.py", "x = 1\n" * 900_000),
    "5 MB of JavaScript": ("big.js", "var a = 1;\n" * 500_000),
    "5 MB of JSON in one line": ("big.json", "[" + "1," * 2_500_000 + "1]"),
    "minified": ("min.js", "var a=function(b){return b==1?2:eval(b)};" * 8_000),
    "generated": ("generated.py", "".join(f"v{number} = {number}\n" for number in range(40_000))),
    "100,000 brackets of JSON": ("deep.json", "[" * 100_000),
    "100,000 brackets of JavaScript": ("deep.js", "(" * 100_000),
    "100,000 closed brackets": ("closed.js", "[" * 100_000 + "]" * 100_000),
    "100,000 brackets of Python": ("deep.py", "(" * 100_000),
    "not UTF-8": ("a.py", "x = '\udcff\udc00\ud800'\n"),
    "line ends of all kinds": ("mixed.py", "a = 1\r\nb = 2\rc = 3\nd = (\r\n"),
    "NUL": ("nul.py", "a = 1\0\n"),
    "a picture": ("image.png", "\udc89PNG\r\n\x1a\n\0\0\0" * 10_000),
    "noise called Python": ("binary.py", noise(1, 0)),
    "noise called C": ("binary.c", noise(3, 1)),
    "a path that does not exist": ("/no/such/folder/a\n.py", "def f(:\n"),
    "nothing": ("", ""),
    "50,000 quotes": ("quotes.py", "'" * 50_000),
    "20,000 calls in each other": ("calls.py", "f(" * 20_000),
    "10,000 new issues": ("issues.py", "x = eval(y)\n" * 10_000),
    "3,000 statements of SQL": ("sql.py", 'x = "SELECT a FROM b WHERE c = " + d\n' * 3_000),
    "5,000 assignments to follow": (
        "request.py",
        "@app.route('/')\ndef f():\n    a = request.args.get('a')\n"
        + "    a = a + a\n" * 5_000
        + "    eval(a)\n",
    ),
    "90 levels to follow": (
        "nested.py",
        "def f(request):\n"
        + "".join(" " * (4 + depth) + "if request.args:\n" for depth in range(90))
        + " " * 95
        + "eval(request.args['a'])\n",
    ),
}
