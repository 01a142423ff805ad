//! lly-bir
