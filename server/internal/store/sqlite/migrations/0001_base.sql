-- The end of the audit log, and the next SDKAppID to try. There is one row, and every
-- commit changes it.
CREATE TABLE head (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  seq      INTEGER NOT NULL,
  hash     TEXT    NOT NULL,
  next_app INTEGER NOT NULL
) STRICT;

-- The audit log: one row for each commit that has entries, which are lines of JSON.
CREATE TABLE audit (
  first_seq INTEGER PRIMARY KEY,
  entries   TEXT NOT NULL
) STRICT;

-- Which rows of the audit log have entries about an application.
CREATE TABLE audit_apps (
  app       INTEGER NOT NULL,
  first_seq INTEGER NOT NULL REFERENCES audit (first_seq),
  PRIMARY KEY (app, first_seq)
) STRICT, WITHOUT ROWID;

-- Applications and their keys: one JSON document each. seq is that of the last entry of
-- the commit that put it last.
CREATE TABLE apps (
  id     INTEGER PRIMARY KEY,
  seq    INTEGER NOT NULL,
  record TEXT    NOT NULL
) STRICT;
CREATE INDEX apps_seq ON apps (seq);

-- What is known about users beyond their tokens.
CREATE TABLE users (
  app     INTEGER NOT NULL,
  user_id TEXT    NOT NULL,
  seq     INTEGER NOT NULL,
  record  TEXT    NOT NULL,
  PRIMARY KEY (app, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX users_seq ON users (seq);

-- What is remembered for a while. until is in microseconds of Unix time.
CREATE TABLE once (
  key   TEXT    PRIMARY KEY,
  value TEXT    NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX once_until ON once (until);
