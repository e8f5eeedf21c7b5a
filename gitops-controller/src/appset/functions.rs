//! The functions of Go templates in ApplicationSets: sprig's, and Argo CD's own.

use gitops_template::FromJson;
use gitops_template::{Arguments, Failure, Function, Functions, Map, Parameter, Render, Signature, Value, from_json};
use gitops_yaml::Limits;
use serde_json::Value as Json;

use super::parameters::normalize;
use super::slug;

/// Argo CD's own.
const OWN: &[Function] = &[
    Function { name: "normalize", signature: Signature::of(&[Parameter::Text]), call: normalized },
    Function { name: "slugify", signature: Signature::with_rest(&[], Parameter::Any), call: slugified },
    Function { name: "toYaml", signature: Signature::of(&[Parameter::Any]), call: to_yaml },
    Function { name: "fromYaml", signature: Signature::of(&[Parameter::Text]), call: from_yaml },
    Function { name: "fromYamlArray", signature: Signature::of(&[Parameter::Text]), call: from_yaml_array },
    Function { name: "tpl", signature: Signature::of(&[Parameter::Text, Parameter::Any]), call: tpl },
];

/// Every function that templates have.
pub(super) fn all() -> Functions {
    let mut functions = Functions::sprig();
    functions.add(OWN);
    functions
}

type Called = Result<Value, Failure>;

fn normalized(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let name = normalize(&arguments.text(0).to_str());
    render.written(name.into_bytes())
}

/// `slugify [longest [whole words]] name`.
fn slugified(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let wrong = |what| Failure::new(format!("slugify: {what}"));
    let Some((name, options)) = arguments.split_last() else { return render.written(Vec::new()) };
    let name = name.as_text().ok_or_else(|| wrong("the name is not a string"))?;
    let longest = match options.first() {
        None => 50,
        Some(longest) => longest.as_signed().ok_or_else(|| wrong("the length is not an int"))?,
    };
    let whole_words = match options.get(1) {
        None => true,
        Some(Value::Bool(whole_words)) => *whole_words,
        Some(_) => return Err(wrong("the second argument is not a bool")),
    };
    let longest = usize::try_from(longest).map_err(|_| wrong("the length is negative"))?;
    render.written(slug::make(&normalize(&name.to_str()), longest, whole_words).into_bytes())
}

fn to_yaml(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = gitops_template::to_yaml(arguments.any(0))?;
    render.written(text.into_bytes())
}

fn read(render: &mut Render<'_>, arguments: &[Value]) -> Result<Json, Failure> {
    let text = arguments.text(0);
    render.charge(text.len() as u64)?;
    gitops_yaml::read_first(&text, &Limits::default()).map_err(Failure::new)
}

fn from_yaml(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    match read(render, arguments)? {
        Json::Null => Ok(Value::Map(Map::nil())),
        map @ Json::Object(_) => Ok(from_json(&map, FromJson::Floats)),
        _ => Err(Failure::new("error unmarshaling JSON: the YAML is not a map")),
    }
}

fn from_yaml_array(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    match read(render, arguments)? {
        Json::Null => Ok(Value::list(Vec::new())),
        list @ Json::Array(_) => Ok(from_json(&list, FromJson::Floats)),
        _ => Err(Failure::new("error unmarshaling JSON: the YAML is not a list")),
    }
}

fn tpl(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let written = render.evaluate(&arguments.text(0), arguments.any(1).clone())?;
    render.written(written)
}
