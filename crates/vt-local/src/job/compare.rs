//! How far the comparison of the rows is.

use vt_base::Result;
use vt_proto::vtctldata::VDiffShowResponse;

/// Returns how many rows were compared, and how many there are.
pub(super) fn compared(reply: &VDiffShowResponse) -> Result<(u64, u64)> {
    let (mut rows, mut of) = (0u64, 0u64);
    for answer in reply.tablet_responses.values() {
        let output =
            vt_rpc::convert::result_from_proto(&answer.output.clone().unwrap_or_default())?;
        let place = |name: &str| output.fields.iter().position(|field| &*field.name == name);
        let places = (place("rows_compared"), place("table_rows"));
        for row in output.rows.iter() {
            let number = |place: Option<usize>| {
                let text =
                    String::from_utf8_lossy(place.and_then(|at| row.column(at))?).into_owned();
                text.parse::<u64>().ok()
            };
            rows = rows.saturating_add(number(places.0).unwrap_or_default());
            of = of.saturating_add(number(places.1).unwrap_or_default());
        }
    }
    Ok((rows, of))
}
