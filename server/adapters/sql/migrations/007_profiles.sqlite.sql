-- SPDX-License-Identifier: Apache-2.0
-- Documents of profiles and assignment, every version of them, and the names devices were given.

-- files: one line each, "SHA256-HEX SIZE SOURCE".
CREATE TABLE documents (
  kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4),
  id TEXT NOT NULL CHECK (id <> ''),
  version INTEGER NOT NULL CHECK (version > 0),
  text TEXT NOT NULL,
  files TEXT NOT NULL,
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  actor TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  update_time INTEGER NOT NULL,
  deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
  newest INTEGER NOT NULL CHECK (newest IN (0, 1)),
  PRIMARY KEY (kind, id, version)
) STRICT;
CREATE UNIQUE INDEX documents_by_newest ON documents (kind, id) WHERE newest = 1;

CREATE TABLE device_names (
  name_key TEXT NOT NULL PRIMARY KEY CHECK (name_key <> ''),  -- in lower case
  name TEXT NOT NULL,
  device_number INTEGER NOT NULL UNIQUE REFERENCES devices,
  name_template TEXT NOT NULL,
  reserve_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE name_sequences (
  name_template TEXT NOT NULL PRIMARY KEY,
  next INTEGER NOT NULL CHECK (next > 0)
) STRICT, WITHOUT ROWID;
