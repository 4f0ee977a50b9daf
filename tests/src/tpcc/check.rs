//! The conditions of consistency of the specification (clause 3.3.2), asked through the gateway.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};

use super::client::Tally;

/// Queries that give a row for each place where a condition does not hold.
const CONDITIONS: [(&str, &str); 12] = [
    (
        "1: a warehouse has taken what its districts have",
        "select w_id, w_ytd, sum(d_ytd) from warehouse join district on d_w_id = w_id group by w_id, w_ytd having w_ytd <> sum(d_ytd)",
    ),
    (
        "2: the next order's number follows the highest",
        "select d_w_id, d_id, d_next_o_id, m from district join (select o_w_id, o_d_id, max(o_id) m from orders group by o_w_id, o_d_id) x on o_w_id = d_w_id and o_d_id = d_id where d_next_o_id - 1 <> m",
    ),
    (
        "2: no new order is beyond",
        "select d_w_id, d_id, d_next_o_id, m from district join (select no_w_id, no_d_id, max(no_o_id) m from new_orders group by no_w_id, no_d_id) x on no_w_id = d_w_id and no_d_id = d_id where m > d_next_o_id - 1",
    ),
    (
        "3: new orders have no gaps",
        "select no_w_id, no_d_id, count(*) from new_orders group by no_w_id, no_d_id having max(no_o_id) - min(no_o_id) + 1 <> count(*)",
    ),
    (
        "4: districts have as many lines as their orders tell",
        "select a.o_w_id, a.o_d_id, a.told, b.lines_there from (select o_w_id, o_d_id, sum(o_ol_cnt) told from orders group by o_w_id, o_d_id) a join (select ol_w_id, ol_d_id, count(*) lines_there from order_line group by ol_w_id, ol_d_id) b on a.o_w_id = b.ol_w_id and a.o_d_id = b.ol_d_id where a.told <> b.lines_there",
    ),
    (
        "5: an order waits if no carrier has it",
        "select o_w_id, o_d_id, o_id from orders left join new_orders on no_w_id = o_w_id and no_d_id = o_d_id and no_o_id = o_id where (o_carrier_id is null) <> (no_o_id is not null)",
    ),
    (
        "6: an order has as many lines as it tells",
        "select o_w_id, o_d_id, o_id, o_ol_cnt, count(*) from orders join order_line on ol_w_id = o_w_id and ol_d_id = o_d_id and ol_o_id = o_id group by o_w_id, o_d_id, o_id, o_ol_cnt having o_ol_cnt <> count(*)",
    ),
    (
        "7: lines are delivered if a carrier has the order",
        "select ol_w_id, ol_d_id, ol_o_id from order_line join orders on ol_w_id = o_w_id and ol_d_id = o_d_id and ol_o_id = o_id where (ol_delivery_d is null) <> (o_carrier_id is null)",
    ),
    (
        "8: a warehouse has taken what history tells",
        "select w_id, w_ytd, x.s from warehouse join (select h_w_id, sum(h_amount) s from history group by h_w_id) x on h_w_id = w_id where w_ytd <> x.s",
    ),
    (
        "9: a district has taken what history tells",
        "select d_w_id, d_id, d_ytd, x.s from district join (select h_w_id, h_d_id, sum(h_amount) s from history group by h_w_id, h_d_id) x on h_w_id = d_w_id and h_d_id = d_id where d_ytd <> x.s",
    ),
    (
        "10: a customer's payments are what history tells",
        "select c_w_id, c_d_id, c_id, c_ytd_payment, x.s from customer join (select h_c_w_id, h_c_d_id, h_c_id, sum(h_amount) s from history group by h_c_w_id, h_c_d_id, h_c_id) x on h_c_w_id = c_w_id and h_c_d_id = c_d_id and h_c_id = c_id where c_ytd_payment <> x.s",
    ),
    (
        "12: a customer owes what was delivered and not paid",
        "select c_w_id, c_d_id, c_id, c_balance + c_ytd_payment, x.s from customer join (select o_w_id, o_d_id, o_c_id, sum(ol_amount) s from orders join order_line on ol_w_id = o_w_id and ol_d_id = o_d_id and ol_o_id = o_id where ol_delivery_d is not null group by o_w_id, o_d_id, o_c_id) x on o_w_id = c_w_id and o_d_id = c_d_id and o_c_id = c_id where c_balance + c_ytd_payment <> x.s",
    ),
];

/// Returns what does not hold; the first call with an empty tally sees the load alone.
pub(super) async fn run(conn: &mut Conn, tally: &Tally) -> Result<Vec<String>, String> {
    let mut broken = Vec::new();
    for (name, sql) in CONDITIONS {
        let rows: Vec<Row> =
            conn.query(sql).await.map_err(|err| format!("{name}: {sql}: {err}"))?;
        for row in rows.iter().take(5) {
            broken.push(format!("condition {name}: {row:?}"));
        }
    }
    let sums = [
        (
            "new orders",
            "select count(*) from orders where o_entry_d > '2024-01-01'",
            tally.new_orders,
        ),
        ("payments", "select count(*) from history where h_data = 'payment'", tally.payments),
        (
            "cents paid",
            "select cast(coalesce(sum(h_amount), 0) * 100 as unsigned) from history where h_data = 'payment'",
            tally.paid_cents,
        ),
        (
            "lines ordered",
            "select count(*) from order_line join orders on ol_w_id = o_w_id and ol_d_id = o_d_id and ol_o_id = o_id where o_entry_d > '2024-01-01'",
            tally.lines,
        ),
        (
            "orders delivered",
            "select count(distinct o_w_id, o_d_id, o_id) from orders join order_line on ol_w_id = o_w_id and ol_d_id = o_d_id and ol_o_id = o_id where ol_delivery_d > '2024-01-01'",
            tally.delivered,
        ),
    ];
    for (name, sql, acknowledged) in sums {
        let there: Option<u64> =
            conn.query_first(sql).await.map_err(|err| format!("{name}: {sql}: {err}"))?;
        if there != Some(acknowledged) {
            broken.push(format!("{name}: {acknowledged} were acknowledged, {there:?} are there"));
        }
    }
    Ok(broken)
}
