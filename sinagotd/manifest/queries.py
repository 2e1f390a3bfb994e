"""Every question that is put to the manifest, one statement per constant. Answers nothing itself."""

SOME_PATHS = tuple(f"path_{at}" for at in range(100))
DIGESTS_OF_PATHS = f"SELECT path, stamp, digest FROM digests WHERE path IN (:{', :'.join(SOME_PATHS)})"  # noqa: S608 - names of parameters

STAMPS = "SELECT path, stamp FROM digests WHERE path > :after ORDER BY path LIMIT 10000"

PATHS_BETWEEN = "SELECT path FROM digests WHERE path > :first AND path < :after"

RECORDS = "SELECT record FROM records WHERE retired_at IS NULL ORDER BY record"

HISTORY = """
SELECT record, step,
       made_run_id, made_code, made_parameters, made_inputs, made_outputs,
       failed_code, failed_parameters, failed_inputs, failed_attempts, failed_retry_at, failed_error,
       flight_run_id, flight_started, held, requested, vain_code, vain_times, vain_retry_at, vain_why
FROM steps
WHERE made_run_id IS NOT NULL OR failed_code IS NOT NULL OR flight_run_id IS NOT NULL OR held OR requested
   OR vain_code IS NOT NULL
"""

HISTORY_OF_RECORDS = """
SELECT record, step,
       made_run_id, made_code, made_parameters, made_inputs, made_outputs,
       failed_code, failed_parameters, failed_inputs, failed_attempts, failed_retry_at, failed_error,
       flight_run_id, flight_started, held, requested, vain_code, vain_times, vain_retry_at, vain_why
FROM steps
WHERE record IN (SELECT value FROM json_each(:records))
"""

_AT_REST = """
coalesce(state, '') = 'current' AND flight_run_id IS NULL AND failed_code IS NULL AND vain_code IS NULL
AND NOT held AND NOT requested
"""

RESTING = f"""
SELECT record
FROM steps
WHERE step IN (SELECT value FROM json_each(:steps))
GROUP BY record
HAVING count(*) = :count AND min({_AT_REST})
"""  # noqa: S608 - a constant

COUNT_RESTING = f"""
SELECT count(*)
FROM steps
WHERE step IN (SELECT value FROM json_each(:steps)) AND {_AT_REST}
  AND record NOT IN (SELECT record FROM records WHERE retired_at IS NOT NULL)
"""  # noqa: S608 - a constant

STANDINGS = """
SELECT record, step, state, reason, sentence, since, until
FROM steps
WHERE state IN (SELECT value FROM json_each(:states))
  AND record NOT IN (SELECT record FROM records WHERE retired_at IS NOT NULL)
"""

STANDINGS_OF_RECORDS = """
SELECT record, step, state, reason, sentence, since, until
FROM steps
WHERE record IN (SELECT value FROM json_each(:records))
  AND state IN (SELECT value FROM json_each(:states))
"""

COUNTS = """
SELECT state, count(*)
FROM steps
WHERE state IS NOT NULL
  AND record NOT IN (SELECT record FROM records WHERE retired_at IS NOT NULL)
GROUP BY state
"""

IN_FLIGHT = """
SELECT run_id, record, step, code, parameters, inputs, attempt, order_json, input_files, claimed_at
FROM runs
WHERE outcome IS NULL
ORDER BY seq
"""

CLAIMED = """
SELECT runs.record, runs.step, code, parameters, inputs
FROM runs JOIN steps ON steps.record = runs.record AND steps.step = runs.step
WHERE run_id = :run_id AND outcome IS NULL AND flight_run_id = :run_id
"""

CLAIM_OF_STEP = "SELECT flight_run_id FROM steps WHERE record = :record AND step = :step"

RUN = """
SELECT run_id, record, step, attempt, outcome, claimed_at, started_at, ended_at, code, parameters, inputs,
       order_json, input_files, output_files, host, pid, cpu_s, peak_memory_bytes,
       error_type, error_message, traceback, stdout, stderr, versions
FROM runs
WHERE run_id = :run_id
"""

RUNS_OF_STEP = """
SELECT run_id, record, step, attempt, outcome, claimed_at, started_at, ended_at, code, parameters, inputs,
       order_json, input_files, output_files, host, pid, cpu_s, peak_memory_bytes,
       error_type, error_message, traceback, stdout, stderr, versions
FROM runs
WHERE record = :record AND step = :step
ORDER BY seq DESC
LIMIT :limit
"""

RUNS = """
SELECT run_id, record, step, attempt, outcome, claimed_at, started_at, ended_at, code, parameters, inputs,
       order_json, input_files, output_files, host, pid, cpu_s, peak_memory_bytes,
       error_type, error_message, traceback, stdout, stderr, versions
FROM runs
ORDER BY seq DESC
LIMIT :limit
"""

EVENTS = """
SELECT seq, time, record, step, event, detail
FROM events
WHERE seq > :after_seq
ORDER BY seq DESC
LIMIT :limit
"""

EVENTS_OF_RECORD = """
SELECT seq, time, record, step, event, detail
FROM events
WHERE record = :record AND (:step IS NULL OR step = :step) AND seq > :after_seq
ORDER BY seq DESC
LIMIT :limit
"""

META = "SELECT value FROM meta WHERE name = :name"

USER_VERSION = "PRAGMA user_version"

TABLE_SIZES = """
SELECT 'digests', count(*) FROM digests
UNION ALL SELECT 'records', count(*) FROM records
UNION ALL SELECT 'steps', count(*) FROM steps
UNION ALL SELECT 'runs', count(*) FROM runs
UNION ALL SELECT 'events', count(*) FROM events
"""
