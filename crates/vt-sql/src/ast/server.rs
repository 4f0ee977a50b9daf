//! The server itself: plugins, components, instance, key caches, help.

use super::{Expr, Ident, Literal, SetItem, TableName};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ServerStatement<'a> {
    InstallPlugin {
        name: Ident<'a>,
        file: &'a Literal<'a>,
    },
    UninstallPlugin(Ident<'a>),
    InstallComponent {
        names: &'a [&'a Literal<'a>],
        set: &'a [SetItem<'a>],
    },
    UninstallComponent(&'a [&'a Literal<'a>]),
    AlterInstance(InstanceAction<'a>),
    /// `LOCK INSTANCE FOR BACKUP`
    LockInstance,
    UnlockInstance,
    Shutdown,
    Restart,
    Help(&'a str),
    /// `IMPORT TABLE FROM 'file', ...`
    ImportTable(&'a [&'a Literal<'a>]),
    /// `CACHE INDEX ... IN cache`; `None` is the default cache.
    CacheIndex {
        tables: &'a [CachedTable<'a>],
        cache: Option<Ident<'a>>,
    },
    /// `LOAD INDEX INTO CACHE ...`
    LoadIndex(&'a [CachedTable<'a>]),
    CreateMaskingPolicy(&'a MaskingPolicy<'a>),
    DropMaskingPolicy {
        if_exists: bool,
        name: Ident<'a>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InstanceAction<'a> {
    RotateInnodbKey,
    RotateBinlogKey,
    ReloadTls { channel: Option<Ident<'a>>, no_rollback: bool },
    ReloadKeyring,
    RedoLog { enable: bool },
}

/// A table whose indexes go to a key cache.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CachedTable<'a> {
    pub table: TableName<'a>,
    pub partitions: Option<CachedPartitions<'a>>,
    pub indexes: Option<&'a [Ident<'a>]>,
    /// Of `LOAD INDEX`.
    pub ignore_leaves: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CachedPartitions<'a> {
    All,
    Named(&'a [Ident<'a>]),
}

/// `CREATE MASKING POLICY name (parameter) expression`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaskingPolicy<'a> {
    pub if_not_exists: bool,
    pub name: Ident<'a>,
    pub parameter: Ident<'a>,
    pub expr: Expr<'a>,
}
