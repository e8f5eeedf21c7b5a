//! Gzipped tar archives as trees.

use std::io::Read;

use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use thiserror::Error;

use super::{EntryKind, MemoryTree, TreePath};

/// How much an archive may hold. What an archive of a few bytes can make large has a limit here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchiveLimits {
    /// Bytes of all files, headers included, unpacked. 100 MiB, as Helm allows.
    pub total_bytes: u64,
    /// Bytes of one file. 5 MiB, as Helm allows.
    pub file_bytes: u64,
    /// Files and directories. 20,000.
    pub entries: usize,
    /// Parts of a path. 64.
    pub depth: usize,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self { total_bytes: 100 << 20, file_bytes: 5 << 20, entries: 20_000, depth: 64 }
    }
}

/// Why an archive is no tree.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// It is not a gzipped tar archive, or it breaks off.
    #[error("the archive cannot be read")]
    Malformed(#[source] std::io::Error),
    /// A path does not stay inside.
    #[error("the archive has the path `{0}`, which leads out of it")]
    Outside(String),
    /// A link or a device.
    #[error("the archive has `{path}`, which is {what}, and only files and directories are unpacked")]
    Kind {
        /// The entry.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// Two entries have one path, or a file is where a directory is.
    #[error("the archive has `{0}` more than once")]
    Twice(String),
    /// More than the limits allow.
    #[error("the archive has more than {limit} {what}")]
    Budget {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
    },
}

/// The files of a gzipped tar archive without the first part of their paths, the folder that `helm package` and `git archive`
/// put everything into. Nothing is written to a disk.
///
/// # Errors
/// [`ArchiveError`]. Links are refused rather than followed: what they name may be anywhere.
pub fn unpack(archive: &[u8], limits: &ArchiveLimits) -> Result<MemoryTree, ArchiveError> {
    let budget = || ArchiveError::Budget { what: "bytes", limit: limits.total_bytes };
    let unpacked = MultiGzDecoder::new(archive).take(limits.total_bytes.saturating_add(1));
    let mut archive = tar::Archive::new(unpacked);
    let mut tree = MemoryTree::new();
    let mut total = 0u64;
    for (count, entry) in archive.entries().map_err(ArchiveError::Malformed)?.enumerate() {
        if count >= limits.entries {
            return Err(ArchiveError::Budget { what: "entries", limit: limits.entries as u64 });
        }
        let mut entry = match entry {
            Ok(entry) => entry,
            // The cut end of what is too large looks like an archive that breaks off.
            Err(_) if total > limits.total_bytes => return Err(budget()),
            Err(error) => return Err(ArchiveError::Malformed(error)),
        };
        let name = String::from_utf8_lossy(&entry.path_bytes()).replace('\\', "/");
        total = total.saturating_add(512).saturating_add(entry.size());
        let kind = entry.header().entry_type();
        if kind.is_pax_global_extensions() || kind.is_pax_local_extensions() {
            continue;
        }
        let path = inside(&name, limits)?;
        if kind.is_dir() {
            continue;
        }
        if !(kind.is_file() || kind.is_contiguous()) {
            let what = if kind.is_symlink() || kind.is_hard_link() { "a link" } else { "no file" };
            return Err(ArchiveError::Kind { path: name, what });
        }
        if entry.size() > limits.file_bytes {
            return Err(ArchiveError::Budget { what: "bytes in a file", limit: limits.file_bytes });
        }
        if total > limits.total_bytes {
            return Err(budget());
        }
        let path = path.filter(|path| !path.is_root()).ok_or_else(|| ArchiveError::Outside(name.clone()))?;
        let mut content = Vec::new();
        let mut limited = (&mut entry).take(limits.file_bytes.saturating_add(1));
        limited.read_to_end(&mut content).map_err(ArchiveError::Malformed)?;
        if content.len() as u64 > limits.file_bytes {
            return Err(ArchiveError::Budget { what: "bytes in a file", limit: limits.file_bytes });
        }
        if content.len() as u64 != entry.size() {
            return Err(ArchiveError::Malformed(std::io::ErrorKind::UnexpectedEof.into()));
        }
        let executable = entry.header().mode().is_ok_and(|mode| mode & 0o111 != 0);
        let kind = if executable { EntryKind::Executable } else { EntryKind::File };
        add(&mut tree, path, kind, content.into(), &name)?;
    }
    Ok(tree)
}

/// A gzipped tar archive of files below one folder, as `helm package` makes it. The same files give the same bytes: there are
/// no times and no owners in it.
///
/// # Errors
/// Where a path is too long for an archive.
pub fn pack<'f>(folder: &str, files: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> std::io::Result<Vec<u8>> {
    let encoder = GzEncoder::new(Vec::new(), Compression::default());
    let mut archive = tar::Builder::new(encoder);
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("{folder}/{path}"), content)?;
    }
    archive.into_inner()?.finish()
}

/// The path without its first part; none where it has no other.
fn inside(name: &str, limits: &ArchiveLimits) -> Result<Option<TreePath>, ArchiveError> {
    let outside = || ArchiveError::Outside(name.into());
    let drive = name.as_bytes().get(1) == Some(&b':');
    if name.starts_with('/') || drive || name.split('/').any(|part| part == "..") {
        return Err(outside());
    }
    let path = TreePath::new(name).map_err(|_| outside())?;
    if path.parts().count() > limits.depth {
        return Err(ArchiveError::Budget { what: "parts in a path", limit: limits.depth as u64 });
    }
    let rest = path.as_str().split_once('/').map(|(_, rest)| rest);
    rest.map(|rest| TreePath::new(rest).map_err(|_| outside())).transpose()
}

