//! One run of a script: what it may use, and how much.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gitops_apply::health::{Health, HealthStatus};
use gitops_core::{Object, Timestamp, Value};
use mlua::serde::SerializeOptions;
use mlua::{HookTriggers, Lua, LuaOptions, LuaSerdeExt as _, StdLib, VmState};
use thiserror::Error;

use crate::clock;

/// How much one run of a check may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budget {
    /// Instructions of the interpreter.
    pub instructions: u64,
    /// Bytes of its memory.
    pub memory: usize,
}

impl Default for Budget {
    /// Ten million instructions and 32 MiB.
    fn default() -> Self {
        Self { instructions: 10_000_000, memory: 32 << 20 }
    }
}

impl Budget {
    /// A budget of instructions and of bytes.
    pub fn new(instructions: u64, memory: usize) -> Self {
        Self { instructions, memory }
    }
}

/// Why a check says no health.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The script is not to be run, or failed.
    #[error("the health check failed: {0}")]
    Script(String),
    /// It used more than it may.
    #[error("the health check used more than its budget of {0} instructions")]
    Instructions(u64),
    /// It returned something else than a table.
    #[error("expect table output from Lua script, not {0}")]
    NoTable(&'static str),
    /// It returned a status that is none.
    #[error("Lua returned an invalid health status")]
    Status,
}

/// How often the interpreter is looked at.
const STRIDE: u32 = 1_000;

/// What of the base library reaches beyond the script.
const FORBIDDEN: [&str; 10] = [
    "dofile",
    "loadfile",
    "load",
    "loadstring",
    "require",
    "module",
    "package",
    "collectgarbage",
    "print",
    "coroutine",
];

/// What Argo CD's interpreter has and Lua 5.2 names otherwise. What a check prints goes nowhere.
const PRELUDE: &str = "
unpack, math.mod = table.unpack, math.fmod
function table.getn(list) return #list end
function table.maxn(list)
    local most = 0
    for key in pairs(list) do if type(key) == 'number' and key > most then most = key end end
    return most
end
function math.log10(number) return math.log(number, 10) end
function print() end
local libraries = {os = os, string = string, table = table, math = math}
function require(name) return libraries[name] or error('module ' .. tostring(name) .. ' not found', 2) end
";

/// Runs a script at a moment; none where it returns nothing.
pub(crate) fn run(script: &str, object: &Object, budget: Budget, now: Timestamp) -> Result<Option<Health>, CheckError> {
    let used = Arc::new(AtomicU64::new(0));
    let failed = |error: mlua::Error| match used.load(Ordering::Relaxed) > budget.instructions {
        true => CheckError::Instructions(budget.instructions),
        false => CheckError::Script(error.to_string()),
    };
    let libraries = StdLib::TABLE | StdLib::STRING | StdLib::MATH;
    let lua = Lua::new_with(libraries, LuaOptions::default()).map_err(failed)?;
    lua.set_memory_limit(budget.memory).map_err(failed)?;
    for name in FORBIDDEN {
        lua.globals().set(name, mlua::Value::Nil).map_err(failed)?;
    }
    lua.globals().set("os", clock::library(&lua, now).map_err(failed)?).map_err(failed)?;
    lua.load(PRELUDE).exec().map_err(failed)?;
    count(&lua, Arc::clone(&used), budget.instructions, STRIDE).map_err(failed)?;
    let plain = SerializeOptions::new().serialize_none_to_null(false).serialize_unit_to_null(false);
    let value = lua.to_value_with(object.body(), plain).map_err(failed)?;
    lua.globals().set("obj", value).map_err(failed)?;
    let returned: mlua::Value = lua.load(script).set_name("health").eval().map_err(failed)?;
    match returned {
        mlua::Value::Nil => Ok(None),
        mlua::Value::Table(_) => {
            let told: Value = lua.from_value(returned).map_err(failed)?;
            read(&told).map(Some)
        }
        other => Err(CheckError::NoTable(other.type_name())),
    }
}

/// Counts instructions, and stops the script beyond its budget. A script could catch the error that stops it, so the
/// error comes again at every further instruction.
fn count(lua: &Lua, used: Arc<AtomicU64>, most: u64, stride: u32) -> mlua::Result<()> {
    lua.set_global_hook(HookTriggers::new().every_nth_instruction(stride), move |lua, _| {
        if used.fetch_add(u64::from(stride), Ordering::Relaxed) + u64::from(stride) <= most {
            return Ok(VmState::Continue);
        }
        if stride > 1 {
            count(lua, Arc::clone(&used), most, 1)?;
        }
        Err(mlua::Error::runtime("the budget of instructions is used up"))
    })
}

fn read(told: &Value) -> Result<Health, CheckError> {
    let text = |field: &str| told.get(field).and_then(Value::as_str).unwrap_or_default();
    let status = HealthStatus::named(text("status")).ok_or(CheckError::Status)?;
    Ok(Health { status, message: text("message").to_owned() })
}
