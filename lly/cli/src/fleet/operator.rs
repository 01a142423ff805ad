//! What the person who runs this fleet may ask of its platform, with the operator's certificate.

use std::fmt::Write as _;

use fleet_api::{AccountName, CapId, CapStatus, DrainCap, Token};
use fleet_client::platform::{OperatorClient, PlatformClient};
use fleet_client::tls::TlsFiles;
use serde::Serialize;

use super::layout::{Layout, Plan};
use crate::context::Context;
use crate::credentials::Credentials;
use crate::failure::{Failure, OrFail};

#[derive(Serialize)]
struct Caps<'a> {
    caps: &'a [CapStatus],
}

/// Makes an account, or a further token for it.
pub async fn account(
    layout: &Layout,
    plan: &Plan,
    name: &AccountName,
) -> Result<Credentials, Failure> {
    let created = client(layout, plan)?
        .create_account(name)
        .await
        .map_err(crate::void::failure)?;
    let ca =
        std::fs::read_to_string(layout.authority()).or_fail(|| "cannot read the fleet's CA")?;
    Ok(Credentials {
        platform_url: plan.platform_url(),
        rc_url: Some(plan.rc_url()),
        account: created.account.to_string(),
        token: created.token.secret().to_owned(),
        ca: Some(ca),
    })
}

/// Whether the platform still takes these credentials.
pub async fn token_is_good(credentials: &Credentials) -> bool {
    let token = Token::presented(&credentials.token);
    match PlatformClient::new(&credentials.platform_url, token, credentials.ca.as_deref()) {
        Ok(platform) => platform.voids().await.is_ok(),
        Err(_) => false,
    }
}

/// `lly fleet caps`.
pub async fn caps(context: &Context) -> Result<(), Failure> {
    let layout = Layout::new(&context.home);
    let caps = client(&layout, &super::plan(&layout)?)?
        .caps()
        .await
        .map_err(crate::void::failure)?;
    context.data("lily.fleet.caps/1", &Caps { caps: &caps }, || {
        let mut text = format!(
            "{:<10} {:<8} {:>10} {:>10}  EDGE\n",
            "CAP", "REGION", "PLACEMENTS", "SEEN"
        );
        for cap in &caps {
            let seen = format!("{:.1} s", cap.silent_ms as f64 / 1e3);
            let _ = writeln!(
                text,
                "{:<10} {:<8} {:>10} {:>10}  {}",
                cap.cap, cap.region, cap.placements, seen, cap.edge_url
            );
        }
        text
    })
}

#[derive(Serialize)]
struct Drained<'a> {
    cap: &'a CapId,
    draining: bool,
}

/// `lly fleet drain`.
pub async fn drain(cap: &CapId, draining: bool, context: &Context) -> Result<(), Failure> {
    let layout = Layout::new(&context.home);
    let client = client(&layout, &super::plan(&layout)?)?;
    client
        .drain(cap, DrainCap { draining })
        .await
        .map_err(crate::void::failure)?;
    context.data(
        "lily.fleet.drain/1",
        &Drained { cap, draining },
        || match draining {
            true => format!("{cap} takes nothing new; its voids move away within seconds\n"),
            false => format!("{cap} takes voids again\n"),
        },
    )
}

/// The platform, asked as the operator of this home's fleet.
pub fn client(layout: &Layout, plan: &Plan) -> Result<OperatorClient, Failure> {
    let tls = TlsFiles::load(&layout.tls("operator"))
        .or_fail(|| "cannot read the operator's certificate")?;
    OperatorClient::new(&plan.platform_url(), &tls).or_fail(|| "cannot reach the platform")
}
