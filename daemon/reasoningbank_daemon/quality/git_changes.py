"""Which files differ between two states of a git work tree, and their texts in both."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.quality.known_texts import MOST_BYTES, text_on_disk

_FILES = frozenset({"100644", "100755"})
"""The modes of files in git; links and submodules have others."""
_TIMEOUT_S = 60.0
_UNBORN = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""git's name of the empty tree: what a repository without a commit is compared with."""


class GitError(Exception):
    """git can't say what changed; `str(error)` is its own reason."""


class ChangedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is there now, by its path from the repository's root, and the names of its texts in git's store.

    `before` is None where the file is new, or was a link; `after` is None where the text is on disk alone.
    """

    path: str
    before: str | None
    after: str | None


class WorkTree:
    """Asks git about the repository that a folder lies in; raises `GitError` where there is none.

    `unread` names, from its root, the files that were passed over so far: too large, or not to be read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.unread: list[str] = []
        self.root = Path(
            self._run("rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape").rstrip("\n")
        )

    def staged(self, paths: Iterable[str] = ()) -> Iterator[Edit]:
        """Yield what is staged, each file against the last commit."""
        changed = self._changed(("--cached", self._last_commit()), paths)
        yield from self._edits(changed)

    def since(self, revision: str, paths: Iterable[str] = ()) -> Iterator[Edit]:
        """Yield what differs in the work tree from a revision; `main...` means where the last commit left `main`."""
        yield from self._edits(self._changed((self._base(revision),), paths))

    def uncommitted(self, paths: Iterable[str] = ()) -> Iterator[Edit]:
        """Yield what differs in the work tree from the last commit, files that git does not know yet among it."""
        paths = tuple(paths)
        yield from self.since(self._last_commit(), paths)
        listed = self._run("ls-files", "-z", "--others", "--exclude-standard", "--full-name", "--", *paths)
        for name in _names(listed):
            text = self._on_disk(name)
            if text is not None:
                yield Edit(path=str(self.root / name), after=text)
            elif self._is_file(name):
                self.unread.append(name)

    def has(self, revision: str) -> bool:
        """Say whether git knows a revision (a commit, or a tree) by that name."""
        try:
            self._base(revision)
        except GitError:
            return False
        return True

    def knows(self, path: str, *, revision: str | None = None) -> bool:
        """Say whether a path, which need not be on disk, is staged or stands in a revision, by default the last commit."""
        base = self._last_commit() if revision is None else self._base(revision)
        if self._run("ls-files", "-z", "--", path):
            return True
        inside = os.path.relpath(path, self.root)
        return bool(self._run("ls-tree", "-z", "--full-tree", base, "--", inside))

    def _last_commit(self) -> str:
        return "HEAD" if self.has("HEAD") else _UNBORN

    def _base(self, revision: str) -> str:
        """Return the name of the tree that a revision stands for."""
        if not revision or revision.startswith("-"):
            raise GitError(f"{revision!r} is no revision")
        branch = revision.removesuffix("...")
        try:
            found = revision if branch == revision else self._text("merge-base", branch, "HEAD")
            return self._text("rev-parse", "--verify", f"{found}^{{tree}}")
        except GitError as error:
            raise GitError(f"bad revision {revision!r}: {error}") from error

    def _changed(self, between: tuple[str, ...], paths: Iterable[str]) -> list[ChangedFile]:
        # ACMRT: a file that is gone can't be judged. U comes beside M where a merge is under way.
        found = _names(
            self._run(
                "diff", "--no-ext-diff", "--no-textconv", "--no-relative", "--raw", "--no-abbrev", "-z", "-M",
                "--diff-filter=ACMRT", "--ignore-submodules", *between, "--", *paths,
            )
        )  # fmt: skip
        changed = []
        names = iter(found)
        for entry in names:
            old_mode, new_mode, old, new, status = entry.removeprefix(":").split(" ")
            path = next(names)
            if status[:1] in {"R", "C"}:
                path = next(names)
            if new_mode in _FILES:  # not a link, nor a submodule
                before = old if old_mode in _FILES else None
                changed.append(ChangedFile(path=path, before=before, after=new if new.strip("0") else None))
        return changed

    def _edits(self, changed: list[ChangedFile]) -> Iterator[Edit]:
        texts = self._blobs([name for each in changed for name in (each.before, each.after) if name])
        for each in changed:
            after = texts[each.after] if each.after else self._on_disk(each.path)
            if after is not None:
                before = texts[each.before] if each.before else None
                yield Edit(path=str(self.root / each.path), before=before, after=after)
            elif each.after or self._is_file(each.path):
                self.unread.append(each.path)

    def _is_file(self, name: str) -> bool:
        path = self.root / name
        return path.is_file() and not path.is_symlink()

    def _on_disk(self, name: str) -> str | None:
        path = self.root / name
        return None if path.is_symlink() else text_on_disk(str(path))

    def _blobs(self, names: list[str]) -> dict[str, str | None]:
        """Return the texts of objects, all from one process; None for one that is gone, or too large."""
        if not names:
            return {}
        output = self._run("cat-file", "--batch", asked="\n".join(names).encode() + b"\n")
        return dict(zip(names, _batch(output, len(names)), strict=True))

    def _text(self, *arguments: str) -> str:
        return self._run(*arguments).decode("utf-8", "surrogateescape").strip()

    def _run(self, *arguments: str, asked: bytes = b"") -> bytes:
        try:
            done = subprocess.run(
                ["git", "--no-optional-locks", "--literal-pathspecs", *arguments],
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
