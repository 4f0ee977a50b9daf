//! The rows of the TPC-H tables: few, and the same every time.

use std::fmt::Write;

const REGIONS: [&str; 5] = ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"];
/// Each nation with its region.
const NATIONS: [(&str, usize); 12] = [
    ("ALGERIA", 0),
    ("BRAZIL", 1),
    ("CANADA", 1),
    ("CHINA", 2),
    ("FRANCE", 3),
    ("GERMANY", 3),
    ("INDIA", 2),
    ("IRAQ", 4),
    ("JAPAN", 2),
    ("KENYA", 0),
    ("SAUDI ARABIA", 4),
    ("UNITED KINGDOM", 3),
];
const SEGMENTS: [&str; 3] = ["AUTOMOBILE", "BUILDING", "MACHINERY"];
const PRIORITIES: [&str; 5] = ["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"];
const MODES: [&str; 5] = ["AIR", "MAIL", "RAIL", "REG AIR", "SHIP"];
const KINDS: [&str; 4] = ["ECONOMY", "MEDIUM POLISHED", "PROMO", "STANDARD"];
const METALS: [&str; 3] = ["BRASS", "STEEL", "TIN"];
const COLORS: [&str; 5] = ["forest", "green", "ivory", "navy", "red"];
const BRANDS: [&str; 4] = ["Brand#12", "Brand#23", "Brand#34", "Brand#45"];
const CONTAINERS: [&str; 4] = ["MED BOX", "MED BAG", "LG CASE", "SM PACK"];
const REMARKS: [&str; 4] =
    ["quick", "special packages requests", "Customer has Complaints", "carefully bold"];

const SUPPLIERS: usize = 20;
const PARTS: usize = 60;
const BUYERS: usize = 40;
const ORDERS: usize = 200;

/// How many rows an INSERT has.
const ROWS_EACH: usize = 100;

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    /// Returns a number below a limit.
    fn below(&mut self, limit: usize) -> usize {
        // The generator of Knuth's MMIX; its high bits are the good ones.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn pick<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }

    fn money(&mut self, limit: usize) -> String {
        format!("{}.{:02}", self.below(limit), self.below(100))
    }
}

/// Returns a date so many days after the start of 1992; a month has 28 days.
fn date(day: usize) -> String {
    format!("{}-{:02}-{:02}", 1992 + day / 336, day / 28 % 12 + 1, day % 28 + 1)
}

/// Returns the INSERT statements of all tables.
pub(super) fn inserts() -> Vec<String> {
    let mut dice = Dice(7);
    let mut out = Vec::new();
    let regions = REGIONS.iter().enumerate();
    insert(&mut out, "region", regions.map(|(key, name)| format!("{key}, '{name}', null")));
    let nations = NATIONS.iter().enumerate();
    let nation =
        |(key, (name, region)): (usize, &(&str, usize))| format!("{key}, '{name}', {region}, null");
    insert(&mut out, "nation", nations.map(nation));
    let suppliers: Vec<String> = (1..=SUPPLIERS).map(|key| supplier(key, &mut dice)).collect();
    insert(&mut out, "supplier", suppliers);
    let parts: Vec<String> = (1..=PARTS).map(|key| part(key, &mut dice)).collect();
    insert(&mut out, "part", parts);
    let mut offers = Vec::new();
    for part in 1..=PARTS {
        for turn in 0..4 {
            let (count, cost) = (dice.below(900) + 1, dice.money(500));
            offers.push(format!("{part}, {}, {count}, {cost}, 'offer'", seller(part, turn)));
        }
    }
    insert(&mut out, "partsupp", offers);
    let buyers: Vec<String> = (1..=BUYERS).map(|key| buyer(key, &mut dice)).collect();
    insert(&mut out, "buyer", buyers);
    let (mut orders, mut lines) = (Vec::new(), Vec::new());
    for key in 1..=ORDERS {
        order(key, &mut dice, &mut orders, &mut lines);
    }
    insert(&mut out, "orders", orders);
    insert(&mut out, "lineitem", lines);
    out
}

