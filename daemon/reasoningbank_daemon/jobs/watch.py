"""Notice at once that a file changed: an event in the spool, an edited configuration."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import structlog
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

log = structlog.get_logger(__name__)

QUIET_S = 0.1
"""A file that has not changed for so long has been saved whole: editors truncate first and write then."""

EMPTY_QUIET_S = 2.0
"""The same for a file that is empty or gone: more often that is the middle of a save than what somebody wants."""

MOST_LINKS = 40
"""What the kernel follows."""


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

        A save is over when the file has not changed for `QUIET_S`, or `EMPTY_QUIET_S` if nothing is in it. What
        symbolic links lead to is watched where it lies, and again when a link is made to lead elsewhere.
        """
        places = _Places(self._observer)
        saved = _SavedFile(file, notify, on_touch=lambda: places.follow(file, saved.touch))
        self._files.append(saved)
        places.follow(file, saved.touch)

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


class _Places:
    """Watch each folder in which a file, or a link on the way to it, lies."""

    def __init__(self, observer: BaseObserver) -> None:
        self._observer = observer
        self._lock = threading.Lock()
        self._watched: dict[Path, tuple[_FileEvents, ObservedWatch]] = {}

    def follow(self, file: Path, touch: Callable[[], None]) -> None:
        """Watch the places in which the file lies now, and no others."""
        with self._lock:
            # A folder that is not there can't be watched; one that fails would have the others go unwatched, too.
            wanted = {place for place in _links(file) if place.parent.is_dir()}
            for place in self._watched.keys() - wanted:
                self._observer.remove_handler_for_watch(*self._watched.pop(place))
            for place in wanted - self._watched.keys():
                handler = _FileEvents(touch, place.name)
                try:
                    watch = self._observer.schedule(handler, str(place.parent), recursive=False)
                except OSError as error:
                    log.warning("file_unwatched", file=str(place), reason=str(error))
                else:
                    self._watched[place] = handler, watch


def _links(file: Path) -> list[Path]:
    """Return a file, and one after the other what it leads to, each with the real folder that it lies in."""
    found: list[Path] = []
    place = Path(os.path.realpath(file.parent)) / file.name
    while place not in found and len(found) < MOST_LINKS:
        found.append(place)
        try:
            target = place.parent / place.readlink()
        except OSError:
            break  # no link, or not there
        place = Path(os.path.realpath(target.parent)) / target.name
    return found


class _SavedFile:
    """Turn the events of one save into one call, made when the file has come to rest."""

    def __init__(
        self, file: Path, notify: Callable[[], None], *, on_touch: Callable[[], None] = lambda: None
    ) -> None:
        self._file = file
        self._on_touch = on_touch
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
        self._on_touch()
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
