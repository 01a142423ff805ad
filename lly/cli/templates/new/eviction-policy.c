// The eviction policy @NAME@: while a host lacks memory, voids without a request for a minute sleep, in their order, at
// most as many as give back what is wanted.
//
// A policy decides and can touch nothing. Every decision has a fresh instance, bounds on steps, time and memory, and is
// checked before anybody believes it.
#include <stdlib.h>

#include "bindings/eviction_policy.h"

enum { IDLE_SECONDS = 60 };

void exports_eviction_policy_evict(eviction_policy_memory_t *memory, eviction_policy_voids_t *voids,
                                   eviction_policy_list_eviction_t *ret) {
    uint64_t wanted = memory->bytes_wanted;
    ret->ptr = NULL;
    ret->len = 0;
    for (size_t at = 0; at < voids->idle_seconds.len && wanted > 0; at++) {
        if (voids->idle_seconds.ptr[at] < IDLE_SECONDS) continue;
        ret->ptr = realloc(ret->ptr, (ret->len + 1) * sizeof *ret->ptr);
        if (!ret->ptr) abort();
        eviction_policy_eviction_t *one = &ret->ptr[ret->len++];
        one->void_ = (uint32_t)at;
        eviction_policy_string_dup(&one->reason, "no request for a minute, and the host lacks memory");
        uint64_t given = voids->code_bytes.ptr[at];
        wanted -= given < wanted ? given : wanted;
    }
}
