//! The words that the services of a fleet say to each other: ids, requests, answers, leases.
//!
//! A leaf: it does no I/O, reads no clock (time is an argument) and knows no service. Every document carries what a
//! reader of the wire needs; domain rules that two services must share (what a slug may look like, when a lease
//! holds) live here as types that cannot be wrong. Read [`Slug`] and [`Lease`] first. Tests are beside the code.

