//! Evaluating Jsonnet.
//!
//! A Jsonnet program can loop for ever and take any amount of memory, and its evaluator cannot be interrupted. So
//! rendering only knows the trait [`JsonnetEvaluator`]; who embeds the engine decides where programs run. The command
//! line runs them in its own binary started again under limits, which calls [`evaluate_in_process`]. Requests, answers
//! and errors are serde types that cross the pipe between the two.

mod evaluate;
mod resolver;

use gitops_core::tree::{Tree, TreePath};
use gitops_core::{Value, api};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use evaluate::evaluate_in_process;

/// Who evaluates Jsonnet programs.
pub trait JsonnetEvaluator: Send + Sync {
    /// The value of a program.
    ///
    /// # Errors
    /// Where the program fails, or evaluating it takes more than it may.
    fn evaluate(&self, tree: &dyn Tree, request: &JsonnetRequest) -> Result<Value, JsonnetError>;
}

/// A program, and what it is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JsonnetRequest {
    /// The file of the program.
    pub file: TreePath,
    /// Where imports are looked for that are not found beside the importing file, the last one first.
    pub libraries: Vec<TreePath>,
    /// The external variables (`std.extVar`).
    pub external: Vec<JsonnetInput>,
    /// The arguments of the program, where it is a function.
    pub arguments: Vec<JsonnetInput>,
    /// Bytes that one imported file may have.
    pub file_bytes: u64,
    /// Calls that may be inside each other.
    pub stack: usize,
}

/// A named input of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JsonnetInput {
    /// Its name.
    pub name: String,
    /// Text, or code.
    pub value: String,
    /// Whether the value is code.
    pub code: bool,
}

impl JsonnetRequest {
    /// A program without inputs. Imports of up to 10 MiB and 500 calls inside each other are allowed (go-jsonnet's stack).
    pub fn new(file: TreePath) -> Self {
        Self {
            file,
            libraries: Vec::new(),
            external: Vec::new(),
            arguments: Vec::new(),
            file_bytes: 10 << 20,
            stack: 500,
        }
    }
}

impl From<&api::JsonnetVariable> for JsonnetInput {
    fn from(variable: &api::JsonnetVariable) -> Self {
        let api::JsonnetVariable { name, value, code, .. } = variable;
        Self { name: name.clone(), value: value.clone(), code: code.unwrap_or_default() }
    }
}

/// Why a program has no value.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum JsonnetError {
    /// The program is wrong: the message with its trace.
    #[error("{0}")]
    Program(String),
    /// Jsonnet is switched off.
    #[error("evaluating Jsonnet is switched off")]
    SwitchedOff,
    /// It took more time or memory than it may.
    #[error("the evaluation took more than {0}")]
    Limit(String),
    /// The evaluator failed.
    #[error("the evaluator failed: {0}")]
    Evaluator(String),
}
