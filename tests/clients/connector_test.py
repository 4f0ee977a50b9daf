"""MySQL Connector/Python, pure and with prepared statements. Usage: connector_test.py PORT"""
import datetime
import decimal
import sys

import mysql.connector

port = int(sys.argv[1])


def check(what, seen, wanted):
    assert seen == wanted, f"{what}: seen {seen!r}, wanted {wanted!r}"


conn = mysql.connector.connect(
    host="127.0.0.1", port=port, user="user", password="", database="customer", use_pure=True, ssl_disabled=True
)
cursor = conn.cursor(prepared=True)
cursor.execute("select email from customer where customer_id = ?", (4,))
check("prepared", cursor.fetchall(), [(b"dan@domain.com",)])
cursor.execute("select email from customer where customer_id = ?", (1,))
check("again", cursor.fetchall(), [(b"alice@domain.com",)])
cursor.execute("select customer_id from customer where customer_id < ? order by customer_id limit ?", (100, 3))
check("limit", cursor.fetchall(), [(1,), (2,), (3,)])
cursor.execute(
    "select cast(? as signed), cast(? as decimal(10,2)), cast(? as datetime), ?",
    (-7, decimal.Decimal("1.50"), datetime.datetime(2024, 1, 2, 3, 4, 5), "text"),
)
check(
    "types",
    cursor.fetchall(),
    [(-7, decimal.Decimal("1.50"), datetime.datetime(2024, 1, 2, 3, 4, 5), "text")],
)
cursor.execute("insert into corder(order_id, customer_id, sku, price) values (?, ?, ?, ?)", (30001, 4, "s", None))
check("affected", cursor.rowcount, 1)
cursor.execute("delete from corder where order_id = ?", (30001,))
conn.commit()
cursor.close()

plain = conn.cursor(dictionary=True)
plain.execute("select customer_id, email from customer where customer_id in (2, 3) order by 1")
check("dictionary", [one["customer_id"] for one in plain.fetchall()], [2, 3])
conn.cmd_reset_connection()
conn.cmd_change_user("user", "", "commerce")
one = conn.cursor()
one.execute("select count(*) from product")
check("after change user", one.fetchone(), (2,))
conn.close()
print("ok")
