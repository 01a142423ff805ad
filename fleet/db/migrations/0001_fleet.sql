-- Who owns what, and who serves what. Times are the database's own: services compare no clocks of theirs.

create table account (
    name text primary key,
    created_at timestamptz not null default now()
);

create table token (
    hash bytea primary key,
    account text not null references account (name),
    expires_at timestamptz not null
);

-- A slug and its owner. `stopped_at` set: killed by its owner; the slug is held until `held_until`.
create table void (
    slug text primary key,
    account text not null references account (name),
    bundle text not null,
    stopped_at timestamptz,
    held_until timestamptz,
    created_at timestamptz not null default now()
);
create index void_account on void (account);

-- Bundles that went live under a slug, in order: the last is the current one, the one before it what rollback restores.
create table release (
    id bigint generated always as identity primary key,
    slug text not null references void (slug) on delete cascade,
    bundle text not null,
    released_at timestamptz not null default now()
);
create index release_slug on release (slug, id);

create table cap (
    id text primary key,
    control_url text not null,
    edge_url text not null,
    region text not null,
    memory_used_bytes bigint not null,
    memory_total_bytes bigint not null,
    cpu_permille integer not null,
    draining boolean not null default false,
    seen_at timestamptz not null
);

create table placement (
    id text primary key,
    slug text not null references void (slug) on delete cascade,
    bundle text not null,
    cap text not null references cap (id),
    epoch bigint not null,
    status text not null check (status in ('pending', 'live', 'stopped')),
    reason text,
    trap text,
    created_at timestamptz not null default now(),
    live_at timestamptz,
    -- Who chose the CAP, and why.
    policy text not null,
    decision text not null,
    -- What the placement is for. The history of a void follows its placements: it changes in the transaction in which one
    -- goes live, whoever still waits for the answer by then.
    purpose text not null check (purpose in ('deploy', 'rollback', 'move')),
    unique (slug, epoch)
);
create index placement_wanted on placement (cap) where status <> 'stopped';
create index placement_slug on placement (slug, epoch);

-- Policies that trapped, were late or lied; the built-in default decided instead.
create table policy_fault (
    id bigint generated always as identity primary key,
    policy text not null,
    fault text not null,
    happened_at timestamptz not null default now()
);
