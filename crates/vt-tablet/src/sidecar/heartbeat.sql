CREATE TABLE IF NOT EXISTS {db}.`heartbeat` (
  `keyspaceShard` varbinary(256) NOT NULL,
  `tabletUid` int unsigned NOT NULL,
  `ts` bigint unsigned NOT NULL,
  PRIMARY KEY (`keyspaceShard`)
) ENGINE = InnoDB
