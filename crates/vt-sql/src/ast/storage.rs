//! Tablespaces, log files, servers, resource groups, spatial reference systems.

use super::{Ident, Literal, TableOption};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Storage<'a> {
    CreateTablespace(&'a CreateTablespace<'a>),
    AlterTablespace {
        undo: bool,
        name: Ident<'a>,
        action: TablespaceAction<'a>,
        options: &'a [TableOption<'a>],
    },
    DropTablespace {
        undo: bool,
        name: Ident<'a>,
        options: &'a [TableOption<'a>],
    },
    /// `CREATE` or `ALTER LOGFILE GROUP name ADD UNDOFILE 'file' ...`
    LogfileGroup {
        alter: bool,
        name: Ident<'a>,
        file: &'a Literal<'a>,
        options: &'a [TableOption<'a>],
    },
    DropLogfileGroup {
        name: Ident<'a>,
        options: &'a [TableOption<'a>],
    },
    CreateServer {
        name: &'a str,
        wrapper: &'a str,
        options: &'a [ServerOption<'a>],
    },
    AlterServer {
        name: &'a str,
        options: &'a [ServerOption<'a>],
    },
    DropServer {
        if_exists: bool,
        name: &'a str,
    },
    ResourceGroup(&'a ResourceGroup<'a>),
    DropResourceGroup {
        name: Ident<'a>,
        force: bool,
    },
    /// `SET RESOURCE GROUP name [FOR thread, ...]`
    SetResourceGroup {
        name: Ident<'a>,
        threads: &'a [&'a str],
    },
    CreateSpatialReference(&'a CreateSpatialReference<'a>),
    DropSpatialReference {
        if_exists: bool,
        srid: &'a str,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CreateTablespace<'a> {
    pub undo: bool,
    pub name: Ident<'a>,
    pub file: Option<&'a Literal<'a>>,
    pub logfile_group: Option<Ident<'a>>,
    pub options: &'a [TableOption<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TablespaceAction<'a> {
    /// Only options.
    Options,
    AddFile(&'a Literal<'a>),
    DropFile(&'a Literal<'a>),
    Rename(Ident<'a>),
    /// `SET ACTIVE` and `SET INACTIVE`, of undo tablespaces.
    SetActive(bool),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServerOption<'a> {
    pub kind: ServerOptionKind,
    pub value: ServerValue<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerOptionKind {
    User,
    Host,
    Database,
    Owner,
    Password,
    Socket,
    Port,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ServerValue<'a> {
    String(&'a Literal<'a>),
    Number(&'a str),
}

/// `CREATE` and `ALTER RESOURCE GROUP`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResourceGroup<'a> {
    pub alter: bool,
    pub name: Ident<'a>,
    /// `TYPE = SYSTEM` or `USER`, of `CREATE`.
    pub system: Option<bool>,
    /// Processors from and to, as written.
    pub cpus: &'a [(&'a str, Option<&'a str>)],
    /// As written, perhaps with a minus.
    pub priority: Option<&'a str>,
    pub enable: Option<bool>,
    /// Behind `DISABLE`.
    pub force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CreateSpatialReference<'a> {
    pub or_replace: bool,
    pub if_not_exists: bool,
    pub srid: &'a str,
    pub attributes: &'a [SpatialAttribute<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SpatialAttribute<'a> {
    Name(&'a Literal<'a>),
    Definition(&'a Literal<'a>),
    Organization { name: &'a Literal<'a>, id: &'a str },
    Description(&'a Literal<'a>),
}
