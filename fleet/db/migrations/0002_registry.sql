-- What RC keeps beside its blobs: who may push where, and what every repository holds.

create table registry_token (
    hash bytea primary key,
    name text not null unique,
    -- A repository, or the beginning of one and `*`.
    scope text not null,
    created_at timestamptz not null default now()
);

-- Which blobs may be pulled through a repository. The bytes are in the object store, once.
create table registry_blob (
    repository text not null,
    digest text not null,
    size_bytes bigint not null,
    primary key (repository, digest)
);

create table registry_manifest (
    repository text not null,
    digest text not null,
    media_type text not null,
    artifact_type text,
    subject text,
    annotations text,
    body bytea not null,
    primary key (repository, digest)
);
create index registry_manifest_subject on registry_manifest (repository, subject, digest) where subject is not null;

create table registry_tag (
    repository text not null,
    tag text not null,
    digest text not null,
    primary key (repository, tag),
    foreign key (repository, digest) references registry_manifest (repository, digest) on delete cascade
);
