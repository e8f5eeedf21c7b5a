//! What the fuzz targets share.

/// Takes away the hook that ends the process at every panic, since the reader of YAML catches those of its parser. A panic
/// that nobody catches still ends the process, in the fuzzer's own guard.
pub fn let_the_reader_catch() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        if !place.contains("libyaml-safer") {
            eprintln!("{panic}");
        }
    }));
}
