//! The functions of host.d.ts's Outbound and Sockets as a program calls them.

use bytes::Bytes;
use host_web::{Function, Value};

use super::{FetchRequest, Outbound, Redirects};
use crate::event::{Id, id_of};
use crate::headers::headers_of_flat;

impl Outbound {
    /// Does what a function of Outbound or Sockets asks for; false when `function` is none of them. What is put wrongly
    /// fails by its hook, or does nothing when there is no hook for it.
    pub fn call(&self, function: Function, arguments: &[Value<'_>]) -> bool {
        let Some(id) = id_of(arguments) else {
            let ours = [
                Function::Fetch,
                Function::Connect,
                Function::Send,
                Function::Close,
            ];
            return ours.contains(&function);
        };
        let rest = arguments.get(1..).unwrap_or_default();
        match function {
            Function::Fetch => match fetch_request(rest) {
                Ok(request) => self.fetch(id, request),
                Err(message) => self.refuse(id, format!("fetch: {message}")),
            },
            Function::Connect => self.call_connect(id, rest),
            Function::Send => match rest {
                [Value::Text(text), ..] => self.send_text(id, text.as_ref().to_owned()),
                [Value::Bytes(bytes), ..] => self.send_bytes(id, Bytes::copy_from_slice(bytes)),
                _ => {}
            },
            Function::Close => {
                let code = rest.first().and_then(Value::as_number).unwrap_or(0.0);
                let reason = rest.get(1).and_then(Value::as_text).unwrap_or("");
                // Saturates: no code is above 4999, and those that are none become 1000.
                self.close(id, code as u16, reason.to_owned());
            }
            _ => return false,
        }
        true
    }

    fn call_connect(&self, id: Id, rest: &[Value<'_>]) {
        let url = rest.first().and_then(Value::as_text).unwrap_or("");
        let protocols = match rest.get(1) {
            Some(Value::List(list)) => list
                .iter()
                .filter_map(Value::as_text)
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        };
        // A URL that is none ends with `closed`, as one that nobody answers.
        self.connect(id, url, protocols);
    }
}

/// What follows the id: method, url, headers, body, more, redirect.
fn fetch_request(arguments: &[Value<'_>]) -> Result<FetchRequest, String> {
    let [method, url, headers, body, more, redirect] = arguments else {
        return Err("it takes seven arguments".to_owned());
    };
    let text = |value: &Value<'_>, name: &str| {
        let text = value.as_text().map(str::to_owned);
        text.ok_or_else(|| format!("its {name} is not a text"))
    };
    let body = match body {
        Value::Text(text) => Some(Bytes::copy_from_slice(text.as_bytes())),
        Value::Bytes(bytes) => Some(Bytes::copy_from_slice(bytes)),
        _ => None,
    };
    let redirects = match redirect.as_text() {
        Some("follow") => Redirects::Follow,
        Some("error") => Redirects::Error,
        Some("manual") => Redirects::Manual,
        _ => return Err("its redirect is not follow, error or manual".to_owned()),
    };
    Ok(FetchRequest {
        method: text(method, "method")?,
        url: text(url, "URL")?,
        headers: headers_of_flat(headers).map_err(|error| error.to_string())?,
        body,
        more: more.is_true(),
        redirects,
    })
}
