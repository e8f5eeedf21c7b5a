//! Any bytes are read or refused, and what was read is written so that it reads the same.
#![no_main]

use gitops_yaml::{Options, PathSegment, Resolver, locate, read_documents, write_documents};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: gitops_fuzz::let_the_reader_catch(), |text: &[u8]| {
    for resolver in [Resolver::Sigs, Resolver::Kyaml] {
        let Ok(documents) = read_documents(text, &Options::new(resolver)) else { continue };
        let values: Vec<_> = documents.into_iter().map(|document| document.value).collect();
        let written = write_documents(&values);
        let again = read_documents(written.as_bytes(), &Options::new(Resolver::Sigs)).expect("what was written is YAML");
        let again: Vec<_> = again.into_iter().map(|document| document.value).collect();
        assert_eq!(write_documents(&again), written);
    }
    let _ = locate(text, 0, &[PathSegment::Key("a".into()), PathSegment::Index(0)]);
});
