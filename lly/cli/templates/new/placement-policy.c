// The placement policy @NAME@: a void goes to the host with the fewest placements, in the region that its owner wants if
// there is a host. Of several that are alike, the first.
//
// A policy decides and can touch nothing. Every decision has a fresh instance, bounds on steps, time and memory, and is
// checked before anybody believes it.
#include <string.h>

#include "bindings/placement_policy.h"

// The number of the wanted region, or of none.
static size_t wanted_region(const placement_policy_request_t *request, const placement_policy_caps_t *caps) {
    size_t at = 0;
    for (; request->region.is_some && at < caps->regions.len; at++) {
        const placement_policy_string_t *one = &caps->regions.ptr[at], *wanted = &request->region.val;
        if (one->len == wanted->len && memcmp(one->ptr, wanted->ptr, one->len) == 0) return at;
    }
    return SIZE_MAX;
}

void exports_placement_policy_choose(placement_policy_request_t *request, placement_policy_caps_t *caps,
                                     placement_policy_choice_t *ret) {
    size_t wanted = wanted_region(request, caps);
    size_t best = SIZE_MAX;
    bool is_best_elsewhere = true;
    for (size_t at = 0; at < caps->region.len; at++) {
        bool is_elsewhere = wanted != SIZE_MAX && caps->region.ptr[at] != wanted;
        bool is_better = best == SIZE_MAX || (is_best_elsewhere && !is_elsewhere) ||
                         (is_best_elsewhere == is_elsewhere && caps->placements.ptr[at] < caps->placements.ptr[best]);
        if (is_better) {
            best = at;
            is_best_elsewhere = is_elsewhere;
        }
    }
    ret->cap.is_some = best != SIZE_MAX;
    ret->cap.val = (uint32_t)best;
    placement_policy_string_dup(&ret->reason, ret->cap.is_some ? "the fewest placements" : "there is no host");
}
