CREATE TABLE IF NOT EXISTS {db}.`post_copy_action` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `vrepl_id` int NOT NULL,
  `table_name` varbinary(128) NOT NULL,
  `action` json NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `vrepl_id` (`vrepl_id`, `table_name`, `id`)
) ENGINE = InnoDB
