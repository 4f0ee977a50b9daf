ALTER TABLE sqlx_account ADD COLUMN nickname VARCHAR(20);
UPDATE sqlx_account SET nickname = mail WHERE nickname IS NULL;
