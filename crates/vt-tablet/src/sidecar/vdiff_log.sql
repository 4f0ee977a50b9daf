CREATE TABLE IF NOT EXISTS {db}.`vdiff_log` (
  `id` int NOT NULL AUTO_INCREMENT,
  `vdiff_id` int NOT NULL,
  `created_at` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  `message` text NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE = InnoDB
