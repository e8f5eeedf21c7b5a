//! JSON, YAML and TOML as Helm's functions read and write them.

use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::value::{FromJson, Map, Text, Value, from_json, to_json, to_yaml as yaml_of};

use Parameter::Any;

const ONE: Signature = Signature::of(&[Any]);
const TEXT: Signature = Signature::of(&[Parameter::Text]);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "toYaml", signature: ONE, call: to_yaml },
    Function { name: "mustToYaml", signature: ONE, call: to_yaml },
    Function { name: "toYamlPretty", signature: ONE, call: to_yaml },
    Function { name: "fromYaml", signature: TEXT, call: from_yaml },
    Function { name: "fromYamlArray", signature: TEXT, call: from_yaml },
    Function { name: "toJson", signature: ONE, call: json },
    Function { name: "mustToJson", signature: ONE, call: json },
    Function { name: "toRawJson", signature: ONE, call: json },
    Function { name: "toPrettyJson", signature: ONE, call: json },
    Function { name: "fromJson", signature: TEXT, call: from_yaml },
    Function { name: "fromJsonArray", signature: TEXT, call: from_yaml },
    Function { name: "toToml", signature: ONE, call: json },
];

fn to_yaml(render: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let text = yaml_of(arguments.any(0)).unwrap_or_default();
    render.written(text.into_bytes())
}

fn json(render: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let text = to_json(arguments.any(0)).map(|json| json.to_string()).unwrap_or_default();
    render.written(text.into_bytes())
}

fn from_yaml(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    match gitops_yaml::read_one(&arguments.text(0), &gitops_yaml::Options::new(gitops_yaml::Resolver::Sigs)) {
        Ok(json) => Ok(from_json(&json, FromJson::Floats)),
        Err(error) => {
            let map: Map = std::iter::once((Text::from("Error"), Value::text(error.to_string()))).collect();
            Ok(Value::Map(map))
        }
    }
}
