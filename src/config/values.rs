//! Values that several sections write alike: durations, sizes, switches.

use std::ops::RangeInclusive;
use std::time::Duration;

const UNITS: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86400)];

/// Reads `90s`, `15m`, `12h` or `7d`, within bounds.
pub(super) fn duration(range: RangeInclusive<Duration>) -> impl FnOnce(&str) -> Result<Duration, String> {
    move |text| {
        let seconds = UNITS.iter().find_map(|(unit, seconds)| {
            let number: u64 = text.strip_suffix(unit)?.trim().parse().ok()?;
            number.checked_mul(*seconds)
        });
        let duration = seconds.map(Duration::from_secs).filter(|duration| range.contains(duration));
        duration.ok_or_else(|| {
            let (from, to) = (written(*range.start()), written(*range.end()));
            format!("must be a duration from {from} to {to}, written like 90s, 15m, 12h or 7d")
        })
    }
}

/// The duration as [`duration`] reads it, in the largest unit that fits.
pub(super) fn written(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let fits = |unit: &&(&str, u64)| seconds > 0 && seconds.is_multiple_of(unit.1);
    let (unit, size) = UNITS.iter().rev().find(fits).unwrap_or(&UNITS[0]);
    format!("{}{unit}", seconds / size)
}

/// Reads a number of bytes, plain or with `KiB` or `MiB`, from 1 KiB to 100 MiB.
pub(super) fn size(text: &str) -> Result<usize, String> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| !c.is_ascii_digit()).len();
    let (number, unit) = lower.split_at(digits);
    let unit = match unit.trim() {
        "" | "b" => Some(1),
        "kib" => Some(1 << 10),
        "mib" => Some(1 << 20),
        _ => None,
    };
    let bytes = unit.and_then(|unit: usize| number.parse::<usize>().ok()?.checked_mul(unit));
    bytes
        .filter(|bytes| (1 << 10..=100 << 20).contains(bytes))
        .ok_or_else(|| "must be a size from 1KiB to 100MiB, written in bytes or like 512KiB or 1MiB".into())
}

/// Reads `on` or `off`, and what people write for them.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Ok(true),
        "off" | "false" | "no" | "0" => Ok(false),
        _ => Err("must be on or off".into()),
    }
}
