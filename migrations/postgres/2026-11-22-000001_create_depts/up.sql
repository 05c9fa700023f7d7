-- Text that lists sort by is collated by code point, so that both back ends order alike.
create table depts (
    id uuid primary key,
    name varchar(64) collate "C" not null,
    sort integer not null,
    leader varchar(32),
    phone varchar(32),
    email varchar(254),
    status smallint not null,
    parent_id uuid references depts (id),
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint depts_name_key unique (name)
);
create index depts_parent_id_idx on depts (parent_id, sort, id);
create index depts_sort_idx on depts (sort, id);
create index depts_created_at_idx on depts (created_at, id);

-- Every department with each of its ancestors, itself included (depth 0): a subtree is one indexed look-up.
create table dept_closure (
    ancestor_id uuid not null references depts (id) on delete cascade,
    descendant_id uuid not null references depts (id) on delete cascade,
    depth integer not null,
    primary key (ancestor_id, descendant_id)
);
create index dept_closure_descendant_id_idx on dept_closure (descendant_id, depth);
