"""Remember where hooks were installed, so that the last removal takes the hook program with it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from reasoningbank_hooks.installer.plan import FileReader, InstallError

FILE = "installed.json"


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one place where an agent was told to call the hook program."""

    host: str
    scope: str
    path: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Hold all of them."""

    places: tuple[Installed, ...] = ()

    def including(self, place: Installed) -> Manifest:
        """Return a manifest that has the place, once."""
        return self if place in self.places else Manifest(places=(*self.places, place))

    def without(self, place: Installed) -> Manifest:
        """Return a manifest that does not have the place."""
        return Manifest(places=tuple(other for other in self.places if other != place))

    def encode(self) -> bytes:
        """Return the content of the file."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def read_manifest(folder: Path, read: FileReader) -> Manifest:
    """Read the manifest of a hook folder; empty when there is none.

    Raises
    ------
    InstallError
        When it is damaged.
    """
    content = read(folder / FILE)
    if content is None:
        return Manifest()
    try:
        return msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError as error:
        raise InstallError(
            f"{folder / FILE} is damaged ({error}): delete it and run the command again"
        ) from error
