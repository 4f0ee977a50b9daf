-- Two statements in one file, as migrations have them.
CREATE TABLE sqlx_account (
    id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    mail VARCHAR(60) NOT NULL,
    balance BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE sqlx_value (
    id BIGINT NOT NULL PRIMARY KEY,
    tiny TINYINT, small SMALLINT UNSIGNED, whole INT, big BIGINT UNSIGNED,
    short FLOAT, exact DOUBLE, flag BOOLEAN NOT NULL DEFAULT FALSE,
    name VARCHAR(40), body BLOB, doc JSON
);
