-- 'SNGT': tells our file from any other SQLite file.
PRAGMA application_id = 1397638996;

-- What the content of a file or folder was when it had this stamp; inputs and published outputs alike.
CREATE TABLE digests (
    path BLOB PRIMARY KEY CHECK (typeof(path) = 'blob'),
    stamp BLOB NOT NULL CHECK (typeof(stamp) = 'blob'),
    digest BLOB NOT NULL CHECK (typeof(digest) = 'blob' AND length(digest) = 16),
    sampled INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE records (
    record TEXT PRIMARY KEY,
    first_seen REAL NOT NULL,
    retired_at REAL
) WITHOUT ROWID;

-- How a step stands as last said, and what it was made from. A step that nobody spoke of has no row;
-- what never happened to a step is NULL. The checks are for integrity_check: SQLite keeps no checksums, so a flipped
-- bit may turn a value into another type.
CREATE TABLE steps (
    record TEXT NOT NULL,
    step TEXT NOT NULL,
    state TEXT,
    reason TEXT,
    sentence TEXT,
    since REAL,
    until REAL,
    made_run_id TEXT,
    made_code BLOB,
    made_parameters BLOB,
    made_inputs BLOB,
    made_outputs BLOB,
    made_at REAL,
    failed_code BLOB,
    failed_parameters BLOB,
    failed_inputs BLOB,
    failed_attempts INTEGER,
    failed_retry_at REAL,
    failed_error TEXT,
    flight_run_id TEXT,
    flight_started INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    requested INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (record, step),
    CHECK (state IS NULL OR (
        reason IS NOT NULL AND sentence IS NOT NULL AND typeof(since) = 'real' AND typeof(until) IN ('real', 'null'))),
    CHECK (made_run_id IS NULL OR (
        typeof(made_code) = 'blob' AND typeof(made_parameters) = 'blob' AND typeof(made_inputs) = 'blob'
        AND typeof(made_outputs) = 'blob')),
    CHECK (failed_code IS NULL OR (
        typeof(failed_code) = 'blob' AND typeof(failed_parameters) = 'blob' AND typeof(failed_inputs) = 'blob'
        AND typeof(failed_attempts) = 'integer' AND typeof(failed_retry_at) IN ('real', 'null')
        AND failed_error IS NOT NULL))
) WITHOUT ROWID;

-- One row per run, its outcome NULL while it is in flight. JSON: input_files [[path, stamp hex, digest hex]],
-- output_files {path: digest hex}, versions {package: version}.
CREATE TABLE runs (
    seq INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    record TEXT NOT NULL,
    step TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    outcome TEXT,
    claimed_at REAL NOT NULL,
    started_at REAL,
    ended_at REAL,
    code BLOB NOT NULL,
    parameters BLOB NOT NULL,
    inputs BLOB NOT NULL,
    order_json TEXT NOT NULL,
    input_files TEXT NOT NULL,
    output_files TEXT NOT NULL DEFAULT '{}',
    host TEXT NOT NULL DEFAULT '',
    pid INTEGER NOT NULL DEFAULT 0,
    cpu_s REAL NOT NULL DEFAULT 0,
    peak_memory_bytes INTEGER NOT NULL DEFAULT 0,
    error_type TEXT,
    error_message TEXT,
    traceback TEXT,
    stdout TEXT NOT NULL DEFAULT '',
    stderr TEXT NOT NULL DEFAULT '',
    versions TEXT NOT NULL DEFAULT '{}',
    CHECK (typeof(attempt) = 'integer' AND typeof(claimed_at) = 'real' AND typeof(code) = 'blob'
           AND typeof(parameters) = 'blob' AND typeof(inputs) = 'blob')
);

-- For the runs of one step, newest first, and for the pruning of all but its newest.
CREATE INDEX runs_of_step ON runs (record, step);

-- For what is in flight: a handful of rows among very many.
CREATE INDEX runs_in_flight ON runs (seq) WHERE outcome IS NULL;

CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    time REAL NOT NULL,
    record TEXT,
    step TEXT,
    event TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '{}'
);

-- For the story of one record.
CREATE INDEX events_of_record ON events (record) WHERE record IS NOT NULL;

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
