"""Everything that changes the manifest, one statement per constant. Runs nothing itself."""

REMEMBER_DIGEST = """
INSERT INTO digests (path, stamp, digest, sampled)
VALUES (:path, :stamp, :digest, :sampled)
ON CONFLICT (path) DO UPDATE SET stamp = excluded.stamp, digest = excluded.digest, sampled = excluded.sampled
"""

FORGET_DIGEST = "DELETE FROM digests WHERE path = :path"

SEE_RECORD = """
INSERT INTO records (record, first_seen)
VALUES (:record, :at)
ON CONFLICT (record) DO UPDATE SET retired_at = NULL WHERE retired_at IS NOT NULL
"""

RETIRE_RECORD = "UPDATE records SET retired_at = :at WHERE record = :record AND retired_at IS NULL"

STAND = """
INSERT INTO steps (record, step, state, reason, sentence, since, until)
VALUES (:record, :step, :state, :reason, :sentence, :since, :until)
ON CONFLICT (record, step) DO UPDATE SET
    state = excluded.state, reason = excluded.reason, sentence = excluded.sentence,
    since = excluded.since, until = excluded.until
"""

TAKE_STEP = """
INSERT INTO steps (record, step, flight_run_id)
VALUES (:record, :step, :run_id)
ON CONFLICT (record, step) DO UPDATE SET flight_run_id = excluded.flight_run_id, flight_started = 0
WHERE flight_run_id IS NULL
"""

ADD_RUN = """
INSERT INTO runs (
    run_id, record, step, attempt, claimed_at, code, parameters, inputs, order_json, input_files
) VALUES (
    :run_id, :record, :step, :attempt, :at, :code, :parameters, :inputs, :order_json, :input_files
)
"""

START_STEP = """
UPDATE steps SET flight_started = 1
WHERE flight_run_id = :run_id
  AND (record, step) = (SELECT record, step FROM runs WHERE run_id = :run_id AND outcome IS NULL)
"""

START_RUN = "UPDATE runs SET started_at = :at, host = :host, pid = :pid WHERE run_id = :run_id"

SUCCEED_STEP = """
UPDATE steps SET
    made_run_id = :run_id, made_code = :code, made_parameters = :parameters, made_inputs = :inputs,
    made_outputs = :outputs, made_at = :at,
    failed_code = NULL, failed_parameters = NULL, failed_inputs = NULL,
    failed_attempts = NULL, failed_retry_at = NULL, failed_error = NULL,
    vain_code = NULL, vain_times = NULL, vain_retry_at = NULL, vain_why = NULL,
    flight_run_id = NULL, flight_started = 0, requested = 0
WHERE record = :record AND step = :step
"""

FAIL_STEP = """
UPDATE steps SET
    failed_attempts = CASE
        WHEN failed_code = :code AND failed_parameters = :parameters AND failed_inputs = :inputs
        THEN failed_attempts + 1 ELSE 1 END,
    failed_code = :code, failed_parameters = :parameters, failed_inputs = :inputs,
    failed_retry_at = :retry_at, failed_error = :error,
    vain_code = NULL, vain_times = NULL, vain_retry_at = NULL, vain_why = NULL,
    flight_run_id = NULL, flight_started = 0, requested = 0
WHERE record = :record AND step = :step
"""

LEAVE_STEP = "UPDATE steps SET flight_run_id = NULL, flight_started = 0 WHERE record = :record AND step = :step"

RUN_IN_VAIN = """
UPDATE steps SET vain_code = :code, vain_times = :times, vain_retry_at = :retry_at, vain_why = :why
WHERE record = :record AND step = :step
"""

END_RUN = """
UPDATE runs SET
    outcome = :outcome, started_at = COALESCE(:started_at, started_at), ended_at = :ended_at,
    output_files = :output_files, host = COALESCE(:host, host), pid = COALESCE(:pid, pid),
    cpu_s = :cpu_s, peak_memory_bytes = :peak_memory_bytes,
    error_type = :error_type, error_message = :error_message, traceback = :traceback,
    stdout = :stdout, stderr = :stderr, versions = :versions
WHERE run_id = :run_id
"""

ABANDON_RUN = "UPDATE runs SET outcome = :outcome, ended_at = :at, error_message = :why WHERE run_id = :run_id"

ADOPT = """
INSERT INTO steps (record, step, made_run_id, made_code, made_parameters, made_inputs, made_outputs, made_at)
VALUES (:record, :step, :run_id, :code, :parameters, :inputs, :outputs, :at)
ON CONFLICT (record, step) DO UPDATE SET
    made_run_id = excluded.made_run_id, made_code = excluded.made_code,
    made_parameters = excluded.made_parameters, made_inputs = excluded.made_inputs,
    made_outputs = excluded.made_outputs, made_at = excluded.made_at
"""

HOLD = """
INSERT INTO steps (record, step, held) VALUES (:record, :step, 1)
ON CONFLICT (record, step) DO UPDATE SET held = 1
"""

RELEASE = "UPDATE steps SET held = 0 WHERE record = :record AND step = :step"

REQUEST = """
INSERT INTO steps (record, step, requested) VALUES (:record, :step, 1)
ON CONFLICT (record, step) DO UPDATE SET
    requested = 1, vain_code = NULL, vain_times = NULL, vain_retry_at = NULL, vain_why = NULL
"""

WITHDRAW = """
UPDATE steps SET requested = 0 WHERE record = :record AND step = :step
"""

FORGIVE = """
UPDATE steps SET
    failed_code = NULL, failed_parameters = NULL, failed_inputs = NULL,
    failed_attempts = NULL, failed_retry_at = NULL, failed_error = NULL,
    vain_code = NULL, vain_times = NULL, vain_retry_at = NULL, vain_why = NULL
WHERE record = :record AND step = :step
"""

LOG_EVENT = """
INSERT INTO events (time, record, step, event, detail) VALUES (:at, :record, :step, :event, :detail)
"""

SET_META = """
INSERT INTO meta (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""

FORGET_META = "DELETE FROM meta WHERE name = :name"

PRUNE_RUNS = """
DELETE FROM runs WHERE seq IN (
    SELECT seq FROM (
        SELECT seq, run_id, ROW_NUMBER() OVER (PARTITION BY record, step ORDER BY seq DESC) AS place
        FROM runs WHERE outcome IS NOT NULL
    )
    WHERE place > :keep
      AND run_id NOT IN (SELECT made_run_id FROM steps WHERE made_run_id IS NOT NULL)
)
"""

PRUNE_EVENTS = "DELETE FROM events WHERE time < :before"

ABANDON_ALL_RUNS = """
UPDATE runs SET outcome = 'abandoned', ended_at = :at, error_message = :why WHERE outcome IS NULL
"""

LEAVE_ALL_STEPS = "UPDATE steps SET flight_run_id = NULL, flight_started = 0 WHERE flight_run_id IS NOT NULL"

DOUBT_ALL_MADE = "UPDATE steps SET made_run_id = :restored WHERE made_run_id IS NOT NULL"
