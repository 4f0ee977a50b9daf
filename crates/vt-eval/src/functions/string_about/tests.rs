//! What MySQL was seen to answer.

use super::{BYTES, PICOSECONDS, in_unit};

#[test]
fn figures_are_written_in_the_greatest_unit_that_fits() {
    let cases = [
        (1024.0, "1.00 KiB"),
        (-2048.0, "-2.00 KiB"),
        (1_048_576.0, "1.00 MiB"),
        (99_999_999_999.0, "93.13 GiB"),
        (1e20, "86.74 EiB"),
        (1e25, "8.67e+06 EiB"),
        (1e30, "8.67e+11 EiB"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(in_unit(bytes, BYTES).as_deref(), Some(expected));
    }
    assert_eq!(in_unit(1023.0, BYTES), None);
    let cases = [
        (1000.0, "1.00 ns"),
        (3501.0, "3.50 ns"),
        (6e13, "1.00 min"),
        (36e14, "1.00 h"),
        (188_732_396_662_000.0, "3.15 min"),
        (1e21, "11574.07 d"),
        (1e22, "1.16e+05 d"),
        (1e30, "1.16e+13 d"),
    ];
    for (time, expected) in cases {
        assert_eq!(in_unit(time, PICOSECONDS).as_deref(), Some(expected));
    }
}
