//! Whose bundles a fleet takes: everybody's, or those that somebody signed whom the fleet trusts with bundles.

use axum::http::StatusCode;
use fleet_api::Problem;
use lly_brick::Manifest;
use registry_client::Trust;
use registry_client::verify::{self, Scope};
use registry_index::Subject;

use crate::api::Platform;
use crate::refusal::Refusal;

/// Lets a bundle through if the fleet takes unsigned ones, or if its signature is that of a trusted signer. A bundle that
/// was let through once may be rolled back to and placed anew without being asked again.
pub fn require(
    platform: &Platform,
    manifest: &Manifest,
    signature: Option<&str>,
) -> Result<(), Refusal> {
    let Some(signers) = &platform.signers else {
        return Ok(());
    };
    let denied = |problem: &str, message: String| {
        let problem = Problem::new(problem, message);
        let hint = "sign it with `lly bundle sign`, with a key or as somebody that the fleet's trust file names";
        Refusal::new(StatusCode::FORBIDDEN, problem.hint(hint))
    };
    let name = &manifest.name;
    let Some(signature) = signature else {
        return Err(denied(
            "unsigned",
            format!("this fleet takes signed bundles alone, and `{name}` has no signature"),
        ));
    };
    let trust = Trust::load_file(signers).map_err(|error| {
        tracing::error!(%error, "the trust file");
        let message = "this fleet takes signed bundles alone, and cannot read whom it trusts";
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Problem::new("no-trust", message),
        )
    })?;
    let subject = Subject::bundle(name, manifest.digest());
    match verify::verify(signature.as_bytes(), &subject, Scope::Bundle, &trust) {
        Ok(signer) => {
            tracing::info!(program = name, bundle = %subject.digest, %signer, "a signed bundle");
            Ok(())
        }
        Err(error) => Err(denied(
            "bad-signature",
            format!("the signature of `{name}` is refused: {error}"),
        )),
    }
}
