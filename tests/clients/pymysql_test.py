"""PyMySQL against the gateway: types, parameters, transactions, errors. Usage: pymysql_test.py PORT"""
import datetime
import decimal
import sys

import pymysql

port = int(sys.argv[1])


def connect(**more):
    return pymysql.connect(host="127.0.0.1", port=port, user="user", database="customer", **more)


def check(what, seen, wanted):
    assert seen == wanted, f"{what}: seen {seen!r}, wanted {wanted!r}"


conn = connect()
cursor = conn.cursor()
cursor.execute("drop table if exists py_types")
cursor.execute(
    "create table py_types (customer_id bigint primary key, i int, u bigint unsigned, d decimal(20,4), f double,"
    " s varchar(50) character set utf8mb4, b varbinary(50), dt datetime(6), da date, ti time, j json, bt bit(8))"
)
cursor.execute("alter vschema on customer.py_types add vindex `hash`(customer_id)")
row = (
    -5, 2**64 - 1, decimal.Decimal("123456789.1230"), 1.5, "größe 😀", b"\x00\xff'\\",
    datetime.datetime(2024, 2, 29, 12, 30, 1, 250000), datetime.date(2024, 2, 29),
    datetime.timedelta(hours=100, minutes=5), '{"a": [1, 2]}',
)
for customer_id in (1, 4):
    cursor.execute(
        "insert into py_types values (%s, %s, %s, %s, %s, %s, _binary %s, %s, %s, %s, %s, b'101')",
        (customer_id, *row),
    )
conn.commit()
for customer_id in (1, 4):
    cursor.execute("select i, u, d, f, s, b, dt, da, ti, j, bt from py_types where customer_id = %s", (customer_id,))
    seen = cursor.fetchone()
    check("row", seen[:9], row[:9])
    check("bit", seen[10], b"\x05")
check("names", [field[0] for field in cursor.description][:3], ["i", "u", "d"])

cursor.execute("select customer_id, s from py_types order by customer_id desc")
check("order", [one[0] for one in cursor.fetchall()], [4, 1])
cursor.execute("select 1 + 1, 'a' as name, null")
check("names of expressions", [field[0] for field in cursor.description], ["1 + 1", "name", "NULL"])
check("values", cursor.fetchone(), (2, "a", None))

conn.begin()
cursor.execute("update py_types set i = 7")
check("affected", cursor.rowcount, 2)
conn.rollback()
cursor.execute("select sum(i) from py_types")
check("rolled back", cursor.fetchone(), (decimal.Decimal(-10),))
conn.commit()

try:
    cursor.execute("insert into py_types (customer_id) values (1)")
    raise AssertionError("a duplicate was taken")
except pymysql.err.IntegrityError as err:
    check("errno", err.args[0], 1062)
conn.rollback()

multi = connect(client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)
with multi.cursor() as many:
    many.execute("select 1; select 2; select 3")
    results = [many.fetchall()]
    while many.nextset():
        results.append(many.fetchall())
    check("multi", results, [((1,),), ((2,),), ((3,),)])
conn.ping()
conn.select_db("commerce")
cursor.execute("select database(), count(*) from product")
check("database", cursor.fetchone(), ("commerce", 2))
cursor.execute("drop table customer.py_types")
cursor.execute("alter vschema drop table customer.py_types")
print("ok")
