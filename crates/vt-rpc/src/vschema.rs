//! Between the records of the vschema and the plain form that it is built from.

use std::collections::BTreeMap;

use vt_proto::vschema as proto;
use vt_value::Type;
use vt_vschema::ForeignKeyMode;
use vt_vschema::spec::{
    AutoIncrementSpec, ColumnSpec, ColumnVindexSpec, KeyspaceRoutingRuleSpec, KeyspaceSpec,
    MirrorRuleSpec, MultiTenantSpec, RoutingRuleSpec, ShardRoutingRuleSpec, SrvVSchemaSpec,
    TableSpec, VindexSpec,
};

/// Returns the plain form of a cell's vschema.
pub fn spec_from_proto(record: &proto::SrvVSchema) -> SrvVSchemaSpec {
    let rules = record.routing_rules.iter().flat_map(|rules| &rules.rules);
    let shard_rules = record.shard_routing_rules.iter().flat_map(|rules| &rules.rules);
    let keyspace_rules = record.keyspace_routing_rules.iter().flat_map(|rules| &rules.rules);
    let mirror_rules = record.mirror_rules.iter().flat_map(|rules| &rules.rules);
    SrvVSchemaSpec {
        keyspaces: map(&record.keyspaces, keyspace_spec_from_proto),
        routing_rules: rules
            .map(|rule| RoutingRuleSpec {
                from_table: rule.from_table.clone(),
                to_tables: rule.to_tables.clone(),
            })
            .collect(),
        shard_routing_rules: shard_rules
            .map(|rule| ShardRoutingRuleSpec {
                from_keyspace: rule.from_keyspace.clone(),
                to_keyspace: rule.to_keyspace.clone(),
                shard: rule.shard.clone(),
            })
            .collect(),
        keyspace_routing_rules: keyspace_rules
            .map(|rule| KeyspaceRoutingRuleSpec {
                from_keyspace: rule.from_keyspace.clone(),
                to_keyspace: rule.to_keyspace.clone(),
            })
            .collect(),
        mirror_rules: mirror_rules
            .map(|rule| MirrorRuleSpec {
                from_table: rule.from_table.clone(),
                to_table: rule.to_table.clone(),
                percent: rule.percent,
            })
            .collect(),
    }
}

/// Returns the record of a cell's vschema; rules that there are none of are left out.
pub fn spec_to_proto(spec: &SrvVSchemaSpec) -> proto::SrvVSchema {
    let rules: Vec<_> = spec.routing_rules.iter().map(rule_to_proto).collect();
    let shard_rules: Vec<_> = spec
        .shard_routing_rules
        .iter()
        .map(|rule| proto::ShardRoutingRule {
            from_keyspace: rule.from_keyspace.clone(),
            to_keyspace: rule.to_keyspace.clone(),
            shard: rule.shard.clone(),
        })
        .collect();
    let keyspace_rules: Vec<_> = spec
        .keyspace_routing_rules
        .iter()
        .map(|rule| proto::KeyspaceRoutingRule {
            from_keyspace: rule.from_keyspace.clone(),
            to_keyspace: rule.to_keyspace.clone(),
        })
        .collect();
    let mirror_rules: Vec<_> = spec
        .mirror_rules
        .iter()
        .map(|rule| proto::MirrorRule {
            from_table: rule.from_table.clone(),
            to_table: rule.to_table.clone(),
            percent: rule.percent,
        })
        .collect();
    proto::SrvVSchema {
        keyspaces: map(&spec.keyspaces, keyspace_spec_to_proto),
        routing_rules: (!rules.is_empty()).then_some(proto::RoutingRules { rules }),
        shard_routing_rules: (!shard_rules.is_empty())
            .then_some(proto::ShardRoutingRules { rules: shard_rules }),
        keyspace_routing_rules: (!keyspace_rules.is_empty())
            .then_some(proto::KeyspaceRoutingRules { rules: keyspace_rules }),
        mirror_rules: (!mirror_rules.is_empty())
            .then_some(proto::MirrorRules { rules: mirror_rules }),
    }
}

fn rule_to_proto(rule: &RoutingRuleSpec) -> proto::RoutingRule {
    proto::RoutingRule { from_table: rule.from_table.clone(), to_tables: rule.to_tables.clone() }
}

/// Returns the plain form of one keyspace's vschema.
pub fn keyspace_spec_from_proto(record: &proto::Keyspace) -> KeyspaceSpec {
    KeyspaceSpec {
        sharded: record.sharded,
        vindexes: map(&record.vindexes, |vindex| VindexSpec {
            typ: vindex.r#type.clone(),
            params: vindex.params.clone(),
            owner: vindex.owner.clone(),
        }),
        tables: map(&record.tables, table_from_proto),
        require_explicit_routing: record.require_explicit_routing,
        foreign_key_mode: ForeignKeyMode::from_i32(record.foreign_key_mode),
        multi_tenant: record.multi_tenant_spec.as_ref().map(|spec| MultiTenantSpec {
            column: spec.tenant_id_column_name.clone(),
            column_type: Type(spec.tenant_id_column_type),
        }),
    }
}

