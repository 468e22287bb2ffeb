-- The whole current schema: what all migrations together make. A test demands no difference.

-- What ReasoningBank records itself. Times are nanoseconds since the epoch (…_ns) by the sender's clock.
-- A column of type ANY holds text: as TEXT when short, as one zstd frame (BLOB) when that is smaller.

CREATE TABLE migration (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied_ns INTEGER NOT NULL
) STRICT;

-- sequence: the last one acknowledged. bank_id: which bank this is, for what is noted outside it.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value ANY
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE project (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE, -- git's common directory, else the first working directory
    first_seen_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE agent_session (
    id INTEGER PRIMARY KEY,
    host TEXT NOT NULL,
    key TEXT NOT NULL, -- the host's own id
    project_id INTEGER NOT NULL REFERENCES project (id),
    cwd TEXT NOT NULL DEFAULT '',
    cwd_ns INTEGER NOT NULL DEFAULT 0, -- the first working directory counts, and events arrive in any order
    model TEXT,
    model_ns INTEGER NOT NULL DEFAULT 0,
    started_ns INTEGER NOT NULL,
    last_event_ns INTEGER NOT NULL,
    ended_ns INTEGER,
    end_reason TEXT,
    at_rest INTEGER NOT NULL DEFAULT 0, -- 1: silent for so long that its receipts were dropped
    UNIQUE (host, key)
) STRICT;
CREATE INDEX agent_session_awake ON agent_session (last_event_ns) WHERE at_rest = 0;

-- Every end of a session; it can be resumed and end again. A task never spans one.
CREATE TABLE session_end (
    session_id INTEGER NOT NULL REFERENCES agent_session (id),
    at_ns INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (session_id, at_ns)
) STRICT, WITHOUT ROWID;

CREATE TABLE task (
    id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES agent_session (id),
    project_id INTEGER NOT NULL REFERENCES project (id),
    kind TEXT NOT NULL, -- 'main', or the type of a subagent
    parent_task_id INTEGER REFERENCES task (id),
    parent_turn_id INTEGER,
    agent_id TEXT,
    tool_use_id TEXT,
    model TEXT,
    started_ns INTEGER NOT NULL,
    last_event_ns INTEGER NOT NULL,
    ended_ns INTEGER,
    closed_by TEXT,
    duration_ms INTEGER,
    tokens_input INTEGER,
    tokens_output INTEGER,
    tokens_cache_read INTEGER,
    tokens_cache_write_5m INTEGER,
    tokens_cache_write_1h INTEGER,
    cost_usd REAL,
    cost_unknown TEXT,
    price_list TEXT,
    label TEXT,
    probability REAL,
    judged_ns INTEGER,
    experience_id INTEGER,
    strategy TEXT -- how it was worked on (`learning.strategies`), derived from its steps when it is judged
) STRICT;
CREATE INDEX task_session ON task (session_id);
CREATE INDEX task_parent ON task (parent_task_id) WHERE parent_task_id IS NOT NULL;
CREATE INDEX task_open ON task (last_event_ns) WHERE ended_ns IS NULL;

-- A task that late events showed to be part of another one.
CREATE TABLE task_alias (
    id INTEGER PRIMARY KEY,
    task_id INTEGER NOT NULL
) STRICT;

CREATE TABLE turn (
    id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES agent_session (id),
    task_id INTEGER NOT NULL REFERENCES task (id),
    key TEXT, -- the host's id of the prompt
    prompt ANY, -- NULL: the prompt has not arrived (yet)
    started_ns INTEGER NOT NULL,
    ended_ns INTEGER,
    stops INTEGER NOT NULL DEFAULT 0,
    last_message ANY,
    error TEXT,
    tokens_input INTEGER,
    tokens_output INTEGER,
    tokens_cache_read INTEGER,
    tokens_cache_write_5m INTEGER,
    tokens_cache_write_1h INTEGER,
    cost_usd REAL,
    cost_unknown TEXT
) STRICT;
CREATE INDEX turn_session ON turn (session_id);
CREATE INDEX turn_task ON turn (task_id);

-- kind: 0 edit, 1 command, 2 tool, 3 subagent. verdict: 0 broken, 1 worse, 2 same, 3 better.
CREATE TABLE step (
    id INTEGER PRIMARY KEY,
    task_id INTEGER NOT NULL REFERENCES task (id),
    turn_id INTEGER,
    at_ns INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    ok INTEGER,
    tool TEXT,
    path TEXT,
    command ANY,
    exit_status INTEGER,
    output ANY,
    diff ANY,
    before_sha BLOB, -- the first 16 bytes of the SHA-256 of the whole text
    after_sha BLOB,
    verdict INTEGER,
    verdict_detail ANY,
    tool_use_id TEXT,
    duration_ms INTEGER,
    interrupted INTEGER
) STRICT;
CREATE INDEX step_task ON step (task_id);

-- A request for a subagent, until and after the host has said which agent it became.
CREATE TABLE delegation (
    id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES agent_session (id),
    tool_use_id TEXT NOT NULL,
    task_id INTEGER NOT NULL REFERENCES task (id), -- the one that asked
    turn_id INTEGER,
    prompt ANY, -- NULL once it is the goal of the child task
    description TEXT,
    subagent_type TEXT,
    model_asked TEXT,
    at_ns INTEGER NOT NULL,
    child_task_id INTEGER REFERENCES task (id),
    UNIQUE (session_id, tool_use_id)
) STRICT;
CREATE INDEX delegation_task ON delegation (task_id);
CREATE INDEX delegation_child ON delegation (child_task_id) WHERE child_task_id IS NOT NULL;

CREATE TABLE basis (
    id INTEGER PRIMARY KEY,
    config_sha256 TEXT NOT NULL,
    code_version TEXT NOT NULL,
    models_version TEXT NOT NULL,
    UNIQUE (config_sha256, code_version, models_version)
) STRICT;

CREATE TABLE decision (
    id INTEGER PRIMARY KEY,
    task_id INTEGER REFERENCES task (id),
    turn_id INTEGER,
    delegation_id INTEGER REFERENCES delegation (id), -- the choice of a subagent's model
    event_sequence INTEGER NOT NULL,
    at_ns INTEGER NOT NULL,
    basis_id INTEGER NOT NULL REFERENCES basis (id),
    model TEXT NOT NULL,
    evidence INTEGER NOT NULL,
    confidence REAL,
    applied INTEGER NOT NULL,
    experience_id INTEGER,
    detail ANY NOT NULL -- JSON: what it was computed from ("inputs"), and the whole "selection"
) STRICT;
CREATE INDEX decision_task ON decision (task_id);

-- Never deleted; withdrawn_ns is set when a later look at the same task no longer finds it.
CREATE TABLE evidence (
    task_id INTEGER NOT NULL REFERENCES task (id),
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at_ns INTEGER NOT NULL,
    value REAL NOT NULL,
    detail TEXT,
    stated INTEGER NOT NULL, -- 1: from outside the steps
    withdrawn_ns INTEGER,
    PRIMARY KEY (task_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE feedback (
    id INTEGER PRIMARY KEY,
    task_id INTEGER REFERENCES task (id),
    at_ns INTEGER NOT NULL,
    rating TEXT NOT NULL,
    note TEXT NOT NULL
) STRICT;
CREATE INDEX feedback_task ON feedback (task_id);

CREATE TABLE git_commit (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES project (id),
    sha TEXT NOT NULL,
    replaced TEXT,
    at_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX git_commit_project ON git_commit (project_id, at_ns);

CREATE TABLE experience (
    id INTEGER PRIMARY KEY,
    task_id INTEGER REFERENCES task (id), -- NULL: a user told it
    project_id INTEGER NOT NULL REFERENCES project (id),
    kind TEXT NOT NULL, -- the label of the task's judgement, or 'told'
    title TEXT NOT NULL,
    text ANY NOT NULL,
    tags TEXT, -- JSON array
    created_ns INTEGER NOT NULL,
    sequence INTEGER NOT NULL, -- of its last change
    retired_ns INTEGER,
    retired_why TEXT
) STRICT;
CREATE INDEX experience_task ON experience (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX experience_retired ON experience (id) WHERE retired_ns IS NOT NULL;
CREATE INDEX experience_sequence ON experience (sequence);

CREATE TABLE stamp (
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    dimension INTEGER NOT NULL,
    version TEXT NOT NULL,
    UNIQUE (model, dimension, version)
) STRICT;

CREATE TABLE vector (
    id INTEGER PRIMARY KEY,
    stamp_id INTEGER NOT NULL REFERENCES stamp (id),
    owner TEXT NOT NULL,
    owner_id INTEGER NOT NULL,
    blob BLOB NOT NULL, -- float16, little-endian
    UNIQUE (stamp_id, owner, owner_id)
) STRICT;

-- One row per hook call, so that each counts once. session_id 0: a call outside any session.
-- A twin (the same call, reported by a second installation) has the sequence of the first.
CREATE TABLE receipt (
    session_id INTEGER NOT NULL,
    nonce BLOB NOT NULL,
    fingerprint INTEGER,
    via INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    task_id INTEGER, -- NULL where the step has one
    step_id INTEGER,
    other_id INTEGER, -- an experience
    PRIMARY KEY (session_id, nonce)
) STRICT, WITHOUT ROWID;

CREATE TABLE via (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE rejected_event (
    id INTEGER PRIMARY KEY,
    at_ns INTEGER NOT NULL,
    host TEXT NOT NULL,
    event TEXT NOT NULL,
    reason TEXT NOT NULL,
    size INTEGER NOT NULL,
    sample TEXT NOT NULL
) STRICT;

-- What one message of a model used, counted once however often its transcript repeats it.
CREATE TABLE usage_message (
    key INTEGER PRIMARY KEY, -- the first 8 bytes of the SHA-256 of host and message id
    turn_id INTEGER NOT NULL,
    tokens_input INTEGER NOT NULL,
    tokens_output INTEGER NOT NULL,
    tokens_cache_read INTEGER NOT NULL,
    tokens_cache_write_5m INTEGER NOT NULL,
    tokens_cache_write_1h INTEGER NOT NULL,
    cost_usd REAL
) STRICT;

CREATE TABLE transcript_cursor (
    path TEXT PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES agent_session (id),
    agent_id TEXT,
    byte_offset INTEGER NOT NULL DEFAULT 0,
    mentioned_ns INTEGER NOT NULL,
    read_ns INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
-- 60 s after its last mention a transcript has been read for good.
CREATE INDEX transcript_cursor_unread ON transcript_cursor (mentioned_ns) WHERE read_ns < mentioned_ns + 60000000000;

-- The ten tables that other tools read and write; docs/schema.md says what goes into them.

CREATE TABLE patterns (
    id INTEGER PRIMARY KEY,
    description TEXT NOT NULL,
    context TEXT,
    success_rate REAL DEFAULT 0.5,
    confidence REAL DEFAULT 0.5,
    domain TEXT,
    tags TEXT,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
    updated_at DATETIME DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_patterns_confidence ON patterns (confidence DESC);
CREATE INDEX idx_patterns_domain ON patterns (domain);
CREATE INDEX idx_patterns_success_rate ON patterns (success_rate DESC);

CREATE TABLE pattern_embeddings (
    id INTEGER PRIMARY KEY,
    pattern_id INTEGER NOT NULL REFERENCES patterns (id),
    embedding TEXT NOT NULL,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_pattern_embeddings_pattern_id ON pattern_embeddings (pattern_id);

CREATE TABLE task_trajectories (
    id INTEGER PRIMARY KEY,
    memory_id INTEGER,
    step_number INTEGER,
    action TEXT,
    reasoning TEXT,
    outcome TEXT,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_task_trajectories_memory_id ON task_trajectories (memory_id);

CREATE TABLE pattern_links (
    id INTEGER PRIMARY KEY,
    source_id INTEGER REFERENCES patterns (id),
    target_id INTEGER REFERENCES patterns (id),
    link_type TEXT, -- causes, requires, enhances, conflicts, alternative
    strength REAL,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_pattern_links_source_id ON pattern_links (source_id);
CREATE INDEX idx_pattern_links_target_id ON pattern_links (target_id);

CREATE TABLE memories (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    namespace TEXT DEFAULT 'default',
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
    updated_at DATETIME DEFAULT CURRENT_TIMESTAMP,
    expires_at DATETIME,
    metadata TEXT
);
CREATE INDEX idx_memories_key ON memories (key);
CREATE INDEX idx_memories_namespace ON memories (namespace);
CREATE INDEX idx_memories_expires_at ON memories (expires_at);

CREATE TABLE memory_embeddings (
    id INTEGER PRIMARY KEY,
    memory_id INTEGER NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    embedding TEXT NOT NULL,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_memory_embeddings_memory_id ON memory_embeddings (memory_id);

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    session_id TEXT UNIQUE NOT NULL,
    agent_type TEXT,
    started_at DATETIME DEFAULT CURRENT_TIMESTAMP,
    ended_at DATETIME,
    metadata TEXT
);
CREATE INDEX idx_sessions_session_id ON sessions (session_id);

CREATE TABLE session_metrics (
    id INTEGER PRIMARY KEY,
    session_id TEXT REFERENCES sessions (session_id) ON DELETE CASCADE,
    metric_name TEXT,
    metric_value REAL NOT NULL,
    recorded_at DATETIME DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_session_metrics_session_id ON session_metrics (session_id);

CREATE TABLE neural_patterns (
    id INTEGER PRIMARY KEY,
    pattern_type TEXT,
    pattern_data TEXT NOT NULL,
    confidence REAL DEFAULT 0.5,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_neural_patterns_pattern_type ON neural_patterns (pattern_type);

CREATE TABLE training_data (
    id INTEGER PRIMARY KEY,
    input TEXT NOT NULL,
    output TEXT NOT NULL,
    success INTEGER DEFAULT 1,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP
);
