"""Which files differ between two states of a git work tree, and their texts in both."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.quality.known_texts import MOST_BYTES, text_on_disk

INDEX = ""
"""As a revision: what is staged."""
_TIMEOUT_S = 60.0
_UNBORN = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""git's name of the empty tree: what a repository without a commit is compared with."""


class GitError(Exception):
    """git can't say what changed; `str(error)` is its own reason."""


class ChangedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is there now; `old_path` is None where it is new. Both are relative to the repository's root."""

    path: str
    old_path: str | None


class WorkTree:
    """Asks git about the repository that a folder lies in; raises `GitError` where there is none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.root = Path(
            self._run("rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape").rstrip("\n")
        )

    def staged(self, paths: Iterable[str] = ()) -> Iterator[Edit]:
        """Yield what is staged, each file against the last commit."""
        base = "HEAD" if self.has("HEAD") else _UNBORN
        changed = self._changed(("--cached", base), paths)
        befores = self._blobs(
            [None if each.old_path is None else f"{base}:{each.old_path}" for each in changed]
        )
        afters = self._blobs([f"{INDEX}:{each.path}" for each in changed])
        yield from self._edits(changed, befores, afters)

    def since(self, revision: str, paths: Iterable[str] = ()) -> Iterator[Edit]:
        """Yield what differs in the work tree from a revision."""
        if revision.startswith("-"):
            raise GitError(f"{revision!r} is no revision")
        changed = self._changed((revision,), paths)
        befores = self._blobs(
            [None if each.old_path is None else f"{revision}:{each.old_path}" for each in changed]
        )
        yield from self._edits(
            changed, befores, [text_on_disk(str(self.root / each.path)) for each in changed]
        )

    def uncommitted(self, paths: Iterable[str] = ()) -> Iterator[Edit]:
        """Yield what differs in the work tree from the last commit, files that git does not know yet among it."""
        paths = tuple(paths)
        yield from self.since("HEAD" if self.has("HEAD") else _UNBORN, paths)
        listed = self._run("ls-files", "-z", "--others", "--exclude-standard", "--full-name", "--", *paths)
        for name in _names(listed):
            text = text_on_disk(str(self.root / name))
            if text is not None:
                yield Edit(path=str(self.root / name), after=text)

    def _changed(self, between: tuple[str, ...], paths: Iterable[str]) -> list[ChangedFile]:
        # ACMR: a file that is gone can't be judged, one that changed its type is a link or a submodule.
        found = _names(
            self._run(
                "diff", "--no-ext-diff", "--no-textconv", "--name-status", "-z", "-M", "--diff-filter=ACMR",
                "--ignore-submodules", *between, "--", *paths,
            )
        )  # fmt: skip
        changed = []
        names = iter(found)
        for status in names:
            path = next(names)
            if status[:1] in {"R", "C"}:
                changed.append(ChangedFile(path=next(names), old_path=path))
            else:
                changed.append(ChangedFile(path=path, old_path=None if status == "A" else path))
        return changed

    def _edits(
        self, changed: list[ChangedFile], befores: list[str | None], afters: list[str | None]
    ) -> Iterator[Edit]:
        for each, before, after in zip(changed, befores, afters, strict=True):
            if after is not None:
                yield Edit(path=str(self.root / each.path), before=before, after=after)

    def _blobs(self, names: list[str | None]) -> list[str | None]:
        """Return the texts of objects, all from one process; None for one without a name, gone, or too large."""
        asked = [name for name in names if name is not None and "\n" not in name]
        if not asked:
            return [None] * len(names)
        output = self._run(
            "cat-file", "--batch", asked="\n".join(asked).encode("utf-8", "surrogateescape") + b"\n"
        )
        texts = dict(zip(asked, _batch(output, len(asked)), strict=True))
        return [None if name is None else texts.get(name) for name in names]

    def has(self, revision: str) -> bool:
        """Say whether git knows a revision (a commit, or a tree) by that name."""
        try:
            self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}")
        except GitError:
            return False
        return True

    def _run(self, *arguments: str, asked: bytes = b"") -> bytes:
        try:
            done = subprocess.run(
                ["git", "--no-optional-locks", *arguments],
                cwd=self._folder,
                input=asked,
                capture_output=True,
                check=False,
                timeout=_TIMEOUT_S,
            )
        except FileNotFoundError as error:
            raise GitError("git is not installed, or the folder is not there") from error
        except (OSError, subprocess.SubprocessError) as error:
            raise GitError(f"git did not answer: {error}") from error
        if done.returncode != 0:
            reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise GitError(reason[0] if reason else f"git {arguments[0]} ended with {done.returncode}")
        return done.stdout


def _names(output: bytes) -> list[str]:
    return [name.decode("utf-8", "surrogateescape") for name in output.split(b"\0") if name]


def _batch(output: bytes, count: int) -> Iterator[str | None]:
    """Yield the contents out of the answer of `git cat-file --batch`."""
    position = 0
    for _ in range(count):
        end = output.index(b"\n", position)
        header = output[position:end].rsplit(b" ", 2)
        position = end + 1
        if header[-1] == b"missing" or header[-1] == b"ambiguous":
            yield None
            continue
        size = int(header[2])
        content = output[position : position + size]
        position += size + 1
        yield (
            None if size > MOST_BYTES or header[1] != b"blob" else content.decode("utf-8", "surrogateescape")
        )
