//! One terminal: the five transactions in their mix, in the text protocol and prepared.

use std::time::Instant;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};

use super::load::last_name;
use super::{CUSTOMERS, DISTRICTS, ITEMS};
use crate::oracle::Chance;

/// Numbers of items that no warehouse has: such an order is rolled back.
const NO_ITEM: u32 = 0;

pub(super) struct Client {
    conn: Conn,
    chance: Chance,
    warehouses: u32,
    tally: Tally,
}

/// What was acknowledged, and what the server ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) new_orders: u64,
    pub(super) payments: u64,
    pub(super) paid_cents: u64,
    pub(super) lines: u64,
    deliveries: u64,
    pub(super) delivered: u64,
    asked: u64,
    rolled_back: u64,
    /// Deadlocks and waits that were too long.
    conflicts: u64,
}

/// What ends a transaction.
enum Ended {
    Committed,
    /// As the order of an unknown item must be.
    RolledBack,
}

impl Client {
    pub(super) fn new(conn: Conn, seed: u64, warehouses: u32) -> Client {
        Client { conn, chance: Chance::new(seed), warehouses, tally: Tally::default() }
    }

    /// Runs transactions until the time is over.
    pub(super) async fn run(mut self, until: Instant) -> Result<Tally, String> {
        while Instant::now() < until {
            let before = self.tally.clone();
            let outcome = match self.chance.below(100) {
                0..45 => self.new_order().await,
                45..88 => self.payment().await,
                88..92 => self.order_status().await,
                92..96 => self.delivery().await,
                _ => self.stock_level().await,
            };
            match outcome {
                Ok(Ended::Committed) => {}
                Ok(Ended::RolledBack) => {
                    self.tally = Tally { rolled_back: before.rolled_back + 1, ..before };
                }
                // Deadlock, lock wait: the application starts anew.
                Err(Error::Server(err)) if matches!(err.code, 1213 | 1205) => {
                    self.tally = Tally { conflicts: before.conflicts + 1, ..before };
                    self.conn.query_drop("rollback").await.map_err(|err| err.to_string())?;
                }
                Err(err) => return Err(format!("a transaction failed: {err}")),
            }
        }
        Ok(self.tally)
    }

    fn number(&mut self, from: u32, to: u32) -> u32 {
        from + self.chance.below((to - from + 1) as usize) as u32
    }

    fn other_warehouse(&mut self, home: u32, share: usize) -> u32 {
        if self.warehouses > 1 && self.chance.percent(share) {
            let step = self.number(1, self.warehouses - 1);
            (home - 1 + step) % self.warehouses + 1
        } else {
            home
        }
    }

