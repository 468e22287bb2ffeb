"""Notice at once that a file changed: an event in the spool, an edited configuration."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import structlog
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

log = structlog.get_logger(__name__)

QUIET_S = 0.1
"""A file that has not changed for so long has been saved whole: editors truncate first and write then."""

EMPTY_QUIET_S = 2.0
"""The same for a file that is empty or gone: more often that is the middle of a save than what somebody wants."""


class FolderWatch:
    """Call back when something in a folder is created, changed or moved into place.

    The kernel's queue may overflow and network file systems tell nothing, so whoever watches also looks by
    schedule: this only makes the common case immediate.
    """

    def __init__(self) -> None:
        self._observer = Observer()
        self._files: list[_SavedFile] = []

    def add(self, folder: Path, notify: Callable[[], None]) -> None:
        """Watch a folder; ``notify`` runs on the watcher's thread, at each event."""
        self._observer.schedule(_FolderEvents(notify), str(folder), recursive=False)

    def add_file(self, file: Path, notify: Callable[[], None]) -> None:
        """Watch one file in a folder that exists; ``notify`` runs on a thread of its own, once a save is over.

        A save is over when the file has not changed for `QUIET_S`, or `EMPTY_QUIET_S` if nothing is in it.
        """
        saved = _SavedFile(file, notify)
        self._files.append(saved)
        self._observer.schedule(_FileEvents(saved.touch, file.name), str(file.parent), recursive=False)

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
        for file in self._files:
            file.close()


class _FolderEvents(FileSystemEventHandler):
    def __init__(self, notify: Callable[[], None]) -> None:
        self._notify = notify

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in {"created", "modified", "moved"}:
            self._notify()


class _FileEvents(FileSystemEventHandler):
    def __init__(self, notify: Callable[[], None], name: str) -> None:
        self._notify = notify
        self._name = name

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in {"created", "modified", "moved", "deleted"}:
            return
        if self._name in {Path(str(event.src_path)).name, Path(str(event.dest_path)).name}:
            self._notify()


class _SavedFile:
    """Turn the events of one save into one call, made when the file has come to rest."""

    def __init__(self, file: Path, notify: Callable[[], None]) -> None:
        self._file = file
        self._notify = notify
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._closed = False

    def touch(self) -> None:
        """Take note of an event: whatever was due is put off."""
        with self._lock:
            if not self._closed:
                self._begin(QUIET_S, self._rest)

    def close(self) -> None:
        """Drop what is due, and wait for a call that has begun."""
        with self._lock:
            self._closed = True
            timer = self._timer
        if timer is not None:
            timer.cancel()
            timer.join(5)

    def _begin(self, quiet_s: float, then: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(quiet_s, then)
        self._timer.daemon = True
        self._timer.start()

    def _rest(self) -> None:
        empty = not self._holds_something()
        with self._lock:
            # One that was put off after it had begun to run is not cancelled: its successor takes over.
            if self._closed or self._timer is not threading.current_thread():
                return
            if empty:
                self._begin(EMPTY_QUIET_S, self._notify)
                return
        self._notify()

    def _holds_something(self) -> bool:
        try:
            return self._file.stat().st_size > 0
        except OSError:
            return False
