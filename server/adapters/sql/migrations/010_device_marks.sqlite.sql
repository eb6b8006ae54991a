-- SPDX-License-Identifier: Apache-2.0
-- When devices changed their state or their contact, on the server's clock: where the time went.

CREATE TABLE device_marks (
  mark_number INTEGER NOT NULL PRIMARY KEY,
  device_number INTEGER NOT NULL REFERENCES devices,
  time INTEGER NOT NULL,
  state INTEGER NOT NULL CHECK (state > 0),
  contact INTEGER NOT NULL CHECK (contact > 0)
) STRICT;
CREATE INDEX device_marks_device ON device_marks (device_number, mark_number);

INSERT INTO device_marks (device_number, time, state, contact)
  SELECT device_number, state_time, state, contact FROM devices ORDER BY device_number;

CREATE TRIGGER devices_mark_insert AFTER INSERT ON devices
BEGIN
  INSERT INTO device_marks (device_number, time, state, contact)
    VALUES (new.device_number, new.state_time, new.state, new.contact);
END;
CREATE TRIGGER devices_mark_change AFTER UPDATE OF state, contact ON devices
WHEN new.state <> old.state OR new.contact <> old.contact
BEGIN
  INSERT INTO device_marks (device_number, time, state, contact)
    VALUES (new.device_number,
            CASE WHEN new.state <> old.state THEN new.state_time
                 ELSE coalesce(new.contact_time, new.state_time) END,
            new.state, new.contact);
  -- A device whose cable flaps for weeks keeps its newest 2000, kDeviceMarksMax.
  DELETE FROM device_marks WHERE device_number = new.device_number AND mark_number <=
    (SELECT mark_number FROM device_marks WHERE device_number = new.device_number
     ORDER BY mark_number DESC LIMIT 1 OFFSET 2000);
END;
