-- The runs in a row that came to nothing, as what they depend on changed meanwhile: without a pause between them a step
-- that rewrites its own input would run for ever. NULL when the last run told something of the step.
ALTER TABLE steps ADD COLUMN vain_code BLOB;
ALTER TABLE steps ADD COLUMN vain_times INTEGER;
ALTER TABLE steps ADD COLUMN vain_retry_at REAL;
ALTER TABLE steps ADD COLUMN vain_why TEXT CHECK (vain_code IS NULL OR (
    typeof(vain_code) = 'blob' AND typeof(vain_times) = 'integer' AND typeof(vain_retry_at) = 'real'
    AND vain_why IS NOT NULL));
