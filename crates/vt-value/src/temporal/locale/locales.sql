-- Writes locales.tsv, a line for each locale that lc_time_names takes:
--   cargo xtask mysql -N --raw < locales.sql > locales.tsv
-- Name, months, their abbreviations, days from Monday, their abbreviations, a formatted number.
SET NAMES utf8mb4;
CREATE DATABASE vitrum_locales;
USE vitrum_locales;
DELIMITER //
CREATE PROCEDURE locales()
BEGIN
  DECLARE id INT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR 1649 SET id = 1000;
  WHILE id < 1000 DO
    SET lc_time_names = id;
    IF id < 1000 THEN
      WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 11)
      SELECT @@lc_time_names,
        GROUP_CONCAT(DATE_FORMAT(MAKEDATE(2024, 1) + INTERVAL n MONTH, '%M') ORDER BY n SEPARATOR '|'),
        GROUP_CONCAT(DATE_FORMAT(MAKEDATE(2024, 1) + INTERVAL n MONTH, '%b') ORDER BY n SEPARATOR '|'),
        GROUP_CONCAT(IF(n < 7, DATE_FORMAT(MAKEDATE(2024, n + 1), '%W'), NULL) ORDER BY n SEPARATOR '|'),
        GROUP_CONCAT(IF(n < 7, DATE_FORMAT(MAKEDATE(2024, n + 1), '%a'), NULL) ORDER BY n SEPARATOR '|'),
        FORMAT(1234567890123.5, 1, @@lc_time_names)
      FROM n;
      SET id = id + 1;
    END IF;
  END WHILE;
END //
DELIMITER ;
CALL locales();
DROP DATABASE vitrum_locales;
