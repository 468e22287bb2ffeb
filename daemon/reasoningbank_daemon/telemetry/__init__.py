"""What the daemon tells about itself: logs, counts, and a service manager's notifications."""

from __future__ import annotations

from reasoningbank_daemon.telemetry.counters import Counters
from reasoningbank_daemon.telemetry.logs import LOG_FILE, configure_logging, request_context, set_level
from reasoningbank_daemon.telemetry.noise import RateLimited
from reasoningbank_daemon.telemetry.service_manager import ServiceManager, watchdog_interval_s

__all__ = [
    "LOG_FILE",
    "Counters",
    "RateLimited",
    "ServiceManager",
    "configure_logging",
    "request_context",
    "set_level",
    "watchdog_interval_s",
]
