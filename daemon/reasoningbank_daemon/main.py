"""The service entry, ``reasoningbankd``: reads the environment, takes the lock, serves in the foreground."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import structlog

from reasoningbank_daemon.config import Config, ConfigError, load_config
from reasoningbank_daemon.index.errors import IndexFolderError
from reasoningbank_daemon.server.lock import AlreadyRunningError, DaemonLock
from reasoningbank_daemon.server.loop import SocketPathError
from reasoningbank_daemon.server.server import Server
from reasoningbank_daemon.services.allocator import share_heaps
from reasoningbank_daemon.services.container import open_services
from reasoningbank_daemon.services.folders import UnsafeFolderError, prepare_folders
from reasoningbank_daemon.services.version import CODE_VERSION
from reasoningbank_daemon.storage.base import StoreError
from reasoningbank_daemon.telemetry import configure_logging
from reasoningbank_daemon.telemetry.service_manager import ServiceManager
from reasoningbank_schema.exit_codes import DAEMON_EXIT_CODES, ExitCode
from reasoningbank_schema.paths import Paths, resolve_paths

log = structlog.get_logger(__name__)

SWITCH_INTERVAL_S = 0.0005
"""How long a thread may keep the interpreter while the poller waits for it; Python's default is ten times that."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the daemon in the foreground and return its exit code."""
    _parse(sys.argv[1:] if argv is None else argv)
    try:
        return run(os.environ, home=Path.home())
    except Exception as defect:
        # The last place that can say it: the log for a daemon, standard error for whoever waits for its start.
        log.critical("daemon_defect", exc_info=defect)
        traceback.print_exc()
        return ExitCode.DEFECT


def run(environment: Mapping[str, str], *, home: Path) -> ExitCode:
    """Serve the bank that the environment names until a signal or a client says stop."""
    os.umask(0o077)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    share_heaps()
    paths = resolve_paths(environment, home=home)
    try:
        prepare_folders(paths)
        config = load_config(paths.config_file)
    except UnsafeFolderError as error:
        return _refuse(ExitCode.CANNOT_CREATE, error)
    except ConfigError as error:
        return _refuse(ExitCode.BAD_CONFIGURATION, error)
    configure_logging(config.daemon.log_level, folder=paths.logs, environment=environment)
    lock = DaemonLock(paths.lock)
    try:
        lock.acquire(pid=os.getpid())
    except AlreadyRunningError as error:
        return _refuse(ExitCode.ANOTHER_RUNS, error)
    try:
        return _serve(paths, config, environment)
    finally:
        lock.release()


def _serve(paths: Paths, config: Config, environment: Mapping[str, str]) -> ExitCode:
    service_manager = ServiceManager.from_environment(environment)
    try:
        services = open_services(paths, config)
    except StoreError as error:
        log.error("bank_unusable", reason=str(error))  # noqa: TRY400  the message is the finding
        return _refuse(ExitCode.BANK_UNUSABLE, error)
    except IndexFolderError as error:
        log.error("index_folder_unusable", reason=str(error))  # noqa: TRY400  the message is the finding
        return _refuse(ExitCode.CANNOT_CREATE, error)
    try:
        server = Server(services, service_manager=service_manager)
        # What is loaded now lives as long as the process: spare the collector from walking it each time.
        gc.collect()
        gc.freeze()
        with _stop_on_signals(server):
            server.serve()
    except SocketPathError as error:
        return _refuse(ExitCode.CANNOT_CREATE, error)
    finally:
        services.close()
        log.info("stopped")
    return ExitCode.OK


@contextmanager
def _stop_on_signals(server: Server) -> Iterator[None]:
    """Drain at the first SIGTERM or SIGINT, end at once at the second; put the old handlers back."""

    def stop(number: int, _frame: FrameType | None) -> None:
        server.stop()
        signal.signal(number, signal.SIG_DFL)

    previous = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _refuse(code: ExitCode, error: Exception) -> ExitCode:
    sys.stderr.write(f"reasoningbankd: {error}\n")
    return code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Leave with the status that a service manager takes for one that a restart does not change."""
        self.exit(ExitCode.USAGE, f"{self.prog}: {message}\nSee: {self.prog} --help\n")


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="reasoningbankd",
        description="Serve the bank in the foreground; `reasoningbank up` starts it in the background.",
        epilog="Exit codes: "
        + ", ".join(f"{code.value} {code.name.lower().replace('_', ' ')}" for code in DAEMON_EXIT_CODES),
    )
    parser.add_argument("--version", action="version", version=f"reasoningbankd {CODE_VERSION}")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
