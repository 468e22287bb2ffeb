"""How long advice takes when a sentence embedding ranks beside the words."""

from __future__ import annotations

import random

import msgspec
import numpy as np
from bench_report import Report
from bench_serving import AGENT, pss_mb
from client_load import ask_all
from generate_bank import PROJECTS
from hook_payloads import FOLDER
from prompt_pool import PromptPool
from rbtest.daemon_process import DaemonProcess, wait_until
from rbtest.wire import Wire

from reasoningbank_daemon.config import Config
from reasoningbank_daemon.embedding.base import pack
from reasoningbank_daemon.embedding.minilm import MINILM_STAMP
from reasoningbank_daemon.embedding.weights import WeightsError, find_weights
from reasoningbank_daemon.index.snapshot import Reach
from reasoningbank_daemon.services.container import standard_rules
from reasoningbank_daemon.services.meanings import OWNER, reach_name
from reasoningbank_daemon.services.projects import project_key
from reasoningbank_daemon.services.settings import Settings
from reasoningbank_daemon.storage.records import Embedded, SettingRecord, VectorRecord
from reasoningbank_daemon.storage.store import SqliteStore
from reasoningbank_schema.messages import (
    DaemonStatus,
    PreTask,
    Status,
    TaskAdvice,
    decode_reply,
    encode_request,
)
from reasoningbank_schema.paths import Paths

CENTRES = 3000
SPREAD = 0.5
PROMPT_WORDS = 200
MOST_REQUESTS = 500
READY_S = 900.0


def measure_meaning(daemon: DaemonProcess, pool: PromptPool, requests: int, report: Report) -> None:
    """Give every experience a vector, choose MiniLM, and ask with long prompts."""
    report.say(f"meaning: MiniLM, prompts of {PROMPT_WORDS} words")
    try:
        find_weights("")
    except WeightsError as error:
        report.say(f"  not measured: {error}; {error.next_step}")
        return
    rng = random.Random(5)
    count = _give_vectors(daemon.paths)
    report.say(
        f"  {count} vectors drawn at random around {CENTRES} centres: what they mean is no matter of time"
    )
    daemon.paths.config_file.write_text('[recall]\nembedder = "minilm"\n', encoding="utf-8")
    daemon.start()
    wait_until(lambda: _status(daemon).embedder == "minilm", what="the vectors' index", timeout_s=READY_S)
    prompts = pool.of_length(PROMPT_WORDS, min(requests, MOST_REQUESTS), rng)
    bodies = [
        encode_request(
            PreTask(
                agent=AGENT, session=f"meaning-{number}", prompt=prompt, cwd=FOLDER.format(number % PROJECTS)
            )
        )
        for number, prompt in enumerate(prompts)
    ]
    alone = ask_all(daemon.paths.endpoint, bodies, clients=1, stored=False, keep_bodies=True)
    told = [reply for body in alone.bodies if isinstance(reply := decode_reply(body), TaskAdvice)]
    share = sum(reply.embedder == "minilm" for reply in told) / max(1, len(alone.bodies))
    report.figure(
        "pre-task, one client",
        alone.percentile(0.99),
        "ms p99",
        budget="≤ 60",
        beside=f"p50 {alone.percentile(0.5):.1f} ms",
    )
    report.figure("the vector took part", 100 * share, "% of the answers", budget="≥ 95")
    report.figure("memory afterwards", pss_mb(daemon), "MB PSS")
    daemon.terminate()
    daemon.paths.config_file.unlink()


def _give_vectors(paths: Paths) -> int:
    """Store a vector for each experience, as embedding them all would; return how many."""
    generator = np.random.default_rng(7)
    centres = generator.normal(size=(CENTRES, MINILM_STAMP.dimension))
    rules = standard_rules(Settings(Config()))
    store = SqliteStore(paths, rules=rules, project_key=project_key, on_commit=lambda _: None)
    count, reach = 0, Reach()
    newest = store.counts().sequence
    while batch := store.changed_between((reach.sequence, reach.id), newest, limit=1000):
        rows = centres[generator.integers(0, CENTRES, len(batch))]
        rows = rows + SPREAD * generator.normal(size=rows.shape)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        vectors = tuple(
            Embedded(owner_id=document.id, vector=pack(row.astype(np.float32)))
            for document, row in zip(batch, rows, strict=True)
        )
        store.submit(VectorRecord(stamp=MINILM_STAMP, owner=OWNER, vectors=vectors), None)
        count, reach = count + len(batch), Reach(sequence=batch[-1].sequence, id=batch[-1].id)
    noted = msgspec.json.encode(reach).decode()
    store.submit(SettingRecord(name=reach_name(MINILM_STAMP), value=noted), None)
    if not store.flush(timeout_s=READY_S):
        raise TimeoutError("the vectors were not stored in time")
    store.close()
    return count


def _status(daemon: DaemonProcess) -> DaemonStatus:
    with Wire(daemon.paths.endpoint) as wire:
        answers = wire.ask(Status(), timeout_s=30)
    assert answers is not None
    status = decode_reply(answers.advice)
    assert isinstance(status, DaemonStatus)
    return status
