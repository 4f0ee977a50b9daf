CREATE TABLE IF NOT EXISTS {db}.`dt_state` (
  `dtid` varbinary(512) NOT NULL,
  `state` bigint NOT NULL,
  `time_created` bigint NOT NULL,
  PRIMARY KEY (`dtid`),
  KEY `time_created_idx` (`time_created`)
) ENGINE = InnoDB
