CREATE TABLE IF NOT EXISTS {db}.`redo_state` (
  `dtid` varbinary(512) NOT NULL,
  `state` bigint NOT NULL,
  `time_created` bigint NOT NULL,
  `message` text,
  PRIMARY KEY (`dtid`)
) ENGINE = InnoDB