fn insert(out: &mut Vec<String>, table: &str, rows: impl IntoIterator<Item = String>) {
    let rows: Vec<String> = rows.into_iter().collect();
    for part in rows.chunks(ROWS_EACH) {
        let mut sql = format!("insert into {table} values ");
        for (place, row) in part.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(sql, "{}({row})", if place > 0 { ", " } else { "" });
        }
        out.push(sql);
    }
}

/// Returns one of the four suppliers of a part.
fn seller(part: usize, turn: usize) -> usize {
    (part + turn * (SUPPLIERS / 4 + 1)) % SUPPLIERS + 1
}

fn phone(nation: usize, dice: &mut Dice) -> String {
    format!("{}-{:03}-{:04}", nation + 13, dice.below(1000), dice.below(10_000))
}

fn supplier(key: usize, dice: &mut Dice) -> String {
    let nation = dice.below(NATIONS.len());
    let (phone, balance, remark) = (phone(nation, dice), dice.money(9000), dice.pick(&REMARKS));
    format!(
        "{key}, 'Supplier#{key:04}', 'street {key}', {nation}, '{phone}', {balance}, '{remark}'"
    )
}

fn part(key: usize, dice: &mut Dice) -> String {
    let (first, second) = (dice.pick(&COLORS), dice.pick(&COLORS));
    let (brand, kind, metal) = (dice.pick(&BRANDS), dice.pick(&KINDS), dice.pick(&METALS));
    let (size, container) = (dice.below(50) + 1, dice.pick(&CONTAINERS));
    let price = 900 + key;
    format!(
        "{key}, '{first} {second}', 'Manufacturer#{}', '{brand}', '{kind} {metal}', {size}, \
         '{container}', {price}.00, 'part'",
        key % 5 + 1
    )
}

fn buyer(key: usize, dice: &mut Dice) -> String {
    let nation = dice.below(NATIONS.len());
    let (phone, balance, segment) = (phone(nation, dice), dice.money(9000), dice.pick(&SEGMENTS));
    format!(
        "{key}, 'Customer#{key:04}', 'road {key}', {nation}, '{phone}', {balance}, '{segment}', \
         'buyer'"
    )
}

fn order(key: usize, dice: &mut Dice, orders: &mut Vec<String>, lines: &mut Vec<String>) {
    // Every third buyer buys nothing.
    let buyer = match dice.below(BUYERS) + 1 {
        buyer if buyer % 3 == 0 => buyer - 1,
        buyer => buyer,
    };
    let day = dice.below(6 * 336);
    let count = dice.below(7) + 1;
    for line in 1..=count {
        let part = dice.below(PARTS) + 1;
        let supplier = seller(part, dice.below(4));
        let quantity = dice.below(50) + 1;
        let price = quantity * (900 + part);
        let shipped = day + dice.below(100) + 1;
        let (promised, received) = (day + dice.below(90) + 20, shipped + dice.below(30) + 1);
        let (flag, status) = match received < 3 * 336 + 168 {
            true => (dice.pick(&["A", "R"]), "F"),
            false => ("N", "O"),
        };
        lines.push(format!(
            "{key}, {part}, {supplier}, {line}, {quantity}, {price}.00, 0.{:02}, 0.{:02}, \
             '{flag}', '{status}', '{}', '{}', '{}', 'NONE', '{}', 'line'",
            dice.below(11),
            dice.below(9),
            date(shipped),
            date(promised),
            date(received),
            dice.pick(&MODES)
        ));
    }
    let status = if day < 3 * 336 { "F" } else { "O" };
    orders.push(format!(
        "{key}, {buyer}, '{status}', {}, '{}', '{}', 'Clerk#1', 0, '{}'",
        dice.money(200_000),
        date(day),
        dice.pick(&PRIORITIES),
        dice.pick(&REMARKS)
    ));
}