fn add(tree: &mut MemoryTree, path: TreePath, kind: EntryKind, content: Bytes, name: &str) -> Result<(), ArchiveError> {
    use super::Tree as _;
    // Memory does not fail.
    let known = |path: &TreePath| tree.stat(path).ok().flatten().map(|meta| meta.kind);
    let mut above = path.parent();
    let mut free = known(&path).is_none();
    while let Some(directory) = above.filter(|directory| !directory.is_root()) {
        free &= known(&directory).is_none_or(|kind| kind == EntryKind::Directory);
        above = directory.parent();
    }
    if !free {
        return Err(ArchiveError::Twice(name.into()));
    }
    tree.insert(path, kind, content);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::Tree as _;
    use super::*;

    fn entry(name: &str, kind: tar::EntryType, content: &[u8]) -> Vec<u8> {
        let mut header = tar::Header::new_ustar();
        // The name is written by hand: the library refuses those that a hostile archive has.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }

    fn packed(entries: &[Vec<u8>]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        entries.iter().for_each(|entry| encoder.write_all(entry).unwrap());
        encoder.write_all(&[0; 1024]).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(entries: &[Vec<u8>], limits: &ArchiveLimits) -> Result<MemoryTree, String> {
        unpack(&packed(entries), limits).map_err(|error| error.to_string())
    }

    fn file(name: &str, content: &[u8]) -> Vec<u8> {
        entry(name, tar::EntryType::Regular, content)
    }

    #[test]
    fn the_folder_round_everything_is_left_out() {
        let directory = entry("web/templates/", tar::EntryType::Directory, b"");
        let entries = [file("web/Chart.yaml", b"name: web\n"), directory, file("web/templates/a.yaml", b"a: 1\n")];
        let tree = unpacked(&entries, &ArchiveLimits::default()).unwrap();
        let path = TreePath::new("templates/a.yaml").unwrap();
        assert_eq!(tree.read(&path).unwrap().unwrap().bytes, "a: 1\n");
        assert_eq!(tree.list(&TreePath::root()).unwrap().unwrap().len(), 2);
    }

    #[test]
    fn what_is_packed_is_unpacked_and_always_the_same() {
        let files = [("Chart.yaml", b"name: web\n".as_slice()), ("templates/a.yaml", b"")];
        let packed = pack("web", files).unwrap();
        assert_eq!(packed, pack("web", files).unwrap());
        let tree = unpack(&packed, &ArchiveLimits::default()).unwrap();
        assert_eq!(tree.read(&TreePath::new("Chart.yaml").unwrap()).unwrap().unwrap().bytes, "name: web\n");
        assert!(tree.stat(&TreePath::new("templates/a.yaml").unwrap()).unwrap().is_some());
    }

    #[test]
    fn hostile_paths_and_links_are_refused() {
        let limits = ArchiveLimits::default();
        for name in ["../evil", "web/../../evil", "/etc/passwd", "web\\..\\..\\evil", "c:/evil", "evil", "web/.."] {
            let error = unpacked(&[file(name, b"x")], &limits).unwrap_err();
            assert!(error.ends_with("which leads out of it"), "{name}: {error}");
        }
        for kind in [tar::EntryType::Symlink, tar::EntryType::Link, tar::EntryType::Fifo, tar::EntryType::Char] {
            let error = unpacked(&[entry("web/link", kind, b"")], &limits).unwrap_err();
            assert!(error.ends_with("only files and directories are unpacked"), "{error}");
        }
        let twice = [file("web/a", b"1"), file("web/a/b", b"2")];
        assert_eq!(unpacked(&twice, &limits).unwrap_err(), "the archive has `web/a/b` more than once");
    }

    #[test]
    fn bombs_end_within_their_budget() {
        let mut limits = ArchiveLimits::default();
        let zeros = vec![0; 4 << 20];
        let large: Vec<_> = (0..26).map(|number| file(&format!("web/{number}"), &zeros)).collect();
        assert_eq!(unpacked(&large, &limits).unwrap_err(), "the archive has more than 104857600 bytes");
        let error = unpacked(&[file("web/a", &vec![0; (5 << 20) + 1])], &limits).unwrap_err();
        assert_eq!(error, "the archive has more than 5242880 bytes in a file");
        limits.entries = 10;
        let many: Vec<_> = (0..11).map(|number| file(&format!("web/{number}"), b"")).collect();
        assert_eq!(unpacked(&many, &limits).unwrap_err(), "the archive has more than 10 entries");
        let deep = file(&format!("web/{}", "a/".repeat(40)), b"");
        limits.depth = 20;
        assert_eq!(unpacked(&[deep], &limits).unwrap_err(), "the archive has more than 20 parts in a path");
    }

    #[test]
    fn what_is_cut_or_no_archive_is_an_error() {
        let limits = ArchiveLimits::default();
        let noise: Vec<u8> = (0..20_000u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let whole = packed(&[file("web/Chart.yaml", b"name: web\n"), file("web/a", &noise)]);
        assert!(unpack(&whole, &limits).is_ok());
        for length in [0, 1, 9, 20, whole.len() / 2] {
            assert!(unpack(&whole[..length], &limits).is_err(), "{length}");
        }
        assert!(unpack(b"PK\x03\x04 is another kind of archive", &limits).is_err());
    }
}
