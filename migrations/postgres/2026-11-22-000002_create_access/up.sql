create table users (
    id uuid primary key,
    username varchar(64) collate "C" not null,
    nickname varchar(64) collate "C" not null,
    password_hash varchar(256),
    email varchar(254),
    phone varchar(32),
    avatar varchar(1024),
    status smallint not null,
    is_superuser boolean not null,
    is_staff boolean not null,
    is_multi_login boolean not null,
    dept_id uuid references depts (id),
    joined_at timestamptz not null,
    last_login_at timestamptz,
    password_changed_at timestamptz,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index users_username_key on users (lower(username));
create unique index users_email_key on users (lower(email));
create index users_username_idx on users (username, id);
create index users_nickname_idx on users (nickname, id);
create index users_status_idx on users (status, id);
create index users_dept_id_idx on users (dept_id, id);
create index users_created_at_idx on users (created_at, id);
create index users_is_superuser_idx on users (id) where is_superuser;

create table user_password_history (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    password_hash varchar(256) not null,
    created_at timestamptz not null
);
create index user_password_history_user_id_idx on user_password_history (user_id, created_at);

create table roles (
    id uuid primary key,
    name varchar(32) collate "C" not null,
    status smallint not null,
    data_scope smallint not null,
    remark text,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint roles_name_key unique (name)
);
create index roles_name_idx on roles (name, id);
create index roles_status_idx on roles (status, id);
create index roles_created_at_idx on roles (created_at, id);

create table menus (
    id uuid primary key,
    title varchar(64) collate "C" not null,
    name varchar(64) not null,
    kind smallint not null,
    path varchar(200),
    component varchar(256),
    icon varchar(128),
    link varchar(1024),
    permissions varchar(512) not null,
    sort integer not null,
    status smallint not null,
    hidden boolean not null,
    keep_alive boolean not null,
    remark text,
    parent_id uuid references menus (id),
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
-- Buttons (kind 2) may share a title; anything shown in the side bar may not.
create unique index menus_title_key on menus (title) where kind <> 2;
create index menus_title_idx on menus (title, id);
create index menus_parent_id_idx on menus (parent_id, sort, id);
create index menus_sort_idx on menus (sort, id);
create index menus_created_at_idx on menus (created_at, id);

create table user_roles (
    user_id uuid not null references users (id) on delete cascade,
    role_id uuid not null references roles (id),
    primary key (user_id, role_id)
);
create index user_roles_role_id_idx on user_roles (role_id, user_id);

create table role_menus (
    role_id uuid not null references roles (id) on delete cascade,
    menu_id uuid not null references menus (id) on delete cascade,
    primary key (role_id, menu_id)
);
create index role_menus_menu_id_idx on role_menus (menu_id, role_id);

-- The departments of a role whose data scope is CUSTOM.
create table role_depts (
    role_id uuid not null references roles (id) on delete cascade,
    dept_id uuid not null references depts (id),
    primary key (role_id, dept_id)
);
create index role_depts_dept_id_idx on role_depts (dept_id, role_id);
