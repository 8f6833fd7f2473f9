//! What a server costs.

/// Of all processes of a server, also those that have ended, in seconds.
pub(super) fn server_time(parent: u32) -> f64 {
    let times = |process: &str, fields: &[usize]| -> Option<(u32, f64)> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let values: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let hundredths = fields.iter().filter_map(|at| values.get(*at)?.parse::<f64>().ok());
        Some((values.get(1)?.parse().ok()?, hundredths.sum::<f64>() / 100.0))
    };
    let ended = times(&parent.to_string(), &[11, 12, 13, 14]).map_or(0.0, |(_, seconds)| seconds);
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = processes.filter_map(|entry| entry.file_name().into_string().ok());
    let live = names.filter_map(|name| times(&name, &[11, 12])).filter(|(above, _)| *above == parent);
    ended + live.map(|(_, seconds)| seconds).sum::<f64>()
}
