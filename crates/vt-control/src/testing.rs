//! What the tests share: a topology in memory and tablets that only pretend.
