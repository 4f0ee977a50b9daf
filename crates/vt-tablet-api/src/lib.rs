//! The seam between gateway and tablet: the query service over our own types.
