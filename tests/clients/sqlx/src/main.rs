//! sqlx on a sharded keyspace: migrations, prepared statements, types, transactions, pools.
//! Usage: sqlx-client PORT, of a gateway with a sharded keyspace `customer`.

use std::error::Error;
use std::path::Path;

use futures::TryStreamExt;
use sqlx::migrate::Migrator;
use sqlx::mysql::{MySqlConnectOptions, MySqlPool, MySqlPoolOptions};
use sqlx::types::Json;
use sqlx::{Connection, Row};

type Outcome = Result<(), Box<dyn Error>>;

/// How the tables of the migrations, and sqlx's own, lie on the shards.
const VSCHEMA: [&str; 3] = [
    "alter vschema on _sqlx_migrations add vindex `xxhash`(version) using xxhash",
    "alter vschema on sqlx_account add vindex `xxhash`(id) using xxhash",
    "alter vschema on sqlx_value add vindex `xxhash`(id) using xxhash",
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let port = std::env::args().nth(1).ok_or("usage: sqlx-client PORT")?.parse()?;
    let options = MySqlConnectOptions::new()
        .host("127.0.0.1")
        .port(port)
        .username("user")
        .database("customer");
    let pool = MySqlPoolOptions::new().max_connections(4).connect_with(options).await?;
    for sql in VSCHEMA {
        sqlx::raw_sql(sql).execute(&pool).await?;
    }
    migrations(&pool).await?;
    statements(&pool).await?;
    values(&pool).await?;
    transactions(&pool).await?;
    together(&pool).await?;
    for table in ["_sqlx_migrations", "sqlx_account", "sqlx_value"] {
        sqlx::raw_sql(&format!("drop table {table}")).execute(&pool).await?;
    }
    pool.close().await;
    println!("ok");
    Ok(())
}

/// `sqlx migrate run`: twice, for the second time has nothing to do; two at once wait for a lock.
async fn migrations(pool: &MySqlPool) -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let migrator = Migrator::new(folder).await?;
    let (one, other) = tokio::join!(migrator.run(pool), migrator.run(pool));
    one?;
    other?;
    migrator.run(pool).await?;
    let sql = "select version, success from _sqlx_migrations order by version";
    let done: Vec<(i64, bool)> = sqlx::query_as(sql).fetch_all(pool).await?;
    assert_eq!(done, [(1, true), (2, true)]);
    Ok(())
}

/// Prepared once, routed by their values.
async fn statements(pool: &MySqlPool) -> Outcome {
    let mut conn = pool.acquire().await?;
    for id in 1..=40_u64 {
        let sql = "insert into sqlx_account (id, mail, balance) values (?, ?, ?)";
        let insert = sqlx::query(sql).bind(id).bind(format!("m{id}@x")).bind(100_i64);
        assert_eq!(insert.execute(&mut *conn).await?.rows_affected(), 1);
    }
    for id in [1_u64, 7, 40, 41] {
        let sql = "select mail, nickname from sqlx_account where id = ?";
        let found: Option<(String, Option<String>)> =
            sqlx::query_as(sql).bind(id).fetch_optional(&mut *conn).await?;
        let wanted = (id <= 40).then(|| (format!("m{id}@x"), None));
        assert_eq!(found, wanted);
    }
    let sql = "select id from sqlx_account where id in (?, ?, ?) order by id desc limit ?";
    let ids: Vec<u64> =
        sqlx::query_scalar(sql).bind(3_u64).bind(30).bind(99).bind(2).fetch_all(&mut *conn).await?;
    assert_eq!(ids, [30, 3]);
    let mut rows = sqlx::query("select id, mail from sqlx_account order by id").fetch(&mut *conn);
    let mut count = 0;
    while let Some(row) = rows.try_next().await? {
        count += 1;
        assert_eq!(row.try_get::<u64, _>("id")?, count);
    }
    drop(rows);
    assert_eq!(count, 40);
    let sql = "select count(*), cast(sum(balance) as signed) from sqlx_account where id > ?";
    let sums: (i64, i64) = sqlx::query_as(sql).bind(10_u64).fetch_one(&mut *conn).await?;
    assert_eq!(sums, (30, 3000));
    let sql = "insert into sqlx_account (id, mail) values (?, 'again')";
    let again = sqlx::query(sql).bind(1_u64).execute(&mut *conn).await;
    let error = again.expect_err("a key that is there");
    let database = error.as_database_error().ok_or("no error of the database")?;
    assert!(database.is_unique_violation(), "{database}");
    conn.ping().await?;
    Ok(())
}

