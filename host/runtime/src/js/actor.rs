//! The loop of a server's instance: mail, events of its tasks, timers and deadlines, one turn for each.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use host_outbound::{Event, Id};
use host_web::{Hook, Value, encode};
use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep_until};

use super::host::Host;
use super::instance::{Bounds, End, Instance};
use super::output::{InstanceLog, Output};
use super::pool::{Birth, Load, Mail, OWN_IDS, Pool};
use super::{Code, JavaScript};
use crate::limits::{JS_EXTRA_IDLE_TIME, JS_TURNS_AT_ONCE};
use crate::{Fault, Program};
