//! What the parts of each node are.

use std::ops::ControlFlow;

use super::{Node, Rewriter, Visitor, Walk};
use crate::ast::*;

type Flow = ControlFlow<()>;

const ON: Flow = ControlFlow::Continue(());

impl<'a, T: Node<'a>> Node<'a> for Option<T> {
    fn walk(&self, visitor: &mut dyn Visitor<'a>) -> Flow {
        self.as_ref().map_or(ON, |node| node.walk(visitor))
    }

    fn rewrite(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self> {
        self.as_ref().and_then(|node| node.rewrite(rewriter)).map(Some)
    }
}

impl<'a, T: Node<'a>> Node<'a> for &'a T {
    fn walk(&self, visitor: &mut dyn Visitor<'a>) -> Flow {
        (**self).walk(visitor)
    }

    // A frame of its own: otherwise an expression's takes the space of all kinds of its parts
    // together, at each level.
    #[inline(never)]
    fn rewrite(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self> {
        (**self).rewrite(rewriter).map(|node| rewriter.arena().node(node))
    }
}

impl<'a, T: Node<'a>> Node<'a> for &'a [T] {
    fn walk(&self, visitor: &mut dyn Visitor<'a>) -> Flow {
        self.iter().try_for_each(|node| node.walk(visitor))
    }

