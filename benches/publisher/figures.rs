//! Percentiles and ratios.

/// The value below which `share` of the sorted values lie.
pub fn percentile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = (share * last as f64).round() as usize;
    sorted[at.min(last)]
}

/// Sorted, smallest first.
pub fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

/// The middle one, with the smallest and the largest.
pub fn spread(values: Vec<f64>) -> String {
    let values = sorted(values);
    format!(
        "{:.2} (of {} runs: {:.2} to {:.2})",
        percentile(&values, 0.5),
        values.len(),
        values[0],
        values[values.len() - 1],
    )
}
