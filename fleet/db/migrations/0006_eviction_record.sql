-- Questions about programs are recorded like those about placements, and a second policy is asked them in the shadow.

alter table policy_slot drop constraint policy_slot_slot_check;
alter table policy_slot add constraint policy_slot_slot_check
    check (slot in ('current', 'shadow', 'eviction', 'eviction-shadow'));
alter table policy_tally drop constraint policy_tally_slot_check;
alter table policy_tally add constraint policy_tally_slot_check
    check (slot in ('current', 'shadow', 'eviction', 'eviction-shadow'));

-- The newest questions to the eviction policy. Old ones are forgotten with every new one.
create table policy_sleep (
    id bigint generated always as identity primary key,
    decided_at timestamptz not null default now(),
    cap text not null,
    -- JSON, as in policy_decision.
    policy text,
    -- Who is to sleep and why, microseconds, fault.
    answer text not null,
    shadow text,
    -- What the policy was told; null if there were too many programs to keep.
    question text
);
