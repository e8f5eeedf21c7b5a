use gitops_template::{
    Delimiters, Fixed, FromJson, Functions, Limits, Options, Render, TemplateSet, Value, from_json, parse,
};

/// The time at which templates are rendered here: 2023-11-14T22:13:20Z.
pub(crate) const NOW: i64 = 1_700_000_000;

/// What a template writes with Helm's functions, or its error.
pub(crate) fn render(template: &str) -> Result<String, String> {
    render_with(template, Value::Nil, &Limits::default())
}

/// What a template writes over values.
pub(crate) fn render_over(template: &str, values: &serde_json::Value) -> Result<String, String> {
    render_with(template, from_json(values, FromJson::Floats), &Limits::default())
}

/// What a template writes within budgets.
pub(crate) fn render_with(template: &str, data: Value, limits: &Limits) -> Result<String, String> {
    let functions = Functions::helm();
    let templates = parse("t", template.to_owned().into(), &functions, &Delimiters::default())
        .map_err(|error| error.to_string())?;
    let mut set = TemplateSet::new();
    set.add(&templates);
    let host = Fixed::new(NOW, 1);
    let mut options = Options::helm();
    options.limits = limits.clone();
    let out = Render::new(&set, &functions, &host, options).execute(b"t", data);
    out.map(|out| String::from_utf8_lossy(&out).into_owned()).map_err(|error| error.to_string())
}

/// Checks what templates write.
pub(crate) fn check(cases: &[(&str, &str)]) {
    for (template, expected) in cases {
        assert_eq!(render(template).as_deref(), Ok(*expected), "{template}");
    }
}

/// Checks the ends of errors.
pub(crate) fn check_errors(cases: &[(&str, &str)]) {
    for (template, expected) in cases {
        let error = render(template).unwrap_err();
        assert!(error.ends_with(expected), "{template}: {error}");
    }
}
