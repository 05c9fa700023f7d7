-- What every node must forget: written with each change, in its transaction.
create table cache_invalidations (
    id integer not null primary key autoincrement,
    node blob not null,
    keys text not null,
    created_at bigint not null
);
create index cache_invalidations_created_at_idx on cache_invalidations (created_at);
