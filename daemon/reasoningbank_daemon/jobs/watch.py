"""Notice at once that a file changed: an event in the spool, an edited configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

log = structlog.get_logger(__name__)


class FolderWatch:
    """Call back when something in a folder is created, changed or moved into place.

    The kernel's queue may overflow and network file systems tell nothing, so whoever watches also looks by
    schedule: this only makes the common case immediate.
    """

    def __init__(self) -> None:
        self._observer = Observer()

    def add(self, folder: Path, notify: Callable[[], None], *, name: str | None = None) -> None:
        """Watch ``folder``; with ``name``, only that file in it. ``notify`` runs on the watcher's thread."""
        self._observer.schedule(_Notify(notify, name), str(folder), recursive=False)

    def start(self) -> None:
        """Begin watching; without inotify the schedule alone has to do, and the log says so."""
        try:
            self._observer.start()
        except OSError as error:
            log.warning("watch_unavailable", reason=str(error), effect="changes are noticed by schedule only")

    def close(self) -> None:
        """Stop watching and end the watcher's threads."""
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join(5)


class _Notify(FileSystemEventHandler):
    def __init__(self, notify: Callable[[], None], name: str | None) -> None:
        self._notify = notify
        self._name = name

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in {"created", "modified", "moved"}:
            return
        paths = {Path(str(event.src_path)).name, Path(str(event.dest_path)).name}
        if self._name is None or self._name in paths:
            self._notify()
