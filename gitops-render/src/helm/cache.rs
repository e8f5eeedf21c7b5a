//! Charts that were read, by what their trees call the content of their files.

use std::fmt;
use std::sync::{Arc, OnceLock};

use gitops_core::Digest;
use gitops_core::tree::{ArchiveLimits, Tree, TreePath};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::chart::Chart;
use super::load;
use crate::files::Files;
use crate::{Limits, RenderError};

/// Bytes that charts take where nobody says how many.
const DEFAULT_BYTES: u64 = 3 << 20;
/// About how much a chart takes, for the number of those that there is room for at first.
const USUAL_BYTES: u64 = 256 << 10;
/// About how many bytes a chart takes for each byte of its files, as measured over charts of public repositories.
const BYTES_PER_BYTE: u64 = 4;

/// Charts that were read, by the names and content ids of their files: a chart that many releases share, or that stays the same from one
/// commit to the next, is read once, its templates included. Clones share what is kept, and threads read side by side.
#[derive(Clone)]
pub struct ChartCache {
    bytes: u64,
    /// Made with the first chart: most renders have none.
    charts: Arc<OnceLock<Cache<Digest, Kept, BySize>>>,
}

impl ChartCache {
    /// A cache of charts that take about so many bytes of memory together. What was not used for long goes first, and a
    /// chart that takes more than all of them is not kept.
    pub fn new(bytes: u64) -> Self {
        Self { bytes, charts: Arc::default() }
    }

    fn charts(&self) -> &Cache<Digest, Kept, BySize> {
        self.charts.get_or_init(|| {
            let charts = usize::try_from(self.bytes / USUAL_BYTES).unwrap_or(usize::MAX).clamp(1, 1 << 16);
            Cache::with_weighter(charts, self.bytes, BySize)
        })
    }

    /// The chart in a folder of a tree.
    ///
    /// # Errors
    /// Where the folder is no chart, or a limit is passed.
    pub fn read(&self, tree: &dyn Tree, folder: &TreePath, limits: &Limits) -> Result<Arc<Chart>, RenderError> {
        self.in_folder(&Files::new(tree, limits), folder)
    }

    /// The tree is asked for every file in any case, as a render says what it read; what the files hold is read where no
    /// chart of the same content is kept.
    pub(crate) fn in_folder(&self, files: &Files<'_>, folder: &TreePath) -> Result<Arc<Chart>, RenderError> {
        let listed = load::list(files, folder)?;
        let parts = listed.iter().flat_map(|file| [file.name.as_bytes(), file.meta.id.0.as_bytes()]);
        let digest = Digest::of_parts(parts);
        if let Some(kept) = self.charts().get(&digest) {
            listed.iter().try_for_each(|file| files.count_known(&file.path, file.meta.size))?;
            return Ok(kept.chart);
        }
        let found = load::read(files, listed)?;
        let bytes = found.iter().map(|file| file.data.len() as u64).sum();
        let chart = Arc::new(Chart::of_files(found, &mut ArchiveLimits::default(), 0)?);
        self.charts().insert(digest, Kept { chart: Arc::clone(&chart), bytes });
        Ok(chart)
    }
}

impl Default for ChartCache {
    fn default() -> Self {
        Self::new(DEFAULT_BYTES)
    }
}

impl fmt::Debug for ChartCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} charts", self.charts.get().map_or(0, Cache::len))
    }
}

/// A chart that was read, and how many bytes its folder had.
#[derive(Clone)]
struct Kept {
    chart: Arc<Chart>,
    bytes: u64,
}

/// Weighs charts by all their files, or by those of the archives in them where these are more.
#[derive(Clone)]
struct BySize;

impl Weighter<Digest, Kept> for BySize {
    fn weight(&self, _: &Digest, kept: &Kept) -> u64 {
        1 + kept.bytes.max(size(&kept.chart)) * BYTES_PER_BYTE
    }
}

fn size(chart: &Chart) -> u64 {
    let own = chart.templates.iter().chain(&chart.files).map(|file| file.data.len() as u64);
    own.sum::<u64>() + chart.dependencies.iter().map(|below| size(below)).sum::<u64>()
}
