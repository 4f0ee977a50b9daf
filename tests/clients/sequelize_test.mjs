// Sequelize against a sharded keyspace: migrations, models, transactions.
// Usage: node sequelize_test.mjs PORT
//
// The tables are sharded, books with their authors; ids come of sequences in the unsharded keyspace.
import assert from 'node:assert/strict';
import { DataTypes, Op, QueryTypes, Sequelize, fn, col, literal } from 'sequelize';

const [port, sharded = 'customer', unsharded = 'commerce'] = process.argv.slice(2);
const sequelize = new Sequelize(sharded, 'user', '', {
  host: '127.0.0.1', port: Number(port), dialect: 'mysql', logging: false, pool: { max: 5 },
});
const Author = sequelize.define('author', {
  name: { type: DataTypes.STRING(40), allowNull: false },
  born: DataTypes.DATEONLY,
  tags: DataTypes.JSON,
}, { tableName: 'seq_author', underscored: true });
const Book = sequelize.define('book', {
  title: DataTypes.STRING(80),
  price: { type: DataTypes.DECIMAL(8, 2), defaultValue: 1 },
  kind: DataTypes.ENUM('novel', 'poems'),
  out: { type: DataTypes.BOOLEAN, defaultValue: false },
}, { tableName: 'seq_book', underscored: true, paranoid: true });
// Rows of a foreign key may lie on other shards than those that they refer to.
Author.hasMany(Book, { constraints: false });
Book.belongsTo(Author, { constraints: false });

/** Changes the VSchema, unless an earlier run has done so. */
async function alter(change) {
  try {
    await sequelize.query(`alter vschema ${change}`);
  } catch (error) {
    if (!error.message.includes('already')) throw error;
  }
}

/** Says how a table is sharded, and where its ids come from. */
async function shard(table, column) {
  const sequence = `${unsharded}.${table}_seq`;
  await sequelize.query(`create table if not exists ${sequence} (id int primary key, next_id bigint, cache bigint) comment 'vitess_sequence'`);
  await sequelize.query(`insert ignore into ${sequence} values (0, 1, 100)`);
  await alter(`add sequence ${sequence}`);
  await alter(`on ${sharded}.${table} add vindex \`xxhash\`(${column}) using xxhash`);
  await alter(`on ${sharded}.${table} add auto_increment id using ${sequence}`);
}

await shard('seq_author', 'id');
await shard('seq_book', 'author_id');
await sequelize.sync({ force: true });

// What migrations do.
const queries = sequelize.getQueryInterface();
await queries.addColumn('seq_author', 'nick', { type: DataTypes.STRING(10), defaultValue: 'none' });
await queries.renameColumn('seq_author', 'nick', 'nickname');
await queries.changeColumn('seq_author', 'nickname', { type: DataTypes.STRING(30) });
await queries.addIndex('seq_book', ['title'], { name: 'by_title' });
const columns = Object.keys(await queries.describeTable('seq_author'));
assert.deepEqual(columns, ['id', 'name', 'born', 'tags', 'created_at', 'updated_at', 'nickname']);
assert.ok((await queries.showIndex('seq_book')).some((one) => one.name === 'by_title'));
assert.ok((await queries.showAllTables()).includes('seq_book'));
await queries.removeIndex('seq_book', 'by_title');
await queries.removeColumn('seq_author', 'nickname');

const authors = [];
for (let n = 0; n < 6; n += 1) {
  authors.push(await Author.create({ name: `author ${n}`, born: `199${n}-01-02`, tags: { n } }));
}
assert.equal(new Set(authors.map((one) => one.id)).size, 6);
await Book.bulkCreate(authors.flatMap((author) => [0, 1, 2].map((n) => ({
  authorId: author.id, title: `book ${n} of ${author.name}`, price: 10 * (n + 1), kind: n ? 'novel' : 'poems',
}))));
assert.equal(await Book.count(), 18);
const page = await Book.findAndCountAll({ where: { kind: 'novel' }, order: [['title', 'ASC']], limit: 2, offset: 2 });
assert.deepEqual([page.count, page.rows.map((one) => one.title)], [12, ['book 1 of author 2', 'book 1 of author 3']]);
const loaded = await Author.findAll({ include: Book, order: [['name', 'ASC'], [Book, 'title', 'ASC']] });
assert.deepEqual(loaded.map((one) => one.books.length), [3, 3, 3, 3, 3, 3]);
assert.deepEqual(loaded[3].tags, { n: 3 });
const dear = await Author.findAll({ include: { model: Book, where: { price: { [Op.gte]: 30 } }, required: true }, limit: 2, order: ['name'] });
assert.deepEqual(dear.map((one) => [one.name, one.books.length]), [['author 0', 1], ['author 1', 1]]);
const sums = await Book.findAll({
  attributes: ['kind', [fn('count', col('id')), 'n'], [fn('sum', col('price')), 'worth']],
  group: 'kind', having: literal('count(id) > 6'), raw: true,
});
assert.deepEqual(sums, [{ kind: 'novel', n: 12, worth: '300.00' }]);
assert.deepEqual([await Book.max('price'), Number(await Book.sum('price'))], [30, 360]);

const [changed] = await Book.update({ out: true }, { where: { authorId: authors[1].id } });
assert.equal(changed, 3);
const [again, created] = await Author.findOrCreate({ where: { name: 'author 4' }, defaults: { born: '2000-01-01' } });
assert.deepEqual([again.id, created], [authors[4].id, false]);
await Author.upsert({ id: authors[5].id, name: 'renamed', tags: null });
assert.equal((await Author.findByPk(authors[5].id)).name, 'renamed');

await assert.rejects(sequelize.transaction(async (transaction) => {
  await Author.create({ name: 'lost' }, { transaction });
  await Book.destroy({ where: {}, transaction });
  throw new Error('roll back');
}), /roll back/);
assert.deepEqual([await Author.count({ where: { name: 'lost' } }), await Book.count()], [0, 18]);
await sequelize.transaction(async (transaction) => {
  const one = await Author.findByPk(authors[0].id, { transaction, lock: transaction.LOCK.UPDATE });
  await one.update({ name: 'locked' }, { transaction });
});
assert.equal((await authors[0].reload()).name, 'locked');

await Book.destroy({ where: { authorId: authors[0].id } });
assert.deepEqual([await Book.count(), await Book.count({ paranoid: false })], [15, 18]);
await assert.rejects(Author.create({ id: authors[0].id, name: 'twice' }), { name: 'SequelizeUniqueConstraintError' });
const raw = await sequelize.query('select count(*) n from seq_book where price > :least', {
  replacements: { least: 15 }, type: QueryTypes.SELECT,
});
assert.deepEqual(raw, [{ n: 12 }]);

await sequelize.drop();
await sequelize.close();
console.log('ok');
