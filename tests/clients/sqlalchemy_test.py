"""SQLAlchemy against a sharded keyspace: tables, the inspector, the ORM. Usage: sqlalchemy_test.py PORT"""
import sys

from sqlalchemy import (
    DateTime, Integer, Numeric, String, create_engine, exists, func, inspect, select, text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship, selectinload

port = int(sys.argv[1])
sharded = sys.argv[2] if len(sys.argv) > 2 else "customer"
unsharded = sys.argv[3] if len(sys.argv) > 3 else "commerce"
engine = create_engine(f"mysql+pymysql://user@127.0.0.1:{port}/{sharded}")


def check(what, seen, wanted):
    assert seen == wanted, f"{what}: seen {seen!r}, wanted {wanted!r}"


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "alch_account"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), index=True)
    orders: Mapped[list["Order"]] = relationship(
        back_populates="account", cascade="all, delete-orphan",
        primaryjoin="Account.id == foreign(Order.account_id)",
    )


class Order(Base):
    __tablename__ = "alch_order"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(Integer)
    total: Mapped[object] = mapped_column(Numeric(10, 2))
    placed: Mapped[object] = mapped_column(DateTime, server_default=func.now())
    account: Mapped[Account] = relationship(
        back_populates="orders", primaryjoin="foreign(Order.account_id) == Account.id"
    )


def alter(conn, change):
    """Changes the VSchema, unless an earlier run has done so."""
    try:
        conn.execute(text(f"alter vschema {change}"))
    except DBAPIError as error:
        if "already" not in str(error):
            raise


with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
    for table, column in (("alch_account", "id"), ("alch_order", "account_id")):
        sequence = f"{unsharded}.{table}_seq"
        conn.execute(text(
            f"create table if not exists {sequence} (id int primary key, next_id bigint, cache bigint)"
            " comment 'vitess_sequence'"
        ))
        conn.execute(text(f"insert ignore into {sequence} values (0, 1, 100)"))
        alter(conn, f"add sequence {sequence}")
        alter(conn, f"on {sharded}.{table} add vindex `xxhash`({column}) using xxhash")
        alter(conn, f"on {sharded}.{table} add auto_increment id using {sequence}")

Base.metadata.drop_all(engine)
Base.metadata.create_all(engine)
inspector = inspect(engine)
assert {"alch_account", "alch_order"} <= set(inspector.get_table_names())
check("columns", [one["name"] for one in inspector.get_columns("alch_order")], ["id", "account_id", "total", "placed"])
check("key", inspector.get_pk_constraint("alch_account")["constrained_columns"], ["id"])
check("index", inspector.get_indexes("alch_account")[0]["column_names"], ["name"])
assert inspector.has_table("alch_order") and not inspector.has_table("no_such_table")

with Session(engine) as session:
    for n in range(4):
        session.add(Account(name=f"n{n}", orders=[Order(total=10 * k) for k in range(1, n + 1)]))
    session.commit()
    check("count", session.scalar(select(func.count()).select_from(Order)), 6)
    loaded = session.scalars(select(Account).options(selectinload(Account.orders)).order_by(Account.name)).all()
    check("selectin", [len(one.orders) for one in loaded], [0, 1, 2, 3])
    joined = select(Account).options(joinedload(Account.orders)).where(Account.name == "n3")
    check("joined", len(session.scalars(joined).unique().one().orders), 3)
    totals = (
        select(Account.name, func.coalesce(func.sum(Order.total), 0))
        .outerjoin(Account.orders).group_by(Account.id, Account.name).order_by(Account.name)
    )
    check("totals", [(name, int(total)) for name, total in session.execute(totals)],
          [("n0", 0), ("n1", 10), ("n2", 30), ("n3", 60)])
    rich = select(Account.name).where(exists().where(Order.account_id == Account.id, Order.total >= 30))
    check("exists", session.scalars(rich).all(), ["n3"])
    account = session.scalars(select(Account).where(Account.name == "n2")).one()
    account.name = "changed"
    account.orders.pop()
    session.commit()
    check("orphan", session.scalar(select(func.count()).where(Order.account_id == account.id)), 1)
    with session.begin_nested() as nested:
        session.add(Account(name="lost"))
        session.flush()
        nested.rollback()
    session.commit()
    check("savepoint", session.scalar(select(func.count()).where(Account.name == "lost")), 0)
    session.delete(account)
    session.commit()
    check("deleted", sorted(session.scalars(select(Account.name))), ["n0", "n1", "n3"])

Base.metadata.drop_all(engine)
print("ok")
