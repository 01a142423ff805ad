-- Which programs sleep is decided by a policy too.

alter table policy_slot drop constraint policy_slot_slot_check;
alter table policy_slot add constraint policy_slot_slot_check check (slot in ('current', 'shadow', 'eviction'));
alter table policy_tally drop constraint policy_tally_slot_check;
alter table policy_tally add constraint policy_tally_slot_check check (slot in ('current', 'shadow', 'eviction'));

-- Programs that were put to sleep, the newest. Old ones are forgotten with every new one.
create table policy_eviction (
    id bigint generated always as identity primary key,
    decided_at timestamptz not null default now(),
    cap text not null,
    slug text not null,
    -- JSON, as in policy_decision.
    policy text,
    reason text not null,
    fault text
);
