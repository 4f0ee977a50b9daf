//! Expressions.

use smallvec::SmallVec;

use super::{Print, Printer};
use crate::{
    ast::{
        Binary, BinaryOp, Case, CastType, Charset, Expr, In, InList, Is, IsWhat, LiteralKind,
        OrderItem, Quantifier, SystemVariable, Unary, UnaryOp, Variable, VariableScope,
    },
    parser::rung,
};

impl Print for Expr<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.expr(self, rung::OR);
    }
}

/// How tightly an expression holds together, on the parser's ladder.
fn class(expr: &Expr<'_>, printer: &Printer<'_>) -> u8 {
    match expr {
        Expr::Or(_) | Expr::Assign(_) => rung::OR,
        Expr::And(_) => rung::AND,
        Expr::Unary(unary) if unary.op == UnaryOp::Not => rung::NOT,
        Expr::Unary(_) => rung::UNARY,
        Expr::Is(is) if is.what == IsWhat::Null => rung::COMPARISON,
        Expr::Is(_) => rung::IS,
        Expr::Quantified(_) => rung::COMPARISON,
        Expr::In(_) | Expr::Between(_) | Expr::Like(_) | Expr::MemberOf(_) => rung::PREDICATE,
        // What an interval is added to reaches as far as it can.
        Expr::Binary(Binary { op: BinaryOp::Add, left: Expr::Interval(_), .. }) => rung::NOT,
        Expr::Binary(binary) => binary_level(binary.op, printer),
        Expr::Literal(literal)
            if literal.value.first() == Some(&b'-') && is_number(literal.kind) =>
        {
            rung::UNARY
        }
        _ => rung::COLLATE,
    }
}

fn is_number(kind: LiteralKind) -> bool {
    matches!(kind, LiteralKind::Int | LiteralKind::Decimal | LiteralKind::Float)
}

fn binary_level(op: BinaryOp, printer: &Printer<'_>) -> u8 {
    match op {
        BinaryOp::Xor => rung::XOR,
        BinaryOp::SoundsLike | BinaryOp::Regexp | BinaryOp::NotRegexp => rung::PREDICATE,
        BinaryOp::BitOr => rung::BIT_OR,
        BinaryOp::BitAnd => rung::BIT_AND,
        BinaryOp::ShiftLeft | BinaryOp::ShiftRight => rung::SHIFT,
        BinaryOp::Add | BinaryOp::Sub => rung::ADD,
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::IntDiv | BinaryOp::Mod => rung::MUL,
        BinaryOp::BitXor => rung::BIT_XOR,
        // Without the mode it is printed as a call.
        BinaryOp::Concat if printer.modes.pipes_as_concat => rung::CONCAT,
        BinaryOp::Concat | BinaryOp::JsonExtract | BinaryOp::JsonUnquote => rung::COLLATE,
        _ => rung::COMPARISON,
    }
}

