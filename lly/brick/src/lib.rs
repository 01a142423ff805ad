//! lly-brick
