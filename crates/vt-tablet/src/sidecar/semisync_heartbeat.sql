CREATE TABLE IF NOT EXISTS {db}.`semisync_heartbeat` (
  `ts` timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (`ts`)
) ENGINE = InnoDB