impl Printer<'_> {
    /// Prints an expression where one must hold together at least as tightly as `min`.
    pub(crate) fn expr(&mut self, expr: &Expr<'_>, min: u8) {
        if let Some(hooks) = self.hooks.filter(|hooks| hooks.replaces(expr)) {
            return hooks.expr(self, expr);
        }
        let class = class(expr, self);
        if class < min || (self.parenthesised && class < rung::COLLATE) {
            self.word("(");
            self.bare_expr(expr);
            self.word(")");
        } else {
            self.bare_expr(expr);
        }
    }

    /// Prints arguments and the like, where nothing needs parentheses.
    pub(super) fn exprs(&mut self, exprs: &[Expr<'_>]) {
        self.list(exprs);
    }

    pub(super) fn bare_expr(&mut self, expr: &Expr<'_>) {
        match expr {
            Expr::Null => self.word("null"),
            Expr::True => self.word("true"),
            Expr::False => self.word("false"),
            Expr::Literal(literal) => self.node(*literal),
            Expr::Bind(bind) => self.node(*bind),
            Expr::Column(column) => self.node(*column),
            Expr::Variable(variable) => self.node(*variable),
            Expr::Unary(unary) => self.unary(unary),
            Expr::Binary(binary) => self.binary(binary),
            Expr::And(operands) => self.joined(operands, " and ", rung::AND + 1),
            Expr::Or(operands) => self.joined(operands, " or ", rung::OR + 1),
            Expr::In(in_list) => self.in_list(in_list),
            Expr::Is(is) => self.is(is),
            Expr::Function(function) => self.function(function),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Subquery(query) => self.paren_query(query),
            Expr::Exists(query) => {
                self.word("exists ");
                self.paren_query(query);
            }
            Expr::Row(items) => self.paren_list(items),
            _ => self.rarer_expr(expr),
        }
    }

    fn rarer_expr(&mut self, expr: &Expr<'_>) {
        match expr {
            Expr::Assign(assign) => {
                self.user_variable(assign.variable);
                self.word(" := ");
                self.expr(&assign.value, rung::OR);
            }
            Expr::Quantified(quantified) => {
                self.expr(&quantified.left, rung::COMPARISON);
                self.operator(quantified.op);
                self.word(match quantified.quantifier {
                    Quantifier::All => "all ",
                    Quantifier::Any => "any ",
                });
                self.paren_query(quantified.query);
            }
            Expr::Between(between) => {
                self.expr(&between.expr, rung::BIT_OR);
                self.word(if between.negated { " not between " } else { " between " });
                self.expr(&between.low, rung::BIT_OR);
                self.word(" and ");
                self.expr(&between.high, rung::PREDICATE);
            }
            Expr::Like(like) => {
                self.expr(&like.expr, rung::BIT_OR);
                self.word(if like.negated { " not like " } else { " like " });
                self.expr(&like.pattern, rung::CONCAT);
                if let Some(escape) = &like.escape {
                    self.word(" escape ");
                    self.expr(escape, rung::CONCAT);
                }
            }
            Expr::MemberOf(member) => {
                self.expr(&member.value, rung::BIT_OR);
                self.word(" member of (");
                self.expr(&member.json, rung::CONCAT);
                self.word(")");
            }
            Expr::Case(case) => self.case(case),
            Expr::Cast(cast) => {
                self.word("cast(");
                self.node(&cast.expr);
                self.optional(" at time zone ", cast.time_zone);
                self.word(" as ");
                self.node(&cast.target);
                self.word(")");
            }
            Expr::ConvertUsing(convert) => {
                self.word("convert(");
                self.node(&convert.expr);
                self.word(" using ");
                self.charset(convert.charset);
                self.word(")");
            }
            _ => self.rarest_expr(expr),
        }
    }

    fn rarest_expr(&mut self, expr: &Expr<'_>) {
        match expr {
            Expr::Collate(collate) => {
                self.expr(&collate.expr, rung::COLLATE);
                self.word(" collate ");
                self.name(collate.collation);
            }
            Expr::Introducer(introducer) => {
                self.word("_");
                self.word(introducer.charset);
                self.word(" ");
                self.node(&introducer.expr);
            }
            Expr::Temporal(temporal) => {
                self.word(temporal.kind.text());
                self.word(" ");
                self.node(&temporal.expr);
            }
            Expr::Window(window) => self.window_function(window),
            Expr::Special(special) => self.special(special),
            Expr::Match(match_expr) => self.match_against(match_expr),
            Expr::Interval(interval) => {
                self.word("interval ");
                self.node(&interval.amount);
                self.word(" ");
                self.word(interval.unit.text());
            }
            Expr::Default(column) => {
                self.word("default");
                if let Some(column) = column {
                    self.word("(");
                    self.node(*column);
                    self.word(")");
                }
            }
            Expr::Values(column) => {
                self.word("values(");
                self.node(*column);
                self.word(")");
            }
            _ => {}
        }
    }

    fn joined(&mut self, operands: &[Expr<'_>], between: &str, min: u8) {
        for (index, operand) in operands.iter().enumerate() {
            self.word_if(index > 0, between);
            self.expr(operand, min);
        }
    }

    fn unary(&mut self, unary: &Unary<'_>) {
        if unary.op == UnaryOp::Not {
            self.word("not ");
            let high = self.modes.high_not_precedence;
            return self.expr(&unary.expr, if high { rung::COLLATE } else { rung::NOT });
        }
        let word = match unary.op {
            UnaryOp::Plus => "+",
            UnaryOp::Minus => "-",
            UnaryOp::BitNot => "~",
            UnaryOp::HighNot if self.modes.high_not_precedence => "not ",
            UnaryOp::Bang | UnaryOp::HighNot => "!",
            UnaryOp::Binary | UnaryOp::Not => "binary ",
        };
        self.word(word);
        let start = self.out.len();
        self.expr(&unary.expr, rung::UNARY);
        // `--1` is too near to a comment, and `!!` one sign.
        let doubled = matches!(word, "-" | "!") && self.out[start..].starts_with(word);
        if doubled {
            self.out.insert(start, ' ');
        }
    }

    fn operator(&mut self, op: BinaryOp) {
        self.word(" ");
        self.word(op.text());
        self.word(" ");
    }

    /// Prints a chain of operators from the left, without recursion along it.
    fn binary<'t>(&mut self, binary: &'t Binary<'t>) {
        let mut spine: SmallVec<[&'t Binary<'t>; 8]> = SmallVec::new();
        let mut at = binary;
        loop {
            spine.push(at);
            match &at.left {
                Expr::Binary(left)
                    if !self.parenthesised
                        && !self.hooks.is_some_and(|hooks| hooks.replaces(&at.left))
                        && is_infix(left, self)
                        && class(&at.left, self) >= left_min(at.op, self) =>
                {
                    at = left;
                }
                _ => break,
            }
        }
        for (index, link) in spine.iter().rev().enumerate() {
            if !is_infix(link, self) {
                self.call_for_operator(link);
                continue;
            }
            if index == 0 {
                self.expr(&link.left, left_min(link.op, self));
            }
            self.operator(link.op);
            let level = binary_level(link.op, self);
            let min = if level == rung::PREDICATE { rung::BIT_OR } else { level + 1 };
            let arrow = matches!(link.op, BinaryOp::JsonExtract | BinaryOp::JsonUnquote);
            self.expr(&link.right, if arrow { rung::COLLATE } else { min });
        }
    }

    /// Prints operators that are written as calls here: `||` without its mode, and `->` on what
    /// is no column.
    fn call_for_operator(&mut self, binary: &Binary<'_>) {
        let (open, close) = match binary.op {
            BinaryOp::Concat => ("concat(", ")"),
            BinaryOp::JsonExtract => ("json_extract(", ")"),
            _ => ("json_unquote(json_extract(", "))"),
        };
        self.word(open);
        self.node(&binary.left);
        self.word(", ");
        self.node(&binary.right);
        self.word(close);
    }

    fn in_list(&mut self, in_list: &In<'_>) {
        self.expr(&in_list.expr, rung::BIT_OR);
        self.word(if in_list.negated { " not in " } else { " in " });
        match in_list.list {
            InList::Literals(literals) => self.paren_list(literals),
            InList::Exprs(exprs) => {
                // A single query in a list would be read as the list itself.
                let lone = matches!(exprs, [Expr::Subquery(_)]);
                self.word_if(lone, "(");
                self.paren_list(exprs);
                self.word_if(lone, ")");
            }
            InList::Query(query) => self.paren_query(query),
            InList::Bind(bind) => self.node(bind),
        }
    }

    fn is(&mut self, is: &Is<'_>) {
        self.expr(&is.expr, rung::COMPARISON);
        self.word(if is.negated { " is not " } else { " is " });
        self.word(match is.what {
            IsWhat::Null => "null",
            IsWhat::True => "true",
            IsWhat::False => "false",
            IsWhat::Unknown => "unknown",
        });
    }

    fn case(&mut self, case: &Case<'_>) {
        self.word("case");
        self.optional(" ", case.operand.as_ref());
        for when in case.whens {
            self.word(" when ");
            self.node(&when.condition);
            self.word(" then ");
            self.node(&when.value);
        }
        self.optional(" else ", case.otherwise.as_ref());
        self.word(" end");
    }

    /// Prints ` order by ...`, if there is one.
    pub(crate) fn order_by(&mut self, items: &[OrderItem<'_>]) {
        if !items.is_empty() {
            self.word(" order by ");
            self.list(items);
        }
    }
}

/// Tells whether an operator is printed between its operands.
fn is_infix(binary: &Binary<'_>, printer: &Printer<'_>) -> bool {
    match binary.op {
        BinaryOp::Concat => printer.modes.pipes_as_concat,
        BinaryOp::JsonExtract | BinaryOp::JsonUnquote => {
            matches!(binary.left, Expr::Column(_))
                && matches!(binary.right, Expr::Literal(_) | Expr::Bind(_))
        }
        _ => true,
    }
}

/// Returns how tightly a left operand must hold together.
fn left_min(op: BinaryOp, printer: &Printer<'_>) -> u8 {
    match binary_level(op, printer) {
        rung::PREDICATE => rung::BIT_OR,
        level => level,
    }
}

impl Print for OrderItem<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.node(&self.expr);
        printer.word(if self.descending { " desc" } else { " asc" });
    }
}

