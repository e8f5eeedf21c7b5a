//! What Linux tells of processes.

use std::fs;

use crate::Failure;

/// Clock ticks of a second, in which Linux counts the time of processes.
const TICKS: f64 = 100.0;

/// Whose time is meant.
#[derive(Clone, Copy, Debug)]
pub enum Time {
    /// The process's own.
    Own,
    /// That of its children that have ended.
    OfChildren,
}

/// The seconds of processors that a process took, by its number or `self`.
///
/// # Errors
/// Where the system does not say.
pub fn seconds(process: &str, whose: Time) -> Result<f64, Failure> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // After the name, which is in brackets, the fields begin with the third; the own ones are the 14th and 15th, those of
    // children the two after them.
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace()).ok_or("no fields")?;
    let before = match whose {
        Time::Own => 11,
        Time::OfChildren => 13,
    };
    let ticks: f64 = fields.skip(before).take(2).map(|field| field.parse::<f64>().unwrap_or_default()).sum();
    Ok(ticks / TICKS)
}

/// The memory of a process in kB, by the name of a line such as `VmRSS` or `VmHWM`.
///
/// # Errors
/// Where the system does not say.
pub fn memory(process: &str, line: &str) -> Result<u64, Failure> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let found = status.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(':'));
    Ok(found.ok_or("the system names no such memory")?.trim_end_matches("kB").trim().parse()?)
}
