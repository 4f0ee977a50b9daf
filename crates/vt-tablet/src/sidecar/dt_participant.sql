CREATE TABLE IF NOT EXISTS {db}.`dt_participant` (
  `dtid` varbinary(512) NOT NULL,
  `id` bigint NOT NULL,
  `keyspace` varchar(256) CHARACTER SET utf8mb3 NOT NULL,
  `shard` varchar(256) CHARACTER SET utf8mb3 NOT NULL,
  PRIMARY KEY (`dtid`, `id`)
) ENGINE = InnoDB
