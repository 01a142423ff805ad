-- What RC knows of plugins beyond OCI: the index of each, and the transparency log of signatures.

create table registry_plugin (
    name text primary key,
    -- The canonical index, which is signed when it is asked for.
    index_json bytea not null,
    -- What a search shows and looks in.
    summary text not null
);

-- Whoever of the accounts pushed to a repository first: it is theirs.
create table registry_owner (
    repository text primary key,
    account text not null references account (name)
);

-- One row; whoever appends holds it.
create table registry_log_head (
    one boolean primary key default true check (one),
    size bigint not null
);
insert into registry_log_head (size) values (0);

create table registry_log_entry (
    position bigint primary key,
    leaf bytea not null unique,
    body bytea not null,
    -- In seconds since 1970.
    integrated_at bigint not null
);

-- The roots of all complete subtrees (RFC 6962): of 2^level leaves, the first of which is position * 2^level.
create table registry_log_node (
    level smallint not null,
    position bigint not null,
    hash bytea not null,
    primary key (level, position)
);
