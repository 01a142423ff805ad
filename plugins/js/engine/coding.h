// Text and bytes: what every request goes through, and what a call to the host would cost more than it does.
#ifndef LILY_CODING_H
#define LILY_CODING_H

#include "quickjs.h"

/// The functions of `lily:host` that code (host.d.ts, Coding).
extern const JSCFunctionListEntry CODING_FUNCTIONS[];
extern const int CODING_FUNCTION_COUNT;

/// Replaces what UTF-8 cannot say: QuickJS writes a lone surrogate as three bytes ED A0..BF xx.
void coding_mend_surrogates(uint8_t *text, size_t length);

#endif