    async fn first<T: mysql_async::prelude::FromRow + Send + 'static>(
        &mut self,
        sql: &str,
    ) -> Result<T, Error> {
        let row: Option<T> = self.conn.query_first(sql).await?;
        row.ok_or_else(|| Error::Other(format!("no row for {sql}").into()))
    }

    async fn new_order(&mut self) -> Result<Ended, Error> {
        let w = self.number(1, self.warehouses);
        let (d, c) = (self.number(1, DISTRICTS), self.number(1, CUSTOMERS));
        let count = self.number(5, 15);
        let fails = self.chance.percent(1);
        self.conn.query_drop("begin").await?;
        let sql = format!(
            "select c_discount, c_last, c_credit, w_tax from customer, warehouse \
             where w_id = {w} and c_w_id = w_id and c_d_id = {d} and c_id = {c}"
        );
        let _: (String, String, String, String) = self.first(&sql).await?;
        let sql = format!(
            "select d_next_o_id, d_tax from district where d_w_id = {w} and d_id = {d} for update"
        );
        let (order, _): (u32, String) = self.first(&sql).await?;
        let next = "update district set d_next_o_id = ? where d_id = ? and d_w_id = ?";
        self.conn.exec_drop(next, (order + 1, d, w)).await?;
        let (supplies, all_local) = self.supplies(w, count);
        let sql = format!(
            "insert into orders (o_id, o_d_id, o_w_id, o_c_id, o_entry_d, o_ol_cnt, o_all_local) \
             values ({order}, {d}, {w}, {c}, now(), {count}, {all_local})"
        );
        self.conn.query_drop(sql).await?;
        let sql = format!(
            "insert into new_orders (no_o_id, no_d_id, no_w_id) values ({order}, {d}, {w})"
        );
        self.conn.query_drop(sql).await?;
        for (place, supply) in supplies.into_iter().enumerate() {
            let last = place + 1 == count as usize;
            let item = if fails && last { NO_ITEM } else { self.number(1, ITEMS) };
            if !self.order_line((order, d, w), place + 1, item, supply).await? {
                self.conn.query_drop("rollback").await?;
                return Ok(Ended::RolledBack);
            }
        }
        self.conn.query_drop("commit").await?;
        self.tally.new_orders += 1;
        Ok(Ended::Committed)
    }

    /// Returns the warehouses that supply the lines of an order, and whether all are its own.
    fn supplies(&mut self, home: u32, count: u32) -> (Vec<u32>, u32) {
        let supplies: Vec<u32> = (0..count).map(|_| self.other_warehouse(home, 3)).collect();
        let all_local = supplies.iter().all(|one| *one == home);
        (supplies, u32::from(all_local))
    }

    /// Adds a line; false where there is no such item.
    async fn order_line(
        &mut self,
        (order, d, w): (u32, u32, u32),
        number: usize,
        item: u32,
        supply: u32,
    ) -> Result<bool, Error> {
        let quantity = self.number(1, 10);
        let sql = "select i_price, i_name, i_data from item where i_id = ?";
        let found: Option<(f64, String, String)> = self.conn.exec_first(sql, (item,)).await?;
        let Some((price, _, _)) = found else { return Ok(false) };
        let sql = format!(
            "select s_quantity, s_data, s_dist_01 from stock \
             where s_i_id = {item} and s_w_id = {supply} for update"
        );
        let (stock, _, info): (i32, String, String) = self.first(&sql).await?;
        let left = stock - quantity as i32;
        let left = if left >= 10 { left } else { left + 91 };
        let sql = "update stock set s_quantity = ?, s_ytd = s_ytd + ?, \
                   s_order_cnt = s_order_cnt + 1, s_remote_cnt = s_remote_cnt + ? \
                   where s_i_id = ? and s_w_id = ?";
        let remote = u32::from(supply != w);
        self.conn.exec_drop(sql, (left, quantity, remote, item, supply)).await?;
        let amount = price * f64::from(quantity);
        let sql = format!(
            "insert into order_line (ol_o_id, ol_d_id, ol_w_id, ol_number, ol_i_id, \
             ol_supply_w_id, ol_quantity, ol_amount, ol_dist_info) values ({order}, {d}, {w}, \
             {number}, {item}, {supply}, {quantity}, {amount:.2}, '{info}')"
        );
        self.conn.query_drop(sql).await?;
        self.tally.lines += 1;
        Ok(true)
    }

    async fn payment(&mut self) -> Result<Ended, Error> {
        let (w, d) = (self.number(1, self.warehouses), self.number(1, DISTRICTS));
        let (cw, cd) = (self.other_warehouse(w, 15), self.number(1, DISTRICTS));
        let cents = u64::from(self.number(100, 500_000));
        let amount = format!("{}.{:02}", cents / 100, cents % 100);
        self.conn.query_drop("begin").await?;
        let sql = format!("update warehouse set w_ytd = w_ytd + {amount} where w_id = {w}");
        self.conn.query_drop(sql).await?;
        let sql = format!("select w_street_1, w_city, w_name from warehouse where w_id = {w}");
        let _: (String, String, String) = self.first(&sql).await?;
        let sql = format!(
            "update district set d_ytd = d_ytd + {amount} where d_w_id = {w} and d_id = {d}"
        );
        self.conn.query_drop(sql).await?;
        let customer = self.customer(cw, cd).await?;
        let sql = format!(
            "select c_first, c_last, c_balance, c_ytd_payment from customer \
             where c_w_id = {cw} and c_d_id = {cd} and c_id = {customer} for update"
        );
        let _: (String, String, String, String) = self.first(&sql).await?;
        let sql = "update customer set c_balance = c_balance - ?, \
                   c_ytd_payment = c_ytd_payment + ?, c_payment_cnt = c_payment_cnt + 1 \
                   where c_w_id = ? and c_d_id = ? and c_id = ?";
        self.conn.exec_drop(sql, (&amount, &amount, cw, cd, customer)).await?;
        let sql = format!(
            "insert into history (h_c_d_id, h_c_w_id, h_c_id, h_d_id, h_w_id, h_date, h_amount, \
             h_data) values ({cd}, {cw}, {customer}, {d}, {w}, now(), {amount}, 'payment')"
        );
        self.conn.query_drop(sql).await?;
        self.conn.query_drop("commit").await?;
        self.tally.payments += 1;
        self.tally.paid_cents += cents;
        Ok(Ended::Committed)
    }

    /// Finds a customer by number or, more often, by last name: the one in the middle.
    async fn customer(&mut self, w: u32, d: u32) -> Result<u32, Error> {
        let number = self.number(1, CUSTOMERS);
        if self.chance.percent(40) {
            return Ok(number);
        }
        let name = last_name(number);
        let filter = format!("c_w_id = {w} and c_d_id = {d} and c_last = '{name}'");
        let count: u32 =
            self.first(&format!("select count(c_id) from customer where {filter}")).await?;
        let middle = count.saturating_sub(1) / 2;
        let sql = format!(
            "select c_id from customer where {filter} order by c_first limit 1 offset {middle}"
        );
        self.first(&sql).await
    }

    async fn order_status(&mut self) -> Result<Ended, Error> {
        let (w, d) = (self.number(1, self.warehouses), self.number(1, DISTRICTS));
        self.conn.query_drop("begin").await?;
        let customer = self.customer(w, d).await?;
        let sql = format!(
            "select o_id, o_entry_d from orders where o_w_id = {w} and o_d_id = {d} \
             and o_c_id = {customer} order by o_id desc limit 1"
        );
        let (order, _): (u32, String) = self.first(&sql).await?;
        let sql = format!(
            "select count(*), (select o_ol_cnt from orders where o_w_id = {w} and o_d_id = {d} \
             and o_id = {order}) from order_line where ol_w_id = {w} and ol_d_id = {d} \
             and ol_o_id = {order}"
        );
        let (lines, told): (u32, u32) = self.first(&sql).await?;
        if lines != told {
            let text = format!("order {order} has {lines} lines, and tells of {told}");
            return Err(Error::Other(text.into()));
        }
        self.conn.query_drop("commit").await?;
        self.tally.asked += 1;
        Ok(Ended::Committed)
    }

    async fn delivery(&mut self) -> Result<Ended, Error> {
        let (w, carrier) = (self.number(1, self.warehouses), self.number(1, 10));
        self.conn.query_drop("begin").await?;
        for d in 1..=DISTRICTS {
            let sql = format!(
                "select no_o_id from new_orders where no_d_id = {d} and no_w_id = {w} \
                 order by no_o_id asc limit 1 for update"
            );
            let Some(order): Option<u32> = self.conn.query_first(sql).await? else { continue };
            let of_order = format!("o_id = {order} and o_d_id = {d} and o_w_id = {w}");
            let of_lines = format!("ol_o_id = {order} and ol_d_id = {d} and ol_w_id = {w}");
            let sql = format!(
                "delete from new_orders where no_o_id = {order} and no_d_id = {d} and no_w_id = {w}"
            );
            self.conn.query_drop(sql).await?;
            let customer: u32 =
                self.first(&format!("select o_c_id from orders where {of_order}")).await?;
            let sql = format!("update orders set o_carrier_id = {carrier} where {of_order}");
            self.conn.query_drop(sql).await?;
            let sql = format!("update order_line set ol_delivery_d = now() where {of_lines}");
            self.conn.query_drop(sql).await?;
            let amount: String = self
                .first(&format!("select sum(ol_amount) from order_line where {of_lines}"))
                .await?;
            let sql = "update customer set c_balance = c_balance + ?, \
                       c_delivery_cnt = c_delivery_cnt + 1 \
                       where c_w_id = ? and c_d_id = ? and c_id = ?";
            self.conn.exec_drop(sql, (amount, w, d, customer)).await?;
            self.tally.delivered += 1;
        }
        self.conn.query_drop("commit").await?;
        self.tally.deliveries += 1;
        Ok(Ended::Committed)
    }

    async fn stock_level(&mut self) -> Result<Ended, Error> {
        let (w, d) = (self.number(1, self.warehouses), self.number(1, DISTRICTS));
        let sql = format!("select d_next_o_id from district where d_w_id = {w} and d_id = {d}");
        let next: u32 = self.first(&sql).await?;
        let low = next.saturating_sub(20);
        let level = self.number(10, 20);
        let sql = format!(
            "select count(distinct s_i_id) from order_line, stock where ol_w_id = {w} \
             and ol_d_id = {d} and ol_o_id < {next} and ol_o_id >= {low} and s_w_id = {w} \
             and s_i_id = ol_i_id and s_quantity < {level}"
        );
        let _: u32 = self.first(&sql).await?;
        self.tally.asked += 1;
        Ok(Ended::Committed)
    }
}

impl Tally {
    pub(super) fn add(&mut self, other: &Tally) {
        self.new_orders += other.new_orders;
        self.payments += other.payments;
        self.paid_cents += other.paid_cents;
        self.lines += other.lines;
        self.deliveries += other.deliveries;
        self.delivered += other.delivered;
        self.asked += other.asked;
        self.rolled_back += other.rolled_back;
        self.conflicts += other.conflicts;
    }

    pub(super) fn text(&self, seconds: u64) -> String {
        format!(
            "TPC-C, {seconds} s: {} new orders, {} payments, {} deliveries, {} read only, {} rolled \
             back, {} conflicts",
            self.new_orders,
            self.payments,
            self.deliveries,
            self.asked,
            self.rolled_back,
            self.conflicts
        )
    }
}
