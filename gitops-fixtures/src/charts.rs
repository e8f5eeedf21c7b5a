use std::fs;
use std::io;
use std::path::Path;

use gitops_core::Digest;
use gitops_core::tree::pack;

use crate::WebServer;

/// A chart repository on this machine: an index, and the archives of charts.
#[derive(Debug)]
pub struct ChartRepository {
    server: WebServer,
    /// The entries of the index, by charts: version, digest and file.
    charts: Vec<(String, Vec<[String; 3]>)>,
}

impl ChartRepository {
    /// A repository without charts.
    ///
    /// # Errors
    /// Where no port can be had.
    pub fn new() -> io::Result<Self> {
        Ok(Self { server: WebServer::start()?, charts: Vec::new() })
    }

    /// The server.
    pub fn server(&self) -> &WebServer {
        &self.server
    }

    /// The repository's address.
    pub fn url(&self) -> String {
        self.server.url("charts")
    }

    /// Adds a version of a chart.
    pub fn add(&mut self, name: &str, version: &str, archive: &[u8]) {
        let file = format!("{name}-{version}.tgz");
        self.server.set(&format!("charts/{file}"), 200, archive);
        let digits = Digest::of(archive).as_str().trim_start_matches("sha256:").to_owned();
        let entry = [version.to_owned(), digits, file];
        match self.charts.iter_mut().find(|(known, _)| known == name) {
            Some((_, entries)) => entries.push(entry),
            None => self.charts.push((name.to_owned(), vec![entry])),
        }
        let mut index = String::from("apiVersion: v1\nentries:\n");
        for (name, entries) in &self.charts {
            index.push_str(&format!("  {name}:\n"));
            for [version, digest, file] in entries {
                index.push_str(&format!("  - version: {version}\n    digest: {digest}\n    urls: [{file}]\n"));
            }
        }
        self.server.set("charts/index.yaml", 200, index.as_bytes());
    }
}

/// The archive of a chart in a folder, with all its files.
///
/// # Errors
/// Where a file cannot be read.
pub fn packed_chart(name: &str, folder: &Path) -> io::Result<Vec<u8>> {
    let mut files = Vec::new();
    collect(folder, "", &mut files)?;
    pack(name, files.iter().map(|(path, content)| (path.as_str(), content.as_slice())))
}

fn collect(folder: &Path, inside: &str, files: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = format!("{inside}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.push((path, fs::read(entry.path())?));
        }
    }
    Ok(())
}
