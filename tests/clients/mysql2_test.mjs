// mysql2 of Node, text and prepared. Usage: node mysql2_test.mjs PORT
import assert from 'node:assert/strict';
import mysql from 'mysql2/promise';

const port = Number(process.argv[2]);
const conn = await mysql.createConnection({
  host: '127.0.0.1', port, user: 'user', database: 'customer', supportBigNumbers: true,
});
const [rows, fields] = await conn.query('select customer_id, email from customer where customer_id < 100 order by customer_id');
assert.deepEqual(rows.map((row) => row.customer_id), [1, 2, 3, 4, 5]);
assert.deepEqual(fields.map((field) => field.name), ['customer_id', 'email']);
const [one] = await conn.execute('select count(*) as n, max(customer_id) as m from customer where customer_id < ?', [100]);
assert.deepEqual({ ...one[0] }, { n: 5, m: 5 });
for (const id of [1, 4, 1]) {
  const [found] = await conn.execute('select customer_id from customer where customer_id = ?', [id]);
  assert.equal(found[0].customer_id, id);
}
await conn.beginTransaction();
const [inserted] = await conn.execute('insert into customer(email) values (?)', ['node@domain.com']);
assert.equal(inserted.affectedRows, 1);
assert.ok(inserted.insertId >= 1000, `insert id ${inserted.insertId}`);
await conn.rollback();
await assert.rejects(conn.query('selec 1'), (err) => err.errno === 1064 && err.sqlState === '42000');
await conn.changeUser({ database: 'commerce' });
const [products] = await conn.query('select sku from product order by sku');
assert.deepEqual(products.map((row) => row.sku.toString()), ['SKU-1001', 'SKU-1002']);
await conn.end();

const pool = mysql.createPool({ host: '127.0.0.1', port, user: 'user', database: 'customer', connectionLimit: 20 });
const answers = await Promise.all(
  Array.from({ length: 200 }, (_, i) => pool.query('select email from customer where customer_id = ?', [1 + (i % 5)])),
);
assert.ok(answers.every(([found]) => found.length === 1));
await pool.end();
console.log('ok');
