"""Django against a sharded keyspace: migrations, the ORM, introspection. Usage: django_test.py PORT

The models' tables are sharded by id; their ids come of sequences in the unsharded keyspace.
"""
import os
import sys
import types

import pymysql

pymysql.version_info = (2, 2, 1, "final", 0)
pymysql.install_as_MySQLdb()

import django
from django.apps import AppConfig
from django.conf import settings
from django.db import DatabaseError, connection, models, transaction

port = int(sys.argv[1])
sharded = sys.argv[2] if len(sys.argv) > 2 else "customer"
unsharded = sys.argv[3] if len(sys.argv) > 3 else "commerce"



class ShopConfig(AppConfig):
    """The application of the models below: relations are followed among installed ones alone."""

    name = "shop"
    path = os.path.dirname(os.path.abspath(__file__))


sys.modules["shop"] = types.ModuleType("shop")
sys.modules["shop"].__path__ = []
sys.modules["shop"].ShopConfig = ShopConfig

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.mysql",
            "NAME": sharded,
            "USER": "user",
            "HOST": "127.0.0.1",
            "PORT": port,
        }
    },
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "shop.ShopConfig"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=False,
    SECRET_KEY="for tests alone",
)
django.setup()

from django.core.management import call_command
from django.db.backends.mysql.features import DatabaseFeatures
from django.db.models import Avg, Count, Exists, F, OuterRef, Q, Sum

# Rows of a foreign key may lie on other shards than those that they refer to.
DatabaseFeatures.supports_foreign_keys = False


def check(what, seen, wanted):
    assert seen == wanted, f"{what}: seen {seen!r}, wanted {wanted!r}"


class Author(models.Model):
    name = models.CharField(max_length=50)
    born = models.DateField(null=True)

    class Meta:
        app_label = "shop"


class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE, related_name="books", db_constraint=False)
    title = models.CharField(max_length=80)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    stock = models.IntegerField(default=0)
    added = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "shop"
        ordering = ["title"]


CONTRIB = [
    "django_migrations", "django_content_type", "auth_permission", "auth_group",
    "auth_group_permissions", "auth_user", "auth_user_groups", "auth_user_user_permissions",
]


def alter(cursor, change):
    """Changes the VSchema, unless an earlier run has done so."""
    try:
        cursor.execute(f"alter vschema {change}")
    except DatabaseError as error:
        if "already" not in str(error):
            raise


def shard(cursor, table):
    """Says how a table is sharded, and where its ids come from."""
    sequence = f"{table}_seq"
    cursor.execute(
        f"create table if not exists {unsharded}.{sequence} (id int primary key, next_id bigint, cache bigint)"
        " comment 'vitess_sequence'"
    )
    cursor.execute(f"insert ignore into {unsharded}.{sequence} values (0, 1, 100)")
    alter(cursor, f"add sequence {unsharded}.{sequence}")
    alter(cursor, f"on {sharded}.{table} add vindex `xxhash`(id) using xxhash")
    alter(cursor, f"on {sharded}.{table} add auto_increment id using {unsharded}.{sequence}")


def drop_tables():
    """Drops what this script makes, or has made before."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            if table.startswith(("shop_", "auth_", "django_")):
                cursor.execute(f"drop table {sharded}.{table}")


drop_tables()
with connection.cursor() as cursor:
    for table in CONTRIB + ["shop_author", "shop_book"]:
        shard(cursor, table)
    alter(
        cursor,
        f"on {sharded}.django_session add vindex `unicode_loose_xxhash`(session_key)"
        " using unicode_loose_xxhash",
    )

call_command("migrate", verbosity=0)
with connection.schema_editor() as editor:
    editor.create_model(Author)
    editor.create_model(Book)

tables = connection.introspection.table_names()
assert "shop_book" in tables and "auth_user" in tables, tables
with connection.cursor() as cursor:
    columns = [one.name for one in connection.introspection.get_table_description(cursor, "shop_book")]
    check("columns", columns, ["id", "author_id", "title", "price", "stock", "added"])
    constraints = connection.introspection.get_constraints(cursor, "shop_book")
    assert constraints["PRIMARY"]["primary_key"], constraints

authors = [Author.objects.create(name=f"author {n}") for n in range(5)]
check("ids", len({one.pk for one in authors}), 5)
Book.objects.bulk_create(
    Book(author=author, title=f"book {n} of {author.name}", price=10 * (n + 1), stock=n)
    for author in authors for n in range(3)
)
check("count", Book.objects.count(), 15)
check("filter", Book.objects.filter(author__name="author 2", price__gt=10).count(), 2)
titles = [one.title for one in Book.objects.all()[3:5]]
check("page", titles, ["book 0 of author 3", "book 0 of author 4"])
check("exclude", Book.objects.exclude(Q(stock=0) | Q(stock=1)).count(), 5)
first = Book.objects.select_related("author").get(title="book 1 of author 3")
check("related", first.author.name, "author 3")
fetched = Author.objects.prefetch_related("books").order_by("name")
check("prefetch", [one.books.count() for one in fetched], [3] * 5)
totals = Author.objects.annotate(n=Count("books"), worth=Sum(F("books__price") * F("books__stock"))).order_by("name")
check("annotate", [(one.n, int(one.worth)) for one in totals], [(3, 80)] * 5)
check("aggregate", int(Book.objects.aggregate(Avg("price"))["price__avg"]), 20)
dear = Book.objects.filter(author=OuterRef("pk"), price__gte=30)
check("exists", Author.objects.filter(Exists(dear)).count(), 5)
check("distinct", Book.objects.values("stock").distinct().count(), 3)
check("values", list(Book.objects.values_list("stock", flat=True).filter(author=authors[0]).order_by("-stock")), [2, 1, 0])

check("update", Book.objects.filter(author=authors[1]).update(stock=F("stock") + 10), 3)
first.stock = 99
first.save()
first.refresh_from_db()
check("saved", first.stock, 99)
author, created = Author.objects.get_or_create(name="author 0")
check("get_or_create", (author.pk, created), (authors[0].pk, False))
author, created = Author.objects.update_or_create(name="new", defaults={"born": "1990-01-02"})
check("update_or_create", (str(Author.objects.get(pk=author.pk).born), created), ("1990-01-02", True))

try:
    with transaction.atomic():
        Author.objects.create(name="lost")
        with transaction.atomic():
            Author.objects.create(name="lost too")
        raise RuntimeError("roll back")
except RuntimeError:
    pass
check("rolled back", Author.objects.filter(name__startswith="lost").count(), 0)
with transaction.atomic():
    locked = Author.objects.select_for_update().get(pk=authors[4].pk)
    locked.name = "renamed"
    locked.save()
check("committed", Author.objects.get(pk=authors[4].pk).name, "renamed")

deleted, _ = authors[4].delete()
check("cascade", (deleted, Book.objects.count()), (4, 12))

from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.backends.db import SessionStore

user = User.objects.create_user("ann", "ann@example.org", "secret")
group = Group.objects.create(name="staff")
group.permissions.set(Permission.objects.filter(codename__startswith="add_"))
user.groups.add(group)
assert User.objects.get(username="ann").has_perm("auth.add_user")
session = SessionStore()
session["n"] = 1
session.save()
check("session", SessionStore(session.session_key)["n"], 1)

with connection.schema_editor() as editor:
    field = models.CharField(max_length=20, default="")
    field.set_attributes_from_name("genre")
    editor.add_field(Book, field)
with connection.cursor() as cursor:
    cursor.execute("select genre from shop_book limit 1")
    check("added column", cursor.fetchone(), ("",))
drop_tables()
print("ok")
