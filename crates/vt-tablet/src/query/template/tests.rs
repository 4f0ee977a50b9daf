//! Filling in values.

use proptest::prelude::*;

use super::*;

fn filled(text: &str, binds: &BindVars) -> Result<String> {
    let mut out = Vec::new();
    Template::new(text).fill(binds, Escaping::Backslash, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn literal(typ: Type, value: &[u8]) -> Result<String> {
    let mut out = Vec::new();
    write_value(&TypedBytes::new(typ, value.to_vec()), Escaping::Backslash, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn values_stand_where_their_names_stood() {
    let mut binds = BindVars::new();
    binds.set("a", TypedBytes::int64(-5));
    binds.set("b", TypedBytes::varchar("it's"));
    binds.set("n", TypedBytes::NULL);
    let list = vec![TypedBytes::int64(1), TypedBytes::varchar("x")];
    binds.set("l", BoundValue::Tuple(list));
    assert_eq!(
        filled("select :b, ':a', \":a\", `:a` /* :a */ from t where x in ::l and y = :a", &binds)
            .unwrap(),
        "select 'it\\'s', ':a', \":a\", `:a` /* :a */ from t where x in (1, 'x') and y = -5"
    );
    assert_eq!(
        filled("set @x := :n -- :a\n+ :a # :a", &binds).unwrap(),
        "set @x := null -- :a\n+ -5 # :a"
    );
    assert_eq!(filled("select '\\':a', :a", &binds).unwrap(), "select '\\':a', -5");
    assert_eq!(filled("select 1 --:a", &binds).unwrap(), "select 1 ---5");
    assert_eq!(filled("select /*! :a */ 1", &binds).unwrap(), "select /*! -5 */ 1");
    assert_eq!(filled("select '12:30', a:b", &binds).unwrap(), "select '12:30', a'it\\'s'");
}

#[test]
fn what_is_missing_or_of_the_wrong_kind_is_named() {
    let mut binds = BindVars::new();
    binds.set("one", TypedBytes::int64(1));
    binds.set("none", BoundValue::Tuple(Vec::new()));
    let text = |sql: &str| filled(sql, &binds).unwrap_err().message().to_owned();
    assert_eq!(text("select :x"), "missing bind var x");
    assert_eq!(text("select ::none"), "empty list supplied for none");
    assert_eq!(text("select ::one"), "unexpected list arg type (INT64) for key one");
    assert_eq!(text("select :none"), "unexpected arg type (TUPLE) for non-list key none");
}

#[test]
fn only_numbers_stand_bare() {
    for good in ["0", "-12", "+3", ".5", "1.5e10", "2E-3", "1e+3"] {
        assert_eq!(literal(Type::DECIMAL, good.as_bytes()).unwrap(), good);
    }
    for bad in ["", "-", "1 or 1", "1-1", "e5", "1;", "0x10", "nan", "--1", "1/*"] {
        assert!(literal(Type::INT64, bad.as_bytes()).is_err(), "{bad} was taken");
    }
    assert_eq!(literal(Type::HEXNUM, b"0xFf").unwrap(), "0xFf");
    assert_eq!(literal(Type::HEXVAL, b"x'4D'").unwrap(), "x'4D'");
    assert_eq!(literal(Type::BITNUM, b"0b101").unwrap(), "0b101");
    assert!(literal(Type::HEXVAL, b"x'4D' or 1").is_err());
    assert_eq!(literal(Type::BIT, &[5]).unwrap(), "b'00000101'");
    assert_eq!(literal(Type::VARBINARY, b"a\0").unwrap(), "_binary'a\\0'");
    assert!(literal(Type::TUPLE, b"").is_err());
    assert!(literal(Type(77), b"x").is_err());
}

proptest! {
    /// A text that is filled in is read back as one text that ends where it should.
    #[test]
    fn no_text_ends_its_quotes(value in prop::collection::vec(any::<u8>(), 0..60), doubling: bool) {
        let escaping = if doubling { Escaping::Doubling } else { Escaping::Backslash };
        let mut out = Vec::new();
        write_value(&TypedBytes::new(Type::VARCHAR, value.clone()), escaping, &mut out).unwrap();
        let mut back = Vec::new();
        let mut at = 1;
        loop {
            match out[at] {
                b'\\' if !doubling => {
                    back.push(match out[at + 1] {
                        b'0' => 0, b'n' => b'\n', b'r' => b'\r', b't' => b'\t', b'b' => 8, b'Z' => 26,
                        other => other,
                    });
                    at += 2;
                }
                b'\'' if doubling && out.get(at + 1) == Some(&b'\'') => { back.push(b'\''); at += 2; }
                b'\'' => break,
                other => { back.push(other); at += 1; }
            }
        }
        prop_assert_eq!(at, out.len() - 1);
        prop_assert_eq!(back, value);
    }

    #[test]
    fn any_text_is_cut_without_panic(text in "[:a'\"`\\\\/*!#\n é-]{0,40}") {
        let template = Template::new(&text);
        let mut binds = BindVars::new();
        binds.set("a", TypedBytes::int64(1));
        let mut out = Vec::new();
        let _ = template.fill(&binds, Escaping::Backslash, &mut out);
    }
}
