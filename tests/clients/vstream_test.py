"""A consumer of changes in another language: its classes are generated from our .proto files, it
copies a table, follows it, and goes on from where it was."""

import importlib
import sys
import tempfile
from pathlib import Path

import grpc
import pymysql
from grpc_tools import protoc

GRPC_PORT, MYSQL_PORT = sys.argv[1], int(sys.argv[2])
PROTO = Path(__file__).resolve().parents[2] / "crates/vt-proto/proto"
PATIENCE = 120


def generate():
    """Generates the classes of all files, and returns the module of each."""
    out = tempfile.mkdtemp()
    files = [str(file) for file in sorted(PROTO.glob("*.proto"))]
    args = ["protoc", f"-I{PROTO}", f"--python_out={out}", f"--grpc_python_out={out}", *files]
    assert protoc.main(args) == 0, "the .proto files are not taken"
    sys.path.insert(0, out)
    names = ["vtgate_pb2", "binlogdata_pb2", "topodata_pb2", "vtgateservice_pb2_grpc"]
    return [importlib.import_module(name) for name in names]


vtgate, binlogdata, topodata, service = generate()
EVENT = binlogdata.VEventType
sql = pymysql.connect(host="127.0.0.1", port=MYSQL_PORT, user="user", database="customer", autocommit=True)


def run(statement):
    with sql.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def everywhere(gtid):
    shard = binlogdata.ShardGtid(keyspace="customer", gtid=gtid)
    return binlogdata.VGtid(shard_gtids=[shard])


def values(row):
    """Cuts a row's values apart; those of length -1 are NULL."""
    out, place = [], 0
    for length in row.lengths:
        if length < 0:
            out.append(None)
            continue
        out.append(row.values[place : place + length].decode())
        place += length
    return out


class Consumer:
    """Rows by key, as the events so far leave them."""

    def __init__(self, vgtid, flags):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{GRPC_PORT}")
        rule = binlogdata.Rule(match="feed")
        request = vtgate.VStreamRequest(
            tablet_type=topodata.PRIMARY,
            vgtid=vgtid,
            filter=binlogdata.Filter(rules=[rule]),
            flags=vtgate.VStreamFlags(**flags),
        )
        self.stream = service.VitessStub(self.channel).VStream(request, timeout=PATIENCE)
        self.rows, self.vgtid, self.told, self.seen = {}, vgtid, 0, []

    def until(self, what, done):
        for part in self.stream:
            for event in part.events:
                self.take(event)
            if done(self):
                return
        raise AssertionError(f"{what}: the stream ended; rows are {self.rows}")

    def take(self, event):
        self.seen.append(event.type)
        if event.HasField("vgtid"):
            self.vgtid = event.vgtid
        for change in event.row_event.row_changes:
            self.told += 1
            assert event.row_event.table_name == "feed" or event.row_event.table_name == "customer.feed"
            if change.HasField("before"):
                self.rows.pop(values(change.before)[0], None)
            if change.HasField("after"):
                row = values(change.after)
                self.rows[row[0]] = row

    def close(self):
        self.stream.cancel()
        self.channel.close()


def table():
    return {str(id): [str(id), name, None if n is None else str(n)] for id, name, n in run("select * from feed")}


run("create table feed (id bigint primary key, name varchar(40), n int)")
run("alter vschema on customer.feed add vindex `hash`(id)")
run("insert into feed values " + ",".join(f"({id}, 'näme {id}', {id % 5})" for id in range(1, 201)))

# The copy, with flags that a cautious consumer sets; then changes, the deleted among them.
consumer = Consumer(everywhere(""), {"minimize_skew": True, "heartbeat_interval": 1})
consumer.until("copy", lambda now: now.seen.count(EVENT.COPY_COMPLETED) == 3)
assert consumer.rows == table(), consumer.rows
run("update feed set n = null where id < 20")
run("delete from feed where id between 20 and 29")
run("insert into feed values (1000, 'new', 1)")
wanted = table()
consumer.until("changes", lambda now: now.rows == wanted)
consumer.until("a heartbeat", lambda now: EVENT.HEARTBEAT in now.seen)
place = consumer.vgtid
consumer.close()

# It goes on where it was, and a large transaction comes in chunks, whole.
run("begin")
run("insert into feed values " + ",".join(f"({id}, repeat('x', 40), 0)" for id in range(2000, 4000)))
run("commit")
consumer = Consumer(place, {"exclude_keyspace_from_table_name": True, "transaction_chunk_size": 20000})
consumer.until("the rest", lambda now: now.told >= 2000)
assert sorted(map(int, consumer.rows)) == list(range(2000, 4000))
# The fields of a table stand before its rows, and what a transaction began, it ends.
kinds = [kind for kind in consumer.seen if kind in (EVENT.BEGIN, EVENT.COMMIT, EVENT.ROW)]
depth = 0
for kind in kinds:
    depth += {EVENT.BEGIN: 1, EVENT.COMMIT: -1}.get(kind, 0)
    assert depth in (0, 1), kinds
    assert kind != EVENT.ROW or depth == 1, "a row outside of its transaction"
assert consumer.seen.index(EVENT.FIELD) < consumer.seen.index(EVENT.ROW)
consumer.close()

# From now on: what was before does not come.
consumer = Consumer(everywhere("current"), {})
consumer.until("the beginning", lambda now: sum(len(one.gtid) > 7 for one in now.vgtid.shard_gtids) == 2)
run("insert into feed values (5000, 'last', 1)")
consumer.until("the last row", lambda now: now.told > 0)
assert list(consumer.rows) == ["5000"], consumer.rows
consumer.close()

# The same by SQL, as rows with a sign: those behind a position.
run("set workload = 'olap'")
gtid = next(one.gtid for one in place.shard_gtids if one.shard == "-80")
run("use `customer:-80`")
rows = run(f"vstream * from feed where pos > '{gtid}' limit 3")
assert len(rows) == 3 and all(row[0] in (b"+", "+") and 2000 <= row[1] < 4000 for row in rows), rows
run("use customer")
run("set workload = 'oltp'")
run("drop table feed")
print("ok")
