-- Which policy decides, how it does, and what was decided.

-- What the operator has chosen. No row: raptor decides with the policy that it carries, and has none in the shadow.
create table policy_slot (
    slot text primary key check (slot in ('current', 'shadow')),
    name text not null,
    version text not null,
    -- SHA-256 of the package, which is in the blob store.
    digest text not null
);

-- Counts of each policy in each slot. They are kept when decisions are forgotten.
create table policy_tally (
    slot text not null check (slot in ('current', 'shadow')),
    digest text not null,
    decisions bigint not null default 0,
    faults bigint not null default 0,
    differences bigint not null default 0,
    last_fault text,
    primary key (slot, digest)
);

-- The newest decisions. Old ones are forgotten with every new one.
create table policy_decision (
    id bigint generated always as identity primary key,
    decided_at timestamptz not null default now(),
    slug text not null,
    bundle text not null,
    purpose text not null,
    candidates integer not null,
    -- The documents are JSON. Name, version, digest of who was to decide; null if raptor had no policy.
    policy text,
    -- Chosen CAP, reason, microseconds, fault.
    answer text not null,
    -- The same of the policy in the shadow, and whether it differs.
    shadow text,
    -- What the policy was told; null if there were too many CAPs to keep.
    question text
);

-- Faults are counted in policy_tally now, and told with their decision.
drop table policy_fault;
