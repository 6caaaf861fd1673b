//! The queue output binding.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use catops_core::conformance::flow::Failure;
use serde_json::Value;

use crate::queue::Queue;

/// Writes what an answer has for the queue: a string is one message, an array several, an object its JSON text.
pub(super) async fn write(queue: &Queue, output: &Value) -> Result<(), Failure> {
    match output {
        Value::Null => Ok(()),
        Value::Array(many) => {
            for one in many {
                queue.put(&bytes(one)).await?;
            }
            Ok(())
        }
        one => queue.put(&bytes(one)).await,
    }
}

/// What is base64 is taken for bytes, whether or not it was meant so.
fn bytes(value: &Value) -> Vec<u8> {
    match value.as_str() {
        Some(text) => BASE64.decode(text).unwrap_or_else(|_| text.as_bytes().to_vec()),
        None => value.to_string().into_bytes(),
    }
}
