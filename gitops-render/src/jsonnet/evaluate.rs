use std::collections::HashMap;
use std::sync::mpsc::channel;
use std::thread;

use gitops_core::Value;
use gitops_core::tree::Tree;
use jrsonnet_evaluator::function::CallLocation;
use jrsonnet_evaluator::manifest::JsonFormat;
use jrsonnet_evaluator::stack::limit_stack_depth;
use jrsonnet_evaluator::tla::TlaArg;
use jrsonnet_evaluator::trace::{CompactFormat, PathResolver, TraceFormat};
use jrsonnet_evaluator::{Error, IStr, State, apply_tla};
use jrsonnet_gcmodule::Acyclic;
use jrsonnet_stdlib::{ContextInitializer, TracePrinter};

use super::resolver::{TreeResolver, answer};
use super::{JsonnetError, JsonnetInput, JsonnetRequest};

/// Bytes of stack: the evaluator recurses with the program.
const STACK_BYTES: usize = 64 << 20;

/// Evaluates a program here and now. Nothing stops it before its end, so it belongs into a process of its own that is
/// under limits of time and memory. Imports are read through the tree; nothing else is within the program's reach.
///
/// # Errors
/// Where the program is malformed, fails, imports what is not in the tree, or gives what is not JSON.
pub fn evaluate_in_process(tree: &dyn Tree, request: &JsonnetRequest) -> Result<Value, JsonnetError> {
    let (questions, asked) = channel();
    let (answering, answers) = channel();
    let text = thread::scope(|scope| {
        let run = move || run(request, TreeResolver { questions, answers });
        let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, run);
        let evaluation = thread.map_err(|error| JsonnetError::Evaluator(error.to_string()))?;
        // Ends when the evaluation drops its side.
        while let Ok(question) = asked.recv() {
            if answering.send(answer(tree, request, question)).is_err() {
                break;
            }
        }
        let crashed = || JsonnetError::Evaluator("it stopped unexpectedly".into());
        evaluation.join().unwrap_or_else(|_| Err(crashed()))
    })?;
    serde_json::from_str(&text).map_err(|error| JsonnetError::Evaluator(error.to_string()))
}

fn run(request: &JsonnetRequest, resolver: TreeResolver) -> Result<String, JsonnetError> {
    let _depth = limit_stack_depth(request.stack);
    let standard = ContextInitializer::new(PathResolver::Absolute);
    {
        let mut settings = standard.settings_mut();
        settings.trace_printer = std::rc::Rc::new(Silent);
        settings.ext_vars.extend(inputs(&request.external));
    }
    let mut builder = State::builder();
    builder.import_resolver(resolver).context_initializer(standard);
    let state = builder.build();
    let _entered = state.enter();
    let evaluate = || {
        let program = state.import(request.file.as_str())?;
        #[expect(clippy::mutable_key_type, reason = "the evaluator takes no other; its texts only count references")]
        let arguments: HashMap<IStr, TlaArg> = inputs(&request.arguments).collect();
        apply_tla(&arguments, program)?.manifest(JsonFormat::minify())
    };
    evaluate().map_err(|error| JsonnetError::Program(describe(&error)))
}

fn inputs(inputs: &[JsonnetInput]) -> impl Iterator<Item = (IStr, TlaArg)> {
    inputs.iter().map(|input| {
        let value = match input.code {
            true => TlaArg::InlineCode(input.value.clone()),
            false => TlaArg::String(input.value.as_str().into()),
        };
        (input.name.as_str().into(), value)
    })
}

fn describe(error: &Error) -> String {
    let format = CompactFormat { resolver: PathResolver::Absolute, max_trace: 20, padding: 4 };
    format.format(error).unwrap_or_else(|_| error.error().to_string())
}

/// Drops what `std.trace` says: a library prints nothing.
#[derive(Acyclic)]
struct Silent;

impl TracePrinter for Silent {
    fn print_trace(&self, _: CallLocation<'_>, _: IStr) {}
}

#[cfg(test)]
mod tests {
    use gitops_core::tree::{MemoryTree, TreePath};
    use serde_json::json;

    use super::*;

    fn request(file: &str) -> JsonnetRequest {
        JsonnetRequest::new(TreePath::new(file).unwrap())
    }

    #[test]
    fn imports_variables_and_arguments_reach_the_program() {
        let tree = MemoryTree::new()
            .with_file("app/main.jsonnet", "local lib = import 'lib.libsonnet'; function(n, name) { n: n + lib.one, name: name, v: std.extVar('v'), text: importstr '../text', big: 1e20 }")
            .with_file("vendor/lib.libsonnet", "{ one: (import 'sub/one.libsonnet') }")
            .with_file("vendor/sub/one.libsonnet", "1")
            .with_file("text", "hello");
        let mut request = request("app/main.jsonnet");
        request.libraries = vec![TreePath::new("vendor").unwrap()];
        let input = |name: &str, value: &str, code| JsonnetInput { name: name.into(), value: value.into(), code };
        request.arguments = vec![input("n", "1 + 1", true), input("name", "web", false)];
        request.external = vec![input("v", "{a: 'b'}", true)];
        let value = evaluate_in_process(&tree, &request).unwrap();
        assert_eq!(value, json!({"n": 3, "name": "web", "v": {"a": "b"}, "text": "hello", "big": 1e20}));
    }

    #[test]
    fn errors_say_where() {
        let tree = MemoryTree::new()
            .with_file("bad.jsonnet", "{ a: error 'no good' }")
            .with_file("syntax.jsonnet", "{\n a: \n}")
            .with_file("out.jsonnet", "import '../../etc/passwd'")
            .with_file("deep.jsonnet", "local f(x) = f(x + 1) + 1; f(0)")
            .with_file("missing.jsonnet", "import 'nothing.libsonnet'");
        let message = |file| evaluate_in_process(&tree, &request(file)).unwrap_err().to_string();
        assert!(message("bad.jsonnet").contains("no good"), "{}", message("bad.jsonnet"));
        assert!(message("bad.jsonnet").contains("bad.jsonnet:1:"), "{}", message("bad.jsonnet"));
        assert!(message("syntax.jsonnet").contains("syntax.jsonnet:3"), "{}", message("syntax.jsonnet"));
        assert!(message("out.jsonnet").contains("outside the repository"), "{}", message("out.jsonnet"));
        assert!(message("deep.jsonnet").contains("stack"), "{}", message("deep.jsonnet"));
        assert!(message("missing.jsonnet").contains("nothing.libsonnet"), "{}", message("missing.jsonnet"));
        assert!(message("none.jsonnet").contains("none.jsonnet"));
    }
}