/// Returns the record of one keyspace's vschema.
pub fn keyspace_spec_to_proto(spec: &KeyspaceSpec) -> proto::Keyspace {
    proto::Keyspace {
        sharded: spec.sharded,
        vindexes: map(&spec.vindexes, |vindex| proto::Vindex {
            r#type: vindex.typ.clone(),
            params: vindex.params.clone(),
            owner: vindex.owner.clone(),
        }),
        tables: map(&spec.tables, table_to_proto),
        require_explicit_routing: spec.require_explicit_routing,
        foreign_key_mode: spec.foreign_key_mode as i32,
        multi_tenant_spec: spec.multi_tenant.as_ref().map(|spec| proto::MultiTenantSpec {
            tenant_id_column_name: spec.column.clone(),
            tenant_id_column_type: spec.column_type.0,
        }),
    }
}

fn table_from_proto(record: &proto::Table) -> TableSpec {
    TableSpec {
        typ: record.r#type.clone(),
        column_vindexes: record
            .column_vindexes
            .iter()
            .map(|one| ColumnVindexSpec {
                column: one.column.clone(),
                columns: one.columns.clone(),
                name: one.name.clone(),
            })
            .collect(),
        auto_increment: record.auto_increment.as_ref().map(|auto| AutoIncrementSpec {
            column: auto.column.clone(),
            sequence: auto.sequence.clone(),
        }),
        columns: record.columns.iter().map(column_from_proto).collect(),
        pinned: record.pinned.clone(),
        column_list_authoritative: record.column_list_authoritative,
        source: record.source.clone(),
    }
}

fn table_to_proto(spec: &TableSpec) -> proto::Table {
    proto::Table {
        r#type: spec.typ.clone(),
        column_vindexes: spec
            .column_vindexes
            .iter()
            .map(|one| proto::ColumnVindex {
                column: one.column.clone(),
                columns: one.columns.clone(),
                name: one.name.clone(),
            })
            .collect(),
        auto_increment: spec.auto_increment.as_ref().map(|auto| proto::AutoIncrement {
            column: auto.column.clone(),
            sequence: auto.sequence.clone(),
        }),
        columns: spec.columns.iter().map(column_to_proto).collect(),
        pinned: spec.pinned.clone(),
        column_list_authoritative: spec.column_list_authoritative,
        source: spec.source.clone(),
    }
}

fn column_from_proto(record: &proto::Column) -> ColumnSpec {
    ColumnSpec {
        name: record.name.clone(),
        typ: Type(record.r#type),
        invisible: record.invisible,
        default: record.default.clone(),
        collation_name: record.collation_name.clone(),
        size: record.size,
        scale: record.scale,
        nullable: record.nullable,
        values: record.values.clone(),
        ..ColumnSpec::default()
    }
}

fn column_to_proto(spec: &ColumnSpec) -> proto::Column {
    proto::Column {
        name: spec.name.clone(),
        r#type: spec.typ.0,
        invisible: spec.invisible,
        default: spec.default.clone(),
        collation_name: spec.collation_name.clone(),
        size: spec.size,
        scale: spec.scale,
        nullable: spec.nullable,
        values: spec.values.clone(),
    }
}

fn map<A, B>(from: &BTreeMap<String, A>, one: impl Fn(&A) -> B) -> BTreeMap<String, B> {
    from.iter().map(|(key, value)| (key.clone(), one(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_comes_back() {
        let column = ColumnSpec {
            name: "c".into(),
            typ: Type::VARCHAR,
            invisible: true,
            default: "x".into(),
            collation_name: "utf8mb4_bin".into(),
            size: 3,
            scale: 2,
            nullable: Some(false),
            values: vec!["a".into()],
            ..ColumnSpec::default()
        };
        let table = TableSpec {
            typ: "reference".into(),
            column_vindexes: vec![ColumnVindexSpec {
                column: "a".into(),
                columns: vec!["b".into()],
                name: "v".into(),
            }],
            auto_increment: Some(AutoIncrementSpec { column: "a".into(), sequence: "s".into() }),
            columns: vec![column],
            pinned: "80".into(),
            column_list_authoritative: true,
            source: "ks.t".into(),
        };
        let vindex = VindexSpec {
            typ: "hash".into(),
            params: BTreeMap::from([("k".into(), "v".into())]),
            owner: "t".into(),
        };
        let keyspace = KeyspaceSpec {
            sharded: true,
            vindexes: BTreeMap::from([("v".into(), vindex)]),
            tables: BTreeMap::from([("t".into(), table)]),
            require_explicit_routing: true,
            foreign_key_mode: ForeignKeyMode::Managed,
            multi_tenant: Some(MultiTenantSpec { column: "t".into(), column_type: Type::INT64 }),
        };
        let spec = SrvVSchemaSpec {
            keyspaces: BTreeMap::from([("ks".into(), keyspace)]),
            routing_rules: vec![RoutingRuleSpec {
                from_table: "a".into(),
                to_tables: vec!["ks.t".into()],
            }],
            shard_routing_rules: vec![ShardRoutingRuleSpec {
                from_keyspace: "a".into(),
                to_keyspace: "b".into(),
                shard: "-".into(),
            }],
            keyspace_routing_rules: vec![KeyspaceRoutingRuleSpec {
                from_keyspace: "a".into(),
                to_keyspace: "b".into(),
            }],
            mirror_rules: vec![MirrorRuleSpec {
                from_table: "a".into(),
                to_table: "b".into(),
                percent: 1.5,
            }],
        };
        assert_eq!(spec_from_proto(&spec_to_proto(&spec)), spec);
        let empty = SrvVSchemaSpec::default();
        assert_eq!(spec_to_proto(&empty), proto::SrvVSchema::default());
    }
}
