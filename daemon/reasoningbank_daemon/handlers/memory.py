"""Recall on request: what the bank knows that is like a question."""

from __future__ import annotations

from reasoningbank_daemon.services.container import Services
from reasoningbank_daemon.services.projects import project_key
from reasoningbank_schema.messages import MAX_RECALLED, Recall, Recalled


def recall(services: Services, request: Recall) -> Recalled:
    """Return experiences like the query, best first, with the threshold that an injection would need."""
    project = services.store.project_id(project_key(request.cwd)) if request.cwd else None
    limit = max(1, min(request.limit, MAX_RECALLED))
    found = services.library.find(request.query, project=project, limit=limit)
    return Recalled(
        experiences=services.library.read(found.matches),
        embedder=found.embedder,
        threshold=found.threshold,
        threshold_basis=found.threshold_basis,
    )
