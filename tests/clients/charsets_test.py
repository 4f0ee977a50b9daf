"""PyMySQL in character sets that are not UTF-8: statements, values, names, messages. Usage: charsets_test.py PORT

With a second argument, the socket of a plain MySQL, both must answer alike.
"""
import sys

import pymysql

port = int(sys.argv[1])
plain = sys.argv[2] if len(sys.argv) > 2 else None

# In the second of some, one byte of a character is that of a backslash.
TEXTS = {
    "latin1": ["größe", "café €"],
    "gbk": ["中文", "昞運"],
    "sjis": ["日本", "表示ソ"],
    "big5": ["中文", "功許蓋"],
    "koi8r": ["привет", "Ёлка"],
    "utf8mb4": ["größe", "表示"],
}


def connect(charset, socket=None, database=None):
    where = {"unix_socket": socket, "user": "root"} if socket else {"host": "127.0.0.1", "port": port, "user": "user"}
    return pymysql.connect(charset=charset, database=database, **where)


def check(what, seen, wanted):
    assert seen == wanted, f"{what}: seen {seen!r}, wanted {wanted!r}"


def raw(conn, sql):
    """Runs a statement of bytes; returns columns and rows, or the message of the error, as bytes."""
    conn._execute_command(3, sql)
    head = conn._rfile.read(4)
    payload = conn._rfile.read(int.from_bytes(head[:3], "little"))
    if payload[0] == 0xFF:
        conn._next_seq_id = 0
        return payload[9:]
    conn._next_seq_id = head[3] + 1
    columns = [conn._read_packet().get_all_data() for _ in range(payload[0])]
    conn._read_packet()
    rows = []
    while not (packet := conn._read_packet()).is_eof_packet():
        rows.append(packet.get_all_data())
    return columns, rows


def answers(conn, charset):
    """What a server says in a character set, of statements without tables."""
    cursor = conn.cursor()
    told = []
    for text in TEXTS[charset]:
        encoded = text.encode(conn.encoding)
        cursor.execute("select hex(%s), %s, char_length(%s), length(%s)", (text, text, text, text))
        told.append(cursor.fetchall())
        cursor.execute(f"select 1 as `{text}`, '{text}' as b")
        told.append([(f.name, f.charsetnr, f.length) for f in cursor._result.fields])
        told.append(cursor.fetchall())
        own = b"_" + charset.encode()
        for name, value in ((b"_binary", encoded), (own, encoded), (b"_utf8mb4 /* x */", text.encode())):
            told.append(raw(conn, b"select hex(" + name + b"'" + value + b"') as h"))
        message = raw(conn, b"select `" + encoded + b"` as a")
        assert encoded in message, (charset, message)
        cursor.execute("select hex(convert(%s using utf8mb4)), collation(%s)", (text, text))
        told.append(cursor.fetchall())
    cursor.execute("select @@character_set_client, @@character_set_connection, @@character_set_results")
    told.append(cursor.fetchall())
    return told


def stored(charset):
    """Rows that one character set writes are read in another."""
    conn, reader = connect(charset, database="customer"), connect("utf8mb4", database="customer")
    with conn.cursor() as cursor, reader.cursor() as reading:
        for number, text in enumerate(TEXTS[charset], 1):
            cursor.execute("insert into py_charsets values (%s, %s)", (number, text))
            cursor.execute("select s from py_charsets where customer_id = %s", (number,))
            check(charset, cursor.fetchone()[0], text)
            cursor.execute("select count(*) from py_charsets where s = %s", (text,))
            check(charset, cursor.fetchone()[0], 1)
        conn.commit()
        reading.execute("select s, hex(s) from py_charsets order by customer_id")
        wanted = tuple((text, text.encode().hex().upper()) for text in TEXTS[charset])
        check(f"{charset} as utf8mb4", reading.fetchall(), wanted)
        cursor.execute("delete from py_charsets")
        conn.commit()


setup = connect("utf8mb4", database="customer").cursor()
setup.execute("drop table if exists py_charsets")
setup.execute("create table py_charsets (customer_id bigint primary key, s varchar(50) character set utf8mb4)")
setup.execute("alter vschema on customer.py_charsets add vindex `hash`(customer_id)")
for charset in TEXTS:
    stored(charset)
    seen = answers(connect(charset), charset)
    if plain:
        for place, (ours, theirs) in enumerate(zip(seen, answers(connect(charset, plain), charset))):
            check(f"{charset}, answer {place}", ours, theirs)
    check(f"{charset} in its own", seen[2][0][1], TEXTS[charset][0])
setup.execute("drop table customer.py_charsets")
setup.execute("alter vschema drop table customer.py_charsets")
print("ok")
