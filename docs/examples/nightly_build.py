"""Report a build's commands to ReasoningBank, and ask it what helped when one fails.

Usage: nightly_build.py SESSION COMMAND [COMMAND ...]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from reasoningbank_client import ReasoningBank, ReasoningBankError


def main() -> int:
    """Run each command; on a failure print what the bank knows that is like it."""
    if len(sys.argv) < 3:
        sys.exit("usage: nightly_build.py SESSION COMMAND [COMMAND ...]")
    session, *commands = sys.argv[1:]
    with ReasoningBank.from_environment(agent="nightly", spool=True) as bank:
        bank.start_session(session, cwd=str(Path.cwd()))
        bank.pre_task(session, f"run {'; '.join(commands)}", cwd=str(Path.cwd()))
        failed = [command for command in commands if not run(bank, session, command)]
        bank.post_task(session, success=not failed)
        bank.end_session(session)
    return 1 if failed else 0


def run(bank: ReasoningBank, session: str, command: str) -> bool:
    """Run one command, report it, and say whether it succeeded."""
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    bank.post_command(session, command, exit_status=done.returncode, output=output)
    if done.returncode:
        print(f"{command}: exit status {done.returncode}")
        print_experience(bank, f"{command} {output[-500:]}")
    return done.returncode == 0


def print_experience(bank: ReasoningBank, query: str) -> None:
    """Print what helped before; a build does not fail for want of it."""
    try:
        found = bank.recall(query, cwd=str(Path.cwd()), limit=3)
    except ReasoningBankError as error:
        print(f"  (no experience: {error})")
        return
    for experience in found.experiences:
        text = experience.text.replace("\n", "\n    ")
        print(f"  earlier ({experience.outcome}): {text}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ReasoningBankError as error:
        sys.exit(f"nightly_build: {error}")
