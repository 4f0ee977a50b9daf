-- Run once on each fresh server. Accounts come from this machine only, but for the one that replicates.
SET SESSION sql_log_bin = 0;
SET GLOBAL super_read_only = OFF;
SET GLOBAL read_only = OFF;

DROP DATABASE IF EXISTS test;
DELETE FROM mysql.user WHERE User = '';
FLUSH PRIVILEGES;

-- Administration: everything.
CREATE USER IF NOT EXISTS 'vt_dba'@'localhost';
GRANT ALL ON *.* TO 'vt_dba'@'localhost' WITH GRANT OPTION;

-- Queries of applications.
CREATE USER IF NOT EXISTS 'vt_app'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, FILE, REFERENCES, INDEX, ALTER,
  SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION CLIENT, CREATE VIEW,
  SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER
  ON *.* TO 'vt_app'@'localhost';

-- Looking, and no more.
CREATE USER IF NOT EXISTS 'vt_appdebug'@'localhost';
GRANT SELECT, SHOW DATABASES, PROCESS ON *.* TO 'vt_appdebug'@'localhost';

-- Everything that an application may ask of a tool.
CREATE USER IF NOT EXISTS 'vt_allprivs'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, FILE, REFERENCES, INDEX, ALTER,
  SHOW DATABASES, SUPER, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE,
  REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT,
  TRIGGER
  ON *.* TO 'vt_allprivs'@'localhost';

-- Replicas of other machines.
CREATE USER IF NOT EXISTS 'vt_repl'@'%';
GRANT REPLICATION SLAVE ON *.* TO 'vt_repl'@'%';

-- Streams of changes between keyspaces.
CREATE USER IF NOT EXISTS 'vt_filtered'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, FILE, REFERENCES, INDEX, ALTER,
  SHOW DATABASES, SUPER, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE,
  REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT,
  TRIGGER
  ON *.* TO 'vt_filtered'@'localhost';

-- Exporters of metrics.
CREATE USER IF NOT EXISTS 'vt_monitoring'@'localhost';
GRANT SELECT, PROCESS, SUPER, REPLICATION CLIENT, RELOAD ON *.* TO 'vt_monitoring'@'localhost';
GRANT SELECT, UPDATE, DELETE, DROP ON performance_schema.* TO 'vt_monitoring'@'localhost';

-- Making a new replica by cloning this server.
CREATE USER IF NOT EXISTS 'vt_clone'@'%';
GRANT BACKUP_ADMIN ON *.* TO 'vt_clone'@'%';

FLUSH PRIVILEGES;
SET GLOBAL read_only = ON;
SET GLOBAL super_read_only = ON;
