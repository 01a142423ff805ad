//! The words that the services of a fleet say to each other: ids, requests, answers, leases.
//!
//! A leaf: it does no I/O, reads no clock (time is an argument) and knows no service. Rules that two services must share
//! (what a slug may look like, when a lease is genuine) live here as types that cannot be wrong. Every path that these
//! documents travel on begins with `/v1`. Read [`Slug`], [`Heartbeat`] and [`Lease`] first. Tests are beside the code.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

mod account;
mod eviction;
mod heartbeat;
mod id;
mod lease;
mod log;
mod policy;
mod problem;
mod slug;
mod void;

pub use account::{AccountCreated, CreateAccount, Token, TokenHash};
pub use eviction::{
    EvictionAnswer, EvictionDecision, EvictionQuestion, EvictionShadow, Program, Sleeper,
};
pub use heartbeat::{Activity, Heartbeat, Load, Order, Orders, PlacementReport, PlacementState};
pub use id::{AccountName, CapId, IdError, PlacementId, Role};
pub use lease::{Lease, LeaseError, LeaseKey, LeaseKeyError};
pub use log::{LogLine, LogStream};
pub use policy::{
    PackagedPolicy, PolicyAnswer, PolicyCap, PolicyDecision, PolicyEviction, PolicyIdentity,
    PolicyList, PolicyQuestion, PolicyRecord, PolicySlot, PolicyStatus, PolicyTally, SetPolicy,
    ShadowAnswer,
};
pub use problem::Problem;
pub use slug::{Slug, SlugError};
pub use void::{
    BundleMissing, CapStatus, DeployVoid, DrainCap, PlaceVoid, PlacementOutcome, Purpose, Route,
    Void, VoidList, VoidStatus,
};
