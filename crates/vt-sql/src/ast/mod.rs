//! The syntax tree.
//!
//! Everything lies in one [`Arena`](crate::Arena) and is `Copy`: nodes are shared by reference,
//! lists are slices, and there is nothing to drop. A node refers to the text or to the arena.

mod account;
mod admin;
mod ddl;
mod diagnostics;
mod dml;
mod expr;
mod function;
mod handler;
mod kind;
mod name;
mod program;
mod query;
mod replication;
mod server;
mod session;
mod show;
mod storage;
mod view;
mod vitess;
mod words;
mod xa;

pub use account::*;
pub use admin::*;
pub use ddl::*;
pub use diagnostics::*;
pub use dml::*;
pub use expr::*;
pub use function::*;
pub use handler::*;
pub use name::*;
pub use program::*;
pub use query::*;
pub use replication::*;
pub use server::*;
pub use session::*;
pub use show::*;
pub use storage::*;
pub use view::*;
pub use vitess::*;
pub use xa::*;

/// A statement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statement<'a> {
    Query(&'a Query<'a>),
    /// `INSERT` and `REPLACE`.
    Insert(&'a Insert<'a>),
    Update(&'a Update<'a>),
    Delete(&'a Delete<'a>),
    LoadData(&'a LoadData<'a>),
    Call(&'a Call<'a>),
    Do(&'a [Expr<'a>]),

    Set(&'a Set<'a>),
    Show(&'a Show<'a>),
    Use(Use<'a>),
    Begin(Begin),
    Commit(Completion),
    Rollback(Completion),
    Savepoint(Ident<'a>),
    RollbackTo(Ident<'a>),
    ReleaseSavepoint(Ident<'a>),
    Kill(&'a Kill<'a>),
    Explain(&'a Explain<'a>),
    Vexplain(&'a Vexplain<'a>),
    Prepare(&'a Prepare<'a>),
    Execute(&'a Execute<'a>),
    Deallocate(Ident<'a>),

    CreateTable(&'a CreateTable<'a>),
    AlterTable(&'a AlterTable<'a>),
    DropTable(&'a DropTable<'a>),
    TruncateTable(TableName<'a>),
    RenameTable(&'a [RenamePair<'a>]),
    CreateIndex(&'a CreateIndex<'a>),
    DropIndex(&'a DropIndex<'a>),
    View(&'a View<'a>),
    DropView(&'a DropView<'a>),
    CreateDatabase(&'a CreateDatabase<'a>),
    AlterDatabase(&'a AlterDatabase<'a>),
    DropDatabase(&'a DropDatabase<'a>),

    Maintenance(&'a Maintenance<'a>),
    LockTables(&'a [TableLock<'a>]),
    UnlockTables,
    Flush(&'a Flush<'a>),

    Program(&'a Program<'a>),
    Account(&'a AccountStatement<'a>),
    Xa(&'a Xa<'a>),
    Replication(&'a Replication<'a>),
    Storage(&'a Storage<'a>),
    Server(&'a ServerStatement<'a>),
    Handler(&'a Handler<'a>),
    Diagnostics(&'a Diagnostics<'a>),

    AlterVschema(&'a AlterVschema<'a>),
    AlterMigration(&'a AlterMigration<'a>),
    /// `REVERT VITESS_MIGRATION 'uuid'`
    RevertMigration(&'a Literal<'a>),
    Stream(&'a Stream<'a>),
}

/// The target of `USE`, as written: `ks`, `ks:-80@replica`, `ks/80-`, `ks[4c]`; empty for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use<'a> {
    pub target: &'a str,
}

/// The comments behind a statement's verb that mean something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Comments<'a> {
    /// The insides of `/*vt+ ... */`, trimmed, one string a comment.
    pub directives: &'a [&'a str],
    /// The inside of MySQL's `/*+ ... */`.
    pub hints: Option<&'a str>,
}

impl<'a> Comments<'a> {
    pub const NONE: Comments<'static> = Comments { directives: &[], hints: None };

    /// Returns a directive's value, without case in the name; a bare name has the value `true`.
    ///
    /// The last of several wins.
    pub fn directive(&self, name: &str) -> Option<&'a str> {
        self.each_directive().filter(|(key, _)| key.eq_ignore_ascii_case(name)).last().map(|d| d.1)
    }

    /// Iterates over names and values of the directives.
    pub fn each_directive(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.directives.iter().flat_map(|text| text.split_ascii_whitespace()).map(|word| {
            let (name, value) = word.split_once('=').unwrap_or((word, "true"));
            (name, value.trim_matches(['"', '\'']))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Arena, Modes, parse};

    #[test]
    fn nodes_stay_small() {
        assert_eq!(size_of::<Expr<'_>>(), 24);
        assert_eq!(size_of::<Literal<'_>>(), 32);
        assert_eq!(size_of::<Binary<'_>>(), 56);
        assert_eq!(size_of::<TableRef<'_>>(), 24);
        assert!(size_of::<Statement<'_>>() <= 40);
    }

    /// A plan cache keeps trees: what they take beside their text shall stay in sight.
    #[test]
    fn a_tree_is_copied_as_a_reference_and_dropped_with_its_arena() {
        fn copied<T: Copy>() -> bool {
            std::mem::needs_drop::<T>()
        }
        assert!(!copied::<Statement<'_>>());
        assert!(!copied::<Expr<'_>>());
        assert!(!copied::<Query<'_>>());
    }

    #[test]
    fn trees_of_common_statements_stay_small() {
        let bytes = |sql: &str| {
            let arena = Arena::new();
            parse(&arena, sql, Modes::default()).expect("a statement");
            arena.size() - arena.bump().chunk_capacity()
        };
        let point = bytes("select c from sbtest1 where id = 5");
        let mut ten = "select t0.a, t9.b from t0".to_owned();
        for number in 1..10 {
            ten += &format!(" join t{number} on t{number}.id = t{}.id", number - 1);
        }
        let ten = bytes(&(ten + " where t0.x = 1 and t9.y > 2 order by t5.z limit 10"));
        println!("point select {point} bytes, ten-way join {ten} bytes");
        assert!(point < 800, "{point} bytes");
        assert!(ten < 6_000, "{ten} bytes");
    }
}