    fn rewrite(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self> {
        // Nothing is copied up to the first change.
        let (first, changed) = self
            .iter()
            .enumerate()
            .find_map(|(index, node)| Some((index, node.rewrite(rewriter)?)))?;
        let mut nodes = rewriter.arena().vec();
        nodes.extend_from_slice(&self[..first]);
        nodes.push(changed);
        for node in &self[first + 1..] {
            nodes.push(node.rewritten(rewriter));
        }
        Some(nodes.into_bump_slice())
    }
}

/// Structures, by those of their fields that have parts worth visiting.
macro_rules! structures {
    ($($type:ident { $($field:ident)* })*) => {$(
        impl<'a> Node<'a> for $type<'a> {
            fn walk(&self, visitor: &mut dyn Visitor<'a>) -> Flow {
                $( self.$field.walk(visitor)?; )*
                ON
            }

            fn rewrite(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self> {
                $( let $field = Node::rewrite(&self.$field, rewriter); )*
                if true $( && $field.is_none() )* {
                    return None;
                }
                let mut new = *self;
                $( new.$field = $field.unwrap_or(self.$field); )*
                Some(new)
            }
        }
    )*};
}

/// Enumerations, by those of their variants that have one part worth visiting.
macro_rules! choices {
    ($($type:ident { $($variant:ident)* })*) => {$(
        impl<'a> Node<'a> for $type<'a> {
            fn walk(&self, visitor: &mut dyn Visitor<'a>) -> Flow {
                #[allow(unreachable_patterns, reason = "some types have no other variants")]
                match self {
                    $( $type::$variant(node) => node.walk(visitor), )*
                    _ => ON,
                }
            }

            fn rewrite(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self> {
                #[allow(unreachable_patterns, reason = "some types have no other variants")]
                match self {
                    $( $type::$variant(node) => node.rewrite(rewriter).map($type::$variant), )*
                    _ => None,
                }
            }
        }
    )*};
}

/// Nodes that a visitor or rewriter sees itself, before their parts.
macro_rules! seen {
    ($type:ident $hook:ident $walk:ident $rewrite:ident) => {
        impl<'a> Node<'a> for $type<'a> {
            fn walk(&self, visitor: &mut dyn Visitor<'a>) -> Flow {
                match visitor.$hook(self) {
                    Walk::Into => self.$walk(visitor),
                    Walk::Over => ON,
                    Walk::Stop => ControlFlow::Break(()),
                }
            }

            fn rewrite(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self> {
                rewriter.$hook(self).or_else(|| self.$rewrite(rewriter))
            }
        }
    };
}

/// The same for nodes that are always behind a reference, which is what is seen and replaced.
macro_rules! seen_behind_reference {
    ($type:ident $hook:ident) => {
        impl<'a> Node<'a> for &'a $type<'a> {
            fn walk(&self, visitor: &mut dyn Visitor<'a>) -> Flow {
                match visitor.$hook(self) {
                    Walk::Into => self.walk_parts(visitor),
                    Walk::Over => ON,
                    Walk::Stop => ControlFlow::Break(()),
                }
            }

            fn rewrite(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self> {
                if let Some(replaced) = rewriter.$hook(self) {
                    return Some(replaced);
                }
                let changed = self.rewrite_parts(rewriter)?;
                Some(rewriter.arena().node(changed))
            }
        }
    };
}

seen! { Expr expr walk_parts rewrite_parts }
seen_behind_reference! { Query query }
seen_behind_reference! { Select select }
seen! { TableRef table_ref walk_parts rewrite_parts }

impl<'a> Node<'a> for TableName<'a> {
    fn walk(&self, visitor: &mut dyn Visitor<'a>) -> Flow {
        visitor.table_name(self);
        ON
    }

    fn rewrite(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self> {
        rewriter.table_name(self)
    }
}

impl<'a> Node<'a> for ColumnName<'a> {
    fn walk(&self, visitor: &mut dyn Visitor<'a>) -> Flow {
        visitor.column(self);
        ON
    }

    fn rewrite(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self> {
        rewriter.column(self)
    }
}

/// The same match for walking and rewriting an expression's parts.
macro_rules! expr_parts {
    ($($variant:ident)*) => {
        impl<'a> Expr<'a> {
            /// Walks over the parts, not the expression itself.
            pub fn walk_parts(&self, visitor: &mut dyn Visitor<'a>) -> Flow {
                match self {
                    $( Expr::$variant(node) => node.walk(visitor), )*
                    Expr::Null | Expr::True | Expr::False | Expr::Literal(_) | Expr::Bind(_)
                    | Expr::Variable(_) => ON,
                }
            }

            /// Rewrites the parts, not the expression itself.
            pub fn rewrite_parts(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self> {
                match self {
                    $( Expr::$variant(node) => node.rewrite(rewriter).map(Expr::$variant), )*
                    Expr::Null | Expr::True | Expr::False | Expr::Literal(_) | Expr::Bind(_)
                    | Expr::Variable(_) => None,
                }
            }
        }
    };
}

expr_parts! {
    Column Assign Unary Binary And Or Quantified In Between Like Is MemberOf Case Cast
    ConvertUsing Collate Introducer Temporal Function Aggregate Window Special Match Interval
    Subquery Exists Row Default Values
}

macro_rules! parts {
    ($($type:ident { $($field:ident)* })*) => {$(
        impl<'a> $type<'a> {
            /// Walks over the parts, not the node itself.
            pub fn walk_parts(&self, visitor: &mut dyn Visitor<'a>) -> Flow {
                $( self.$field.walk(visitor)?; )*
                ON
            }

            /// Rewrites the parts, not the node itself.
            pub fn rewrite_parts(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self> {
                $( let $field = Node::rewrite(&self.$field, rewriter); )*
                if true $( && $field.is_none() )* {
                    return None;
                }
                let mut new = *self;
                $( new.$field = $field.unwrap_or(self.$field); )*
                Some(new)
            }
        }
    )*};
}

parts! {
    Query { with body order_by limit locks }
    Select { items from filter group_by having windows qualify }
}

impl<'a> Node<'a> for SelectItem<'a> {
    fn walk(&self, visitor: &mut dyn Visitor<'a>) -> Flow {
        match self {
            SelectItem::Star(_) => ON,
            SelectItem::Expr(item) => item.walk(visitor),
            SelectItem::Next(count) => count.walk(visitor),
        }
    }

    fn rewrite(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self> {
        rewriter.select_item(self).or_else(|| match self {
            SelectItem::Star(_) => None,
            SelectItem::Expr(item) => item.rewrite(rewriter).map(SelectItem::Expr),
            SelectItem::Next(count) => count.rewrite(rewriter).map(SelectItem::Next),
        })
    }
}

impl<'a> TableRef<'a> {
    /// Walks over the parts, not the table itself.
    pub fn walk_parts(&self, visitor: &mut dyn Visitor<'a>) -> Flow {
        match self {
            TableRef::Table(table) => table.walk(visitor),
            TableRef::Derived(derived) => derived.walk(visitor),
            TableRef::JsonTable(table) => table.walk(visitor),
            TableRef::Join(join) => join.walk(visitor),
            TableRef::Paren(tables) => tables.walk(visitor),
        }
    }

    /// Rewrites the parts, not the table itself.
    pub fn rewrite_parts(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self> {
        match self {
            TableRef::Table(table) => table.rewrite(rewriter).map(TableRef::Table),
            TableRef::Derived(derived) => derived.rewrite(rewriter).map(TableRef::Derived),
            TableRef::JsonTable(table) => table.rewrite(rewriter).map(TableRef::JsonTable),
            TableRef::Join(join) => join.rewrite(rewriter).map(TableRef::Join),
            TableRef::Paren(tables) => tables.rewrite(rewriter).map(TableRef::Paren),
        }
    }
}

structures! {
    AssignExpr { value }
    Unary { expr }
    Quantified { left query }
    In { expr list }
    Between { expr low high }
    Like { expr pattern escape }
    Is { expr }
    MemberOf { value json }
    Case { operand whens otherwise }
    When { condition value }
    Cast { expr }
    ConvertUsing { expr }
    Collate { expr }
    Introducer { expr }
    Temporal { expr }
    Function { args }
    Aggregate { args order_by separator over }
    WindowFunction { args over }
    WindowSpec { partition_by order_by frame }
    Frame { start end }
    OrderItem { expr }
    Match { columns against }
    Interval { amount }

    SetOperation { first rest }
    SetTail { body }
    With { tables }
    CommonTable { query }
    SelectExpr { expr }
    GroupBy { exprs modifier }
    TableSample { percent }
    DualityPair { value }
    NamedWindow { spec }
    Limit { offset count }
    Lock { of }
    TableFactor { name sample }
    Derived { query }
    Join { left right condition }
    JsonTable { doc }

    Insert { table source on_duplicate }
    Assignment { column value }
    Update { with tables assignments filter order_by limit }
    Delete { with targets tables filter order_by limit }
    LoadData { table columns assignments }
    Call { name args }

    Set { items }
    Show { kind filter }
    Kill { id }
    Vexplain { statement }
    Stream { item table filter limit }

    CreateTable { name like elements source }
    TableSource { query }
    ForeignKey { references }
    References { table }
    AlterTable { name actions }
    DropTable { tables }
    CreateIndex { table }
    DropIndex { table }
    View { name query }
    DropView { views }
    RenamePair { from to }
    Maintenance { tables }
    TableLock { table }
    Flush { what }
    CreateTrigger { table }
    Event { schedule }
    HandlerRead { from filter limit }
    CachedTable { table }
    MaskingPolicy { expr }
    SignalItem { value }
    GetDiagnostics { condition }
}

choices! {
    GroupModifier { Sets }
    InList { Exprs Query }
    Over { Spec }
    FrameBound { Preceding Following }
    JsonFallback { Default }
    QueryBody { Select Set Values Table Query }
    JoinCondition { On }
    InsertSource { Values Query }
    SetValue { Expr }
    ShowFilter { Like Where }
    TableElement { ForeignKey }
    Statement {
        Query Insert Update Delete LoadData Call Do Set Show Kill Explain Vexplain CreateTable
        AlterTable DropTable TruncateTable RenameTable CreateIndex DropIndex View DropView
        Maintenance LockTables Flush Program Replication Server Handler Diagnostics AlterVschema
        Stream
    }
    Program { CreateTrigger CreateEvent AlterEvent }
    Replication { PurgeBefore }
}

/// Enumerations whose variants have named fields.
macro_rules! records {
    ($($type:ident { $($variant:ident { $($field:ident)* })* })*) => {$(
        impl<'a> Node<'a> for $type<'a> {
            fn walk(&self, visitor: &mut dyn Visitor<'a>) -> Flow {
                match self {
                    $( $type::$variant { $($field,)* .. } => {
                        $( $field.walk(visitor)?; )*
                        ON
                    } )*
                    #[allow(unreachable_patterns, reason = "some types have no other variants")]
                    _ => ON,
                }
            }

            fn rewrite(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self> {
                let mut new = *self;
                let mut changed = false;
                match &mut new {
                    $( $type::$variant { $($field,)* .. } => {
                        $( if let Some(part) = Node::rewrite(&*$field, rewriter) {
                            *$field = part;
                            changed = true;
                        } )*
                    } )*
                    #[allow(unreachable_patterns, reason = "some types have no other variants")]
                    _ => {}
                }
                changed.then_some(new)
            }
        }
    )*};
}

records! {
    Special {
        Extract { expr }
        Trim { what expr }
        Char { args }
        WeightString { expr }
        GetFormat { expr }
        TimestampAdd { amount expr }
        TimestampDiff { from to }
        JsonValue { doc path on_empty on_error }
        DualityObject { pairs }
    }
    SetItem { Variable { value } }
    Explain { Table { table } Statement { statement } Connection { id } }
    FlushWhat { Tables { tables } }
    AlterAction { ExchangePartition { table } }
    Schedule { At { time } Every { amount starts ends } }
    HandlerFrom { Key { values } }
}

/// Variants with one unnamed part, and variants with a named one of one type.
macro_rules! mixed {
    ($($type:ident [$($plain:ident)*] [$($named:ident { $field:ident })*])*) => {$(
        impl<'a> Node<'a> for $type<'a> {
            fn walk(&self, visitor: &mut dyn Visitor<'a>) -> Flow {
                match self {
                    $( $type::$plain(table) => table.walk(visitor), )*
                    $( $type::$named { $field, .. } => $field.walk(visitor), )*
                    #[allow(unreachable_patterns, reason = "some types have no other variants")]
                    _ => ON,
                }
            }

            fn rewrite(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self> {
                let mut new = *self;
                let part = match &mut new {
                    $( $type::$plain(table) => {
                        *table = Node::rewrite(&*table, rewriter)?;
                        return Some(new);
                    } )*
                    $( $type::$named { $field, .. } => $field, )*
                    #[allow(unreachable_patterns, reason = "some types have no other variants")]
                    _ => return None,
                };
                *part = Node::rewrite(&*part, rewriter)?;
                Some(new)
            }
        }
    )*};
}

mixed! {
    Handler [Read] [Open { table }]
    ServerStatement [LoadIndex CreateMaskingPolicy] [CacheIndex { tables }]
    Diagnostics [Get] [Signal { items } Resignal { items }]
    ShowKind [CreateTable] [Columns { table } Index { table }]
    AlterVschema
        [AddTable DropTable AddSequence DropSequence]
        [AddColumnVindex { table } DropColumnVindex { table } AddAutoIncrement { table }
            DropAutoIncrement { table }]
}
