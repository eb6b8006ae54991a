-- docs/formats.md "Trust bundle file". Every version, so that old evidence can be explained.
CREATE TABLE trust_bundles (
  version INTEGER NOT NULL PRIMARY KEY CHECK (version > 0),
  create_time INTEGER NOT NULL,
  author TEXT NOT NULL,
  file TEXT NOT NULL
) STRICT;
CREATE TRIGGER trust_bundles_no_update BEFORE UPDATE ON trust_bundles
BEGIN
  SELECT RAISE(ABORT, 'trust bundles are append-only');
END;
CREATE TRIGGER trust_bundles_no_delete BEFORE DELETE ON trust_bundles
BEGIN
  SELECT RAISE(ABORT, 'trust bundles are append-only');
END;

-- docs/formats.md "Attestation policy". Likewise.
CREATE TABLE attestation_policies (
  version INTEGER NOT NULL PRIMARY KEY CHECK (version > 0),
  create_time INTEGER NOT NULL,
  author TEXT NOT NULL,
  policy TEXT NOT NULL
) STRICT;
CREATE TRIGGER attestation_policies_no_update BEFORE UPDATE ON attestation_policies
BEGIN
  SELECT RAISE(ABORT, 'policies are append-only');
END;
CREATE TRIGGER attestation_policies_no_delete BEFORE DELETE ON attestation_policies
BEGIN
  SELECT RAISE(ABORT, 'policies are append-only');
END;

-- Makers' certificates for endorsement keys whose chip holds none, imported by a person.
CREATE TABLE cached_ek_certificates (
  spki_sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(spki_sha256) = 32),
  der BLOB NOT NULL,
  import_time INTEGER NOT NULL,
  author TEXT NOT NULL
) STRICT, WITHOUT ROWID;
