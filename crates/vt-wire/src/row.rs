//! Rows in text form: they travel as they came, only headers are put between them.

use vt_value::{Row, Rows};

use crate::frame;

/// Appends one row as a packet.
pub fn put_text(out: &mut Vec<u8>, sequence: &mut u8, row: Row<'_>) {
    frame::put_packet(out, sequence, row.0);
}

/// Appends rows from `from` on as packets until `out` holds `limit` bytes or more; returns the
/// index of the first row that was left.
pub fn put_text_until(
    out: &mut Vec<u8>,
    sequence: &mut u8,
    rows: &Rows,
    from: usize,
    limit: usize,
) -> usize {
    let (data, ends) = (rows.data(), rows.ends());
    let mut start = if from == 0 { 0 } else { ends[from - 1] };
    for (index, end) in ends.iter().enumerate().skip(from) {
        if out.len() >= limit {
            return index;
        }
        frame::put_packet(out, sequence, &data[start..*end]);
        start = *end;
    }
    ends.len()
}

#[cfg(test)]
mod tests {
    use vt_value::RowsBuilder;

    use super::*;

    #[test]
    fn rows_go_out_in_pieces() {
        let mut builder = RowsBuilder::default();
        for number in 0..10_u8 {
            builder.push([Some([number])]);
        }
        let rows = builder.finish();
        let (mut all, mut sequence) = (Vec::new(), 3);
        assert_eq!(put_text_until(&mut all, &mut sequence, &rows, 0, usize::MAX), 10);
        assert_eq!(sequence, 13);
        assert_eq!(&all[..12], &[2, 0, 0, 3, 1, 0, 2, 0, 0, 4, 1, 1]);

        let (mut pieces, mut sequence, mut next) = (Vec::new(), 3, 0);
        while next < rows.len() {
            let mut piece = Vec::new();
            let before = next;
            next = put_text_until(&mut piece, &mut sequence, &rows, next, 7);
            assert!(next > before);
            pieces.extend(piece);
        }
        assert_eq!(pieces, all);
    }
}