/// Every type goes there and comes back, in the binary protocol.
async fn values(pool: &MySqlPool) -> Outcome {
    let sql = "insert into sqlx_value values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let doc = Json(vec![Some("a".to_owned()), None]);
    sqlx::query(sql)
        .bind(-1_i64)
        .bind(i8::MIN)
        .bind(u16::MAX)
        .bind(i32::MIN)
        .bind(u64::MAX)
        .bind(1.5_f32)
        .bind(0.1_f64)
        .bind(true)
        .bind("größe 😀")
        .bind(&[0_u8, 255, 39][..])
        .bind(&doc)
        .execute(pool)
        .await?;
    let none: Option<String> = None;
    sqlx::query("insert into sqlx_value (id, name) values (?, ?)")
        .bind(2_i64)
        .bind(none)
        .execute(pool)
        .await?;
    let row =
        sqlx::query("select * from sqlx_value where id = ?").bind(-1_i64).fetch_one(pool).await?;
    assert_eq!(row.try_get::<i8, _>("tiny")?, i8::MIN);
    assert_eq!(row.try_get::<u16, _>("small")?, u16::MAX);
    assert_eq!(row.try_get::<i32, _>("whole")?, i32::MIN);
    assert_eq!(row.try_get::<u64, _>("big")?, u64::MAX);
    assert_eq!(row.try_get::<f32, _>("short")?.to_bits(), 1.5_f32.to_bits());
    assert_eq!(row.try_get::<f64, _>("exact")?.to_bits(), 0.1_f64.to_bits());
    assert!(row.try_get::<bool, _>("flag")?);
    assert_eq!(row.try_get::<String, _>("name")?, "größe 😀");
    assert_eq!(row.try_get::<Vec<u8>, _>("body")?, [0, 255, 39]);
    assert_eq!(row.try_get::<Json<Vec<Option<String>>>, _>("doc")?, doc);
    let names: Vec<Option<String>> =
        sqlx::query_scalar("select name from sqlx_value order by id").fetch_all(pool).await?;
    assert_eq!(names, [Some("größe 😀".to_owned()), None]);
    Ok(())
}

const PAY: &str = "update sqlx_account set balance = balance + ? where id = ?";

async fn balances(pool: &MySqlPool) -> Result<Vec<i64>, sqlx::Error> {
    let sql = "select balance from sqlx_account where id in (1, 2) order by id";
    sqlx::query_scalar(sql).fetch_all(pool).await
}

/// Commits, rolls back, rolls back when dropped, and nests with savepoints, over two shards.
async fn transactions(pool: &MySqlPool) -> Outcome {
    let mut tx = pool.begin().await?;
    sqlx::query(PAY).bind(-30).bind(1).execute(&mut *tx).await?;
    sqlx::query(PAY).bind(30).bind(2).execute(&mut *tx).await?;
    tx.commit().await?;
    assert_eq!(balances(pool).await?, [70, 130]);
    let mut tx = pool.begin().await?;
    sqlx::query(PAY).bind(-30).bind(1).execute(&mut *tx).await?;
    tx.rollback().await?;
    assert_eq!(balances(pool).await?, [70, 130]);
    let mut tx = pool.begin().await?;
    sqlx::query(PAY).bind(-5).bind(1).execute(&mut *tx).await?;
    drop(tx);
    assert_eq!(balances(pool).await?, [70, 130]);
    let mut tx = pool.begin().await?;
    sqlx::query(PAY).bind(1).bind(1).execute(&mut *tx).await?;
    let mut inner = tx.begin().await?;
    sqlx::query(PAY).bind(1000).bind(2).execute(&mut *inner).await?;
    inner.rollback().await?;
    tx.commit().await?;
    assert_eq!(balances(pool).await?, [71, 130]);
    Ok(())
}

/// Many tasks on few connections.
async fn together(pool: &MySqlPool) -> Outcome {
    let pay = |id: u64| async move {
        let mut tx = pool.begin().await?;
        sqlx::query(PAY).bind(-1).bind(id).execute(&mut *tx).await?;
        sqlx::query(PAY).bind(1).bind(id + 20).execute(&mut *tx).await?;
        tx.commit().await
    };
    futures::future::try_join_all((3..=20).map(pay)).await?;
    let sum: i64 = sqlx::query_scalar("select cast(sum(balance) as signed) from sqlx_account")
        .fetch_one(pool)
        .await?;
    assert_eq!(sum, 40 * 100 + 1);
    Ok(())
}
