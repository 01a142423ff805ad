//! `lly void deploy`: sends what the platform lacks, places, prints the URL.

use std::path::Path;

use fleet_api::{CapId, DeployVoid, PlacementId, Slug, VoidStatus};
use fleet_client::platform::PlatformClient;
use lly_brick::{Bundle, Digest};
use serde::Serialize;

use super::{DeployArgs, failure, platform};
use crate::bundle::signature;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::failure::{Failure, OrFail};

#[derive(Serialize)]
struct Deployed {
    slug: Slug,
    url: String,
    status: VoidStatus,
    bundle: Digest,
    placement: Option<PlacementId>,
    cap: Option<CapId>,
    blobs_sent: usize,
    bytes_sent: usize,
    /// Works as printed.
    curl: String,
}

/// Deploys a bundle and waits until it answers.
pub async fn run(args: &DeployArgs, context: &Context) -> Result<(), Failure> {
    let bundle = read(&args.file)?;
    let platform = platform(context)?;
    let (blobs_sent, bytes_sent) = upload(&platform, &bundle, context).await?;
    context.say(format!("placing {}", bundle.manifest.name));
    let wish = DeployVoid {
        bundle: bundle.manifest.digest(),
        slug: args.slug.clone(),
        region: args.region.clone(),
        signature: signature::of(&args.file, args.signature.as_deref())?,
    };
    let void = platform.deploy(&wish).await.map_err(failure)?;
    let deployed = Deployed {
        curl: curl(&void.url, context)?,
        slug: void.slug,
        url: void.url,
        status: void.status,
        bundle: void.bundle,
        placement: void.placement,
        cap: void.cap,
        blobs_sent,
        bytes_sent,
    };
    context.data("lily.void.deploy/1", &deployed, || {
        let placement = deployed
            .placement
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        format!(
            "{}\nplacement {placement}\n{}\n",
            deployed.url, deployed.curl
        )
    })
}

fn read(file: &Path) -> Result<Bundle, Failure> {
    let bytes = std::fs::read(file).or_fail(|| format!("cannot read `{}`", file.display()))?;
    Bundle::open(&bytes)
        .or_fail(|| format!("`{}` is not a whole bundle", file.display()))
        .map_err(|failure| failure.hint("make it with `lly compile`"))
}

/// Sends the manifest and then what is missing: number and bytes of the blobs that travelled.
async fn upload(
    platform: &PlatformClient,
    bundle: &Bundle,
    context: &Context,
) -> Result<(usize, usize), Failure> {
    let answer = platform
        .announce(bundle.manifest.canonical())
        .await
        .map_err(failure)?;
    let mut bytes_sent = 0;
    for (at, digest) in answer.missing.iter().enumerate() {
        let blob = bundle.blob(digest).ok_or_else(|| {
            Failure::local(format!(
                "the platform asks for `{digest}`, which is not in the bundle"
            ))
        })?;
        context.say(format!(
            "sending {} of {} ({} bytes)",
            at + 1,
            answer.missing.len(),
            blob.len()
        ));
        platform
            .put_blob(digest, blob.to_vec())
            .await
            .map_err(failure)?;
        bytes_sent += blob.len();
    }
    Ok((answer.missing.len(), bytes_sent))
}

/// A line for a shell; it names the fleet's own CA, if it has one.
fn curl(url: &str, context: &Context) -> Result<String, Failure> {
    let authority = crate::fleet::authority(&context.home);
    match Credentials::require(context)?.ca {
        Some(_) if authority.exists() => {
            Ok(format!("curl --cacert '{}' '{url}'", authority.display()))
        }
        Some(_) | None => Ok(format!("curl '{url}'")),
    }
}
