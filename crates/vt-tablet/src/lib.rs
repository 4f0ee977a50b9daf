//! vttablet: query serving, transactions, state, manager.
