-- What every node must forget: written with each change, in its transaction.
create table cache_invalidations (
    id bigint generated always as identity primary key,
    node uuid not null,
    keys jsonb not null,
    created_at timestamptz not null
);
create index cache_invalidations_created_at_idx on cache_invalidations (created_at);
