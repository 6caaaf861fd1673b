//! Envelopes recorded from the real host, where `CATOPS_FIXTURES` names a folder of them, and our own of the same forms.

use std::path::Path;

use catops_azure::envelope::{Carried, Envelope};
use serde_json::Value;

/// Checks what we read against what plain JSON says of the same envelope.
fn check(name: &str, text: &str) {
    let plain: Value = serde_json::from_str(text).unwrap();
    if plain.get("Data").is_none() {
        // A setting of the host, or an answer: no function gets it.
        assert!(Envelope::read(text.as_bytes()).is_err(), "{name}");
        return;
    }
    let envelope = Envelope::read(text.as_bytes()).unwrap_or_else(|error| panic!("{name}: {}", error.chain()));
    let input = plain["Data"].as_object().unwrap().values().next().unwrap();
    match name {
        name if name.contains("http") => {
            let request = envelope.http("/slack").unwrap_or_else(|rejection| panic!("{name}: {rejection:?}"));
            assert_eq!(request.method().as_str(), input["Method"], "{name}");
            for (header, values) in input["Headers"].as_object().unwrap() {
                let ours = request.headers().get_all(header).iter().map(|value| value.to_str().unwrap());
                let theirs = values.as_array().unwrap().iter().map(|value| value.as_str().unwrap());
                assert_eq!(ours.collect::<Vec<_>>(), theirs.collect::<Vec<_>>(), "{name}: {header}");
            }
            let length = request.headers().get("content-length");
            let length: Option<usize> = length.and_then(|length| length.to_str().ok()?.parse().ok());
            match (input["Body"].as_str(), length) {
                (Some(_), Some(length)) => assert_eq!(request.body().len(), length, "{name}"),
                (Some(body), None) => assert_eq!(request.body(), body, "{name}"),
                (None, _) => assert!(request.body().is_empty(), "{name}"),
            }
        }
        name if name.contains("queue") => {
            let item = envelope.item();
            assert_eq!(item.tries, Some(1), "{name}");
            let wrapped = input.as_str().unwrap();
            let expected = serde_json::from_str(wrapped).unwrap_or_else(|_| wrapped.to_owned());
            assert_eq!(item.text, expected, "{name}");
            assert_eq!(Carried::read(item.text.clone()), Carried::Job(item.text), "{name}");
        }
        name if name.contains("timer") => {
            let timer = envelope.timer();
            assert!(timer.fired.is_some() && !timer.is_past_due, "{name}: {timer:?}");
        }
        name => panic!("{name} is of a kind that this test does not know"),
    }
}

/// Checks each file of a folder, and returns how many there are.
fn files(folder: &Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            check(path.file_name().unwrap().to_str().unwrap(), &std::fs::read_to_string(&path).unwrap());
            count += 1;
        }
    }
    count
}

#[test]
fn our_envelopes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    assert!(files(&folder) >= 5, "the envelopes in {} are gone", folder.display());
}

#[test]
fn recorded_envelopes() {
    let Some(folder) = std::env::var_os("CATOPS_FIXTURES") else { return };
    let folder = Path::new(&folder).join("azure");
    assert!(files(&folder) >= 11, "there are no recorded envelopes in {}", folder.display());
}
