-- A database as the first version of its schema left it, a row of everything and more.
PRAGMA journal_mode = WAL;
CREATE TABLE lease (
  server_farm TEXT NOT NULL, instance INTEGER NOT NULL, vnet TEXT NOT NULL, subnet TEXT NOT NULL,
  address INTEGER NOT NULL, releasing INTEGER NOT NULL, since INTEGER NOT NULL,
  release_at INTEGER,
  PRIMARY KEY (server_farm, instance, vnet, subnet),
  UNIQUE (vnet, address)) STRICT;
CREATE TABLE applied_lab (
  id INTEGER PRIMARY KEY CHECK (id = 1), file TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE lab_file (path TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
CREATE TABLE generation (site TEXT PRIMARY KEY, restarts INTEGER NOT NULL) STRICT;
PRAGMA application_id = 1701278308;
PRAGMA user_version = 1;
CREATE TABLE start (
  id INTEGER PRIMARY KEY CHECK (id = 1), unfinished INTEGER NOT NULL) STRICT;
CREATE TABLE lab_version (
  id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL) STRICT;
CREATE TABLE clock_offset (
  id INTEGER PRIMARY KEY CHECK (id = 1), seconds INTEGER NOT NULL) STRICT;
CREATE TABLE started_site (site TEXT PRIMARY KEY) STRICT;
CREATE TABLE dns_at_start (
  site TEXT NOT NULL, position INTEGER NOT NULL, address INTEGER NOT NULL,
  PRIMARY KEY (site, position)) STRICT;
CREATE TABLE traffic_in_use (
  site TEXT NOT NULL, class TEXT NOT NULL, PRIMARY KEY (site, class)) STRICT;
CREATE TABLE startup (
  site TEXT NOT NULL, instance INTEGER NOT NULL, started_at INTEGER NOT NULL, report TEXT NOT NULL,
  PRIMARY KEY (site, instance)) STRICT;
CREATE TABLE imposed (
  server_farm TEXT NOT NULL, instance INTEGER NOT NULL, impairment TEXT NOT NULL,
  held INTEGER NOT NULL, until_ms INTEGER NOT NULL,
  PRIMARY KEY (server_farm, instance)) STRICT;
-- 10.1.1.4, 10.1.1.5 and once more 10.1.1.4
INSERT INTO lease VALUES
  ('plan', 0, 'spoke', 'apps', 167837956, 0, 1700000000123456789, NULL),
  ('plan', 1, 'spoke', 'apps', 167837957, 1, 1700000000123456790, 1700043200123456790),
  ('other', 0, 'hub', 'jobs', 167837956, 0, 1700000000123456791, NULL);
INSERT INTO applied_lab VALUES (1, 'lab.yaml', 'location: westeurope');
INSERT INTO lab_file VALUES ('tags.json', '{}'), ('sub/other.json', '[1]');
INSERT INTO generation VALUES ('web', 3), ('api', 1);
INSERT INTO start VALUES (1, 1);
INSERT INTO lab_version VALUES (1, 7);
INSERT INTO clock_offset VALUES (1, 108000);
INSERT INTO started_site VALUES ('web'), ('api');
INSERT INTO dns_at_start VALUES ('web', 0, 167837961), ('web', 1, 167837956);
INSERT INTO traffic_in_use VALUES ('web', 'image-pull');
INSERT INTO startup VALUES ('web', 1, 1700000000123456789, 'a report');
INSERT INTO imposed VALUES ('plan', 1, '{}', 1, 1700);
