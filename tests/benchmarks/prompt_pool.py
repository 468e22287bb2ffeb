"""Prompts for the benchmarks: real questions from given files, or words of the generator where none are given.

A file is Parquet with a column ``query``, or JSON lines (``.jsonl``, ``.jsonl.gz``) with a field ``query`` or
``text``, or text with one prompt a line. Of a folder, every file is taken whose name has ``quer`` in it. Each
prompt is taken once. One part is asked and the other recorded, so that no question finds itself in the bank.
"""

from __future__ import annotations

import gzip
import json
import random
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from generated_text import Author

ASKED_SHARE = 0.4
GENERATED_POOL = 20_000


@dataclass(frozen=True, kw_only=True)
class PromptPool:
    """Hold distinct prompts to ask, others to record, and in words where they come from."""

    asked: tuple[str, ...]
    recorded: tuple[str, ...]
    source: str

    @property
    def median_words(self) -> float:
        """Return the median length of the asked prompts, in words."""
        return statistics.median(len(prompt.split()) for prompt in self.asked)

    def to_record(self, rng: random.Random) -> Iterator[str]:
        """Yield prompts without end: each recorded one once, then halves of two of them joined."""
        yield from rng.sample(self.recorded, len(self.recorded))
        while True:
            first, second = (rng.choice(self.recorded).split(" ") for _ in range(2))
            yield " ".join((*first[: len(first) // 2 + 1], *second[len(second) // 2 :]))

    def of_length(self, words: int, count: int, rng: random.Random) -> tuple[str, ...]:
        """Return so many prompts of exactly so many words, joined from asked ones."""
        prompts = []
        for _ in range(count):
            taken: list[str] = []
            while len(taken) < words:
                taken += rng.choice(self.asked).split()
            prompts.append(" ".join(taken[:words]))
        return tuple(prompts)


def open_pool(paths: Sequence[Path], rng: random.Random) -> PromptPool:
    """Read prompts from files and folders; make them of generated words when there are none of these."""
    if not paths:
        author = Author(rng)
        prompts = [_generated(author, rng) for _ in range(GENERATED_POOL)]
        return _divided(prompts, "generated words (give --prompts for real questions)", rng)
    files = [file for path in paths for file in _files(path)]
    prompts = list(dict.fromkeys(prompt for file in files for prompt in _read(file) if prompt.strip()))
    if len(prompts) < 2:
        raise SystemExit(f"no prompts in {', '.join(map(str, paths))}: see the head of {Path(__file__).name}")
    return _divided(prompts, f"{len(prompts)} distinct prompts of {len(files)} files", rng)


def _divided(prompts: list[str], source: str, rng: random.Random) -> PromptPool:
    rng.shuffle(prompts)
    share = max(1, round(len(prompts) * ASKED_SHARE))
    return PromptPool(asked=tuple(prompts[:share]), recorded=tuple(prompts[share:]), source=source)


def _generated(author: Author, rng: random.Random) -> str:
    return " ".join(author.new_name().replace("_", " ") for _ in range(rng.randrange(15, 40)))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise SystemExit(f"{path} is neither a file nor a folder")
    return sorted(file for file in path.rglob("*quer*") if file.is_file())


def _read(file: Path) -> list[str]:
    if file.suffix == ".parquet":
        from pyarrow import parquet  # noqa: PLC0415  40 ms and a large library, for this one format

        return [str(value) for value in parquet.read_table(file, columns=["query"])["query"].to_pylist()]
    raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    lines = raw.decode("utf-8").split("\n")
    if ".jsonl" not in file.suffixes:
        return lines
    rows = (json.loads(line) for line in lines if line.strip())
    return [str(row.get("query", row.get("text", ""))) for row in rows]
