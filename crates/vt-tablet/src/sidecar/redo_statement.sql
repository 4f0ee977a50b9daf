CREATE TABLE IF NOT EXISTS {db}.`redo_statement` (
  `dtid` varbinary(512) NOT NULL,
  `id` bigint NOT NULL,
  `statement` mediumblob NOT NULL,
  PRIMARY KEY (`dtid`, `id`)
) ENGINE = InnoDB
