//! MySQL's grammar: lexer, fingerprint, syntax tree, parser, printer, visitor.
