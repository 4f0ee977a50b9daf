//! The tables and their first rows, in proportion to the specification's (clause 4.3.3).

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::{CUSTOMERS, DISTRICTS, ITEMS, ORDERS};

/// How many rows an INSERT has.
const BATCH: usize = 200;

/// Makes the tables and fills them.
pub(super) async fn fill(conn: &mut Conn, warehouses: u32) -> Result<(), String> {
    for sql in include_str!("schema.sql").split(";\n").filter(|sql| !sql.trim().is_empty()) {
        run(conn, sql).await?;
    }
    let items =
        (1..=ITEMS).map(|id| format!("({id}, {id}, 'item {id}', {}.25, 'data')", id % 90 + 1));
    insert(conn, "item", items).await?;
    for w in 1..=warehouses {
        let row =
            format!("({w}, 'w{w}', 'a', 'b', 'c', 'ST', '123456789', 0.1, {})", DISTRICTS * 300);
        insert(conn, "warehouse", std::iter::once(row)).await?;
        let stock =
            (1..=ITEMS).map(|id| format!("({id}, {w}, {}, 'dist', 0, 0, 0, 'data')", id % 80 + 15));
        insert(conn, "stock", stock).await?;
        let districts = (1..=DISTRICTS).map(|d| {
            format!(
                "({d}, {w}, 'd{d}', 'a', 'b', 'c', 'ST', '123456789', 0.05, 300.00, {})",
                ORDERS + 1
            )
        });
        insert(conn, "district", districts).await?;
        for d in 1..=DISTRICTS {
            district(conn, w, d).await?;
        }
    }
    Ok(())
}

/// Fills a district: each customer has paid ten and has one order.
async fn district(conn: &mut Conn, w: u32, d: u32) -> Result<(), String> {
    let customers = (1..=CUSTOMERS).map(|c| {
        let delivered = is_delivered(c);
        let balance = if delivered { -10.0 + f64::from(lines(c)) } else { -10.0 };
        format!(
            "({c}, {d}, {w}, 'first{c}', 'OE', '{}', 'a', 'b', 'c', 'ST', '123456789', 'phone', \
             '2024-01-01', 'GC', 50000, 0.1, {balance:.2}, 10.00, 1, {}, 'data')",
            last_name(c),
            u32::from(delivered)
        )
    });
    insert(conn, "customer", customers).await?;
    let paid =
        (1..=CUSTOMERS).map(|c| format!("({c}, {d}, {w}, {d}, {w}, '2024-01-01', 10.00, 'first')"));
    insert(conn, "history", paid).await?;
    let orders = (1..=ORDERS).map(|o| {
        let carrier = if is_delivered(o) { (o % 10 + 1).to_string() } else { "null".to_owned() };
        format!("({o}, {d}, {w}, {o}, '2024-01-01', {carrier}, {}, 1)", lines(o))
    });
    insert(conn, "orders", orders).await?;
    let waiting = (1..=ORDERS).filter(|o| !is_delivered(*o)).map(|o| format!("({o}, {d}, {w})"));
    insert(conn, "new_orders", waiting).await?;
    let order_lines = (1..=ORDERS).flat_map(|o| {
        let delivery = if is_delivered(o) { "'2024-01-01'" } else { "null" };
        (1..=lines(o)).map(move |number| {
            let item = (o * 7 + number) % ITEMS + 1;
            format!("({o}, {d}, {w}, {number}, {item}, {w}, {delivery}, 5, 1.00, 'dist')")
        })
    });
    insert(conn, "order_line", order_lines).await
}

fn is_delivered(order: u32) -> bool {
    order <= ORDERS * 2 / 3
}

/// Returns how many lines an order of the load has.
fn lines(order: u32) -> u32 {
    5 + order % 11
}

/// Returns a last name; several customers of a district share one.
pub(super) fn last_name(number: u32) -> String {
    const PARTS: [&str; 10] =
        ["BAR", "OUGHT", "ABLE", "PRI", "PRES", "ESE", "ANTI", "CALLY", "ATION", "EING"];
    let part = |place: u32| PARTS[(place % 10) as usize];
    format!("{}{}", part(number / 3), part(number % 3))
}

async fn insert(
    conn: &mut Conn,
    table: &str,
    rows: impl Iterator<Item = String>,
) -> Result<(), String> {
    let rows: Vec<String> = rows.collect();
    for batch in rows.chunks(BATCH) {
        run(conn, &format!("insert into {table} values {}", batch.join(", "))).await?;
    }
    Ok(())
}

async fn run(conn: &mut Conn, sql: &str) -> Result<(), String> {
    let short = &sql[..sql.len().min(80)];
    conn.query_drop(sql).await.map_err(|err| format!("{short}: {err}"))
}
