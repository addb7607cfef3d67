-- The end of the audit log, and the next SDKAppID to try. There is one row. Every
-- commit locks it first, so that the commits of all nodes are in one order.
CREATE TABLE usersig.head (
  one      boolean PRIMARY KEY CHECK (one),
  seq      bigint  NOT NULL,
  hash     text    NOT NULL,
  next_app bigint  NOT NULL
);

-- The audit log: one row for each commit that has entries, which are lines of JSON.
CREATE TABLE usersig.audit (
  first_seq bigint PRIMARY KEY,
  entries   text   NOT NULL
);

-- Which rows of the audit log have entries about an application.
CREATE TABLE usersig.audit_apps (
  app       bigint NOT NULL,
  first_seq bigint NOT NULL REFERENCES usersig.audit (first_seq),
  PRIMARY KEY (app, first_seq)
);

-- Applications and their keys: one JSON document each. seq is that of the last entry of
-- the commit that put it last.
CREATE TABLE usersig.apps (
  id     bigint PRIMARY KEY,
  seq    bigint NOT NULL,
  record text   NOT NULL
);
CREATE INDEX apps_seq ON usersig.apps (seq);

-- What is known about users beyond their tokens. User IDs are compared byte by byte.
CREATE TABLE usersig.users (
  app     bigint NOT NULL,
  user_id text   COLLATE "C" NOT NULL,
  seq     bigint NOT NULL,
  record  text   NOT NULL,
  PRIMARY KEY (app, user_id)
);
CREATE INDEX users_seq ON usersig.users (seq);

-- What is remembered for a while. until is in microseconds of Unix time.
CREATE TABLE usersig.once (
  key   text   COLLATE "C" PRIMARY KEY,
  value text   NOT NULL,
  until bigint NOT NULL
);
CREATE INDEX once_until ON usersig.once (until);
