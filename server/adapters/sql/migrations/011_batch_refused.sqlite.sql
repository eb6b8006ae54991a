-- SPDX-License-Identifier: Apache-2.0
-- A reseller, who sees no devices, is told which of an order's failed devices never enrolled.

ALTER TABLE batches ADD COLUMN refused INTEGER NOT NULL DEFAULT 0 CHECK (refused >= 0);
-- 10 is FAILED. The dashboard says it in the same words: viewOfState in src/lib/view.ts.
ALTER TABLE devices ADD COLUMN refused INTEGER NOT NULL
  GENERATED ALWAYS AS (state = 10 AND enrolled = 0 AND failure_code <> '' AND failure_item_id = '')
  VIRTUAL;
UPDATE batches
  SET refused = (SELECT count(*) FROM devices
                   WHERE devices.batch_id = batches.batch_id AND devices.refused);

CREATE TRIGGER devices_refused_new AFTER INSERT ON devices
WHEN new.batch_id IS NOT NULL AND new.refused
BEGIN
  UPDATE batches SET refused = refused + 1 WHERE batch_id = new.batch_id;
END;
CREATE TRIGGER devices_refused_change
AFTER UPDATE OF batch_id, state, enrolled, failure_code, failure_item_id ON devices
WHEN new.refused <> old.refused OR new.batch_id IS NOT old.batch_id
BEGIN
  UPDATE batches SET refused = refused - 1 WHERE batch_id = old.batch_id AND old.refused;
  UPDATE batches SET refused = refused + 1 WHERE batch_id = new.batch_id AND new.refused;
END;
