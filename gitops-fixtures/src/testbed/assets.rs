use std::path::{Path, PathBuf};

/// The folder of a control plane's programs: `KUBEBUILDER_ASSETS`, as envtest has it.
#[derive(Clone, Debug)]
pub struct Assets {
    folder: PathBuf,
}

/// Where envtest looks when nothing is said.
const USUAL: &str = "/usr/local/kubebuilder/bin";

impl Assets {
    /// The programs that `KUBEBUILDER_ASSETS` names, or those of the usual folder.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn find() -> Result<Self, String> {
        let named = std::env::var_os("KUBEBUILDER_ASSETS").filter(|folder| !folder.is_empty());
        let assets = Self { folder: named.map_or_else(|| PathBuf::from(USUAL), PathBuf::from) };
        for program in ["etcd", "kube-apiserver", "kubectl"] {
            if !assets.program(program).is_file() {
                return Err(format!(
                    "{} is not there: set KUBEBUILDER_ASSETS to the folder that `testbed/build` prints",
                    assets.program(program).display()
                ));
            }
        }
        Ok(assets)
    }

    /// A program's path.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether the controllers, the scheduler and kwok are there too, so that workloads run and namespaces end.
    pub fn has_controllers(&self) -> bool {
        ["kube-controller-manager", "kube-scheduler", "kwok"].iter().all(|name| self.program(name).is_file())
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
