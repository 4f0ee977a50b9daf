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
// The positions of writes, in MySQL's own message after OK.
await conn.query("set session session_track_gtids = 'OWN_GTID'");
const [silent] = await conn.query('do 1');
assert.deepEqual(silent.stateChanges?.gtids ?? [], []);
const [before] = await conn.query('select email from customer where customer_id = 1');
const [told] = await conn.query("update customer set email = 'tracked@domain.com' where customer_id = 1");
const gtids = told.stateChanges.gtids;
assert.ok(gtids.length === 1 && /^[0-9a-f-]{36}:[0-9]+(-[0-9]+)?$/.test(gtids[0]), `positions ${gtids}`);
await conn.beginTransaction();
const [open] = await conn.query("update customer set email = 'again@domain.com' where customer_id = 1");
assert.deepEqual(open.stateChanges?.gtids ?? [], [], 'nothing is committed yet');
const [committed] = await conn.query('commit');
assert.equal(committed.stateChanges.gtids.length, 1);
assert.notDeepEqual(committed.stateChanges.gtids, gtids);
// What one client is told another waits for, on a replica.
const other = await mysql.createConnection({ host: '127.0.0.1', port, user: 'user', database: 'customer@replica' });
await other.query(`set read_after_write_gtid = '${committed.stateChanges.gtids[0]}', read_after_write_timeout = 20`);
const [seen] = await other.query('select email from customer where customer_id = 1');
assert.equal(seen[0].email.toString(), 'again@domain.com');
await other.end();
await conn.query('update customer set email = ? where customer_id = 1', [before[0].email]);
await conn.query("set session session_track_gtids = 'OFF'");
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
