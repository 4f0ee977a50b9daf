CREATE TABLE IF NOT EXISTS {db}.`reparent_journal` (
  `time_created_ns` bigint unsigned NOT NULL,
  `action_name` varbinary(250) NOT NULL,
  `primary_alias` varbinary(32) NOT NULL,
  `replication_position` varbinary(64000) DEFAULT NULL,
  PRIMARY KEY (`time_created_ns`)
) ENGINE = InnoDB
