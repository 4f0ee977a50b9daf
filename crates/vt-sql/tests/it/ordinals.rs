//! Fingerprint and parser number literals alike, and a normalized statement with its literals put
//! back is the statement.

use proptest::prelude::*;
use vt_sql::{
    Arena, Hooks, Modes, Print, Printer,
    ast::{Bind, Expr, InList, Literal, LiteralKind, Statement},
    fingerprint::{Fingerprint, Value, fingerprint, literal_value},
    normalize::normalize,
    parse, to_sql,
    visit::{Node, Visitor, Walk},
};

use crate::corpus::statements;

#[test]
fn ordinals_agree_over_the_corpus() {
    let mut literals = 0;
    for sql in statements() {
        literals += check(&sql);
    }
    assert!(literals > 150, "only {literals} literals checked");
}

/// Returns the number of literals compared.
fn check(sql: &str) -> usize {
    let arena = Arena::new();
    let Ok(statement) = parse(&arena, sql, Modes::default()) else { return 0 };
    let Some(print) = fingerprint(sql, Modes::default()) else {
        // Stored programs have semicolons of their own, and targets brackets.
        assert!(matches!(statement, Statement::Program(_) | Statement::Use(_)), "{sql}");
        return 0;
    };
    let mut literals = Literals { sql, print: &print, seen: 0 };
    let _ = statement.walk(&mut literals);
    let normalized = normalize(&arena, &statement);
    let values = Values { sql, print: &print };
    let mut printer = Printer::with_hooks(&values);
    normalized.statement.print(&mut printer);
    assert_eq!(printer.out, to_sql(&statement), "{sql}");
    literals.seen
}

struct Literals<'s> {
    sql: &'s str,
    print: &'s Fingerprint,
    seen: usize,
}

impl Literals<'_> {
    fn compare(&mut self, literal: &Literal<'_>, index: Option<usize>) {
        if literal.ordinal == Literal::MADE {
            return;
        }
        let span = &self.print.literals[literal.ordinal as usize];
        assert!(span.start <= literal.span.start && literal.span.end <= span.end, "{}", self.sql);
        let value = match (literal_value(self.sql, span, Modes::default()), index) {
            (Value::One(value), None) => value,
            (Value::List(values), Some(index)) => values[index].clone(),
            // A list that was folded where it is no list.
            (Value::List(values), None) => values[0].clone(),
            (value, index) => panic!("{value:?} at {index:?} in {}", self.sql),
        };
        assert_eq!((value.kind, &*value.bytes), (literal.kind, literal.value), "{}", self.sql);
        self.seen += 1;
    }
}

impl<'a> Visitor<'a> for Literals<'_> {
    fn expr(&mut self, expr: &Expr<'a>) -> Walk {
        match expr {
            Expr::Literal(literal) => self.compare(literal, None),
            Expr::In(in_list) => {
                if let InList::Literals(literals) = in_list.list {
                    for (index, literal) in literals.iter().enumerate() {
                        self.compare(literal, Some(index));
                    }
                }
            }
            _ => {}
        }
        Walk::Into
    }
}

/// Prints `:vtgN` as the literal that it stands for.
pub(crate) struct Values<'s> {
    pub(crate) sql: &'s str,
    pub(crate) print: &'s Fingerprint,
}

impl Hooks for Values<'_> {
    fn bind(&self, printer: &mut Printer<'_>, bind: &Bind<'_>) -> bool {
        let Some(number) = bind.name.strip_prefix("vtg").and_then(|n| n.parse::<usize>().ok())
        else {
            return false;
        };
        let span = &self.print.literals[number - 1];
        let literal = |kind: LiteralKind, value: &[u8], printer: &mut Printer<'_>| {
            let span = vt_sql::ast::Span::default();
            Literal { kind, value, span, ordinal: Literal::MADE }.print(printer);
        };
        match literal_value(self.sql, span, Modes::default()) {
            Value::One(value) => literal(value.kind, &value.bytes, printer),
            Value::List(values) => {
                printer.word("(");
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        printer.word(", ");
                    }
                    literal(value.kind, &value.bytes, printer);
                }
                printer.word(")");
            }
        }
        true
    }
}

/// An expression's text, of many kinds and a few levels.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a".to_owned()),
        Just("t.b".to_owned()),
        any::<u32>().prop_map(|n| n.to_string()),
        "[a-z'\\\\%_\n]{0,6}"
            .prop_map(|s| { format!("'{}'", s.replace('\\', "\\\\").replace('\'', "''")) }),
        Just("x'4d'".to_owned()),
        Just("1.5e3".to_owned()),
        Just("null".to_owned()),
        Just("@v".to_owned()),
        Just(":bind".to_owned()),
    ];
    leaf.prop_recursive(5, 60, 4, |inner| {
        let op = prop::sample::select(vec![
            "+",
            "-",
            "*",
            "/",
            "%",
            "div",
            "and",
            "or",
            "xor",
            "=",
            "<=>",
            "<",
            ">=",
            "|",
            "&",
            "<<",
            "^",
            "||",
            "&&",
            "like",
            "regexp",
            "is not null and",
        ]);
        prop_oneof![
            (inner.clone(), op, inner.clone()).prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) + -({b}) - 1")),
            inner.clone().prop_map(|a| format!("not ({a})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            inner.clone().prop_map(|a| format!("({a}) is not true")),
            prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|list| format!("a in ({}, a)", list.join(", "))),
            prop::collection::vec(any::<i16>(), 1..4).prop_map(|list| {
                let list: Vec<_> = list.iter().map(ToString::to_string).collect();
                format!("(a) not in ({})", list.join(", "))
            }),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("({a}) between ({b}) and ({c})")),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| format!("case when {a} then {b} else 1 end")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("f({a}, {b})")),
            inner.clone().prop_map(|a| format!("(select {a} from t limit 1)")),
            inner.prop_map(|a| format!("count(distinct {a})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn generated_statements_round_trip(
        item in expression(), filter in expression(), order in expression(),
    ) {
        let sql = format!(
            "select {item}, {item} as x from t where {filter} group by {order} order by {order}, 2"
        );
        let arena = Arena::new();
        let statement = parse(&arena, &sql, Modes::default()).expect(&sql);
        let printed = to_sql(&statement);
        let again = parse(&arena, &printed, Modes::default()).expect(&printed);
        prop_assert_eq!(statement, again, "{}", sql);
        prop_assert_eq!(to_sql(&again), printed);
        check(&sql);
    }

    #[test]
    fn any_text_is_read_or_refused(sql in "[ -~\n]{0,60}") {
        let arena = Arena::new();
        if let Ok(statement) = parse(&arena, &sql, Modes::default()) {
            let printed = to_sql(&statement);
            let again = parse(&arena, &printed, Modes::default());
            prop_assert!(again.is_ok(), "{}\n{}", sql, printed);
            check(&sql);
        }
        let _ = fingerprint(&sql, Modes::default());
    }
}
