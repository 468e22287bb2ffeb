"""Edits for the benchmarks: of public repositories from a given folder, or of generated programs where none is given.

A folder holds ``edit_good.jsonl.gz`` and ``edit_bad.jsonl.gz``; a line is ``{"path", "language", "before", "after", …}``.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from generated_text import Author

from reasoningbank_daemon.quality.edit import Edit

GENERATED = 300
_PYTHON_SHARE = 0.5

_PYTHON = '''def {a}({b}, {c}={n}):
    """Return the {d} of {b}."""
    {d} = {b}.{e}({c})
    if {d} is None:
        raise ValueError(f"{{{b}}} has no {d}")
    for {f} in {d}.{g}:
        if {f}.{h} > {c}:
            {d}.{e}({f}, {c}={n})
    return {d}


'''
_TYPESCRIPT = """export function {a}({b}: any, {c} = {n}): any {{
  // the {d} of {b}
  const {d} = {b}.{e}({c});
  if ({d} === null) {{
    throw new Error(`${{{b}}} has no {d}`);
  }}
  for (const {f} of {d}.{g}) {{
    if ({f}.{h} > {c}) {{
      {d}.{e}({f}, {n});
    }}
  }}
  return {d};
}}

"""


class EditPool(msgspec.Struct, frozen=True, kw_only=True):
    """Hold edits, those of them that are known to be good, and in words where they come from."""

    edits: tuple[Edit, ...]
    good: tuple[Edit, ...]
    source: str

    def of(self, *, python: bool, most_lines: int) -> tuple[Edit, ...]:
        """Return the edits of Python, or those of all other languages, whose texts have no more lines."""
        return tuple(
            edit
            for edit in self.edits
            if (edit.language == "python") is python and max(map(line_count, _texts(edit))) <= most_lines
        )

    def long_edit(self, language: str, lines: int) -> Edit:
        """Return an edit in the middle of a text of so many lines, joined from the longest good ones of a language."""
        longest: dict[str, Edit] = {}
        for edit in sorted(self.good, key=lambda each: -len(each.after)):
            if edit.language == language:
                longest.setdefault(edit.path, edit)
        taken: list[Edit] = []
        left = lines
        while left > lines // 100 and (
            fitting := [each for each in longest.values() if line_count(each.after) <= left]
        ):
            taken.append(fitting[len(taken) % len(fitting)])
            left -= line_count(taken[-1].after)
        middle = len(taken) // 2
        rest = "\n".join(each.after for each in taken[middle + 1 :])
        start = "\n".join(each.after for each in taken[:middle])
        before, after = (
            f"{start}\n{text}\n{rest}" for text in (taken[middle].before or "", taken[middle].after)
        )
        return Edit(
            path=f"long/{Path(taken[middle].path).name}", language=language, before=before, after=after
        )


def line_count(text: str) -> int:
    """Return the number of lines."""
    return text.count("\n") + 1


def open_edits(folder: Path | None, rng: random.Random) -> EditPool:
    """Read edits from a folder, or make some; in random order, so that one file's edits do not follow each other."""
    if folder is None:
        edits = good = list(_generated(rng))
        source = "generated functions (give --edits for edits of real programs)"
    else:
        good = list(_read(folder / "edit_good.jsonl.gz"))
        edits = [*good, *_read(folder / "edit_bad.jsonl.gz")]
        source = str(folder)
    return EditPool(
        edits=tuple(rng.sample(edits, len(edits))), good=tuple(good), source=f"{source}; {len(edits)} edits"
    )


def _read(file: Path) -> Iterable[Edit]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            fields = json.loads(line)
            yield Edit(
                path=fields["path"],
                language=fields["language"],
                before=fields["before"],
                after=fields["after"],
            )


def _generated(rng: random.Random) -> Iterable[Edit]:
    author = Author(rng)
    for number in range(GENERATED):
        author.open_file()
        is_python = rng.random() < _PYTHON_SHARE
        form, suffix = (_PYTHON, "py") if is_python else (_TYPESCRIPT, "ts")
        functions = [_function(form, author, rng) for _ in range(rng.randrange(3, 33))]
        before = "".join(functions)
        functions[rng.randrange(len(functions))] = _function(form, author, rng)
        yield Edit(
            path=f"src/{author.name()}_{number}.{suffix}",
            language="python" if is_python else "typescript",
            before=before,
            after="".join(functions),
        )


def _function(form: str, author: Author, rng: random.Random) -> str:
    names = {letter: f"{author.name()}_{letter}" for letter in "abcdefgh"}
    return form.format(**names, n=rng.randrange(1, 99))


def _texts(edit: Edit) -> Sequence[str]:
    return (edit.before or "", edit.after)
