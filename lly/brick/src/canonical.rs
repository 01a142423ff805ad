//! One byte form for each JSON value: keys sorted by their bytes, no whitespace, integers only.
//!
//! What is hashed or compared goes through here, never through serde's own writer, whose key order depends on which
//! features other crates switch on.

use serde::Serialize;
use serde_json::Value;

/// The canonical JSON of `value`, or why it has none (a number with a fraction, a key that is no string).
pub fn to_vec(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::new();
    write(&serde_json::to_value(value)?, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    match value {
        Value::Null => out.extend(b"null"),
        Value::Bool(true) => out.extend(b"true"),
        Value::Bool(false) => out.extend(b"false"),
        Value::Number(number) if number.is_f64() => {
            return Err(serde::ser::Error::custom(format!(
                "`{number}` is not an integer"
            )));
        }
        Value::Number(number) => out.extend(number.to_string().bytes()),
        Value::String(text) => serde_json::to_writer(out, text)?,
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_by_key(|(key, _)| key.as_bytes());
            out.push(b'{');
            for (index, (key, item)) in fields.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, key)?;
                out.push(b':');
                write(item, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn keys_are_sorted_and_nothing_is_added() {
        let value = json!({"b": [1, {"z": null, "a": "\u{1}é\""}], "a": true});
        let text = "{\"a\":true,\"b\":[1,{\"a\":\"\\u0001é\\\"\",\"z\":null}]}";
        assert_eq!(
            String::from_utf8(super::to_vec(&value).expect("canonical")).expect("UTF-8"),
            text
        );
        assert!(super::to_vec(&json!(1.5)).is_err());
    }
}
