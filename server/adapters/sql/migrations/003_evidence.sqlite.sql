-- docs/formats.md "Evidence record". Every decision's link, for ever.
CREATE TABLE evidence_chain (
  sequence INTEGER NOT NULL PRIMARY KEY CHECK (sequence > 0),
  record_sha256 BLOB NOT NULL CHECK (length(record_sha256) = 32),
  previous_sha256 BLOB NOT NULL CHECK (length(previous_sha256) = 32)
) STRICT;
CREATE TRIGGER evidence_chain_no_update BEFORE UPDATE ON evidence_chain
BEGIN
  SELECT RAISE(ABORT, 'the evidence chain is append-only');
END;
CREATE TRIGGER evidence_chain_no_delete BEFORE DELETE ON evidence_chain
BEGIN
  SELECT RAISE(ABORT, 'the evidence chain is append-only');
END;

-- The signed text, as long as it is kept.
CREATE TABLE evidence_records (
  sequence INTEGER NOT NULL PRIMARY KEY REFERENCES evidence_chain,
  device_number INTEGER NOT NULL REFERENCES devices,
  accepted INTEGER NOT NULL CHECK (accepted IN (0, 1)),
  jws TEXT NOT NULL
) STRICT;
CREATE INDEX evidence_records_device ON evidence_records (device_number, sequence);
