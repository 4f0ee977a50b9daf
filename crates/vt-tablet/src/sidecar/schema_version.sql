CREATE TABLE IF NOT EXISTS {db}.`schema_version` (
  `id` int NOT NULL AUTO_INCREMENT,
  `pos` varbinary(10000) NOT NULL,
  `time_updated` bigint NOT NULL,
  `ddl` blob,
  `schemax` longblob NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE = InnoDB