impl Print for Variable<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            Variable::User(name) => printer.user_variable(name),
            Variable::System(variable) => printer.node(variable),
        }
    }
}

impl Print for SystemVariable<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("@@");
        if let Some(scope) = self.scope {
            printer.word(scope_word(scope));
            printer.word(".");
        }
        for (index, part) in self.name.split('.').enumerate() {
            printer.word_if(index > 0, ".");
            printer.name(part);
        }
    }
}

pub(crate) fn scope_word(scope: VariableScope) -> &'static str {
    match scope {
        VariableScope::Global => "global",
        VariableScope::Session => "session",
        VariableScope::Persist => "persist",
        VariableScope::PersistOnly => "persist_only",
        VariableScope::VitessMetadata => "vitess_metadata",
    }
}

impl Print for CastType<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(self.kind.text());
        printer.length(self.length, self.scale);
        if let Some(charset) = self.charset {
            printer.word(" ");
            printer.node(&charset);
        }
        printer.word_if(self.binary, " binary");
        printer.word_if(self.array, " array");
    }
}

impl Print for Charset<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            Charset::Named(name) => {
                printer.word("character set ");
                printer.charset(name);
            }
            Charset::Ascii => printer.word("ascii"),
            Charset::Unicode => printer.word("unicode"),
            Charset::Byte => printer.word("byte"),
        }
    }
}

impl Printer<'_> {
    pub(crate) fn length(&mut self, length: Option<&str>, scale: Option<&str>) {
        if let Some(length) = length {
            self.word("(");
            self.word(length);
            if let Some(scale) = scale {
                self.word(", ");
                self.word(scale);
            }
            self.word(")");
        }
    }
}
