//! vtgate: sessions, plan cache, scatter, transactions, fronts.
